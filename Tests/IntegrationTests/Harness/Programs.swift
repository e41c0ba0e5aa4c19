import Foundation

/// Other people's programs, used when the machine has them.
enum Program {
  static let curl = find("curl")
  static let promtool = find("promtool")
  static let prlimit = find("prlimit")
  static let openssl = find("openssl")
  static let nghttp = find("nghttp")
  static let h2load = find("h2load")
  static let chromium = find("chromium-headless-shell") ?? find("chromium")
  /// HEADRACE_PYTHON may name an interpreter with uvicorn.
  static let python = environment("HEADRACE_PYTHON") ?? find("python3")
  static let hasUvicorn = hasModule("uvicorn")
  static let hasWebSockets = hasModule("websockets")
  static let hasGRPC = hasModule("grpc")
  static let hasHPACK = hasModule("hpack")
  static let hasSSLyze = hasModule("sslyze")
  static let hasIPv6 = (try? Origin(.answering("").at(.ipv6)))?.stop() != nil

  private static func hasModule(_ name: String) -> Bool {
    guard let python else { return false }
    return (try? run([python, "-c", "import \(name)"]))?.status == .exited(0)
  }

  static func find(_ name: String) -> String? {
    (environment("PATH") ?? "/usr/bin:/bin").split(separator: ":")
      .map { "\($0)/\(name)" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  struct Result {
    var status: ChildProcess.Status
    var output: String
    var errors: String
  }

  /// Runs to the end; killed at the deadline.
  static func run(
    _ arguments: [String], files: [String: String] = [:], within seconds: Double = 20
  ) throws -> Result {
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (name, text) in files { try write(text, to: folder + "/" + name) }
    let process = try ChildProcess(arguments, folder: folder)
    let status = try process.waitForExit(within: seconds)
    return Result(status: status, output: process.output, errors: process.errors)
  }
}
