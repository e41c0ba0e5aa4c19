import CLinux
import Foundation
import Synchronization

/// A scripted backend: each accepted connection runs the script on a thread of its own.
final class Origin: Sendable {
  enum Place: Sendable {
    case ipv4, ipv6, unix
    case at(String)
  }

  /// What a backend does with a connection. When it returns, the connection is closed.
  struct Script: Sendable {
    var place = Place.ipv4
    var backlog: Int32 = 512
    var acceptsConnections = true
    var run: @Sendable (Connection) throws -> Void

    static func script(_ run: @escaping @Sendable (Connection) throws -> Void) -> Script {
      Script(run: run)
    }
    /// Answers every request of every connection with these bytes.
    static func answering(_ response: any Bytes) -> Script {
      .serving { _, _ in response }
    }
    /// Answers every request with what the closure makes of it; nil closes.
    static func serving(
      _ answer: @escaping @Sendable (Message, Connection) throws -> (any Bytes)?
    ) -> Script {
      Script { connection in
        while let request = try connection.nextRequest() {
          guard let response = try answer(request, connection) else { return }
          try connection.send(response)
        }
      }
    }
    /// Takes a request and sends raw bytes, then closes.
    static func answeringOnce(_ response: any Bytes) -> Script {
      Script { connection in
        _ = try connection.request()
        try connection.send(response)
      }
    }
    /// Listens, but takes no connection from the backlog before `startAccepting`.
    func notAccepting(backlog: Int32) -> Script {
      var copy = self
      copy.acceptsConnections = false
      copy.backlog = backlog
      return copy
    }
    func at(_ place: Place) -> Script {
      var copy = self
      copy.place = place
      return copy
    }
  }

  final class Connection: Wire, @unchecked Sendable {
    /// 0 for the first connection that this origin accepted.
    let index: Int
    unowned let origin: Origin

    init(descriptor: Int32, index: Int, origin: Origin) {
      self.index = index
      self.origin = origin
      super.init(descriptor: descriptor, stopSignal: origin.stopSignal)
    }

    /// The next request with its body.
    func request(within seconds: Double = 10) throws -> Message {
      var message = try readHead(within: seconds)
      try readBody(of: &message, or: .none)
      origin.state.withLock { $0.requests.append(message) }
      return message
    }

    /// The next request, nil when the peer closed in between; waits as long as the test runs.
    func nextRequest() throws -> Message? {
      do {
        guard try hasMore(within: 120) else { return nil }
        return try request()
      } catch HarnessError.reset {
        return nil
      }
    }
  }

  private struct State {
    var connections: [Connection] = []
    var requests: [Message] = []
    var failures: [String] = []
    var running = 0
    var listening = true
  }

  /// As the config writes it.
  let address: String
  private let listener: Int32
  private let script: Script
  fileprivate let stopSignal: Int32
  private let state = Mutex(State())

  init(_ script: Script) throws {
    self.script = script
    var endpoint: hr_endpoint
    var unixPath: String?
    switch script.place {
    case .ipv4: endpoint = try Address.parse("127.0.0.1:0")
    case .ipv6: endpoint = try Address.parse("[::1]:0")
    case .at(let text): endpoint = try Address.parse(text)
    case .unix:
      unixPath = try makeFolder() + "/o"
      endpoint = try Address.parse("unix:" + unixPath!)
    }
    listener = hr_listen(
      &endpoint,
      hr_listen_options(reuse_port: 0, defer_accept: 0, backlog: script.backlog, v6_only: 1))
    guard listener >= 0 else { throw HarnessError.system("listen", Int(listener)) }
    stopSignal = hr_eventfd()
    let port = hr_bound_port(listener)
    switch script.place {
    case .ipv4: address = "127.0.0.1:\(port)"
    case .ipv6: address = "[::1]:\(port)"
    case .at(let text): address = text
    case .unix: address = "unix:" + unixPath!
    }
    if script.acceptsConnections { startAccepting() }
  }

  /// For a script that began with `acceptsConnections` off: its backlog was full until now.
  func startAccepting() {
    state.withLock { $0.running += 1 }
    startThread { self.accept() }
  }

  var connections: [Connection] { state.withLock { $0.connections } }
  var requests: [Message] { state.withLock { $0.requests } }
  /// One of the requests; where there is none, a message that says so and fails any expectation,
  /// because a trap would end all tests.
  func request(_ index: Int) -> Message {
    let all = requests
    return all.indices.contains(index) ? all[index] : .missing
  }
  var lastRequest: Message { request(requests.count - 1) }
  /// One of the connections, awaited.
  func connection(_ index: Int) throws -> Connection {
    try waitForConnections(index + 1)
    return connections[index]
  }
  /// What went wrong in scripts; a connection that the proxy ended is not among it.
  var failures: [String] { state.withLock { $0.failures } }
  /// All bytes that any connection received.
  var receivedCount: Int { connections.reduce(0) { $0 + $1.receivedCount } }
  var port: Int { Address.port(of: address) }

  func waitForConnections(_ count: Int) throws {
    try wait(for: "\(count) connections at the origin") { connections.count >= count }
  }
  func waitForRequests(_ count: Int) throws {
    try wait(for: "\(count) requests at the origin") { requests.count >= count }
  }

  /// From now on connecting is refused; connections that are there live on.
  func stopListening() {
    let first = state.withLock { state in
      defer { state.listening = false }
      return state.listening
    }
    if first { shutdown(listener, Int32(SHUT_RDWR)) }
  }

  /// Ends every script and closes every connection; returns when all threads are done.
  func stop() {
    hr_eventfd_signal(stopSignal)
    let deadline = Deadline(5)
    while state.withLock({ $0.running }) > 0 && !deadline.hasPassed { usleep(1000) }
    _ = hr_close(listener)
    for connection in connections { connection.close() }
    _ = hr_close(stopSignal)
    if address.hasPrefix("unix:") {
      let path = String(address.dropFirst(5))
      try? FileManager.default.removeItem(atPath: path)
      if path.hasPrefix("/tmp/hr-") { rmdir((path as NSString).deletingLastPathComponent) }
    }
  }

  private func accept() {
    defer { state.withLock { $0.running -= 1 } }
    while true {
      var set = [
        pollfd(fd: listener, events: Int16(POLLIN), revents: 0),
        pollfd(fd: stopSignal, events: Int16(POLLIN), revents: 0),
      ]
      poll(&set, 2, -1)
      if set[1].revents != 0 { return }
      var peer = hr_peer()
      let descriptor = hr_accept(listener, &peer)
      if descriptor == -EAGAIN || descriptor == -ECONNABORTED { continue }
      if descriptor < 0 { return }
      let connection = state.withLock { state in
        state.running += 1
        let connection = Connection(
          descriptor: descriptor, index: state.connections.count, origin: self)
        state.connections.append(connection)
        return connection
      }
      startThread { self.run(on: connection) }
    }
  }

  private func run(on connection: Connection) {
    do {
      try script.run(connection)
    } catch HarnessError.stopped, HarnessError.reset, HarnessError.endOfStream {
    } catch {
      state.withLock { $0.failures.append("connection \(connection.index): \(error)") }
    }
    connection.close()
    state.withLock { $0.running -= 1 }
  }
}
