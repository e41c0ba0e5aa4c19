import Synchronization
import Testing

/// A backend whose behaviour the test changes while it runs.
final class Mood: Sendable {
  enum Kind: Int { case good, error, reset, hang, garbage, cut, slow }
  private let value: Atomic<Int>
  /// Passed by hanging requests before they are answered.
  let gate = Gate()

  init(_ kind: Kind) { value = Atomic(kind.rawValue) }

  var kind: Kind {
    get { Kind(rawValue: value.load(ordering: .acquiring)) ?? .good }
    set { value.store(newValue.rawValue, ordering: .releasing) }
  }

  var script: Origin.Script {
    .script { connection in
      while let request = try connection.nextRequest() {
        switch self.kind {
        case .good: try connection.send(ok("good \(request.method)"))
        case .error:
          try connection.send(head("HTTP/1.1 500 Oh", "Content-Length: 0"))
        case .reset: return connection.reset()
        case .hang:
          try self.gate.pass()
          try connection.send(ok("late"))
        case .garbage: return try connection.send("what?\r\n\r\n")
        case .cut: return try connection.send(head("HTTP/1.1 200 OK", "Content-Length: 9") + "abc")
        case .slow:
          try connection.rest(0.15)
          try connection.send(ok("slow"))
        }
      }
    }
  }
}

extension Scene {
  /// Pool `app` with the breaker's options and the admin listener; a request is one try.
  static func breaking(
    _ options: String, backends: String = "'$0'", workers: Int = 1, tries: Int = 1,
    _ extra: String = ""
  ) -> String {
    config(
      pool: "{ breaker: { \(options) }, retry: { tries: \(tries) }, backends: [\(backends)] }",
      "admin: 127.0.0.1:0\n\(extra)"
    ).replacing("workers: 1", with: "workers: \(workers)")
  }

  /// Without a breaker: for tests whose backends fail again and again.
  static func unbroken(_ backends: String = "'$0'") -> String {
    config(pool: "{ breaker: off, backends: [\(backends)] }")
  }

  func status(_ request: String = get()) throws -> Int { try exchange(request).status }

  func breakerState(_ origin: Int = 0) throws -> Double? {
    try proxy.metric("headrace_backend_breaker_state", "\"\(origins[origin].address)\"")
  }

  func openings(_ reason: String) throws -> Double? {
    try proxy.metric("headrace_backend_breaker_opened_total", "reason=\"\(reason)\"")
  }

  /// Asks until an answer with this status comes.
  func waitFor(status: Int, _ request: String = get()) throws {
    try wait(for: "status \(status)") { try self.status(request) == status }
  }

  func waitForWords(_ text: String) throws {
    try wait(for: "the words \(text); said: \(proxy.errors)") { proxy.errors.contains(text) }
  }
}

