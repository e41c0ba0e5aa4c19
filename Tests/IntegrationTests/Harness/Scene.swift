import Foundation
import Testing

/// Origins, a proxy in front of them, and the clients of one test.
struct Scene {
  let origins: [Origin]
  let proxy: Proxy
  var origin: Origin { origins[0] }

  func client(from source: String? = nil, receiveBuffer: Int32? = nil) throws -> Client {
    try proxy.client(from: source, receiveBuffer: receiveBuffer)
  }

  /// One request on a connection of its own.
  func exchange(_ request: any Bytes) throws -> Message {
    let client = try client()
    return try client.exchange(request)
  }

  /// One listener, one worker (so that pooled connections are found again), one pool `app` with
  /// all the backends, and whatever else the test adds.
  static func config(_ backends: [String], _ extra: String = "") -> String {
    config(pool: "[\(backends.map { "'\($0)'" }.joined(separator: ", "))]", extra)
  }

  /// The same with the pool as it is written in the file.
  static func config(pool: String, _ extra: String = "") -> String {
    """
    listeners:
      - address: 127.0.0.1:0
    workers: 1
    routes:
      - to: app
    pools:
      app: \(pool)
    \(extra)

    """
  }
}

/// Starts the origins and the proxy, runs the test's body, ends everything. After the body the
/// proxy must still run (unless the test ended it) and no origin may be dissatisfied.
func withScene(
  _ scripts: Origin.Script..., extra: String = "", config: String? = nil,
  files: [String: String] = [:], wrapper: [String] = [],
  sourceLocation: SourceLocation = #_sourceLocation,
  _ body: (Scene) throws -> Void
) throws {
  var origins: [Origin] = []
  defer { for origin in origins { origin.stop() } }
  for script in scripts { origins.append(try Origin(script)) }
  var text = config ?? Scene.config(origins.map(\.address), extra)
  for (index, origin) in origins.enumerated() {
    text = text.replacing("$\(index)", with: origin.address)
  }
  let proxy = try Proxy(config: text, files: files, wrapper: wrapper)
  do {
    try withExtendedLifetime(proxy) { try body(Scene(origins: origins, proxy: proxy)) }
  } catch {
    Issue.record(
      """
      \(error)
      \(describe(proxy, origins))
      """, sourceLocation: sourceLocation)
  }
  if case .killed(let signal) = proxy.process.exitStatus, signal != SIGKILL {
    Issue.record(
      "headrace died of signal \(signal): \(proxy.errors)", sourceLocation: sourceLocation)
  }
  if proxy.errors.contains("Sanitizer:") {
    Issue.record("\(proxy.errors)", sourceLocation: sourceLocation)
  }
  for origin in origins where !origin.failures.isEmpty {
    Issue.record("origin: \(origin.failures)", sourceLocation: sourceLocation)
  }
}

private func describe(_ proxy: Proxy, _ origins: [Origin]) -> String {
  let requests = origins.map { origin in
    // Of many connections the last ones.
    origin.connections.suffix(8).map { $0.received.prefix(600).map { $0 }.text.debugDescription }
  }
  return "headrace said: \(proxy.errors)\norigins received: \(requests)"
}
