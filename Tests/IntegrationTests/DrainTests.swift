import Glibc
import Testing

@Suite("Drain") struct DrainTests {
  private static let gated = Origin.Script.serving { request, connection in
    if request.target == "/slow" { try connection.rest(0.4) }
    return ok(request.target)
  }

  @Test(
    "a signal lets requests in flight end, closes the rest, and exits with 0",
    arguments: [SIGTERM, SIGINT])
  func drains(_ signal: Int32) throws {
    try withScene(Self.gated) { scene in
      let idle = try scene.client()
      #expect(try idle.exchange(get("/idle")).status == 200)
      let client = try scene.client()
      try client.send(get("/slow"))
      try scene.origin.waitForRequests(2)
      scene.proxy.process.signal(signal)
      let response = try client.response()
      #expect(response.text == "/slow")
      #expect(response["Connection"]?.lowercased() == "close")
      #expect(try client.readToEnd() == [])
      #expect(try idle.readToEnd() == [])
      #expect(try scene.proxy.process.waitForExit() == .exited(0))
      #expect(throws: HarnessError.self) { try scene.client() }
    }
  }

  @Test("a second signal exits now with 1")
  func secondSignal() throws {
    try withScene(
      .script { connection in
        _ = try connection.request()
        _ = try connection.ending()
      }
    ) { scene in
      let client = try scene.client()
      try client.send(get())
      try scene.origin.waitForRequests(1)
      scene.proxy.process.signal(SIGTERM)
      #expect(try client.isSilent(for: 0.3))
      #expect(scene.proxy.process.isRunning)
      scene.proxy.process.signal(SIGTERM)
      #expect(try scene.proxy.process.waitForExit(within: 3) == .exited(1))
      _ = try client.ending()
    }
  }

  @Test("what still runs at the drain's timeout is cut")
  func timeout() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send(head("HTTP/1.1 200 OK", "Content-Length: 100") + "part")
      _ = try connection.ending()
    }
    try withScene(script, extra: "drain: { timeout: 400ms }") { scene in
      let client = try scene.client()
      try client.send(get())
      _ = try client.readHead()
      let took = try seconds {
        scene.proxy.process.signal(SIGTERM)
        _ = try client.ending()
        _ = try scene.proxy.process.waitForExit()
      }
      #expect(took > 0.3 && took < 4)
    }
  }

  @Test("readiness fails first, while requests are still taken")
  func readiness() throws {
    let extra = "admin: 127.0.0.1:0\ndrain: { readiness_delay: 700ms }"
    try withScene(Self.gated, extra: extra) { scene in
      #expect(try scene.proxy.admin("/ready").status == 200)
      scene.proxy.process.signal(SIGTERM)
      try wait(for: "readiness to fail", within: 0.6) {
        try scene.proxy.admin("/ready").status == 503
      }
      #expect(try scene.proxy.admin("/ready").text.contains("draining"))
      #expect(try scene.proxy.admin("/live").status == 200)
      #expect(try scene.exchange(get("/new")).text == "/new")
      #expect(try scene.proxy.process.waitForExit() == .exited(0))
    }
  }

  @Test("a tunnel holds the drain up to its timeout only")
  func tunnel() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.readHead()
      try connection.send(
        head("HTTP/1.1 101 Switching Protocols", "Upgrade: x", "Connection: upgrade"))
      _ = try connection.ending()
    }
    try withScene(script, extra: "drain: { timeout: 500ms }") { scene in
      let client = try scene.client()
      try client.send(get("/", "Connection: upgrade", "Upgrade: x"))
      #expect(try client.response().status == 101)
      scene.proxy.process.signal(SIGTERM)
      _ = try client.ending()
      _ = try scene.proxy.process.waitForExit(within: 5)
    }
  }

  @Test("connections that wait in the queue when the listener closes are served, not reset")
  func queue() throws {
    try withScene(Self.gated) { scene in
      let clients = try (1...20).map { _ in try scene.client() }
      for client in clients { try client.send(get("/slow")) }
      // Some are accepted by now, some are still in the kernel's queue.
      scene.proxy.process.signal(SIGTERM)
      for client in clients { #expect(try client.response().text == "/slow") }
      #expect(try scene.proxy.process.waitForExit() == .exited(0))
    }
  }
}