@Suite("Breakers: opening") struct BreakerOpeningTests {
  @Test("a failure rate opens it, it fails fast without the backend, and three trials close it")
  func wholeRound() throws {
    let mood = Mood(.error)
    let config = Scene.breaking("minimum_requests: 10, open_for: 400ms", "access_log: text")
    try withScene(mood.script, config: config) { scene in
      for _ in 0..<10 { #expect(try scene.status() == 500) }
      let refused = try scene.exchange(get())
      #expect(refused.status == 503 && refused["Retry-After"] == "1")
      #expect(refused.text.contains("breaker open"))
      let posted = try scene.status(post(body: "x"))
      #expect(posted == 503)
      #expect(scene.origin.requests.count == 10)
      #expect(try scene.breakerState() == 1)
      mood.kind = .good
      try scene.waitFor(status: 200)
      for _ in 0..<2 { #expect(try scene.status() == 200) }
      #expect(try scene.breakerState() == 0)
      try scene.waitForWords("breaker opened: 10 of 10 tries failed in 10s; next trial in ")
      try scene.waitForWords("breaker half-open: 3 trials must pass")
      try scene.waitForWords("breaker closed: 3 of 3 trials passed")
      try wait(for: "the log") {
        scene.proxy.output.contains("no backend available: breaker open")
      }
      #expect(try scene.openings("failure_rate") == 1)
      #expect(try scene.proxy.metric("headrace_backend_breaker_trials_total") == 3)
      let rejected = try scene.proxy.metric("headrace_pool_breaker_rejected_total") ?? 0
      #expect(rejected >= 2)
      // What was counted before is forgotten: nine more failures are too few.
      mood.kind = .error
      for _ in 0..<9 { #expect(try scene.status() == 500) }
      #expect(try scene.breakerState() == 0)
      #expect(try scene.status() == 500)
      #expect(try scene.status() == 503)
    }
  }

  @Test("failures in a row open it", arguments: [Mood.Kind.reset, .garbage, .hang])
  func consecutive(_ kind: Mood.Kind) throws {
    let mood = Mood(kind)
    let config = Scene.breaking(
      "consecutive_failures: 4", "timeouts: { first_byte: 150ms }")
    try withScene(mood.script, config: config) { scene in
      for _ in 0..<4 {
        let status = try scene.status()
        #expect(status == 502 || status == 504)
      }
      let before = scene.origin.requests.count
      for _ in 0..<5 { #expect(try scene.status() == 503) }
      #expect(scene.origin.requests.count == before)
      try scene.waitForWords("breaker opened: 4 tries in a row failed; next trial in ")
      #expect(try scene.openings("consecutive_failures") == 1)
      let failures = try scene.proxy.metric("headrace_backend_failures_total") ?? 0
      #expect(failures >= 4)
      mood.gate.open()
    }
  }

  @Test("a single backend that refuses for a while does not open it by itself")
  func singleBackend() throws {
    let address = try Address.refusing()
    let config = Scene.breaking("open_for: 30s", backends: "'\(address)'")
    try withScene(config: config) { scene in
      for _ in 0..<12 { #expect(try scene.status() == 502) }
      let origin = try Origin(Origin.Script.answering(ok()).at(.at(address)))
      defer { origin.stop() }
      #expect(try scene.status() == 200)
    }
  }

  @Test("a refused backend opens it; Retry-After is the time that is left")
  func refused() throws {
    let address = try Address.refusing()
    let config = Scene.breaking(
      "open_for: 30s, consecutive_failures: 5", backends: "'\(address)'")
    try withScene(config: config) { scene in
      for _ in 0..<5 { #expect(try scene.status() == 502) }
      let answer = try scene.exchange(get())
      #expect(answer.status == 503)
      let seconds = Int(answer["Retry-After"] ?? "") ?? 0
      #expect((23...36).contains(seconds))
    }
  }

  @Test("an answer of any status begins the row anew, and other statuses can be failures")
  func statuses() throws {
    let count = Atomic<Int>(0)
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      // Two resets, then a 404, again and again.
      if count.add(1, ordering: .relaxed).newValue % 3 != 0 { return connection.reset() }
      try connection.send(head("HTTP/1.1 404 No", "Connection: close", "Content-Length: 0"))
    }
    let config = Scene.breaking(
      "consecutive_failures: 3, minimum_requests: 19, failure_statuses: 404")
    try withScene(script, config: config) { scene in
      for _ in 0..<18 { #expect(try scene.status(post(body: "")) != 503) }
      #expect(try scene.breakerState() == 0)
      _ = try scene.status(post(body: ""))
      #expect(try scene.breakerState() == 1)
      try scene.waitForWords("19 of 19 tries failed")
    }
  }

  @Test("answers that are cut short count as failed, once")
  func cuts() throws {
    let mood = Mood(.cut)
    let config = Scene.breaking("minimum_requests: 8, failure_rate: 100%")
    try withScene(mood.script, config: config) { scene in
      for index in 0..<8 {
        #expect(try scene.breakerState() == 0, "\(index)")
        let client = try scene.client()
        try client.send(get())
        _ = try? client.readToEnd()
      }
      try wait(for: "the breaker") { try scene.breakerState() == 1 }
      try scene.waitForWords("8 of 8 tries failed")
    }
  }

  @Test("slow answers open it, slow clients do not")
  func slow() throws {
    let mood = Mood(.good)
    let config = Scene.breaking("minimum_requests: 4, slow_after: 60ms, slow_rate: 100%")
    try withScene(mood.script, config: config) { scene in
      for _ in 0..<5 {
        let client = try scene.client()
        try client.send(head("PUT / HTTP/1.1", "Host: a", "Content-Length: 2") + "a")
        try client.rest(0.1)
        try client.send("b")
        #expect(try client.response().status == 200)
      }
      #expect(try scene.breakerState() == 0)
      // A window of its own.
      let other = Scene.breaking("minimum_requests: 4, slow_after: 61ms, window: 11s")
        .replacing("$0", with: scene.origin.address)
      #expect(try scene.proxy.reload(other))
      mood.kind = .slow
      for _ in 0..<4 { #expect(try scene.status() == 200) }
      #expect(try scene.status() == 503)
      try scene.waitForWords("breaker opened: 4 of 4 tries took longer than 61ms in 11s")
      #expect(try scene.openings("slow_rate") == 1)
    }
  }

  @Test("clients that hang up never open it")
  func aborts() throws {
    let mood = Mood(.hang)
    let config = Scene.breaking("minimum_requests: 2, failure_rate: 1%, consecutive_failures: 1")
    try withScene(mood.script, config: config) { scene in
      for index in 0..<20 {
        let client = try scene.client()
        try client.send(index % 2 == 0 ? get() : post(body: "x"))
        try scene.origin.waitForRequests(index + 1)
        // An orderly end would not be one: who has sent all may still wait for the answer.
        client.reset()
      }
      try wait(for: "the aborts") {
        try scene.proxy.metric("headrace_pool_requests_total", "class=\"aborted\"") == 20
      }
      #expect(try scene.breakerState() == 0)
      mood.kind = .good
      #expect(try scene.status() == 200)
      mood.gate.open()
    }
  }

  @Test("off is off")
  func off() throws {
    let mood = Mood(.error)
    let config = Scene.config(
      pool: "{ breaker: off, backends: ['$0'] }", "admin: 127.0.0.1:0")
    try withScene(mood.script, config: config) { scene in
      let statuses = try (0..<40).map { _ in try scene.status() }
      #expect(statuses.allSatisfy { $0 == 500 })
      #expect(scene.origin.requests.count == 40)
      #expect(try scene.breakerState() == 0)
    }
  }

  @Test("two workers share one state")
  func workers() throws {
    let mood = Mood(.error)
    let config = Scene.breaking("minimum_requests: 12", workers: 2)
    try withScene(mood.script, config: config) { scene in
      for _ in 0..<12 { #expect(try scene.status() == 500) }
      for _ in 0..<40 { #expect(try scene.status() == 503) }
      #expect(scene.origin.requests.count == 12)
      for worker in ["0", "1"] {
        let accepted = try scene.proxy.metric(
          "headrace_worker_client_connections_accepted_total", "worker=\"\(worker)\"")
        #expect(accepted ?? 0 > 0)
      }
      #expect(try scene.openings("failure_rate") == 1)
    }
  }
}
