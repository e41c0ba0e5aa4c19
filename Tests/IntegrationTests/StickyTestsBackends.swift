import Foundation
import Testing

/// What becomes of bound clients when backends go, come back or are full.
extension StickyTests {
  // MARK: Backends that go

  @Test("a backend that is removed or cannot be reached: another one, and its cookie")
  func gone() throws {
    // Each connection of "b" serves one request, so that none is left when it goes.
    let leaving = Origin.Script.answeringOnce(ok("b", "Connection: close"))
    try withScene(Self.app("a"), leaving, Self.app("c"), config: Self.config()) { scene in
      var sessions: [String: String] = [:]
      for _ in 0..<3 {
        let session = try begin(scene)
        sessions[session.name] = session.cookie
      }
      let text = try String(contentsOfFile: scene.proxy.folder + "/headrace.yaml", encoding: .utf8)
      #expect(try scene.proxy.reload(text.replacing("'\(scene.origins[0].address)', ", with: "")))
      let moved = try scene.exchange(with(sessions["a"] ?? ""))
      #expect(moved.text != "a")
      #expect(try cookie(of: moved) == sessions[moved.text])
      let stayed = try scene.exchange(with(sessions["b"] ?? ""))
      #expect(stayed.text == "b" && stayed["Set-Cookie"] == nil)
      // It comes back: those that were bound to it before are again.
      #expect(try scene.proxy.reload(text))
      #expect(try scene.exchange(with(sessions["a"] ?? "")).text == "a")

      scene.origins[1].stopListening()
      let failed = try scene.exchange(with(sessions["b"] ?? ""))
      #expect(failed.status == 200 && failed.text != "b")
      #expect(try cookie(of: failed) == sessions[failed.text])
    }
  }

  @Test("a retry after a failed try binds to the backend that answered")
  func retried() throws {
    let bad = Locked(false)
    let script = Origin.Script.serving { _, _ in
      if bad.withLock({ $0 }) { return head("HTTP/1.1 503 Busy", "Content-Length: 0") }
      return ok("a")
    }
    let config = Self.config(pool: ", retry: { backoff: 0s }", backends: "'$0', '$1'")
    try withScene(script, Self.app("b"), config: config) { scene in
      var session = try begin(scene)
      if session.name != "a" { session = try begin(scene) }
      #expect(session.name == "a")
      bad.withLock { $0 = true }
      let response = try scene.exchange(with(session.cookie))
      #expect(response.text == "b")
      let moved = try cookie(of: response)
      #expect(moved != session.cookie)
      #expect(try scene.exchange(with(moved)).text == "b")
      // A POST may not be sent twice: the client stays bound and sees the failure.
      let post = try scene.exchange(post("/", "Cookie: \(session.cookie)", body: "x"))
      #expect(post.status == 503 && post["Set-Cookie"] == nil)
    }
  }

