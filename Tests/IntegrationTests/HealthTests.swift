import Foundation
import Testing

/// What a test's backend says of itself; changed while the proxy runs.
final class Wellness: Sendable {
  private let answer = Locked("200 OK")
  var status: String {
    get { answer.withLock { $0 } }
    set { answer.withLock { $0 = newValue } }
  }
}

/// Active checks on real sockets, by what clients and the admin listener see of them.
@Suite("Health checks") struct HealthTests {
  static let admin = "admin: 127.0.0.1:0"

  /// A backend that answers checks by its wellness and all else with its name.
  static func backend(_ name: String, _ wellness: Wellness) -> Origin.Script {
    .serving { request, _ in
      guard request.target.hasPrefix("/health") else { return ok(name) }
      return head(
        "HTTP/1.1 \(wellness.status)", "Content-Length: 2", "Connection: close") + "ok"
    }
  }

  static func pool(_ health: String, _ more: String = "", backends: Int = 2) -> String {
    let list = (0..<backends).map { "'$\($0)'" }.joined(separator: ", ")
    return Scene.config(
      pool: "{ backends: [\(list)], health: \(health)\(more.isEmpty ? "" : ", " + more) }", admin)
  }

  static func isUp(_ scene: Scene, _ index: Int) throws -> Bool {
    try scene.proxy.metric("headrace_backend_up", "\"\(scene.origins[index].address)\"") == 1
  }

  static func waitUntil(_ isUp: Bool, _ scene: Scene, _ index: Int) throws {
    try wait(for: "backend \(index) to be \(isUp ? "up" : "down")") {
      try self.isUp(scene, index) == isUp
    }
  }

  static func checks(_ origin: Origin) -> [Message] {
    origin.requests.filter { $0.target.hasPrefix("/health") }
  }

  static func names(_ scene: Scene, _ count: Int = 10) throws -> Set<String> {
    var names: Set<String> = []
    for _ in 1...count {
      let answer = try scene.exchange(get("/work"))
      #expect(answer.status == 200)
      names.insert(answer.text)
    }
    return names
  }

  @Test("a backend that says 503 is out after two checks, without traffic, and back after three")
  func outAndBack() throws {
    let wellness = Wellness()
    try withScene(
      Self.backend("a", Wellness()), Self.backend("b", wellness),
      config: Self.pool("{ interval: 50ms }")
    ) { scene in
      try wait(for: "first checks") { scene.origins.allSatisfy { !Self.checks($0).isEmpty } }
      #expect(try Self.names(scene) == ["a", "b"])
      wellness.status = "503 Busy"
      try Self.waitUntil(false, scene, 1)
      #expect(try Self.names(scene) == ["a"])
      #expect(scene.proxy.errors.contains("health check failed: status 503 (2 in a row); out"))
      #expect(scene.proxy.errors.contains("pool app, backend \(scene.origins[1].address)"))
      wellness.status = "204 No Content"
      try Self.waitUntil(true, scene, 1)
      #expect(try Self.names(scene) == ["a", "b"])
      try wait(for: "the event") { scene.proxy.errors.contains("back: 3 checks passed") }
      let failed = try scene.proxy.metric(
        "headrace_backend_health_checks_failed_total", "\"\(scene.origins[1].address)\"")
      #expect(try #require(failed) >= 2)
      let changes = try scene.proxy.metric(
        "headrace_backend_health_changes_total", "\"\(scene.origins[1].address)\"")
      #expect(changes == 2)
    }
  }

  @Test("the request of a check is as configured")
  func request() throws {
    let health = """
      { interval: 50ms, path: '/health?full=1', method: HEAD, host: app.internal,
          headers: { X-Check: 'yes: 1', User-Agent: prober } }
      """
    try withScene(Self.backend("a", Wellness()), config: Self.pool(health, backends: 1)) { scene in
      try scene.origin.waitForRequests(1)
      let check = scene.origin.request(0)
      #expect(check.startLine == "HEAD /health?full=1 HTTP/1.1")
      #expect(check.all("Host") == ["app.internal"] && check.all("X-Check") == ["yes: 1"])
      #expect(check.all("User-Agent") == ["prober"] && check["Connection"] == "close")
    }
  }

