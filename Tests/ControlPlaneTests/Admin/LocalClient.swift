import Glibc

@testable import ControlPlane

/// A raw HTTP client for tests: says exactly the bytes it is given, and every wait has a deadline.
/// Used by one test at a time.
final class LocalClient {
  struct Answer: Equatable {
    var status = 0
    var headers: [LocalField] = []
    var body: [UInt8] = []

    var text: String { String(decoding: body, as: UTF8.self) }

    func header(_ name: String) -> String? {
      headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private let socket: LocalSocket
  private let deadline: Deadline
  private var buffer: [UInt8] = []

  init(_ endpoint: Endpoint, milliseconds: Int = 20_000) throws {
    guard let socket = LocalSocket.connect(to: endpoint, milliseconds: Int32(milliseconds)) else {
      throw Failure(description: "cannot connect to \(endpoint)")
    }
    self.socket = socket
    deadline = Deadline(milliseconds: milliseconds)
  }

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) throws {
    guard socket.send(bytes, until: deadline) else { throw Failure(description: "send failed") }
  }

  /// One response; `toHead` says that none of its body follows.
  func receive(toHead: Bool = false) throws -> Answer {
    var scan = LocalHeadScan()
    var length = 0
    while length == 0 {
      switch scan.scan(buffer) {
      case .end(let end): length = end
      case .garbage: throw Failure(description: "malformed response head")
      case .more: try receiveMore()
      }
    }
    var answer = try Self.parse(buffer[..<length])
    buffer.removeSubrange(..<length)
    let bodyLength = toHead ? 0 : Int(answer.header("Content-Length") ?? "0") ?? 0
    while buffer.count < bodyLength { try receiveMore() }
    answer.body = Array(buffer[..<bodyLength])
    buffer.removeSubrange(..<bodyLength)
    return answer
  }

  /// What is left until the server closes, orderly or not.
  func receiveToEnd() throws -> [UInt8] {
    while true {
      switch socket.receive(appendingTo: &buffer, until: deadline) {
      case .bytes: continue
      case .end, .failed: return buffer
      case .timedOut, .stopped: throw Failure(description: "the connection stays open")
      }
    }
  }

  func exchange(_ request: String) throws -> Answer {
    try send(request)
    return try receive(toHead: request.hasPrefix("HEAD "))
  }

  private func receiveMore() throws {
    let received = socket.receive(appendingTo: &buffer, until: deadline)
    guard received == .bytes else { throw Failure(description: "no response: \(received)") }
  }

  private static func parse(_ head: ArraySlice<UInt8>) throws -> Answer {
    let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
    let parts = lines.first?.split(separator: " ") ?? []
    guard parts.count >= 2, parts[0] == "HTTP/1.1", let status = Int(parts[1]) else {
      throw Failure(description: "malformed status line")
    }
    var answer = Answer(status: status)
    for line in lines.dropFirst() {
      let pair = line.split(separator: ":", maxSplits: 1)
      let value = LocalText.trimmed(pair.count > 1 ? Array(pair[1].utf8) : [])
      answer.headers.append(LocalField(String(pair[0]), value))
    }
    return answer
  }
}

extension LocalClient {
  /// GET on a connection of its own.
  static func get(_ endpoint: Endpoint, _ target: String) throws -> Answer {
    try LocalClient(endpoint).exchange(
      "GET \(target) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
  }
}

/// Runs a server on a free loopback port for the length of a test.
func withLocalServer(
  limits: LocalServerLimits = LocalServerLimits(),
  handler: @escaping LocalServer.Handler,
  test: (Endpoint) throws -> Void
) throws {
  let server = LocalServer(name: "test", limits: limits, handler: handler)
  try server.start(at: .ip(host: "127.0.0.1", port: 0))
  defer { server.stop() }
  try test(.ip(host: "127.0.0.1", port: server.boundPort))
}
