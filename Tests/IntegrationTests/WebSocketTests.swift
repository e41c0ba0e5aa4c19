import Glibc
import Testing

/// A real client and a real server (Python's `websockets`) with Headrace between them.
@Suite(
  "WebSocket", .serialized,
  .enabled(if: Program.hasWebSockets, "no websockets in HEADRACE_PYTHON or python3"))
struct WebSocketTests {
  @Test("messages of all kinds go both ways, and so do the closes")
  func messages() throws { try WebSocketScript.messages(.clear) }

  @Test("tunnels live on through a reload; new ones go by the new config")
  func reload() throws { try WebSocketScript.reload(.clear) }

  @Test("a drain waits for tunnels up to its timeout, then cuts them")
  func drainTimeout() throws { try WebSocketScript.drainTimeout(.clear) }

  @Test("a drain ends with the last tunnel")
  func drainEnds() throws { try WebSocketScript.drainEnds(.clear) }

  @Test("a tunnel in which nothing moves is closed after timeouts.tunnel_idle")
  func idle() throws { try WebSocketScript.idle(.clear) }
}

/// The same over TLS.
@Suite(
  "WebSocket over TLS", .serialized, .enabled(if: Feature.tls, "no TLS in this build"),
  .enabled(if: Program.hasWebSockets, "no websockets in HEADRACE_PYTHON or python3"))
struct WebSocketTLSTests {
  @Test("messages of all kinds go both ways, and so do the closes")
  func messages() throws { try WebSocketScript.messages(.tls) }

  @Test("tunnels live on through a reload; new ones go by the new config")
  func reload() throws { try WebSocketScript.reload(.tls) }

  @Test("a drain waits for tunnels up to its timeout, then cuts them")
  func drainTimeout() throws { try WebSocketScript.drainTimeout(.tls) }

  @Test("a drain ends with the last tunnel")
  func drainEnds() throws { try WebSocketScript.drainEnds(.tls) }

  @Test("a tunnel in which nothing moves is closed after timeouts.tunnel_idle")
  func idle() throws { try WebSocketScript.idle(.tls) }
}

private enum WebSocketScript {
  static func url(_ place: DoorScene, _ path: String = "") -> String {
    "\(place.door.socketScheme)://\(place.address)\(path)"
  }

  /// Tunnels that stay open: see ws_hold.py.
  static func hold(_ place: DoorScene, _ count: Int) throws -> Script {
    let script = try Script(
      "ws_hold", [url(place, "/held"), String(count)] + place.authority)
    #expect(try script.line("open") == [String(count)])
    return script
  }

  static func messages(_ door: Door) throws {
    let server = try Script.server("ws_server", "app")
    defer { server.process.kill() }
    let rewrite = """
        - match: { path: /ws/v1/** }
          rewrite: { strip_prefix: /ws/v1 }
          to: app
      """
    try withDoor(door, pools: "app: ['\(server.address)']", routes: rewrite) { place in
      let checks = try Script("ws_checks", [url(place)] + place.authority)
      try checks.expectChecks(atLeast: 14)
      for line in ["closed /mine/1000 1000 bye", "closed /mine/3000 3000 bye"] {
        try wait(for: line) { server.output.contains(line + "\n") }
      }
    }
  }

  static func reload(_ door: Door) throws {
    let servers = try ["old", "new"].map { try Script.server("ws_server", $0) }
    defer { for server in servers { server.process.kill() } }
    try withDoor(door, pools: "app: ['\(servers[0].address)']") { place in
      let old = try hold(place, 20)
      let pool = "app: ['\(try servers[1].address)']"
      #expect(try place.scene.proxy.reload(door.config(pool, place.certificate)))
      let new = try hold(place, 5)
      for round in 1...2 {
        old.process.signal(SIGUSR1)
        new.process.signal(SIGUSR1)
        #expect(try old.line("alive", number: round) == ["20", "old"])
        #expect(try new.line("alive", number: round) == ["5", "new"])
        // The second round comes after a reload that takes the route away from all.
        let routes = "  - match: { path: /** }\n    respond: { status: 410 }"
        #expect(
          try place.scene.proxy.reload(door.config(pool, place.certificate, routes: routes)))
      }
      servers[0].process.kill()
      #expect(try old.line("ended") == ["20"])
      #expect(new.process.isRunning)
    }
  }

  static func drainTimeout(_ door: Door) throws {
    let server = try Script.server("ws_server", "app")
    defer { server.process.kill() }
    let extra = "drain: { timeout: 1500ms }"
    try withDoor(door, pools: "app: ['\(server.address)']", extra: extra) { place in
      let tunnels = try hold(place, 20)
      let took = try seconds {
        place.scene.proxy.process.signal(SIGTERM)
        tunnels.process.signal(SIGUSR1)
        #expect(try tunnels.line("alive") == ["20", "app"], "they go on while it drains")
        _ = try place.scene.proxy.process.waitForExit(within: 10)
      }
      #expect(took > 1.3 && took < 4 * Deadline.patience, "\(took) s")
      #expect(try tunnels.line("ended").count == 1)
    }
  }

  static func drainEnds(_ door: Door) throws {
    let server = try Script.server("ws_server", "app")
    defer { server.process.kill() }
    let extra = "drain: { timeout: 60s }"
    try withDoor(door, pools: "app: ['\(server.address)']", extra: extra) { place in
      let tunnels = try hold(place, 3)
      place.scene.proxy.process.signal(SIGTERM)
      tunnels.process.signal(SIGUSR1)
      #expect(try tunnels.line("alive") == ["3", "app"])
      tunnels.process.kill()
      #expect(try place.scene.proxy.process.waitForExit(within: 10) == .exited(0))
    }
  }

  static func idle(_ door: Door) throws {
    let server = try Script.server("ws_server", "app")
    defer { server.process.kill() }
    let extra = "timeouts: { tunnel_idle: 1s }"
    try withDoor(door, pools: "app: ['\(server.address)']", extra: extra) { place in
      let tunnels = try hold(place, 2)
      for round in 1...4 {
        usleep(400_000)
        tunnels.process.signal(SIGUSR1)
        #expect(try tunnels.line("alive", number: round) == ["2", "app"])
      }
      let took = try seconds { _ = try tunnels.line("ended") }
      #expect(took > 0.5 && took < 5 * Deadline.patience, "\(took) s")
    }
  }
}
