import Testing

@Suite("Breakers: trials, shares, reloads") struct BreakerTrialTests {
  /// Opens the breaker of the first origin, whose mood is `error`.
  private func open(_ scene: Scene) throws {
    try wait(for: "the breaker") {
      _ = try scene.status()
      return try scene.breakerState() == 1
    }
  }

  @Test("a failed trial opens it again, for longer")
  func failedTrial() throws {
    let mood = Mood(.error)
    let config = Scene.breaking("minimum_requests: 5, open_for: 100ms")
    try withScene(mood.script, config: config) { scene in
      try open(scene)
      try scene.waitFor(status: 500)
      try scene.waitForWords("breaker opened again: trial failed (status 500); next trial in ")
      #expect(scene.origin.requests.count == 6)
      #expect(try scene.openings("trial") == 1)
      mood.kind = .reset
      try scene.waitFor(status: 502)
      try scene.waitForWords("trial failed (no usable answer)")
      mood.kind = .good
      try wait(for: "the breaker to close") {
        _ = try scene.status()
        return try scene.breakerState() == 0
      }
    }
  }

  @Test("only so many trials at once; the others fail fast")
  func limited() throws {
    let mood = Mood(.error)
    let config = Scene.breaking("minimum_requests: 5, open_for: 50ms, probes: 2")
    try withScene(mood.script, config: config) { scene in
      try open(scene)
      let before = scene.origin.requests.count
      mood.kind = .hang
      var waiting: [Client] = []
      try wait(for: "two trials") {
        let client = try scene.client()
        try client.send(get())
        // It is refused, or it hangs.
        if (try? client.readHead(within: 0.05)) == nil { waiting.append(client) }
        return waiting.count == 2
      }
      #expect(scene.origin.requests.count == before + 2)
      for _ in 0..<10 { #expect(try scene.status() == 503) }
      #expect(scene.origin.requests.count == before + 2)
      #expect(try scene.breakerState() == 2)
      // A client that hangs up gives its place back.
      waiting.removeLast().reset()
      mood.kind = .good
      try scene.waitFor(status: 200)
      #expect(try scene.breakerState() == 2)
      mood.gate.open()
      let late = try waiting[0].response()
      #expect(late.status == 200)
      #expect(try scene.breakerState() == 0)
    }
  }

  @Test("a trial that fails is sent to another backend when connecting failed")
  func retried() throws {
    let refusing = try Address.refusing()
    let config = Scene.breaking(
      "open_for: 50ms, max_open_for: 50ms", backends: "'\(refusing)', '$0'", tries: 3)
    try withScene(.answering(ok("good")), config: config) { scene in
      for _ in 0..<10 { #expect(try scene.status() == 200) }
      try wait(for: "failed trials") {
        let status = try scene.status()
        #expect(status == 200)
        return try scene.openings("trial") ?? 0 >= 3
      }
      try scene.waitForWords("trial failed (connect failed)")
    }
  }

  @Test("POSTs are no trials while there are others to go to")
  func posts() throws {
    let mood = Mood(.error)
    let config = Scene.breaking(
      "minimum_requests: 5, open_for: 50ms", backends: "'$0', '$1'")
    try withScene(mood.script, .answering(ok("good")), config: config) { scene in
      try open(scene)
      mood.kind = .good
      for _ in 0..<30 { #expect(try scene.status(post(body: "pay")) == 200) }
      try scene.client().rest(0.1)
      for _ in 0..<30 { #expect(try scene.status(post(body: "pay")) == 200) }
      #expect(scene.origin.requests.allSatisfy { $0.method == "GET" })
      #expect(try scene.breakerState() == 1)
      try wait(for: "trials of GETs") {
        _ = try scene.status()
        return try scene.breakerState() == 0
      }
    }
  }

  @Test("where nothing but POSTs comes, they are the trials in the end")
  func nothingButPosts() throws {
    let mood = Mood(.error)
    let config = Scene.breaking(
      "minimum_requests: 5, open_for: 50ms, max_open_for: 60ms", backends: "'$0', '$1'")
    try withScene(mood.script, .answering(ok("good")), config: config) { scene in
      try wait(for: "the breaker") {
        _ = try scene.status(post(body: "pay"))
        return try scene.breakerState() == 1
      }
      mood.kind = .good
      try wait(for: "trials") {
        #expect(try scene.status(post(body: "pay")) == 200)
        return try scene.breakerState() == 0
      }
    }
  }

  @Test("a POST is the trial when there is nobody else")
  func onlyPosts() throws {
    let mood = Mood(.error)
    let config = Scene.breaking("minimum_requests: 5, open_for: 50ms")
    try withScene(mood.script, config: config) { scene in
      try open(scene)
      mood.kind = .good
      try scene.waitFor(status: 200, post(body: "x"))
    }
  }

  @Test("an upgrade that is accepted is a trial that passed")
  func upgrade() throws {
    let script = Origin.Script.script { connection in
      while let request = try connection.nextRequest() {
        if request["Upgrade"] == nil {
          try connection.send(head("HTTP/1.1 500 Oh", "Content-Length: 0"))
          continue
        }
        try connection.send(
          head("HTTP/1.1 101 Switching", "Connection: upgrade", "Upgrade: chat"))
        _ = try connection.hasMore(within: 60)
      }
    }
    let config = Scene.breaking("minimum_requests: 5, open_for: 50ms, probes: 1")
    try withScene(script, config: config) { scene in
      try open(scene)
      var tunnel: Client?
      try wait(for: "an upgrade") {
        let client = try scene.client()
        try client.send(get("/", "Connection: upgrade", "Upgrade: chat"))
        guard try client.response().status == 101 else { return false }
        tunnel = client
        return true
      }
      #expect(try scene.breakerState() == 0, "not only when the tunnel ends")
      tunnel?.close()
    }
  }

  @Test(
    "when all fail, a share of the pool stays in use, also with two workers", arguments: [1, 2])
  func maxOpen(workers: Int) throws {
    let moods = (0..<4).map { _ in Mood(.error) }
    let config = Scene.breaking(
      "minimum_requests: 5, open_for: 1h, max_open_for: 1h", backends: "'$0', '$1', '$2', '$3'",
      workers: workers)
    try withScene(
      moods[0].script, moods[1].script, moods[2].script, moods[3].script, config: config
    ) { scene in
      // The two that stay in use would never open if the others were counted out already.
      for _ in 0..<120 { #expect(try scene.status() == 500) }
      let states = try (0..<4).map { try scene.breakerState($0) ?? -1 }
      #expect(states == [1, 1, 1, 1])
      #expect(try scene.proxy.metric("headrace_pool_breakers_overridden") == 2)
      let before = scene.origins.map(\.requests.count)
      for _ in 0..<40 { #expect(try scene.status() == 500) }
      let used = zip(scene.origins, before).filter { $0.requests.count > $1 }
      #expect(used.count == 2)
      try scene.waitForWords("2 of 4 backends stay in use all the same (max_open 50%)")
    }
  }

  @Test("what began before it closed and fails afterwards does not open it")
  func lateFailures() throws {
    let mood = Mood(.hang)
    let config = Scene.breaking(
      "consecutive_failures: 1, open_for: 20ms", "timeouts: { first_byte: 2s }")
    try withScene(mood.script, config: config) { scene in
      let early = try scene.client()
      try early.send(get())
      try scene.origin.waitForRequests(1)
      mood.kind = .reset
      #expect(try scene.status() == 502)
      #expect(try scene.breakerState() == 1)
      mood.kind = .good
      try wait(for: "the breaker to close") {
        _ = try scene.status()
        return try scene.breakerState() == 0
      }
      let late = try early.response()
      #expect(late.status == 504)
      #expect(try scene.breakerState() == 0)
      #expect(try scene.openings("consecutive_failures") == 1)
      // One that begins now does.
      mood.kind = .hang
      #expect(try scene.status() == 504)
      #expect(try scene.breakerState() == 1)
      mood.gate.open()
    }
  }

  @Test("whatever backends do, all are back in the end, and none is lost on the way")
  func flapping() throws {
    let moods = (0..<3).map { _ in Mood(.good) }
    let config = Scene.breaking(
      "minimum_requests: 5, open_for: 20ms, max_open_for: 100ms, window: 1s",
      backends: "'$0', '$1', '$2'", workers: 2, "timeouts: { first_byte: 100ms }")
    try withScene(moods[0].script, moods[1].script, moods[2].script, config: config) { scene in
      let allowed: Set<Int> = [200, 500, 502, 503, 504]
      var random = SplitMix(state: 7)
      for round in 0..<60 {
        let kinds: [Mood.Kind] = [.good, .error, .reset, .garbage, .cut, .hang]
        for mood in moods { mood.kind = kinds.randomElement(using: &random) ?? .good }
        for step in 0..<6 {
          let client = try scene.client()
          try client.send(step % 3 == 0 ? post(body: "x") : get())
          if step == 4, let end = [true, false].randomElement(using: &random), end {
            client.reset()
            continue
          }
          // A cut answer ends early; its head is there all the same.
          let status = try client.readHead().status
          #expect(allowed.contains(status), "round \(round): \(status)")
        }
      }
      for mood in moods {
        mood.kind = .good
        mood.gate.open()
      }
      try wait(for: "all breakers to close") {
        _ = try scene.status()
        return try (0..<3).allSatisfy { try scene.breakerState($0) == 0 }
      }
      for _ in 0..<30 { #expect(try scene.status() == 200) }
      let opened = try scene.proxy.metric("headrace_backend_breaker_opened_total") ?? 0
      #expect(opened > 5, "or the test says nothing")
    }
  }

  @Test("max_open: 100% lets the whole pool fail fast")
  func allOpen() throws {
    let config = Scene.breaking(
      "minimum_requests: 5, max_open: 100%", backends: "'$0', '$1'")
    try withScene(Mood(.error).script, Mood(.error).script, config: config) { scene in
      try scene.waitFor(status: 503)
      let states = try (0..<2).map { try scene.breakerState($0) ?? -1 }
      #expect(states == [1, 1])
      #expect(try scene.proxy.metric("headrace_pool_breakers_overridden") == 0)
    }
  }

  @Test("a reload keeps it, and breaker: off closes it")
  func reload() throws {
    let mood = Mood(.error)
    let config = Scene.breaking("minimum_requests: 5, open_for: 1m")
    try withScene(mood.script, config: config) { scene in
      try open(scene)
      func config(_ breaker: String) -> String {
        Scene.config(
          pool: "{ breaker: \(breaker), backends: ['\(scene.origin.address)'] }",
          "admin: 127.0.0.1:0\nvia: true")
      }
      #expect(try scene.proxy.reload(config("{ open_for: 50s }")))
      #expect(try scene.status() == 503)
      #expect(try scene.breakerState() == 1)
      #expect(try scene.proxy.reload(config("off")))
      try scene.waitFor(status: 500)
      #expect(try scene.breakerState() == 0)
      try scene.waitForWords("breaker closed: switched off")
      #expect(try scene.proxy.reload(config("{ minimum_requests: 3 }")))
      try scene.waitForWords("breaker opened: 5 of 5")
      for _ in 0..<3 { #expect(try scene.status() == 500) }
      #expect(try scene.status() == 503)
    }
  }
}
