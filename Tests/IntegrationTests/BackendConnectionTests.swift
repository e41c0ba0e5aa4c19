import Testing

@Suite("Stale connections, failed connects") struct BackendConnectionTests {
  /// Answers the first request of each connection and closes on the second without a byte.
  private static let closesOnSecond = Origin.Script.script { connection in
    let method = try connection.request().method
    try connection.send(method == "HEAD" ? ok("") : ok("\(connection.index)"))
    _ = try connection.request()
  }

  @Test(
    "a request on a connection that turns out closed is sent again, if it may be",
    arguments: [["GET", "HEAD", "OPTIONS", "DELETE"]])
  func stale(_ methods: [String]) throws {
    try withScene(Self.closesOnSecond, extra: "admin: 127.0.0.1:0") { scene in
      let client = try scene.client()
      for (index, method) in methods.enumerated() {
        try client.send(head("\(method) / HTTP/1.1", "Host: a"))
        let response = try client.response(to: method)
        #expect(response.status == 200, "\(method)")
        // Connection 0 serves the first; each later one fails on the old and is sent again.
        #expect(scene.origin.connections.count == index + 1, "\(method)")
      }
      try wait(for: "the counter of stale connections") {
        try scene.proxy.metric("headrace_pool_stale_retries_total", "pool=\"app\"") == 3
      }
    }
  }