  @Test("a backend on a unix socket is asked as localhost")
  func unixSocket() throws {
    let wellness = Wellness()
    try withScene(
      Self.backend("a", wellness).at(.unix), Self.backend("b", Wellness()).at(.ipv6),
      config: Self.pool("{ interval: 30ms }")
    ) { scene in
      for origin in scene.origins { try origin.waitForRequests(1) }
      #expect(scene.origin.request(0)["Host"] == "localhost")
      #expect(scene.origins[1].request(0)["Host"] == scene.origins[1].address)
      wellness.status = "503 Down"
      try Self.waitUntil(false, scene, 0)
      #expect(try Self.names(scene) == ["b"])
    }
  }

  @Test("a backend that is a name is asked by it")
  func named() throws {
    let config = Self.pool("{ interval: 30ms }", backends: 1)
    try withScene(Self.backend("a", Wellness()), config: config) { scene in
      let name = "localhost:\(scene.origin.port)"
      let other = config.replacing("$0", with: name)
      #expect(try scene.proxy.reload(other))
      try wait(for: "a check by name") {
        Self.checks(scene.origin).contains { $0["Host"] == name }
      }
    }
  }

  @Test("by default it asks the backend's address for /health")
  func defaultRequest() throws {
    try withScene(Self.backend("a", Wellness()), config: Self.pool("on", backends: 1)) { scene in
      let time = try seconds { try scene.origin.waitForRequests(1) }
      #expect(time < 1 * Deadline.patience)
      let check = scene.origin.request(0)
      #expect(check.startLine == "GET /health HTTP/1.1")
      #expect(check["Host"] == scene.origin.address)
      #expect(check["User-Agent"]?.hasPrefix("headrace/") == true)
    }
  }

  /// Each gets through a stage and then stays silent.
  static let hanging: [(name: String, script: Origin.Script)] = [
    ("before a byte", .script { connection in _ = try connection.ending() }),
    (
      "in the head",
      .script { connection in
        _ = try connection.request()
        try connection.send("HTTP/1.1 200 OK\r\nContent-")
        _ = try connection.ending()
      }
    ),
    (
      "in the body",
      .script { connection in
        _ = try connection.request()
        try connection.send(head("HTTP/1.1 200 OK", "Content-Length: 100") + "not yet")
        _ = try connection.ending()
      }
    ),
  ]

  @Test("a backend that hangs fails its checks by the timeout", arguments: 0..<3)
  func hangs(stage: Int) throws {
    let health = "{ interval: 30ms, timeout: 400ms, expect: { body: ok } }"
    try withScene(
      Self.backend("a", Wellness()), Self.hanging[stage].script, config: Self.pool(health)
    ) { scene in
      try Self.waitUntil(false, scene, 1)
      #expect(try Self.names(scene) == ["a"])
      try wait(for: "the event") {
        scene.proxy.errors.contains("no complete answer within the timeout (2 in a row); out")
      }
      // One connection after the other: the others have been closed.
      let open = scene.origins[1].connections.filter(\.isOpen)
      #expect(open.count <= 1)
    }
  }

  @Test("a backend whose backlog is full fails by the timeout, without a connection")
  func connectHangs() throws {
    let full = Origin.Script.answering(ok()).notAccepting(backlog: 0)
    try withScene(
      Self.backend("a", Wellness()), full,
      config: Self.pool("{ interval: 30ms, timeout: 400ms }")
    ) { scene in
      // The kernel takes one or two into the backlog; then connecting hangs.
      let fillers = (0..<3).compactMap { _ in try? Client(scene.origins[1].address, within: 0.2)
      }
      try Self.waitUntil(false, scene, 1)
      #expect(try Self.names(scene) == ["a"])
      #expect(fillers.count < 3)
    }
  }

