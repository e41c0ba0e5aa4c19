import Testing

@Suite("Upgrade") struct UpgradeTests {
  private let opening = get(
    "/chat", "Connection: keep-alive, Upgrade", "Upgrade: websocket",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13")
  private static let switching = head(
    "HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")

  /// Accepts every upgrade and echoes until the peer ends.
  private static let echo = Origin.Script.script { connection in
    let request = try connection.readHead()
    #expect(request["Upgrade"] == "websocket")
    #expect(request.all("Connection").map { $0.lowercased() } == ["upgrade"])
    #expect(request["Sec-WebSocket-Key"] == "dGhlIHNhbXBsZSBub25jZQ==")
    try connection.send(switching)
    while try connection.hasMore(within: 60) {
      try connection.send(connection.read(connection.unread.count))
    }
    try connection.send("bye")
  }

  @Test("101 makes a tunnel both ways, and a half-close passes through it")
  func tunnel() throws {
    try withScene(Self.echo) { scene in
      let client = try scene.client()
      try client.send(opening)
      let response = try client.response()
      #expect(response.startLine == "HTTP/1.1 101 Switching Protocols")
      #expect(response["Upgrade"] == "websocket")
      #expect(response["Connection"]?.lowercased() == "upgrade")
      #expect(response["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
      for message in ["one", "GET / HTTP/1.1\r\n\r\n", "\u{0}\u{1}"] {
        try client.send(message)
        try client.expect(message)
      }
      client.halfClose()
      #expect(try client.readToEnd().text == "bye")
    }
  }

  @Test("a tunnel carries megabytes both ways at once")
  func bulk() throws {
    try withScene(Self.echo) { scene in
      let client = try scene.client()
      try client.send(opening)
      #expect(try client.response().status == 101)
      let size = 8 << 20
      startThread {
        try? client.sendPattern(size)
        client.halfClose()
      }
      let back = try client.readToEnd(within: 30)
      #expect(back.count == size + 3)
      let piece = pattern(64 << 10)
      for at in stride(from: 0, to: size, by: piece.count) {
        if Array(back[at..<at + piece.count]) != piece {
          Issue.record("differs after \(at)")
          break
        }
      }
    }
  }

  @Test("bytes after the request head wait for the 101")
  func earlyBytes() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.readHead()
      #expect(connection.unread == [])
      #expect(try connection.isSilent(for: 0.1))
      try connection.send(Self.switching + "hello")
      try connection.expect("early")
      try connection.send("got it")
    }
    try withScene(script) { scene in
      let client = try scene.client()
      try client.send(opening + "early")
      #expect(try client.response().status == 101)
      #expect(try client.readToEnd().text == "hellogot it")
    }
  }

  @Test("without a 101 the bytes after the head are the next request")
  func declined() throws {
    let script = Origin.Script.serving { request, _ in ok(request.target) }
    try withScene(script) { scene in
      let client = try scene.client()
      try client.send(opening + get("/next"))
      #expect(try client.response().text == "/chat")
      #expect(try client.response().text == "/next")
      #expect(scene.origin.request(1)["Upgrade"] == nil)
    }
  }

  @Test("an upgrade to h2c is removed")
  func cleartextHTTP2() throws {
    try withScene(.answering(ok())) { scene in
      let client = try scene.client()
      let request = get(
        "/", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
      #expect(try client.exchange(request).status == 200)
      let seen = scene.origin.request(0)
      #expect(seen["Upgrade"] == nil)
      #expect(seen["HTTP2-Settings"] == nil)
      #expect(!seen.all("Connection").contains { $0.lowercased().contains("upgrade") })
    }
  }

  @Test("an upgrade to HTTP under another name, or of odd form, is removed")
  func disguisedHTTP2() throws {
    try withScene(.answering(ok())) { scene in
      let client = try scene.client()
      for value in ["h2", "HTTP/2.0", "h2c/1", "\"h2c\"", "h2c;x", "h2c websocket"] {
        let request = get("/", "Connection: Upgrade", "Upgrade: \(value)")
        #expect(try client.exchange(request).status == 200)
        let seen = try #require(scene.origin.requests.last)
        #expect(seen["Upgrade"] == nil && seen["Connection"] == nil, "\(value)")
      }
    }
  }

  @Test("a 101 to another version of HTTP is 502")
  func switchedToHTTP2() throws {
    let answer = head("HTTP/1.1 101 Switching Protocols", "Upgrade: h2c", "Connection: Upgrade")
    try withScene(.answeringOnce(answer + "PRI * HTTP/2.0")) { scene in
      let response = try scene.exchange(opening)
      #expect(response.status == 502)
    }
  }

  @Test("an Upgrade that Connection does not name is dropped")
  func notNamed() throws {
    try withScene(.answering(ok())) { scene in
      let response = try scene.exchange(get("/", "Upgrade: websocket"))
      #expect(response.status == 200)
      #expect(scene.origin.request(0)["Upgrade"] == nil)
    }
  }

  @Test("a 101 that nobody asked for is 502")
  func unasked() throws {
    try withScene(.answeringOnce(Self.switching + "x")) { scene in
      let response = try scene.exchange(get())
      #expect(response.status == 502)
    }
  }

  @Test("the end of either side ends the tunnel")
  func ends() throws {
    let script = Origin.Script.script { connection in
      let request = try connection.readHead()
      try connection.send(Self.switching)
      if request.target == "/close" { return }
      if request.target == "/reset" {
        try connection.expect("x")
        return connection.reset()
      }
      _ = try connection.ending()
    }
    try withScene(script) { scene in
      for target in ["/close", "/reset", "/client"] {
        let client = try scene.client()
        try client.send(opening.replacing("/chat", with: target))
        #expect(try client.response().status == 101)
        if target == "/close" { #expect(try client.readToEnd() == []) }
        if target == "/reset" {
          try client.send("x")
          _ = try client.ending()
        }
        if target == "/client" { client.reset() }
        client.close()
        try wait(for: "the backend's side of \(target) to end") {
          scene.origin.connections.allSatisfy { !$0.isOpen }
        }
      }
    }
  }

  @Test("a tunnel in which nothing moves is closed; one that is used is not")
  func idle() throws {
    try withScene(Self.echo, extra: "timeouts: { tunnel_idle: 500ms, request: 700ms }") { scene in
      let client = try scene.client()
      try client.send(opening)
      #expect(try client.response().status == 101)
      for _ in 1...8 {
        try client.rest(0.15)
        try client.send("tick")
        try client.expect("tick")
      }
      let took = try seconds { _ = try client.ending(within: 5) }
      #expect(took > 0.3)
    }
  }

  @Test("a tunnel whose reader pauses holds its sender back, and loses nothing")
  func pausedReader() throws {
    let size = 64 << 20
    let backendIsBlocked = Gate()
    let script = Origin.Script.script { connection in
      _ = try connection.readHead()
      try connection.send(Self.switching)
      let sent = try connection.sendUntilBlocked(size)
      #expect(sent < size)
      backendIsBlocked.open()
      try connection.sendPattern(size - sent, from: sent)
    }
    try withScene(script) { scene in
      let client = try scene.client(receiveBuffer: 16384)
      client.keepsRecord = false
      try client.send(opening)
      #expect(try client.response().status == 101)
      try backendIsBlocked.pass()
      let piece = pattern(64 << 10)
      for at in stride(from: 0, to: size, by: piece.count) {
        if try client.read(piece.count, within: 60) != piece {
          Issue.record("differs after \(at)")
          break
        }
      }
      #expect(try client.readToEnd() == [])
      #expect(scene.proxy.process.peakResidentBytes < (Proxy.isSanitized ? 1 << 30 : 64 << 20))
    }
  }
}
