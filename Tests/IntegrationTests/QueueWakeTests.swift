import Foundation
import Testing

/// Who waits for room is told when there is some, wherever that came from.
@Suite("Waking those that wait") struct QueueWakeTests {
  private static func config(
    _ pool: String, workers: Int = 1, timeouts: String = "first_byte: 60s"
  ) -> String {
    """
    listen: 127.0.0.1:0
    admin: 127.0.0.1:0
    workers: \(workers)
    timeouts: { \(timeouts) }
    routes: [{ to: app }]
    pools:
      app: { \(pool) }

    """
  }

  /// Answers a request when its gate opens.
  private static func gated(_ gate: Gate) -> Origin.Script {
    .serving { request, connection in
      let deadline = Deadline(20)
      while !gate.hasOpened, !deadline.hasPassed { try connection.rest(0.002) }
      return ok(request.target)
    }
  }

  private func queued(_ scene: Scene) throws -> Double? {
    try scene.proxy.metric("headrace_pool_queue_length", "pool=\"app\"")
  }

  private func start(_ scene: Scene, _ targets: [String]) throws -> [Client] {
    try targets.map { target in
      let client = try scene.client()
      try client.send(get(target))
      return client
    }
  }

  /// The first at work, the others in the queue.
  private func startQueue(_ scene: Scene, _ count: Int) throws -> [Client] {
    let first = try start(scene, ["/0"])
    try scene.origin.waitForRequests(1)
    let rest = try start(scene, (1...count).map { "/\($0)" })
    try wait(for: "a queue") { try self.queued(scene) == Double(count) }
    return first + rest
  }

  @Test("a queue does not outlive an open breaker", arguments: [1, 2])
  func breaker(_ workers: Int) throws {
    let gate = Gate()
    let isDead = Locked(true)
    let script = Origin.Script.serving { request, connection in
      try gate.pass()
      return isDead.withLock { $0 } ? nil : ok(request.target)
    }
    let pool = """
      backends: ['$0'], capacity: { in_flight: 1, queue: 100, queue_timeout: 60s }
          , retry: { tries: 1 }
          , breaker: { consecutive_failures: 1, open_for: 300ms, max_open_for: 300ms, probes: 1 }
      """
    try withScene(script, config: Self.config(pool, workers: workers)) { scene in
      let clients = try startQueue(scene, 8)
      gate.open()
      // All of them are told at once that there is nobody.
      let statuses = try clients.map { try $0.response(within: 5).status }
      #expect(statuses.allSatisfy { $0 == 502 || $0 == 503 }, "\(statuses)")
      isDead.withLock { $0 = false }
      try wait(for: "the backend to be back") { try scene.exchange(get("/x")).status == 200 }
    }
  }

