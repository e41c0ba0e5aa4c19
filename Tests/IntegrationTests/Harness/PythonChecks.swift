import Foundation
import Testing

/// A script of Tests/IntegrationTests/Python that runs beside a test: a server or a client. Needs
/// `Program.python`.
final class Script {
  let process: ChildProcess
  private let folder: String
  var output: String { process.output }

  init(_ name: String, _ arguments: [String] = []) throws {
    folder = try makeFolder()
    process = try ChildProcess(
      Self.command(name) + arguments, folder: folder, environment: ["PYTHONUNBUFFERED": "1"])
  }

  deinit {
    process.kill()
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// `-B`: no compiled files in the source tree.
  static func command(_ name: String) -> [String] {
    [
      Program.python ?? "python3", "-B",
      Repository.path("Tests/IntegrationTests/Python/\(name).py"),
    ]
  }

  /// A server, once it has printed `port N`.
  static func server(_ name: String, _ arguments: String...) throws -> Script {
    let script = try Script(name, arguments)
    _ = try script.line("port")
    return script
  }

  var address: String { get throws { "127.0.0.1:\(try line("port")[0])" } }

  /// The words behind the `number`th line that begins with this word, once it is there.
  func line(_ word: String, number: Int = 1, within seconds: Double = 20) throws -> [String] {
    var found: [String] = []
    try wait(
      for: "line \(number) with \(word); it said \(output) \(process.errors.suffix(600))",
      within: seconds
    ) {
      found = lines(word)
      return found.count >= number || !process.isRunning
    }
    found = lines(word)
    guard found.count >= number else {
      throw HarnessError.malformed("ended: \(output.suffix(300)) \(process.errors.suffix(600))")
    }
    return found[number - 1].split(separator: " ").dropFirst().map(String.init)
  }

  private func lines(_ word: String) -> [String] {
    // A line without its end is still being written.
    output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      .filter { $0.hasPrefix(word + " ") }.map(String.init)
  }

  /// Waits for the end of a script of checks (see Python/checks.py) and records those that failed.
  func expectChecks(
    atLeast count: Int, within seconds: Double = 90,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let status = try process.waitForExit(within: seconds)
    let lines = output.split(separator: "\n")
    for line in lines where line.hasPrefix("not ok ") {
      Issue.record("\(line.prefix(700))", sourceLocation: sourceLocation)
    }
    let passed = lines.count { $0.hasPrefix("ok ") }
    #expect(
      status == .exited(0) && passed >= count,
      "\(passed) checks passed; \(process.errors.suffix(600))", sourceLocation: sourceLocation)
  }
}

/// Runs a script of checks, all of them or those named.
func expectChecks(
  _ script: String, _ place: DoorScene, only names: [String] = [], atLeast count: Int,
  within seconds: Double = 90, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let arguments = [place.address] + place.authority + ["--"] + names
  try Script(script, arguments).expectChecks(
    atLeast: count, within: seconds, sourceLocation: sourceLocation)
}
