import Testing

/// Timeouts of a route, in place of the global ones, which the routes beside it keep.
@Suite("Timeouts of routes", .serialized) struct RouteTimeoutTests {
  /// Never answers below `/hang`; else a part of the body, and the rest after 0.8 s.
  private static let slow = Origin.Script.script { connection in
    while let request = try connection.nextRequest() {
      if request.target.contains("hang") { return try connection.hang() }
      if request.target.contains("late") { try connection.rest(0.8) }
      try connection.send(head("HTTP/1.1 200 OK", "Content-Length: 8") + "half")
      if request.target.contains("part") { try connection.rest(0.8) }
      try connection.send("half")
    }
  }

  /// The status and how long it took.
  private func timed(_ scene: Scene, _ target: String) throws -> (status: Int, seconds: Double) {
    var status = 0
    let took = try seconds { status = try scene.exchange(get(target)).status }
    return (status, took)
  }

  @Test(
    "timeout: the whole request of this route",
    arguments: ["timeout: 300ms", "timeouts: { request: 300ms }"])
  func request(_ option: String) throws {
    let routes = "- { match: { path: '/short/**' }, to: app, \(option) }\n- to: app"
    try withScene(Self.slow, config: routing(routes, "timeouts: { request: 5s }")) { scene in
      let short = try timed(scene, "/short/hang")
      #expect(short.status == 504 && short.seconds > 0.2 && short.seconds < 3)
      let late = try timed(scene, "/short/late")
      #expect(late.status == 504)
      #expect(try timed(scene, "/late").status == 200)
      #expect(try scene.exchange(get("/short/part")).text == "halfhalf", "not behind the head")
    }
  }

  @Test("first_byte and off")
  func firstByte() throws {
    let routes = """
      - { match: { path: '/short/**' }, to: app, timeouts: { first_byte: 300ms } }
      - { match: { path: '/off/**' }, to: app, timeouts: { first_byte: off, request: off } }
      - { match: { path: '/long/**' }, to: app, timeouts: { first_byte: 5s } }
      - to: app
      """
    let global = "timeouts: { first_byte: 500ms, request: 10s }"
    try withScene(Self.slow, config: routing(routes, global)) { scene in
      let short = try timed(scene, "/short/hang")
      #expect(short.status == 504 && short.seconds > 0.2 && short.seconds < 3)
      #expect(try timed(scene, "/off/late").status == 200)
      #expect(try timed(scene, "/long/late").status == 200)
      let plain = try timed(scene, "/late")
      #expect(plain.status == 504 && plain.seconds > 0.4)
    }
  }

  @Test("response_idle cuts this route's answers only")
  func responseIdle() throws {
    let routes = """
      - { match: { path: '/short/**' }, to: app, timeouts: { response_idle: 300ms } }
      - { match: { path: '/off/**' }, to: app, timeouts: { response_idle: off } }
      - to: app
      """
    try withScene(Self.slow, config: routing(routes)) { scene in
      let client = try scene.client()
      try client.send(get("/short/part"))
      #expect(try client.readHead().status == 200)
      var all: [UInt8] = []
      let took = try seconds {
        all = (try? client.read(4)) ?? []
        _ = try client.ending()
      }
      #expect(all.text == "half" && took > 0.2 && took < 3)
      #expect(!client.received.text.hasSuffix("halfhalf"))
      #expect(try scene.exchange(get("/off/part")).text == "halfhalf")
      #expect(try scene.exchange(get("/part")).text == "halfhalf")
    }
  }

  @Test("connect: after its own time, the global one, never")
  func connect() throws {
    let full = try Origin(Origin.Script.answering(ok("late")).notAccepting(backlog: 0))
    defer { full.stop() }
    let blockers = (1...2).map { _ in try? Client(full.address, within: 0.3) }
    defer { for blocker in blockers { blocker?.close() } }
    let routes = """
      - { match: { path: /short }, to: app, timeouts: { connect: 300ms } }
      - { match: { path: /off }, to: app, timeouts: { connect: off } }
      - to: app
      """
    let config = routing(routes, "timeouts: { connect: 900ms }")
      .replacing("$0", with: full.address)
    try withScene(config: config) { scene in
      let waiting = try scene.client()
      try waiting.send(get("/off"))
      let short = try timed(scene, "/short")
      #expect(short.status == 504 && short.seconds > 0.2 && short.seconds < 0.85)
      let global = try timed(scene, "/global")
      #expect(global.status == 504 && global.seconds > 0.8 && global.seconds < 3)
      #expect(try waiting.isSilent(for: 0.3))
      for blocker in blockers { blocker?.close() }
      full.startAccepting()
      #expect(try waiting.response().status == 200)
    }
  }
}
