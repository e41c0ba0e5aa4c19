import Foundation
import Testing

/// Checks over reloads and drains: what stays the same goes on, what is gone ends.
@Suite("Health checks over reloads") struct HealthReloadTests {
  private static func config(_ backends: [Origin], _ health: String, _ more: String = "") -> String
  {
    let list = backends.map { "'\($0.address)'" }.joined(separator: ", ")
    let setting = health.isEmpty ? "" : ", health: \(health)"
    return Scene.config(pool: "{ backends: [\(list)]\(setting)\(more) }", HealthTests.admin)
  }

  @Test("a reload that leaves the checks as they are keeps state and schedule")
  func keeps() throws {
    let wellness = Wellness()
    wellness.status = "503 Down"
    let health = "{ interval: 1h, healthy_after: 100 }"
    try withScene(
      HealthTests.backend("a", Wellness()), HealthTests.backend("b", wellness),
      config: HealthTests.pool(health)
    ) { scene in
      // The first check at once, the second two seconds later, the next in an hour.
      try HealthTests.waitUntil(false, scene, 1)
      let counts = scene.origins.map { HealthTests.checks($0).count }
      for _ in 1...3 {
        #expect(try scene.proxy.reload(Self.config(scene.origins, health)))
        #expect(try HealthTests.names(scene, 4) == ["a"])
      }
      #expect(scene.origins.map { HealthTests.checks($0).count } == counts)
      #expect(try !HealthTests.isUp(scene, 1))
    }
  }

  @Test("a backend that is added is checked within a second, one that is removed no more")
  func addsAndRemoves() throws {
    let health = "{ interval: 50ms }"
    try withScene(
      HealthTests.backend("a", Wellness()), HealthTests.backend("b", Wellness()),
      config: HealthTests.pool("{ interval: 50ms }", backends: 1)
    ) { scene in
      try scene.origin.waitForRequests(2)
      #expect(scene.origins[1].connections.isEmpty)
      #expect(try scene.proxy.reload(Self.config(scene.origins, health)))
      let time = try seconds { try scene.origins[1].waitForRequests(1) }
      #expect(time < 1 * Deadline.patience)
      #expect(try scene.proxy.reload(Self.config([scene.origins[1]], health)))
      // One may be on its way.
      try wait(for: "more checks of the other") {
        HealthTests.checks(scene.origins[1]).count > 3
      }
      let gone = scene.origin.connections.count
      let kept = HealthTests.checks(scene.origins[1]).count
      try wait(for: "five more") { HealthTests.checks(scene.origins[1]).count > kept + 5 }
      #expect(scene.origin.connections.count == gone)
    }
  }

  @Test("other settings start anew: what is out comes back at the first pass")
  func changes() throws {
    let wellness = Wellness()
    wellness.status = "503 Down"
    try withScene(
      HealthTests.backend("a", Wellness()), HealthTests.backend("b", wellness),
      config: HealthTests.pool("{ interval: 50ms }")
    ) { scene in
      try HealthTests.waitUntil(false, scene, 1)
      let other = Self.config(scene.origins, "{ interval: 1h, expect: { status: [200, 503] } }")
      #expect(try scene.proxy.reload(other))
      try HealthTests.waitUntil(true, scene, 1)
      #expect(try HealthTests.names(scene) == ["a", "b"])
    }
  }

  @Test("without checks, by a reload, every backend is used again")
  func turnedOff() throws {
    let wellness = Wellness()
    wellness.status = "503 Down"
    try withScene(
      HealthTests.backend("a", Wellness()), HealthTests.backend("b", wellness),
      config: HealthTests.pool("{ interval: 50ms }")
    ) { scene in
      try HealthTests.waitUntil(false, scene, 1)
      #expect(try scene.proxy.reload(Self.config(scene.origins, "off")))
      try HealthTests.waitUntil(true, scene, 1)
      #expect(try HealthTests.names(scene) == ["a", "b"])
      let counts = scene.origins.map { HealthTests.checks($0).count }
      #expect(try HealthTests.names(scene, 30) == ["a", "b"])
      for (origin, count) in zip(scene.origins, counts) {
        #expect(HealthTests.checks(origin).count <= count + 1)
      }
      // And on again: it is found out again.
      #expect(try scene.proxy.reload(Self.config(scene.origins, "{ interval: 50ms }")))
      try HealthTests.waitUntil(false, scene, 1)
    }
  }

  @Test("the same backend in two pools is checked for each of them")
  func twoPools() throws {
    let wellness = Wellness()
    let script = Origin.Script.serving { request, _ in
      let status = request.target == "/strict" ? wellness.status : "200 OK"
      return head("HTTP/1.1 \(status)", "Content-Length: 0", "Connection: close")
    }
    let config = """
      listen: 127.0.0.1:0
      workers: 2
      admin: 127.0.0.1:0
      routes:
        - { match: { path: /s }, to: strict }
        - to: lax
      pools:
        strict: { backends: ['$0'], health: { path: /strict, interval: 30ms } }
        lax: { backends: ['$0'], health: { path: /lax, interval: 30ms } }

      """
    try withScene(script, config: config) { scene in
      wellness.status = "500 No"
      try wait(for: "one of them to be out") {
        try scene.proxy.metric("headrace_backend_up", "pool=\"strict\"") == 0
      }
      #expect(try scene.proxy.metric("headrace_backend_up", "pool=\"lax\"") == 1)
      #expect(try scene.proxy.metric("headrace_pool_panic", "pool=\"strict\"") == 1)
      #expect(try scene.proxy.metric("headrace_pool_panic", "pool=\"lax\"") == 0)
    }
  }

