import Testing

/// Short timeouts make these quick; each checks that the right one fires, and not much earlier.
@Suite("Timeouts") struct TimeoutTests {
  @Test("a head that does not end in time is 408")
  func clientHeader() throws {
    try withScene(.answering(ok()), extra: "timeouts: { client_header: 300ms }") { scene in
      let client = try scene.client()
      try client.send("GET / HTTP/1.1\r\n")
      var response: Message?
      let took = try seconds {
        // A byte now and then does not help: the time is for the whole head.
        for _ in 1...10 where try client.isSilent(for: 0.08) { try? client.send("X: y\r\n") }
        response = try client.response()
      }
      #expect(response?.status == 408)
      #expect(response?["Connection"]?.lowercased() == "close")
      #expect(took > 0.2 && took < 3)
      #expect(try client.readToEnd() == [])
      #expect(scene.origin.receivedCount == 0)
    }
  }

  @Test("an idle connection closes without a word, after a request and before the first")
  func keepAliveIdle() throws {
    try withScene(.answering(ok()), extra: "timeouts: { keep_alive_idle: 300ms }") { scene in
      let fresh = try scene.client()
      let client = try scene.client()
      #expect(try client.exchange(get()).status == 200)
      let took = try seconds {
        let rest = try client.readToEnd()
        #expect(rest == [])
      }
      #expect(took > 0.2 && took < 3)
      #expect(try fresh.readToEnd(within: 15) == [])
    }
  }

  @Test("a body that stops coming ends the request")
  func clientBodyIdle() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.readHead()
      _ = try connection.ending()
    }
    try withScene(script, extra: "timeouts: { client_body_idle: 300ms }") { scene in
      let client = try scene.client()
      try client.send(head("POST / HTTP/1.1", "Host: a", "Content-Length: 100"))
      for _ in 1...4 {
        try client.rest(0.15)
        try client.send("part")
      }
      let took = try seconds {
        let all = try client.readToEnd().text
        #expect(all.isEmpty || all.hasPrefix("HTTP/1.1 408"), "\(all)")
      }
      #expect(took > 0.2 && took < 3)
      try wait(for: "the backend's connection to end") { try !scene.origin.connection(0).isOpen }
    }
  }

  @Test("a backend that does not begin its answer in time is 504")
  func firstByte() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      _ = try connection.ending()
    }
    try withScene(script, extra: "timeouts: { first_byte: 300ms }") { scene in
      let client = try scene.client()
      try client.send(post(body: "x"))
      var status = 0
      let took = try seconds { status = try client.response().status }
      #expect(status == 504)
      #expect(took > 0.2 && took < 3)
      try wait(for: "the backend's connection to end") { try !scene.origin.connection(0).isOpen }
      #expect(scene.origin.requests.count == 1)
    }
  }

  @Test("the first-byte time begins when the request is complete")
  func firstByteAfterSlowUpload() throws {
    try withScene(
      .serving { request, _ in ok(request.text) }, extra: "timeouts: { first_byte: 300ms }"
    ) { scene in
      let client = try scene.client()
      try client.send(head("POST / HTTP/1.1", "Host: a", "Content-Length: 10"))
      try client.trickle("0123456789", pause: 0.06)
      #expect(try client.response().text == "0123456789")
    }
  }

  @Test("a slow upload over a kept connection outlasts what the connection may be idle")
  func slowUploadOverKept() throws {
    let config = Scene.config(pool: "{ backends: ['$0'], keep_alive: { idle_timeout: 300ms } }")
    try withScene(.serving { request, _ in ok(request.text) }, config: config) { scene in
      let client = try scene.client()
      #expect(try client.exchange(get()).status == 200)
      try client.send(head("POST / HTTP/1.1", "Host: a", "Content-Length: 6") + "abc")
      try client.rest(1)
      try client.send("def")
      #expect(try client.response().text == "abcdef")
      #expect(scene.origin.connections.count == 1)
    }
  }

  @Test("an answer that stops coming is cut, visibly")
  func responseIdle() throws {
    let script = Origin.Script.script { connection in
      let target = try connection.request().target
      try connection.send(
        target == "/length"
          ? head("HTTP/1.1 200 OK", "Content-Length: 100")
          : head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"))
      for _ in 1...4 {
        try connection.send(target == "/length" ? "part" : chunk("part"))
        try connection.rest(0.15)
      }
      _ = try connection.ending()
    }
    try withScene(script, extra: "timeouts: { response_idle: 300ms }") { scene in
      for target in ["/length", "/chunked"] {
        let client = try scene.client()
        try client.send(get(target))
        #expect(try client.readHead().status == 200)
        let took = try seconds { _ = try client.ending() }
        #expect(took > 0.6 && took < 4)
        #expect(!client.received.text.hasSuffix("0\r\n\r\n"))
      }
    }
  }

  /// A client that takes nothing of a long answer, until its backend is free.
  private func withIdleReader(
    _ field: String, _ request: String, _ body: (Client) throws -> Void
  ) throws {
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send(head("HTTP/1.1 200 OK", field))
      try connection.sendPattern(1 << 30)
    }
    try withScene(script, extra: "timeouts: { client_write_idle: 500ms }") { scene in
      let client = try scene.client(receiveBuffer: 4096)
      try client.send(request)
      try wait(for: "the backend's connection to end") {
        scene.origin.connections.first.map { !$0.isOpen } ?? false
      }
      try body(client)
    }
  }

  @Test("a client that takes nothing is dropped, and its backend freed")
  func clientWriteIdle() throws {
    try withIdleReader("Content-Length: \(1 << 30)", get()) { _ in }
  }

  @Test("a body that ends with its connection, and that its client does not take, ends by a reset")
  func clientWriteIdleOfOldClient() throws {
    try withIdleReader("Connection: close", head("GET / HTTP/1.0")) { client in
      let ending = try client.ending()
      #expect(ending == .reset)
    }
  }

  @Test("the whole-request timeout is 504 before the head and never cuts a stream behind it")
  func wholeRequest() throws {
    let script = Origin.Script.script { connection in
      let target = try connection.request().target
      if target == "/slow" { return try connection.hang() }
      try connection.send(head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"))
      for _ in 1...8 {
        try connection.send(chunk("tick"))
        try connection.rest(0.1)
      }
      try connection.send("0\r\n\r\n")
    }
    try withScene(script, extra: "timeouts: { request: 300ms }") { scene in
      let took = try seconds {
        let status = try scene.exchange(get("/slow")).status
        #expect(status == 504)
      }
      #expect(took > 0.2 && took < 3)
      #expect(try scene.exchange(get("/stream")).text.count == 32)
    }
  }

  @Test("with every timeout off, slow peers are served")
  func off() throws {
    let names = [
      "client_header", "client_body_idle", "keep_alive_idle", "client_write_idle", "connect",
      "first_byte", "response_idle", "request", "tunnel_idle",
    ]
    let all = names.map { "\($0): off" }.joined(separator: ", ")
    let script = Origin.Script.serving { request, connection in
      try connection.rest(0.3)
      return ok(request.text)
    }
    try withScene(script, extra: "timeouts: { \(all) }") { scene in
      let client = try scene.client()
      try client.trickle(post(body: "hello"), size: 20, pause: 0.05)
      #expect(try client.response().text == "hello")
    }
  }
}