  @Test("requests of before a bound make room for those that wait under it")
  func newBound() throws {
    let gate = Gate()
    let free = Self.config("backends: ['$0']")
    try withScene(Self.gated(gate), config: free) { scene in
      let early = try start(scene, ["/a", "/b"])
      try scene.origin.waitForRequests(2)
      let bounded = Self.config(
        "backends: ['$0'], capacity: { in_flight_per_backend: 2, queue_timeout: 60s }")
      #expect(try scene.proxy.reload(bounded.replacing("$0", with: scene.origin.address)))
      let late = try start(scene, ["/c", "/d"])
      try wait(for: "a queue") { try self.queued(scene) == 2 }
      gate.open()
      for client in early + late { #expect(try client.response(within: 5).status == 200) }
    }
  }

  @Test(
    "a reload with a wider bound lets those in who wait, and those who come",
    arguments: ["in_flight: 20", "in_flight_per_backend: 20", "queue: 5"])
  func widerBound(_ wider: String) throws {
    let gate = Gate()
    let name = wider.hasPrefix("queue") ? "in_flight" : wider.prefix { $0 != ":" }
    let narrow = Self.config(
      "backends: ['$0'], capacity: { \(name): 1, queue_timeout: 60s }", workers: 2)
    try withScene(Self.gated(gate), config: narrow) { scene in
      let clients = try startQueue(scene, 5)
      let text = Self.config(
        "backends: ['$0'], capacity: { \(wider), queue_timeout: 60s }", workers: 2)
      #expect(try scene.proxy.reload(text.replacing("$0", with: scene.origin.address)))
      let late = try start(scene, ["/late"])
      try scene.origin.waitForRequests(7)
      gate.open()
      for client in clients + late { #expect(try client.response().status == 200) }
    }
  }

  @Test("a backend that comes back takes from the queue", arguments: [false, true])
  func recovery(_ byArrival: Bool) throws {
    let gate = Gate()
    let place = try Address.refusing()
    let check = "health: { type: tcp, interval: 100ms, timeout: 1s, healthy_after: 1 }"
    let breaker = "breaker: { consecutive_failures: 1, open_for: 500ms, max_open_for: 500ms }"
    let pool = """
      backends: ['$0', '\(place)'], \(byArrival ? breaker : check)
          , capacity: { in_flight_per_backend: 1, queue_timeout: 60s }
      """
    try withScene(Self.gated(gate), config: Self.config(pool, workers: 2)) { scene in
      if byArrival {
        // The second opens the breaker of the dead one, and waits for the other from then on.
        let early = try startQueue(scene, 1)
        let back = try Origin(Origin.Script.answering(ok("back")).at(.at(place)))
        defer { back.stop() }
        let late = try start(scene, ["/x", "/y"])
        for client in late { #expect(try client.response(within: 8).text == "back") }
        gate.open()
        for client in early { #expect(try client.response().status == 200) }
      } else {
        try wait(for: "the dead one to be out") {
          try scene.proxy.metric("headrace_backend_up", place) == 0
        }
        let clients = try startQueue(scene, 4)
        let back = try Origin(Origin.Script.answering(ok("back")).at(.at(place)))
        defer { back.stop() }
        for client in clients.dropFirst() {
          #expect(try client.response(within: 8).text == "back")
        }
        gate.open()
        #expect(try clients[0].response().status == 200)
      }
    }
  }

  @Test("who waited for longer than a connect may take still gets a connection")
  func longWait() throws {
    let gate = Gate()
    let pool = "backends: ['$0'], capacity: { max_connections: 1, queue_timeout: 60s }"
    let config = Self.config(pool, workers: 2, timeouts: "connect: 100ms")
    try withScene(Self.gated(gate), config: config) { scene in
      let clients = try startQueue(scene, 12)
      usleep(150_000)  // longer than `connect`
      gate.open()
      for client in clients { #expect(try client.response().status == 200) }
    }
  }

  @Test("backends that a reload adds serve those that come, whoever waits for the old ones")
  func addedBackend() throws {
    let gate = Gate()
    let bounds = "capacity: { in_flight_per_backend: 1, queue_timeout: 60s }"
    let config = Self.config("backends: ['$0'], \(bounds)", workers: 2)
    try withScene(Self.gated(gate), .answering(ok("new")), config: config) { scene in
      let early = try startQueue(scene, 3)
      let text = Self.config("backends: ['$0', '$1'], \(bounds)", workers: 2)
        .replacing("$0", with: scene.origins[0].address)
        .replacing("$1", with: scene.origins[1].address)
      #expect(try scene.proxy.reload(text))
      for _ in 0..<4 { #expect(try scene.exchange(get()).text == "new") }
      gate.open()
      for client in early { #expect(try client.response().status == 200) }
    }
  }

  @Test("a backend without room is not sent trials, and gets them when it has some")
  func trialRoom() throws {
    let gate = Gate()
    let streams = Origin.Script.serving { request, connection in
      switch request.target {
      case "/stream":
        try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
        try gate.pass()
        return "rest"
      case "/fail": return nil
      default: return ok("streams")
      }
    }
    let breaker = "breaker: { consecutive_failures: 1, open_for: 50ms, max_open_for: 60s }"
    func text(_ room: Int, _ backends: String) -> String {
      Self.config(
        "backends: [\(backends)], \(breaker), capacity: { in_flight_per_backend: \(room) }")
    }
    try withScene(streams, .answering(ok("other")), config: text(2, "'$0'")) { scene in
      let client = try scene.client()
      try client.send(get("/stream"))
      var response = try client.readHead()
      #expect(try scene.exchange(post("/fail", body: "x")).status == 502)
      let both = scene.origins.map { "'\($0.address)'" }.joined(separator: ", ")
      #expect(try scene.proxy.reload(text(1, both)))
      usleep(100_000)  // longer than `open_for`
      for _ in 0..<6 { #expect(try scene.exchange(get()).text == "other") }
      gate.open()
      try client.readBody(of: &response, or: .close)
      try wait(for: "its trials") { try scene.exchange(get()).text == "streams" }
    }
  }

  @Test("a drain serves those that wait")
  func drain() throws {
    let gate = Gate()
    let pool = "backends: ['$0'], capacity: { in_flight: 1, queue_timeout: 60s }"
    try withScene(Self.gated(gate), config: Self.config(pool, workers: 2)) { scene in
      let clients = try startQueue(scene, 6)
      scene.proxy.process.signal(SIGTERM)
      gate.open()
      for client in clients { #expect(try client.response().status == 200) }
      try wait(for: "the end") { scene.proxy.process.exitStatus != nil }
    }
  }

  @Test("who stands first and may not use what is free does not keep it from others")
  func headOfLine() throws {
    let gate = Gate()
    // One that fails what may be retried, and one that is busy.
    let fails = Origin.Script.serving { request, _ in
      request.method == "POST" ? ok("posted") : nil
    }
    let pool = """
      backends: ['$0', '$1'], breaker: off, retry: { backoff: 0s }
          , capacity: { in_flight_per_backend: 1, queue_timeout: 60s }
      """
    try withScene(Self.gated(gate), fails, config: Self.config(pool)) { scene in
      let busy = try start(scene, ["/0", "/1", "/2", "/3"])
      // One is at work; the others were failed by the second backend and wait for the first.
      try wait(for: "a queue") {
        try self.queued(scene) == 3 && scene.origins[1].requests.count >= 3
      }
      for _ in 0..<3 {
        let client = try scene.client()
        try client.send(post(body: "x"))
        #expect(try client.response(within: 5).text == "posted")
      }
      gate.open()
      for client in busy { #expect(try client.response().status == 200) }
    }
  }
}

extension Gate {
  fileprivate var hasOpened: Bool { (try? pass(within: 0)) != nil }
}
