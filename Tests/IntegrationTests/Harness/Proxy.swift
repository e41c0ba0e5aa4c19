import CLinux
import Foundation

/// A running `headrace run FILE`, the real binary of this build.
final class Proxy {
  let process: ChildProcess
  let folder: String
  private(set) var addresses: [String] = []
  private(set) var adminAddress: String?

  /// `wrapper` is put before the command, such as `sh -c 'ulimit ...; exec "$@"' sh`.
  init(
    config: String, files: [String: String] = [:], wrapper: [String] = [],
    waitUntilReady: Bool = true
  ) throws {
    folder = try makeFolder()
    for (name, text) in files { try write(text, to: folder + "/" + name) }
    try write(config, to: folder + "/headrace.yaml")
    process = try ChildProcess(
      wrapper + [Self.binary, "run", folder + "/headrace.yaml"], folder: folder)
    if waitUntilReady { try awaitReady() }
  }

  deinit {
    process.kill()
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// HEADRACE_BINARY, else the product beside this test bundle.
  static let binary: String = {
    if let path = environment("HEADRACE_BINARY") { return path }
    let candidates = [
      (CommandLine.arguments.first { $0.hasSuffix(".xctest") }) ?? CommandLine.arguments[0],
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "",
      Bundle.main.bundlePath,
    ]
    for candidate in candidates {
      var folder = candidate as NSString
      while folder.length > 1 {
        folder = folder.deletingLastPathComponent as NSString
        let path = folder.appendingPathComponent("headrace")
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
          !isFolder.boolValue, FileManager.default.isExecutableFile(atPath: path)
        {
          return path
        }
      }
    }
    return "headrace"
  }()

  /// Under a sanitizer memory is several times larger and everything several times slower.
  static let isSanitized: Bool = {
    guard let program = FileManager.default.contents(atPath: binary) else { return false }
    return ["__asan_init", "__tsan_init"].contains { program.range(of: Data($0.utf8)) != nil }
  }()

  private func awaitReady() throws {
    try wait(for: "headrace to be ready; it said: \(errors)", within: 20) {
      if errors.contains("headrace: ready") { return true }
      if let status = process.exitStatus {
        throw HarnessError.malformed("headrace ended (\(status)): \(errors)")
      }
      return false
    }
    for line in errors.split(separator: "\n") {
      if let text = line.dropping(prefix: "headrace: listening on ") { addresses.append(text) }
      if let text = line.dropping(prefix: "headrace: admin on ") { adminAddress = text }
    }
    guard !addresses.isEmpty else { throw HarnessError.malformed("no listener in: \(errors)") }
  }

  var address: String { addresses[0] }
  var port: Int { Address.port(of: address) }
  var errors: String { process.errors }
  var output: String { process.output }

  /// A new connection to the first listener.
  func client(from source: String? = nil, receiveBuffer: Int32? = nil) throws -> Client {
    try Client(address, from: source, receiveBuffer: receiveBuffer)
  }

  /// A GET to the admin listener on a connection of its own.
  func admin(_ path: String) throws -> Message {
    guard let adminAddress else { throw HarnessError.malformed("no admin listener") }
    let client = try Client(adminAddress)
    try client.send(
      head("GET \(path) HTTP/1.1", "Host: admin", "Connection: close"))
    return try client.response()
  }

  /// The value of the sample whose line starts with `name` and contains all the labels.
  func metric(_ name: String, _ labels: String...) throws -> Double? {
    let lines = try admin("/metrics").text.split(separator: "\n").filter { line in
      !line.hasPrefix("#") && line.prefix { $0 != "{" && $0 != " " } == name
        && labels.allSatisfy { line.contains($0) }
    }
    guard !lines.isEmpty else { return nil }
    return lines.compactMap { Double($0.split(separator: " ").last!) }.reduce(0, +)
  }

  /// Until `/events` says so: it is told a moment after it has happened.
  func awaitEvent(_ text: String) throws {
    try wait(for: "an event that says: \(text)") { try admin("/events").text.contains(text) }
  }

  /// Replaces the config and sends SIGHUP; waits for what the proxy says about it.
  func reload(_ config: String) throws -> Bool {
    try write(config, to: folder + "/headrace.yaml")
    let before = errors.count
    process.signal(SIGHUP)
    var news = ""
    try wait(for: "a word about the reload") {
      news = String(errors.dropFirst(before))
      return news.contains("headrace: reloaded") || news.contains("headrace: reload failed")
    }
    return news.contains("headrace: reloaded")
  }
}

extension Substring {
  fileprivate func dropping(prefix: String) -> String? {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
  }
}
