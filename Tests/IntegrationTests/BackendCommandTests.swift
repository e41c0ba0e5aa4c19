import Foundation
import Testing

/// Backends taken out and brought back while the proxy runs.
@Suite("headrace backends") struct BackendCommandTests {
  private static let admin = "admin: 127.0.0.1:0"

  private func headrace(_ scene: Scene, _ arguments: String...) throws -> Program.Result {
    let address = try #require(scene.proxy.adminAddress)
    return try Program.run([Proxy.binary] + arguments + ["--admin", address], within: 40)
  }

  /// `drain`, `maintenance` or `ready`; fails the test when it is refused.
  private func set(_ scene: Scene, _ state: String, _ origin: Int = 0) throws {
    let done = try headrace(scene, "backends", state, "app", scene.origins[origin].address)
    #expect(done.status == .exited(0), "\(done.errors)")
  }

  /// The document of `/backends`.
  private struct Report: Decodable {
    struct Pool: Decodable {
      let name: String
      let available: Int
      let panic: Bool
    }
    struct Backend: Decodable {
      let pool: String
      let address: String
      let state: String
      let available: Bool
      let since: String?
      let inFlight: Int
      let connectionsOpen: Int
      let connectionsIdle: Int
    }
    let pools: [Pool]
    let backends: [Backend]
  }

  private func report(_ scene: Scene) throws -> Report {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let page = try scene.proxy.admin("/backends?format=json")
    #expect(page["Content-Type"] == "application/json")
    return try decoder.decode(Report.self, from: Data(page.text.utf8))
  }

  private func backend(_ scene: Scene, _ origin: Int = 0) throws -> Report.Backend {
    let address = scene.origins[origin].address
    return try #require(try report(scene).backends.first { $0.address == address })
  }

  /// Says its name; `/slow` waits for the gate.
  private static func named(_ name: String, _ gate: Gate) -> Origin.Script {
    .serving { request, _ in
      if request.target == "/slow" { try gate.pass() }
      return ok(name)
    }
  }

