import Foundation
import Synchronization

/// Clients that ask for one thing after the other while a test does something to the backends.
final class Load: Sendable {
  /// What became of one request.
  enum Result: Equatable, Sendable {
    case answered(Int)
    /// The connection ended or broke before a whole response head was there.
    case failedBeforeHead
    /// After the head of a response with this status, before its end.
    case cut(Int)
    /// Complete, but not what the backend sent.
    case wrongBody(Int)
  }

  /// A request and how its body is judged.
  struct Request: Sendable {
    var bytes: String
    var isRight: @Sendable (Message) -> Bool
  }

  private let state = Locked((results: [Result](), running: 0))
  private let isEnding = Atomic(false)

  var results: [Result] { state.withLock { $0.results } }
  func count(_ matches: (Result) -> Bool) -> Int { results.filter(matches).count }

  /// - Parameter request: the `index`th request of the `client`th client.
  init(
    _ address: String, clients: Int, pause: Double = 0,
    request: @escaping @Sendable (_ client: Int, _ index: Int) -> Request
  ) {
    state.withLock { $0.running = clients }
    for client in 0..<clients {
      startThread { [self] in
        var connection: Client?
        var index = 0
        while !isEnding.load(ordering: .acquiring) {
          let result = Self.run(address, &connection, request(client, index))
          state.withLock { $0.results.append(result) }
          index += 1
          if pause > 0 { usleep(UInt32(pause * 1e6)) }
        }
        connection?.close()
        state.withLock { $0.running -= 1 }
      }
    }
  }

  /// Ends the load and waits for the requests that run.
  func stop(within seconds: Double = 30) throws {
    isEnding.store(true, ordering: .releasing)
    try IntegrationTests.wait(for: "the end of the load", within: seconds) {
      state.withLock { $0.running } == 0
    }
  }

  /// Waits until so many more requests have come to an end.
  func wait(forMore count: Int, within seconds: Double = 60) throws {
    let goal = results.count + count
    try IntegrationTests.wait(for: "\(count) more requests", within: seconds) {
      results.count >= goal
    }
  }

  private static func run(
    _ address: String, _ connection: inout Client?, _ request: Request
  ) -> Result {
    var status: Int?
    do {
      let client = try connection ?? Client(address)
      connection = client
      try client.send(request.bytes)
      var message = try client.readHead(within: 30)
      while 100..<200 ~= message.status { message = try client.readHead(within: 30) }
      status = message.status
      try client.readBody(of: &message, or: .close)
      if message["connection"] == "close" { connection = nil }
      guard message.status != 200 || request.isRight(message) else {
        return .wrongBody(message.status)
      }
      return .answered(message.status)
    } catch {
      connection?.close()
      connection = nil
      return status.map { .cut($0) } ?? .failedBeforeHead
    }
  }
}