  @Test("a backend that refuses is out; one that listens again comes back")
  func refuses() throws {
    let address = try Address.refusing()
    try withScene(
      Self.backend("a", Wellness()),
      config: Self.pool("{ interval: 30ms }").replacing("'$1'", with: "'\(address)'")
    ) { scene in
      try wait(for: "the other to be out") {
        try scene.proxy.metric("headrace_backend_up", "\"\(address)\"") == 0
      }
      try wait(for: "the event") {
        scene.proxy.errors.contains("cannot connect: Connection refused (2 in a row); out")
      }
      #expect(try Self.names(scene) == ["a"])
      let late = try Origin(Self.backend("late", Wellness()).at(.at(address)))
      defer { late.stop() }
      try wait(for: "it to be back") {
        try scene.proxy.metric("headrace_backend_up", "\"\(address)\"") == 1
      }
      #expect(try Self.names(scene) == ["a", "late"])
    }
  }

  @Test("a TCP check asks nothing, and passes where HTTP would fail")
  func tcp() throws {
    let refusing = try Address.refusing()
    let script = Origin.Script.serving { _, _ in ok("a") }
    let config = Self.pool("{ type: tcp, interval: 30ms }")
      .replacing("'$1'", with: "'\(refusing)'")
    try withScene(script, config: config) { scene in
      try scene.origin.waitForConnections(5)
      try wait(for: "the other to be out") {
        try scene.proxy.metric("headrace_backend_up", "\"\(refusing)\"") == 0
      }
      #expect(try Self.isUp(scene, 0))
      #expect(scene.origin.requests.isEmpty && scene.origin.receivedCount == 0)
      #expect(try Self.names(scene) == ["a"])
    }
  }

  @Test("checks go to another port, traffic to the backend's own")
  func otherPort() throws {
    let wellness = Wellness()
    let port = try Origin(Self.backend("check", wellness))
    defer { port.stop() }
    let config = Self.pool("{ port: \(port.port), interval: 30ms }", "panic_below: 0%")
      .replacing("'$1'", with: "'127.0.0.2:9'")
    try withScene(Self.backend("a", Wellness()), config: config) { scene in
      try port.waitForRequests(3)
      #expect(Self.checks(scene.origin).isEmpty)
      #expect(port.requests.allSatisfy { $0["Host"] == scene.origin.address })
      // Nothing listens on that port of the other address.
      try wait(for: "the other to be out") {
        try scene.proxy.metric("headrace_backend_up", "127.0.0.2:9") == 0
      }
      #expect(try Self.names(scene) == ["a"])
    }
  }