  @Test("a drained backend finishes what it has and gets nothing new")
  func drain() throws {
    let gate = Gate()
    try withScene(Self.named("a", gate), Self.named("b", gate), extra: Self.admin) { scene in
      let clients = try (0..<2).map { _ in try scene.client() }
      for client in clients { try client.send(get("/slow")) }
      for origin in scene.origins { try origin.waitForRequests(1) }
      try set(scene, "drain")
      let state = try backend(scene)
      #expect(state.state == "draining (operator)" && !state.available && state.since != nil)
      #expect(state.inFlight == 1)
      for _ in 1...6 { #expect(try scene.exchange(get()).text == "b") }
      #expect(scene.origin.requests.count == 1)
      let short = try headrace(
        scene, "backends", "drain", "app", scene.origin.address, "--wait", "1")
      #expect(short.status == .exited(1))
      #expect(short.output.contains("draining (operator), as before, 1 in flight\n"))
      #expect(short.errors == "headrace: still 1 in flight after 1 s\n")
      gate.open()
      let answers = try clients.map { try $0.response().text }
      #expect(answers.sorted() == ["a", "b"])
      let long = try headrace(
        scene, "backends", "drain", "app", scene.origin.address, "--wait", "30")
      #expect(long.status == .exited(0) && long.output.hasSuffix("\nnothing in flight\n"))
      #expect(try backend(scene).inFlight == 0)
    }
  }

  @Test("all of them drained: 503 and no panic; ready brings one back, which starts anew")
  func drainAll() throws {
    let gate = Gate()
    try withScene(Self.named("a", gate), Self.named("b", gate), extra: Self.admin) { scene in
      #expect(try scene.proxy.metric("headrace_backend_available") == 2)
      try set(scene, "drain", 0)
      let last = try headrace(scene, "backends", "maintenance", "app", scene.origins[1].address)
      #expect(last.output.hasSuffix("app: no backend takes new requests; they get 503\n"))
      for _ in 1...4 { #expect(try scene.exchange(get()).status == 503) }
      let pool = try #require(try report(scene).pools.first)
      #expect(pool.available == 0 && !pool.panic)
      #expect(try scene.proxy.metric("headrace_backend_available") == 0)
      #expect(try scene.proxy.metric("headrace_backend_operator_state") == 3)
      #expect(scene.origins.allSatisfy { $0.requests.isEmpty })
      try set(scene, "ready", 1)
      for _ in 1...4 { #expect(try scene.exchange(get()).text == "b") }
      let back = try backend(scene, 1)
      #expect(back.state == "available" && back.since != nil && back.available)
      #expect(try scene.proxy.metric("headrace_backend_operator_state") == 1)
    }
  }

  @Test("maintenance closes what is idle on all workers, and the rest when it is done")
  func maintenance() throws {
    let gate = Gate()
    let config = """
      listen: 127.0.0.1:0
      \(Self.admin)
      workers: 2
      routes: [{ to: app }]
      pools: { app: ['$0', '$1'] }

      """
    try withScene(Self.named("a", gate), Self.named("b", gate), config: config) { scene in
      // Several at once, so that both workers have connections to both backends.
      let clients = try (0..<24).map { _ in try scene.client() }
      for _ in 1...4 {
        for client in clients { try client.send(get()) }
        for client in clients { #expect(try client.response().status == 200) }
      }
      let slow = try scene.client()
      try slow.send(get("/slow"))
      let slower = try scene.client()
      try slower.send(get("/slow"))
      try wait(for: "two slow requests") {
        scene.origins.flatMap(\.requests).count { $0.target == "/slow" } == 2
      }
      try set(scene, "maintenance", 0)
      try set(scene, "maintenance", 1)
      try wait(for: "the idle connections to end") {
        scene.origins.flatMap(\.connections).count { $0.isOpen } == 2
      }
      #expect(try scene.exchange(get()).status == 503)
      gate.open()
      #expect(try slow.response().status == 200)
      #expect(try slower.response().status == 200)
      try wait(for: "all connections to end") {
        scene.origins.flatMap(\.connections).allSatisfy { !$0.isOpen }
      }
      #expect(try report(scene).backends.allSatisfy { $0.connectionsOpen == 0 })
      try set(scene, "ready", 1)
      let before = scene.origins[1].connections.count
      let one = try scene.client()
      for _ in 1...3 { #expect(try one.exchange(get()).text == "b") }
      #expect(scene.origins[1].connections.count == before + 1, "kept between requests")
    }
  }

  @Test("drain keeps idle connections")
  func drainKeepsConnections() throws {
    try withScene(.answering(ok()), extra: Self.admin) { scene in
      #expect(try scene.exchange(get()).status == 200)
      try set(scene, "drain")
      #expect(try scene.exchange(get()).status == 503)
      #expect(try backend(scene).connectionsIdle == 1)
      try set(scene, "ready")
      #expect(try scene.exchange(get()).status == 200)
      #expect(scene.origin.connections.count == 1)
    }
  }

  @Test("a reload keeps it, also when the backend is gone meanwhile; a restart forgets it")
  func reload() throws {
    let gate = Gate()
    try withScene(Self.named("a", gate), Self.named("b", gate), extra: Self.admin) { scene in
      let addresses = scene.origins.map(\.address)
      try set(scene, "maintenance")
      #expect(try scene.proxy.reload(Scene.config(addresses, Self.admin + "\nvia: true")))
      for _ in 1...4 { #expect(try scene.exchange(get()).text == "b") }
      #expect(try scene.proxy.reload(Scene.config([addresses[1]], Self.admin)))
      let gone = try headrace(scene, "backends", "ready", "app", addresses[0])
      #expect(gone.status == .exited(1))
      #expect(
        gone.errors == "pool app has no backend \"\(addresses[0])\"; it has \(addresses[1])\n")
      #expect(try scene.proxy.reload(Scene.config(addresses, Self.admin)))
      #expect(try backend(scene).state == "maintenance (operator)")
      for _ in 1...4 { #expect(try scene.exchange(get()).text == "b") }
      try set(scene, "ready")
      let answers = try (1...4).map { _ in try scene.exchange(get()).text }
      #expect(answers.sorted() == ["a", "a", "b", "b"])
    }
  }

  @Test("what waits for room is not sent to a backend that was drained meanwhile")
  func queue() throws {
    let gates = [Gate(), Gate()]
    let pool = "{ backends: ['$0', '$1'], capacity: { in_flight_per_backend: 1, queue: 5 } }"
    let config = Scene.config(pool: pool, Self.admin)
    try withScene(Self.named("a", gates[0]), Self.named("b", gates[1]), config: config) { scene in
      let clients = try (0..<2).map { _ in try scene.client() }
      for client in clients { try client.send(get("/slow")) }
      for origin in scene.origins { try origin.waitForRequests(1) }
      let waiting = try scene.client()
      try waiting.send(get())
      try wait(for: "its place") { try scene.proxy.metric("headrace_pool_queue_length") == 1 }
      try set(scene, "drain")
      gates[0].open()
      gates[1].open()
      #expect(try waiting.response().text == "b")
      for client in clients { #expect(try client.response().status == 200) }
    }
  }

  @Test("backends that come and go all the time cost no request")
  func flapping() throws {
    let gate = Gate()
    let config = """
      listen: 127.0.0.1:0
      \(Self.admin)
      workers: 2
      routes: [{ to: app }]
      pools: { app: ['$0', '$1'] }

      """
    try withScene(Self.named("a", gate), Self.named("b", gate), config: config) { scene in
      let statuses = Locked<[Int]>([])
      let running = Locked(8)
      let address = scene.proxy.address
      for _ in 1...8 {
        startThread {
          defer { running.withLock { $0 -= 1 } }
          guard let client = try? Client(address) else { return }
          for number in 1...150 {
            let status = (try? client.exchange(get("/\(number)")).status) ?? 0
            statuses.withLock { $0.append(status) }
          }
        }
      }
      let operation = try Client(try #require(scene.proxy.adminAddress))
      var turn = 0
      while running.withLock({ $0 }) > 0 || turn < 20 {
        // Never both: the one comes back before the other goes.
        for (origin, state) in [
          (0, ["drain", "maintenance"][turn % 2]), (0, "ready"), (1, "drain"),
          (1, "maintenance"), (1, "ready"),
        ] {
          let target = "/backends?pool=app&backend=\(scene.origins[origin].address)&state=\(state)"
          let answer = try operation.exchange(
            head(
              "POST \(target) HTTP/1.1", "Host: admin", "Content-Length: 0",
              "X-Headrace-Admin: 1"))
          #expect(answer.status == 200)
        }
        turn += 1
      }
      #expect(statuses.withLock { $0 } == [Int](repeating: 200, count: 1200))
      #expect(scene.origins.allSatisfy { $0.requests.count > 0 })
      try wait(for: "nothing in flight") {
        try report(scene).backends.allSatisfy { $0.inFlight == 0 }
      }
    }
  }

  @Test("what waits for room goes to a backend that is back")
  func queueAndReady() throws {
    let gate = Gate()
    let pool = """
      { backends: ['$0', '$1'],
        capacity: { in_flight_per_backend: 2, queue: 9, queue_timeout: 60s } }
      """
    let config = Scene.config(pool: pool, Self.admin)
    try withScene(Self.named("a", gate), Self.named("b", gate), config: config) { scene in
      try set(scene, "drain")
      let clients = try (0..<5).map { _ in try scene.client() }
      for client in clients { try client.send(get("/slow")) }
      try scene.origins[1].waitForRequests(2)
      try wait(for: "their places") { try scene.proxy.metric("headrace_pool_queue_length") == 3 }
      try set(scene, "ready")
      try scene.origins[0].waitForRequests(2)
      #expect(try scene.proxy.metric("headrace_pool_queue_length") == 1)
      gate.open()
      for client in clients { #expect(try client.response().status == 200) }
      try wait(for: "nothing in flight") {
        try report(scene).backends.allSatisfy { $0.inFlight == 0 }
      }
    }
  }

  @Test("what waits for room hears at once that nobody is left")
  func queueAndNobody() throws {
    let gate = Gate()
    let pool = """
      { backends: ['$0'], capacity: { in_flight_per_backend: 1, queue: 9, queue_timeout: 60s } }
      """
    let config = Scene.config(pool: pool, Self.admin)
    try withScene(Self.named("a", gate), config: config) { scene in
      let first = try scene.client()
      try first.send(get("/slow"))
      try scene.origin.waitForRequests(1)
      let waiting = try (0..<3).map { _ in try scene.client() }
      for client in waiting { try client.send(get()) }
      try wait(for: "their places") { try scene.proxy.metric("headrace_pool_queue_length") == 3 }
      try set(scene, "maintenance")
      for client in waiting { #expect(try client.response().status == 503) }
      gate.open()
      #expect(try first.response().text == "a")
      try set(scene, "ready")
      #expect(try scene.exchange(get()).text == "a")
    }
  }

  @Test("tables, documents and events of the commands")
  func output() throws {
    try withScene(.answering(ok()), extra: Self.admin) { scene in
      let address = scene.origin.address
      let quiet = try headrace(scene, "events")
      #expect(quiet.output == "nothing has happened to pools and backends\n")
      let table = try headrace(scene, "backends")
      #expect(table.status == .exited(0) && table.errors == "")
      #expect(table.output.hasPrefix("POOL  BACKEND"))
      #expect(table.output.contains("\napp   \(address)       1  available"))
      #expect(table.output.hasSuffix("\napp: 1 of 1 backend may get new requests\n"))
      #expect(try headrace(scene, "backends", "list", "--pool", "app").output == table.output)
      let document = try headrace(scene, "backends", "--json", "--pool", "app")
      let json = try JSONSerialization.jsonObject(with: Data(document.output.utf8))
      #expect((json as? [String: Any])?["backends"] is [Any])
      let drained = try headrace(scene, "backends", "drain", "app", address)
      #expect(
        drained.output == """
          app \(address): draining (operator), 0 in flight
          app: no backend takes new requests; they get 503

          """)
      try set(scene, "drain")
      try set(scene, "ready")
      try wait(for: "two events") {
        try headrace(scene, "events").output.split(separator: "\n").count == 2
      }
      let events = try headrace(scene, "events").output.split(separator: "\n")
      #expect(events[0].hasSuffix("Z  pool app, backend \(address): operator: drain"))
      #expect(events[1].hasSuffix("Z  pool app, backend \(address): operator: ready"))
      #expect(
        scene.proxy.errors.contains("headrace: pool app, backend \(address): operator: drain"))
      let list = try JSONSerialization.jsonObject(
        with: Data(try headrace(scene, "events", "--json").output.utf8))
      #expect(((list as? [String: Any])?["events"] as? [Any])?.count == 2)
    }
  }

  @Test("what does not exist is named beside what does, and a web page changes nothing")
  func errors() throws {
    try withScene(.answering(ok()), extra: Self.admin) { scene in
      let address = scene.origin.address
      let pool = try headrace(scene, "backends", "drain", "ap", address)
      #expect(pool.status == .exited(1) && pool.output == "")
      #expect(pool.errors == "there is no pool \"ap\"; there is app\n")
      let odd = try headrace(scene, "backends", "drain", "app", "a b&state=x\u{1B}/\u{E9}")
      #expect(odd.errors == "pool app has no backend \"a b&state=x?/\u{E9}\"; it has \(address)\n")
      let shown = try headrace(scene, "backends", "--pool", "x")
      #expect(shown.status == .exited(1))
      #expect(shown.errors == "there is no pool \"x\"; there is app\n")
      let usage = try headrace(scene, "backends", "drain", "app")
      #expect(usage.status == .exited(2))
      #expect(
        try headrace(scene, "backends", "drain", "a", "b", "--wait", "0").status == .exited(2))
      for field in ["X-Other: 1", "X-Headrace-Admin: 1\r\nOrigin: http://127.0.0.1"] {
        let client = try Client(try #require(scene.proxy.adminAddress))
        let target = "/backends?pool=app&backend=\(address)&state=drain"
        let answer = try client.exchange(
          head("POST \(target) HTTP/1.1", "Host: admin", "Content-Length: 0", field))
        #expect(answer.status == 403)
      }
      #expect(try scene.exchange(get()).status == 200)
      #expect(!scene.proxy.errors.contains("operator"))
    }
    let nobody = try Program.run([Proxy.binary, "backends", "--admin", "unix:/tmp/none.sock"])
    #expect(nobody.status == .exited(1))
    #expect(
      nobody.errors == "headrace: no backends to show: nobody answers at unix:/tmp/none.sock\n")
  }
}
