import Testing

@Suite("Half-close, resets, early answers, lingering close") struct HalfCloseTests {
  @Test("a client's FIN after a complete request does not cost it the answer")
  func afterRequest() throws {
    let script = Origin.Script.serving { request, connection in
      try connection.rest(0.1)
      return ok(request.target + request.text)
    }
    try withScene(script) { scene in
      let client = try scene.client()
      try client.send(get("/get"))
      client.halfClose()
      #expect(try client.response().text == "/get")
      #expect(try client.readToEnd() == [])
      let second = try scene.client()
      try second.send(post("/post", body: "abc"))
      second.halfClose()
      #expect(try second.response().text == "/postabc")
      #expect(try second.readToEnd() == [])
    }
  }

  @Test("pipelined requests before the FIN are all answered")
  func pipelined() throws {
    try withScene(.serving { request, _ in ok(request.target) }) { scene in
      let client = try scene.client()
      try client.send(get("/1") + get("/2") + get("/3"))
      client.halfClose()
      for target in ["/1", "/2", "/3"] { #expect(try client.response().text == target) }
      #expect(try client.readToEnd() == [])
    }
  }

  @Test("a long answer goes on after the client's FIN")
  func longAnswer() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send(head("HTTP/1.1 200 OK", "Content-Length: \(4 << 20)"))
      try connection.rest(0.05)
      try connection.sendPattern(4 << 20)
    }
    try withScene(script) { scene in
      let client = try scene.client()
      try client.send(get())
      client.halfClose()
      #expect(try client.response(within: 20).body.count == 4 << 20)
    }
  }

  @Test(
    "a FIN in the middle of a body aborts the try",
    arguments: ["Content-Length: 10", "Transfer-Encoding: chunked"])
  func insideBody(_ framing: String) throws {
    let script = Origin.Script.script { connection in
      _ = try connection.readHead()
      _ = try connection.ending()
    }
    try withScene(script) { scene in
      let client = try scene.client()
      try client.send(head("POST / HTTP/1.1", "Host: a", framing) + "5\r\nab")
      try scene.origin.waitForConnections(1)
      client.halfClose()
      let all = try client.readToEnd().text
      #expect(all.isEmpty || all.hasPrefix("HTTP/1.1 400"), "\(all)")
      try wait(for: "the backend's connection to end") { try !scene.origin.connection(0).isOpen }
      #expect(try !scene.origin.connection(0).received.text.hasSuffix("0\r\n\r\n"))
    }
  }

  @Test(
    "a FIN that was read with earlier requests aborts a try in the middle of a body, too",
    arguments: [
      "Content-Length: 10\r\n\r\nabc", "Content-Length: 10\r\n\r\n",
      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n",
    ])
  func insidePipelinedBody(_ rest: String) throws {
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.rest(0.1)
      try connection.send(ok())
      _ = try connection.ending()
    }
    try withScene(script, extra: "timeouts: { client_body_idle: 60s }") { scene in
      let client = try scene.client()
      try client.send(get("/first") + "POST /second HTTP/1.1\r\nHost: a\r\n\(rest)")
      client.halfClose()
      #expect(try client.response().text == "ok")
      #expect(try client.readToEnd(within: 3) == [])
      #expect(scene.origin.requests.allSatisfy { $0.target == "/first" })
    }
  }

  @Test("a FIN in the middle of a head closes without an answer from a backend")
  func insideHead() throws {
    try withScene(.answering(ok())) { scene in
      let client = try scene.client()
      try client.send("GET / HTTP/1.1\r\nHost: a\r\n")
      client.halfClose()
      let all = try client.readToEnd().text
      #expect(all.isEmpty || all.hasPrefix("HTTP/1.1 400"), "\(all)")
      #expect(scene.origin.receivedCount == 0)
    }
  }

  @Test("a client's reset cancels the request at the backend")
  func clientResets() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      _ = try connection.ending()
    }
    try withScene(script) { scene in
      let client = try scene.client()
      try client.send(get())
      try scene.origin.waitForRequests(1)
      client.reset()
      try wait(for: "the backend's connection to end") { try !scene.origin.connection(0).isOpen }
    }
  }

  @Test("a reset right behind the request cancels it too")
  func resetAtOnce() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      _ = try connection.ending()
    }
    try withScene(script) { scene in
      for _ in 1...20 {
        let client = try scene.client()
        try client.send(get())
        client.reset()
      }
      // The proxy may have seen the reset before the request; what it sent on, it must end.
      let client = try scene.client()
      try client.send(get("/last"))
      try wait(for: "the last request") { scene.origin.requests.contains { $0.target == "/last" } }
      try wait(for: "the backend's connections to end", within: 3) {
        scene.origin.connections.filter(\.isOpen).count == 1
      }
    }
  }

  @Test("a client that leaves during a long answer ends the backend's connection")
  func clientLeaves() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send(head("HTTP/1.1 200 OK", "Content-Length: \(1 << 30)"))
      try connection.sendPattern(1 << 30)
    }
    try withScene(script) { scene in
      let client = try scene.client()
      try client.send(get())
      _ = try client.read(100_000)
      client.close()
      try wait(for: "the backend's connection to end") { try !scene.origin.connection(0).isOpen }
    }
  }

  // MARK: the backend answers before the body is complete

  @Test("an early answer reaches the client, and the connection is never pooled")
  func earlyAnswer() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.readHead()
      if connection.index > 0 { return try connection.send(ok("second")) }
      try connection.send(head("HTTP/1.1 403 Forbidden", "Content-Length: 2") + "no")
      _ = try connection.ending()
    }
    try withScene(script) { scene in
      let client = try scene.client()
      try client.send(
        head("POST / HTTP/1.1", "Host: a", "Content-Length: 1000000") + "the beginning")
      let response = try client.response()
      #expect(response.status == 403)
      #expect(response.text == "no")
      #expect(try scene.exchange(get()).text == "second")
      #expect(scene.origin.connections.count == 2)
    }
  }

  @Test("an early answer with a reset behind it is still forwarded, while the client sends on")
  func earlyAnswerThenReset() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.readHead()
      try connection.send(
        head("HTTP/1.1 413 Content Too Large", "Content-Length: 3", "Connection: close") + "big")
      try connection.rest(0.05)
    }
    try withScene(script) { scene in
      let client = try scene.client()
      try client.send(head("POST / HTTP/1.1", "Host: a", "Content-Length: 400000"))
      for _ in 1...20 {
        do { try client.send(pattern(20_000)) } catch HarnessError.reset { break }
        try client.rest(0.01)
      }
      let response = try client.response()
      #expect(response.status == 413)
      #expect(response.text == "big")
    }
  }

  @Test("a reset without an answer is 502, and a request with a lost body is not sent twice")
  func resetDuringUpload() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.readHead()
      connection.reset()
    }
    try withScene(script) { scene in
      let client = try scene.client()
      try client.send(head("POST / HTTP/1.1", "Host: a", "Content-Length: 1000") + "part")
      #expect(try client.response().status == 502)
      #expect(scene.origin.connections.count == 1)
    }
  }

  // MARK: the answer survives unread input

  @Test("a refusal arrives although much was sent after it, and ends without a reset")
  func lingering() throws {
    try withScene(.answering(ok()), extra: "limits: { body: 1KiB }") { scene in
      let bad: [(String, Int)] = [
        (head("POST / HTTP/1.1", "Content-Length: 200000"), 400),
        (head("POST / HTTP/1.1", "Host: a", "Content-Length: 200000"), 413),
        (head("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: x"), 501),
      ]
      for (request, status) in bad {
        let client = try scene.client()
        try client.send(request)
        try client.sendPattern(100_000)
        let response = try client.response()
        #expect(response.status == status)
        try client.sendPattern(50_000)
        try client.rest(0.05)
        try client.sendPattern(50_000)
        client.halfClose()
        #expect(try client.ending() == .closed, "\(status)")
      }
    }
  }

  @Test("a client that never reads or ends after a refusal is dropped in time")
  func lingeringEnds() throws {
    let config = Scene.config(pool: "{ backends: ['$0'], keep_alive: { max_idle: 0 } }")
    try withScene(.answering(ok()), config: config) { scene in
      // The worker is at work, so what it opens for itself is open.
      let other = try scene.client()
      #expect(try other.exchange(get()).status == 200)
      try wait(for: "the backend's connection to end") {
        try !scene.origin.connection(0).isOpen
      }
      let before = scene.proxy.process.descriptorCount
      let client = try scene.client()
      try client.send(head("GET / HTTP/1.1") + "more")
      #expect(try client.response().status == 400)
      try wait(for: "the proxy to close its side", within: 40) {
        scene.proxy.process.descriptorCount <= before
      }
    }
  }
}