  @Test("the expected text is looked for in the body")
  func expectedBody() throws {
    func answering(_ name: String, _ body: String) -> Origin.Script {
      .serving { request, _ in
        guard request.target == "/health" else { return ok(name) }
        return head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "Connection: close") + body
      }
    }
    try withScene(
      answering("a", "4\r\n{\"ok\r\n7\r\n\":true}\r\n0\r\n\r\n"),
      answering("b", "c\r\n{\"ok\":false}\r\n0\r\n\r\n"),
      config: Self.pool("{ interval: 30ms, expect: { status: 200, body: '\"ok\":true' } }")
    ) { scene in
      try Self.waitUntil(false, scene, 1)
      #expect(try Self.isUp(scene, 0))
      #expect(try Self.names(scene) == ["a"])
    }
  }

  @Test("garbage, floods and resets are failures, and nothing else")
  func hostile() throws {
    let garbage = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send("SSH-2.0-x\r\n")
      _ = try connection.ending()
    }
    let flood = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send("HTTP/1.1 200 OK\r\n\r\n")
      while true { try connection.send(pattern(100_000)) }
    }
    let closing = Origin.Script.script { _ in }
    try withScene(
      Self.backend("a", Wellness()), garbage, flood, closing,
      config: Self.pool("{ interval: 30ms, expect: { body: ok } }", backends: 4)
    ) { scene in
      for index in 1...3 { try Self.waitUntil(false, scene, index) }
      #expect(try Self.names(scene) == ["a"])
      #expect(try Self.isUp(scene, 0))
    }
  }

  @Test("when all are out, all are used (panic), and that shows")
  func panic() throws {
    let wellness = Wellness()
    try withScene(
      Self.backend("a", wellness), Self.backend("b", wellness),
      config: Self.pool("{ interval: 30ms }").replacing("workers: 1", with: "workers: 2")
    ) { scene in
      #expect(try scene.proxy.metric("headrace_pool_panic") == 0)
      wellness.status = "500 Broken"
      for index in 0...1 { try Self.waitUntil(false, scene, index) }
      try wait(for: "panic") { try scene.proxy.metric("headrace_pool_panic") == 1 }
      #expect(try Self.names(scene, 20) == ["a", "b"])
      wellness.status = "200 OK"
      for index in 0...1 { try Self.waitUntil(true, scene, index) }
      try wait(for: "its end") { try scene.proxy.metric("headrace_pool_panic") == 0 }
      #expect(try Self.names(scene, 20) == ["a", "b"])
      try wait(for: "the events") { scene.proxy.errors.contains("panic ended") }
      let begun = scene.proxy.errors.components(separatedBy: "pool app: panic: too few").count - 1
      #expect(begun == 1, "one event, although every worker looks: \(scene.proxy.errors)")
    }
  }

  @Test("with `initial: unhealthy` a backend is out until one check has passed")
  func initiallyUnhealthy() throws {
    let wellness = Wellness()
    wellness.status = "503 Starting"
    try withScene(
      Self.backend("a", Wellness()), Self.backend("b", wellness),
      config: Self.pool("{ interval: 50ms, initial: unhealthy }")
    ) { scene in
      try Self.waitUntil(true, scene, 0)
      #expect(try !Self.isUp(scene, 1))
      #expect(try Self.names(scene) == ["a"])
      try wait(for: "the event") {
        scene.proxy.errors.contains("status 503 (2 in a row); stays out")
      }
      wellness.status = "200 OK"
      try Self.waitUntil(true, scene, 1)
      try wait(for: "the event") { scene.proxy.errors.contains("back: a check passed") }
      #expect(try Self.names(scene) == ["a", "b"])
    }
  }

  @Test("one check per interval and backend, however many workers there are")
  func oncePerInterval() throws {
    try withScene(
      Self.backend("a", Wellness()), Self.backend("b", Wellness()),
      config: Self.pool("{ interval: 200ms, jitter: 0% }")
        .replacing("workers: 1", with: "workers: 4")
    ) { scene in
      for origin in scene.origins { try origin.waitForRequests(2) }
      let before = scene.origins.map { Self.checks($0).count }
      let time = try seconds { try scene.origin.waitForRequests(before[0] + 5) }
      let after = scene.origins.map { Self.checks($0).count }
      // Five intervals of 200 ms; the first may have been under way.
      #expect(time > 0.5)
      for (old, new) in zip(before, after) { #expect(new - old <= Int(time / 0.2) + 2) }
    }
  }

  @Test("connections that were idle when the backend went down are not used again")
  func idleConnections() throws {
    let wellness = Wellness()
    let script = Origin.Script.serving { request, connection in
      if request.target == "/health" {
        return head("HTTP/1.1 \(wellness.status)", "Content-Length: 0", "Connection: close")
      }
      return ok("\(connection.index)")
    }
    try withScene(
      script, Self.backend("other", Wellness()),
      config: Self.pool("{ interval: 30ms }", "keep_alive: { idle_timeout: 1h }")
    ) { scene in
      func kept() throws -> Double? {
        try scene.proxy.metric(
          "headrace_backend_connections_idle", "\"\(scene.origin.address)\"")
      }
      _ = try Self.names(scene, 4)
      try wait(for: "an idle connection") { try kept() == 1 }
      wellness.status = "503 Down"
      try Self.waitUntil(false, scene, 0)
      try wait(for: "it to be closed") { try kept() == 0 }
    }
  }
}