  @Test("a reset before any response byte counts as closed too")
  func staleReset() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send(ok("\(connection.index)"))
      _ = try connection.request()
      connection.reset()
    }
    try withScene(script) { scene in
      let client = try scene.client()
      #expect(try client.exchange(get()).text == "0")
      #expect(try client.exchange(get()).text == "1")
    }
  }

  @Test("a POST is not sent twice")
  func stalePost() throws {
    try withScene(Self.closesOnSecond) { scene in
      let client = try scene.client()
      #expect(try client.exchange(get()).status == 200)
      #expect(try client.exchange(post(body: "pay")).status == 502)
      #expect(scene.origin.requests.filter { $0.method == "POST" }.count == 1)
    }
  }

  @Test("a PUT is sent again as long as all of its body is at hand")
  func stalePut() throws {
    try withScene(Self.closesOnSecond) { scene in
      let client = try scene.client()
      func put(_ size: Int) throws -> Int {
        let body = String(repeating: "b", count: size)
        try client.send(head("PUT / HTTP/1.1", "Host: a", "Content-Length: \(size)") + body)
        return try client.response().status
      }
      #expect(try client.exchange(get()).status == 200)
      #expect(try put(10_000) == 200)
      #expect(scene.origin.requests.map(\.body.count) == [0, 10_000, 10_000])
      #expect(try put(1_000_000) == 502)
      #expect(scene.origin.requests.map(\.body.count) == [0, 10_000, 10_000, 1_000_000])
    }
  }

  @Test("a POST after the backend closed its idle connection uses a fresh one")
  func closedWhileIdle() throws {
    let script = Origin.Script.answeringOnce(ok("fresh"))
    try withScene(script) { scene in
      let client = try scene.client()
      for _ in 1...5 {
        #expect(try client.exchange(post(body: "pay")).text == "fresh")
        // The FIN has been sent when the origin's thread is done; give it the way to the proxy.
        try wait(for: "the origin's close") { scene.origin.connections.allSatisfy { !$0.isOpen } }
        try client.rest(0.02)
      }
      #expect(scene.origin.connections.count == 5)
    }
  }

  @Test("a fresh connection that closes without an answer is 502, not a loop")
  func freshCloses() throws {
    let script = Origin.Script.script { connection in _ = try connection.request() }
    try withScene(script) { scene in
      let posted = try scene.exchange(post(body: "x")).status
      #expect(posted == 502)
      #expect(scene.origin.connections.count == 1)
      let got = try scene.exchange(get()).status
      #expect(got == 502)
      #expect(scene.origin.connections.count <= 4)
    }
  }

  @Test("a POST that was answered with a part of a head is not sent again")
  func partOfHead() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send(ok())
      _ = try connection.request()
      try connection.send("HTTP/1.1 200")
    }
    try withScene(script) { scene in
      let client = try scene.client()
      #expect(try client.exchange(get()).status == 200)
      #expect(try client.exchange(post(body: "pay")).status == 502)
      #expect(scene.origin.requests.count == 2)
    }
  }

  // MARK: connecting

  @Test("a refused backend is passed over for another")
  func refusedThenGood() throws {
    let refusing = try Address.refusing()
    try withScene(
      .answering(ok("good")), config: Scene.config([refusing, "$0", refusing])
    ) { scene in
      let client = try scene.client()
      for _ in 1...12 {
        #expect(try client.exchange(post("/", "Connection: x", body: "b")).text == "good")
      }
    }
  }

  @Test("only refused backends: 502")
  func allRefused() throws {
    let refusing = [try Address.refusing(), "unix:/tmp/hr-nothing-here"]
    for backends in [[refusing[0]], [refusing[1]], refusing] {
      try withScene(config: Scene.config(backends)) { scene in
        let client = try scene.client()
        #expect(try client.exchange(get()).status == 502, "\(backends)")
        // It is no fault of the client: its connection may stay, and no state is left behind.
        #expect(try scene.exchange(post(body: "x")).status == 502)
      }
    }
  }

  @Test("a connect that takes too long is 504")
  func connectTimeout() throws {
    // A full backlog on loopback drops SYNs: connecting neither succeeds nor fails.
    let full = try Origin(Origin.Script.answering(ok()).notAccepting(backlog: 0))
    defer { full.stop() }
    var fillers: [Client] = []
    defer { withExtendedLifetime(fillers) {} }
    for _ in 1...4 {
      if let client = try? Client(full.address, within: 0.2) { fillers.append(client) }
    }
    try withScene(
      config: Scene.config([full.address], "timeouts: { connect: 200ms }")
    ) { scene in
      var status = 0
      let took = try seconds { status = try scene.exchange(get()).status }
      #expect(status == 504)
      #expect(took > 0.15 && took < 3)
    }
  }

  @Test("a unix socket with a full backlog is tried again by timer")
  func unixBacklog() throws {
    let full = try Origin(Origin.Script.answering(ok("late")).at(.unix).notAccepting(backlog: 0))
    defer { full.stop() }
    let filler = try Client(full.address)
    defer { filler.close() }
    try withScene(config: Scene.config([full.address])) { scene in
      let client = try scene.client()
      try client.send(get())
      #expect(try client.isSilent(for: 0.2))
      full.startAccepting()
      #expect(try client.response().text == "late")
    }
  }

  @Test("backends share the requests evenly, weights are honoured")
  func strategies() throws {
    let names = ["a", "b", "c"].map { name in Origin.Script.answering(ok(name)) }
    func count(_ scene: Scene, _ requests: Int) throws -> [String: Int] {
      let client = try scene.client()
      var counts: [String: Int] = [:]
      for _ in 1...requests { counts[try client.exchange(get()).text, default: 0] += 1 }
      return counts
    }
    try withScene(names[0], names[1], names[2]) { scene in
      let counts = try count(scene, 30)
      #expect(counts == ["a": 10, "b": 10, "c": 10])
    }
    try withScene(
      names[0], names[1], names[2],
      config: Scene.config(
        pool: """
          [{ address: '$0', weight: 5 }, { address: '$1' }, { address: '$2', weight: 0 }]
          """)
    ) { scene in
      let counts = try count(scene, 30)
      #expect(counts == ["a": 25, "b": 5])
    }
  }

  @Test("a pool without a usable backend is 503")
  func noBackend() throws {
    try withScene(
      .answering(ok()),
      config: Scene.config(pool: "{ backends: [{ address: '$0', weight: 0 }] }")
    ) { scene in
      let status = try scene.exchange(get()).status
      #expect(status == 503)
      #expect(scene.origin.receivedCount == 0)
    }
  }
}
