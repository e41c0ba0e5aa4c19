import Testing

@testable import ControlPlane

/// What rude clients see, and that the others do not notice them.
@Suite(.timeLimit(.minutes(5))) struct LocalServerAbuseTests {
  private static let hello: LocalServer.Handler = { _ in .text("hello") }

  @Test(arguments: [
    ("\u{16}\u{3}\u{1}\u{2}", 400), ("GET / HTTP/1.1\nHost: t\n\n", 400), ("nonsense\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
    ("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 70000\r\n\r\n", 413),
    ("GET /" + String(repeating: "a", count: 20_000), 431),
  ])
  func refusesAndCloses(bytes: String, status: Int) throws {
    try withLocalServer(handler: Self.hello) { endpoint in
      let client = try LocalClient(endpoint)
      let answer = try client.exchange(bytes)
      #expect(answer.status == status)
      #expect(answer.header("Connection") == "close")
      #expect(try client.receiveToEnd().isEmpty)
      #expect(try LocalClient.get(endpoint, "/").text == "hello")
    }
  }

  @Test func aSlowSenderHoldsUpNobodyElse() throws {
    try withLocalServer(handler: Self.hello) { endpoint in
      let slow = try (0..<5).map { _ in try LocalClient(endpoint) }
      for client in slow { try client.send("GET / HT") }
      #expect(try LocalClient.get(endpoint, "/").text == "hello")
      for client in slow {
        #expect(try client.exchange("TP/1.1\r\nHost: t\r\n\r\n").text == "hello")
      }
    }
  }

  @Test func tellsAClientThatItWasTooSlow() throws {
    var limits = LocalServerLimits()
    limits.readMilliseconds = 50
    try withLocalServer(limits: limits, handler: Self.hello) { endpoint in
      let hesitating = try LocalClient(endpoint)
      #expect(try hesitating.exchange("GET / HT").status == 408)
      // Nothing was asked: nothing is answered.
      let silent = try LocalClient(endpoint)
      #expect(try silent.receiveToEnd().isEmpty)
    }
  }

  /// Each byte comes in time, the whole does not.
  @Test func aTrickleEndsAtTheDeadlineOfTheWhole() throws {
    var limits = LocalServerLimits()
    limits.requestMilliseconds = 100
    try withLocalServer(limits: limits, handler: Self.hello) { endpoint in
      let client = try LocalClient(endpoint)
      let pause = try StopSignal()
      try client.send("GET / HTTP/1.1\r\nX: ")
      for _ in 0..<100 where !pause.wait(milliseconds: 10) {
        guard (try? client.send("a")) != nil else { break }
      }
      #expect(String(decoding: try client.receiveToEnd(), as: UTF8.self).contains(" 408 "))
    }
  }

  @Test func cutsAClientThatDoesNotRead() throws {
    var limits = LocalServerLimits()
    limits.requestMilliseconds = 100
    let size = 64 << 20
    let big = LocalResponse(status: 200, body: [UInt8](repeating: 1, count: size))
    try withLocalServer(limits: limits) { request in
      request.path == "/" ? .text("hello") : big
    } test: { endpoint in
      let client = try LocalClient(endpoint)
      try client.send("GET /big HTTP/1.1\r\nHost: t\r\n\r\n")
      #expect(try LocalClient.get(endpoint, "/").text == "hello")
      try StopSignal().wait(milliseconds: 500)
      #expect(try client.receiveToEnd().count < size)
    }
  }

  @Test func refusesMoreThanItsLimitWith503() throws {
    var limits = LocalServerLimits()
    limits.connections = 2
    limits.lingerMilliseconds = 50
    try withLocalServer(limits: limits, handler: Self.hello) { endpoint in
      let first = try LocalClient(endpoint)
      let second = try LocalClient(endpoint)
      let third = try LocalClient(endpoint)
      let refusal = try third.exchange("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
      #expect(refusal.status == 503)
      #expect(refusal.header("Retry-After") == "1")
      #expect(try third.receiveToEnd().isEmpty)
      for client in [first, second] {
        #expect(try client.exchange("GET / HTTP/1.0\r\n\r\n").text == "hello")
        #expect(try client.receiveToEnd().isEmpty)
      }
      #expect(try isServedAgain(endpoint))
    }
  }

  /// A place is free when its thread has ended, a moment after the client saw the end.
  private func isServedAgain(_ endpoint: Endpoint) throws -> Bool {
    let deadline = Deadline(milliseconds: 10_000)
    while !deadline.isPast {
      if try LocalClient.get(endpoint, "/").status == 200 { return true }
    }
    return false
  }
}
