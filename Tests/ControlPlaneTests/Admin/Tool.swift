import Foundation

/// Another program that judges ours, such as promtool or curl; nil where it is not installed.
struct Tool: Sendable {
  private let file: URL

  init?(named name: String) {
    let folders = ["/usr/bin", "/usr/local/bin", "/bin"]
    let paths = folders.map { "\($0)/\(name)" }
    guard let path = paths.first(where: FileManager.default.isExecutableFile) else { return nil }
    file = URL(fileURLWithPath: path)
  }

  /// Its exit status and what it wrote to stdout and stderr. The input goes by a file, so that
  /// neither side waits for the other.
  func run(_ arguments: [String], input: String = "") throws -> (status: Int32, output: String) {
    let inputFile = FileManager.default.temporaryDirectory
      .appendingPathComponent("headrace-test-\(UUID().uuidString)")
    try Data(input.utf8).write(to: inputFile)
    defer { try? FileManager.default.removeItem(at: inputFile) }
    let process = Process()
    let output = Pipe()
    process.executableURL = file
    process.arguments = arguments
    process.standardInput = try FileHandle(forReadingFrom: inputFile)
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let said = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: said, as: UTF8.self))
  }
}
