import Glibc

/// Another program that judges ours, such as promtool or curl; nil where it is not installed.
///
/// By popen(3): Foundation's `Process` leaks a little, which fails a run under the address
/// sanitizer.
struct Tool: Sendable {
  struct Failure: Error {
    let code: Int32
  }

  private let path: String

  init?(named name: String) {
    let paths = ["/usr/bin", "/usr/local/bin", "/bin"].map { "\($0)/\(name)" }
    guard let path = paths.first(where: { access($0, X_OK) == 0 }) else { return nil }
    self.path = path
  }

  /// Its exit status and what it wrote to stdout and stderr. The input goes by a file, so that
  /// neither side waits for the other.
  func run(_ arguments: [String], input: String = "") throws -> (status: Int32, output: String) {
    let inputFile = try Self.temporaryFile(input)
    defer { unlink(inputFile) }
    let words = ([path] + arguments).map(Self.quoted).joined(separator: " ")
    guard let pipe = popen("\(words) < \(Self.quoted(inputFile)) 2>&1", "re") else {
      throw Failure(code: errno)
    }
    let output = Self.readAll(pipe)
    let status = pclose(pipe)
    // As WEXITSTATUS has it; killed by a signal counts as -1.
    return (status & 0x7f == 0 ? status >> 8 & 0xff : -1, output)
  }

  private static func quoted(_ word: String) -> String {
    "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
      + "'"
  }

  private static func temporaryFile(_ text: String) throws -> String {
    var name = Array("/tmp/headrace-test-XXXXXX".utf8CString)
    let descriptor = mkstemp(&name)
    guard descriptor >= 0 else { throw Failure(code: errno) }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    guard write(descriptor, bytes, bytes.count) == bytes.count else { throw Failure(code: errno) }
    return name.withUnsafeBytes { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  private static func readAll(_ pipe: UnsafeMutablePointer<FILE>) -> String {
    var all: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = fread(&chunk, 1, chunk.count, pipe)
      guard count > 0 else { return String(decoding: all, as: UTF8.self) }
      all.append(contentsOf: chunk[..<count])
    }
  }
}
