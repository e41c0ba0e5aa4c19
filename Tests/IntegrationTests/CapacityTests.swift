import Testing

@Suite("Capacity and queues") struct CapacityTests {
  private static func config(
    _ capacity: String, backends: String = "'$0'", workers: Int = 1, rest: String = ""
  ) -> String {
    """
    listen: 127.0.0.1:0
    admin: 127.0.0.1:0
    workers: \(workers)
    routes:
      - { match: { path: "/other/**" }, to: other }
      - to: app
    pools:
      app: { backends: [\(backends)], capacity: { \(capacity) } \(rest) }
      other: ['$0']

    """
  }

  /// Answers each request when it is let; says how many were at work at most.
  private final class SlowApp: Sendable {
    private let state = Locked((working: 0, most: 0, let: 0))
    var working: Int { state.withLock { $0.working } }
    var most: Int { state.withLock { $0.most } }

    /// As many answers may go out.
    func release(_ count: Int = 1) { state.withLock { $0.let += count } }

    var script: Origin.Script {
      .serving { request, connection in
        if request.target.hasPrefix("/other") { return ok("other") }
        self.state.withLock {
          $0.working += 1
          $0.most = max($0.most, $0.working)
        }
        let deadline = Deadline(20)
        while !deadline.hasPassed {
          let isLet = self.state.withLock { state in
            guard state.let > 0 else { return false }
            state.let -= 1
            state.working -= 1
            return true
          }
          if isLet { return ok(request.target) }
          try connection.rest(0.002)
        }
        return nil
      }
    }
  }

  private func queued(_ scene: Scene) throws -> Double? {
    try scene.proxy.metric("headrace_pool_queue_length", "pool=\"app\"")
  }

  @Test(
    "no more are at work than may be, and the rest is served in its order",
    arguments: [
      "in_flight: 2", "in_flight_per_backend: 2", "max_connections: 2",
      "in_flight: 2, in_flight_per_backend: 2, max_connections: 3",
    ])
  func bounds(_ capacity: String) throws {
    let app = SlowApp()
    let config = Self.config("\(capacity), queue_timeout: 30s")
    try withScene(app.script, config: config) { scene in
      let clients = try (0..<8).map { number in
        let client = try scene.client()
        try client.send(get("/\(number)"))
        // Its place in the queue is certain before the next one comes.
        if number < 2 {
          try wait(for: "the request at the app") { app.working == number + 1 }
        } else {
          try wait(for: "its place") { try self.queued(scene) == Double(number - 1) }
        }
        return client
      }
      for step in 0..<4 {
        app.release(2)
        try wait(for: "two more") { scene.origin.requests.count == min(8, 4 + step * 2) }
      }
      for (number, client) in clients.enumerated() {
        let response = try client.response()
        #expect(response.text == "/\(number)")
      }
      #expect(app.most == 2)
      #expect(scene.origin.requests.map(\.target).sorted() == (0..<8).map { "/\($0)" })
      #expect(Set(scene.origin.requests.prefix(4).map(\.target)) == ["/0", "/1", "/2", "/3"])
      #expect(try queued(scene) == 0)
    }
  }

  @Test("a full queue is answered with 503 and Retry-After, and the others are not touched")
  func overflow() throws {
    let app = SlowApp()
    let config = Self.config("in_flight: 1, queue: 1, queue_timeout: 30s")
    try withScene(app.script, config: config) { scene in
      let first = try scene.client()
      try first.send(get("/0"))
      try wait(for: "the first at work") { app.working == 1 }
      let second = try scene.client()
      try second.send(get("/1"))
      try wait(for: "the second in the queue") { try self.queued(scene) == 1 }
      let third = try scene.client()
      let refused = try third.exchange(get("/2"))
      #expect(refused.status == 503 && refused["retry-after"] == "1")
      // The connection lives on, and so does the other pool.
      let other = try third.exchange(get("/other/x"))
      #expect(other.text == "other")
      app.release(2)
      let answers = try [first.response().text, second.response().text]
      #expect(answers == ["/0", "/1"])
      let overflows = try scene.proxy.metric(
        "headrace_pool_queue_overflows_total", "pool=\"app\"")
      #expect(overflows == 1)
    }
  }

  @Test("who waits too long gets 503, and its place is free again")
  func timeout() throws {
    let app = SlowApp()
    let config = Self.config("in_flight_per_backend: 1, queue: 1, queue_timeout: 200ms")
    try withScene(app.script, config: config) { scene in
      let first = try scene.client()
      try first.send(get("/0"))
      try wait(for: "the first at work") { app.working == 1 }
      for _ in 0..<2 {
        var response = Message.missing
        let took = try seconds { response = try scene.exchange(post(body: "x")) }
        #expect(response.status == 503 && response["retry-after"] == "1")
        #expect(took > 0.15 && took < 5)
      }
      app.release()
      let answer = try first.response()
      #expect(answer.text == "/0")
      #expect(scene.origin.requests.count == 1)
      let timeouts = try scene.proxy.metric("headrace_pool_queue_timeouts_total", "pool=\"app\"")
      #expect(timeouts == 2)
    }
  }

  @Test("queue: 0 refuses at once")
  func noQueue() throws {
    let app = SlowApp()
    try withScene(app.script, config: Self.config("in_flight: 1, queue: 0")) { scene in
      let first = try scene.client()
      try first.send(get("/0"))
      try wait(for: "the first at work") { app.working == 1 }
      let refused = try scene.exchange(get("/1"))
      #expect(refused.status == 503)
      app.release()
      let answer = try first.response()
      #expect(answer.text == "/0")
    }
  }