  @Test("a backend with weight 0 keeps its clients and gets no others")
  func drained() throws {
    let config = Self.config(backends: "'$0', '$1'")
    try withScene(Self.app("a"), Self.app("b"), config: config) { scene in
      var sessions: [String: String] = [:]
      for _ in 0..<2 {
        let session = try begin(scene)
        sessions[session.name] = session.cookie
      }
      let text = try String(contentsOfFile: scene.proxy.folder + "/headrace.yaml", encoding: .utf8)
      let address = scene.origins[0].address
      #expect(
        try scene.proxy.reload(
          text.replacing("'\(address)'", with: "{ address: '\(address)', weight: 0 }")))
      for _ in 0..<4 {
        let bound = try scene.exchange(with(sessions["a"] ?? ""))
        #expect(bound.text == "a" && bound["Set-Cookie"] == nil)
        #expect(try begin(scene).name == "b")
      }
    }
  }

  // MARK: Workers and capacity

  @Test("all workers agree on the cookies")
  func workers() throws {
    let config = Self.config(workers: 2)
    try withScene(Self.app("a"), Self.app("b"), Self.app("c"), config: config) { scene in
      let sessions = try (0..<6).map { _ in try begin(scene) }
      let byName = Dictionary(grouping: sessions, by: \.name).mapValues { Set($0.map(\.cookie)) }
      #expect(byName.values.allSatisfy { $0.count == 1 })
      for number in 0..<60 {
        let session = sessions[number % 6]
        let response = try scene.exchange(with(session.cookie))
        #expect(response.text == session.name && response["Set-Cookie"] == nil)
      }
    }
  }

  @Test("a request whose backend is full goes elsewhere, and the client stays bound")
  func full() throws {
    let gate = Gate()
    let entered = Gate()
    let script = Origin.Script.serving { request, _ in
      if request.target == "/slow" {
        entered.open()
        try gate.pass()
      }
      return ok("a")
    }
    let config = Self.config(
      pool: ", capacity: { in_flight_per_backend: 1 }", backends: "'$0', '$1'")
    try withScene(script, Self.app("b"), config: config) { scene in
      var session = try begin(scene)
      if session.name != "a" { session = try begin(scene) }
      #expect(session.name == "a")
      let slow = try scene.client()
      try slow.send(get("/slow", "Cookie: \(session.cookie)"))
      try entered.pass()
      for _ in 0..<3 {
        let elsewhere = try scene.exchange(with(session.cookie))
        #expect(elsewhere.text == "b" && elsewhere["Set-Cookie"] == nil)
      }
      gate.open()
      #expect(try slow.response().text == "a")
      for _ in 0..<3 {
        let back = try scene.exchange(with(session.cookie))
        #expect(back.text == "a" && back["Set-Cookie"] == nil)
      }
    }
  }

  @Test("where there is no other, a bound request waits for its backend, drained or not")
  func waits() throws {
    let gate = Gate()
    let entered = Gate()
    let script = Origin.Script.serving { request, _ in
      if request.target == "/slow" {
        entered.open()
        try gate.pass()
      }
      return ok("a")
    }
    let config = Self.config(
      pool: ", capacity: { in_flight_per_backend: 1, queue_timeout: 20s }", backends: "'$0'",
      extra: "admin: 127.0.0.1:0")
    try withScene(script, config: config) { scene in
      let session = try begin(scene)
      let text = try String(contentsOfFile: scene.proxy.folder + "/headrace.yaml", encoding: .utf8)
      let address = scene.origin.address
      let drained = text.replacing("'\(address)'", with: "{ address: '\(address)', weight: 0 }")
      #expect(try scene.proxy.reload(drained))
      let slow = try scene.client()
      try slow.send(get("/slow", "Cookie: \(session.cookie)"))
      try entered.pass()
      let waiting = try scene.client()
      try waiting.send(with(session.cookie))
      try wait(for: "the second in the queue") {
        try scene.proxy.metric("headrace_pool_queued_total", "pool=\"app\"") == 1
      }
      let new = try scene.client()
      try new.send(get())
      gate.open()
      for client in [slow, waiting] {
        let response = try client.response()
        #expect(response.text == "a" && response["Set-Cookie"] == nil)
      }
      // Somebody new has nowhere to go, when its turn comes.
      let refused = try new.response()
      #expect(refused.status == 503 && refused["Set-Cookie"] == nil)
    }
  }

  @Test("bound requests that wait for room are all served, and none is bound anew")
  func queued() throws {
    let config = Self.config(
      pool: ", capacity: { in_flight_per_backend: 1, in_flight: 2, queue_timeout: 10s }",
      backends: "'$0', '$1'", workers: 2)
    let slow = { (name: String) in
      Origin.Script.serving { _, connection in
        try connection.rest(0.005)
        return ok(name)
      }
    }
    try withScene(slow("a"), slow("b"), config: config) { scene in
      var sessions: [String: String] = [:]
      for _ in 0..<2 {
        let session = try begin(scene)
        sessions[session.name] = session.cookie
      }
      let cookie = sessions["a"] ?? ""
      let clients = try (0..<8).map { _ in try scene.client() }
      for _ in 0..<10 {
        for client in clients { try client.send(with(cookie)) }
        for client in clients {
          let response = try client.response()
          #expect(response.status == 200 && response["Set-Cookie"] == nil)
        }
      }
    }
  }
}