  @Test("a request in flight ends though its backend goes out, by checks or by weight 0")
  func inFlight() throws {
    let wellness = Wellness()
    let isReleased = Locked(false)
    let script = Origin.Script.serving { request, connection in
      if request.target == "/health" {
        return head("HTTP/1.1 \(wellness.status)", "Content-Length: 0", "Connection: close")
      }
      try connection.send(head("HTTP/1.1 200 OK", "Content-Length: 8") + "half")
      try wait(for: "the word to go on") { isReleased.withLock { $0 } }
      return "half"
    }
    let health = "{ interval: 30ms }"
    try withScene(
      script, HealthTests.backend("other", Wellness()),
      config: HealthTests.pool(health, backends: 1)
    ) { scene in
      let client = try scene.client()
      try client.send(get("/work"))
      #expect(try client.readHead().status == 200)
      wellness.status = "503 Down"
      try HealthTests.waitUntil(false, scene, 0)
      let address = scene.origin.address
      let drained = Self.config(scene.origins, health)
        .replacing("'\(address)'", with: "{ address: '\(address)', weight: 0 }")
      #expect(try scene.proxy.reload(drained))
      #expect(try HealthTests.names(scene, 4) == ["other"])
      isReleased.withLock { $0 = true }
      #expect(try client.read(8).text == "halfhalf")
    }
  }

  @Test("checks stop with the drain and do not hold it up")
  func drain() throws {
    let hanging = Origin.Script.script { connection in _ = try connection.ending(within: 60) }
    try withScene(
      HealthTests.backend("a", Wellness()), hanging,
      config: HealthTests.pool("{ interval: 20ms, timeout: 30s }")
    ) { scene in
      try scene.origins[1].waitForConnections(1)
      #expect(try scene.exchange(get("/work")).status == 200)
      let time = try seconds {
        scene.proxy.process.signal(SIGTERM)
        try wait(for: "the end", within: 20) { scene.proxy.process.exitStatus != nil }
      }
      #expect(time < 3 * Deadline.patience)
      #expect(scene.proxy.process.exitStatus == .exited(0))
    }
  }

  @Test("without descriptors checks are left out, and no backend is blamed")
  func exhausted() throws {
    try withScene(
      HealthTests.backend("a", Wellness()),
      config: HealthTests.pool("{ interval: 30ms, unhealthy_after: 1 }", backends: 1)
        + "limits: { connections_per_worker: 1000 }\n",
      wrapper: ["sh", "-c", "ulimit -n 48; exec \"$@\"", "sh"]
    ) { scene in
      try scene.origin.waitForRequests(2)
      var clients: [Client] = []
      for _ in 1...80 {
        let client = try scene.client()
        try client.send("GET / HTTP/1.1\r\n")
        clients.append(client)
      }
      // As long as all descriptors are taken no check can begin.
      var count = -1
      try wait(for: "checks to stop") {
        let now = scene.origin.connections.count
        defer { count = now }
        usleep(300_000)
        return now == count
      }
      for client in clients { client.close() }
      try scene.origin.waitForRequests(scene.origin.requests.count + 3)
      #expect(try scene.exchange(get("/work")).text == "a")
      #expect(!scene.proxy.errors.contains("health check failed"))
      let failed = try scene.proxy.metric("headrace_backend_health_checks_failed_total")
      #expect(failed == 0)
    }
  }

  @Test("hundreds of backends each have their first check within a second, and one only")
  func many() throws {
    let free = try Address.refusing()
    let port = Address.port(of: free)
    let hosts = (0..<300).map { "127.1.\($0 / 200).\($0 % 200 + 1):\(port)" }
    let list = hosts.map { "'\($0)'" }.joined(separator: ", ")
    let config = Scene.config(
      pool: "{ backends: [\(list)], health: { interval: 1h } }", HealthTests.admin
    ).replacing("workers: 1", with: "workers: 2")
    try withScene(
      HealthTests.backend("all", Wellness()).at(.at("0.0.0.0:\(port)")), config: config
    ) { scene in
      let time = try seconds {
        try wait(for: "a check of each") {
          try scene.proxy.metric("headrace_backend_health_checks_passed_total") == 300
        }
      }
      #expect(time < 2 * Deadline.patience)
      #expect(Set(scene.origin.requests.compactMap { $0["Host"] }) == Set(hosts))
      #expect(scene.origin.requests.count == 300)
    }
  }
}