  @Test("a client that goes away gives its place in the queue up", arguments: [true, false])
  func leaving(_ byReset: Bool) throws {
    let app = SlowApp()
    let config = Self.config("in_flight: 1, queue: 1, queue_timeout: 30s")
    try withScene(app.script, config: config) { scene in
      let first = try scene.client()
      try first.send(get("/0"))
      try wait(for: "the first at work") { app.working == 1 }
      let second = try scene.client()
      try second.send(get("/1"))
      try wait(for: "the second in the queue") { try self.queued(scene) == 1 }
      if byReset { second.reset() } else { second.halfClose() }
      try wait(for: "the free place") { try self.queued(scene) == 0 }
      let third = try scene.client()
      try third.send(get("/2"))
      try wait(for: "the third in the queue") { try self.queued(scene) == 1 }
      app.release(2)
      let answers = try [first.response().text, third.response().text]
      #expect(answers == ["/0", "/2"])
      #expect(scene.origin.requests.count == 2)
    }
  }

  @Test("a backend without room is passed over for one that has some")
  func passedOver() throws {
    let app = SlowApp()
    let config = Self.config("in_flight_per_backend: 1, queue: 0", backends: "'$0', '$1'")
    try withScene(app.script, .answering(ok("free")), config: config) { scene in
      let slow = try scene.client()
      try slow.send(get("/0"))
      try wait(for: "an answer or the slow app") {
        app.working == 1 || (try? slow.hasMore(within: 0.002)) == true
      }
      if app.working == 0 {
        _ = try slow.response()
        try slow.send(get("/0"))
        try wait(for: "the slow app") { app.working == 1 }
      }
      for _ in 0..<6 {
        let response = try scene.exchange(get("/x"))
        #expect(response.text == "free")
      }
      app.release()
      let answer = try slow.response()
      #expect(answer.text == "/0")
    }
  }

  @Test("one slow pool does not slow another")
  func isolation() throws {
    let app = SlowApp()
    let config = Self.config("in_flight: 4, queue: 50, queue_timeout: 30s", workers: 2)
    try withScene(app.script, config: config) { scene in
      let stuck = try (0..<40).map { number in
        let client = try scene.client()
        try client.send(get("/\(number)"))
        return client
      }
      try wait(for: "a full pool") { try app.working == 4 && self.queued(scene) == 36 }
      let took = try seconds {
        for _ in 0..<200 {
          let response = try scene.exchange(get("/other/x"))
          #expect(response.text == "other")
        }
      }
      // None of them waited for the slow pool, which is still as full.
      #expect(took < 10)
      #expect(app.working == 4)
      app.release(40)
      for client in stuck { #expect(try client.response().status == 200) }
    }
  }

  @Test("with one connection and two workers nobody starves", arguments: [1, 2])
  func oneConnection(_ connections: Int) throws {
    let config = Self.config(
      "max_connections: \(connections), queue: 1000, queue_timeout: 20s", workers: 2)
    let open = Locked((now: 0, most: 0))
    let script = Origin.Script.script { connection in
      open.withLock {
        $0.now += 1
        $0.most = max($0.most, $0.now)
      }
      defer { open.withLock { $0.now -= 1 } }
      while let request = try connection.nextRequest() { try connection.send(ok(request.target)) }
    }
    try withScene(script, config: config) { scene in
      let served = Locked([Int](repeating: 0, count: 16))
      let failures = Locked<[String]>([])
      let running = Locked(16)
      let address = scene.proxy.address
      for number in 0..<16 {
        startThread {
          defer { running.withLock { $0 -= 1 } }
          do {
            let client = try Client(address)
            for turn in 0..<25 {
              let response = try client.exchange(get("/\(number)-\(turn)"))
              guard response.text == "/\(number)-\(turn)" else {
                return failures.withLock { $0.append("\(response.startLine)") }
              }
              served.withLock { $0[number] += 1 }
            }
          } catch {
            failures.withLock { $0.append("\(error)") }
          }
        }
      }
      try wait(for: "all clients", within: 60) { running.withLock { $0 } == 0 }
      #expect(failures.withLock { $0 } == [])
      #expect(served.withLock { $0 } == [Int](repeating: 25, count: 16))
      // A close of ours may reach the origin after the next connect: that one counts twice then.
      #expect(open.withLock { $0.most } <= connections * 2)
    }
  }

  @Test("bounds that a reload brings hold for what comes then, and permits are not lost")
  func reload() throws {
    let app = SlowApp()
    let free = Self.config("queue: 0")
    try withScene(app.script, config: free) { scene in
      let early = try (0..<3).map { number in
        let client = try scene.client()
        try client.send(get("/\(number)"))
        return client
      }
      try wait(for: "three at work") { app.working == 3 }
      let bounded = Self.config("in_flight_per_backend: 3, queue: 0")
        .replacing("$0", with: scene.origin.address)
      #expect(try scene.proxy.reload(bounded))
      #expect(try scene.exchange(get("/x")).status == 503)
      app.release(3)
      for client in early { #expect(try client.response().status == 200) }
      let late = try (0..<3).map { _ in
        let client = try scene.client()
        try client.send(get("/y"))
        return client
      }
      try wait(for: "three at work again") { app.working == 3 }
      #expect(try scene.exchange(get("/x")).status == 503)
      app.release(3)
      for client in late { #expect(try client.response().status == 200) }
    }
  }
}
