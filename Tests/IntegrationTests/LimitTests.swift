import Testing

@Suite("Limits") struct LimitTests {
  private func path(_ count: Int) -> String { "/" + String(repeating: "a", count: count - 1) }

  @Test("a request line over the limit is 414")
  func requestLine() throws {
    try withScene(.answering(ok()), extra: "limits: { request_line: 256 }") { scene in
      let client = try scene.client()
      #expect(try client.exchange(get(path(200))).status == 200)
      try expectRefused(client, get(path(300)), 414)
      // Also when its end never comes.
      let endless = try scene.client()
      try endless.send("GET " + path(2000))
      #expect(try endless.response().status == 414)
      #expect(scene.origin.requests.count == 1)
    }
    try withScene(.answering(ok())) { scene in
      let client = try scene.client()
      #expect(try client.exchange(get(path(8000))).status == 200)
      try expectRefused(client, get(path(9000)), 414)
    }
  }

  @Test("a head over the limit is 431")
  func headBytes() throws {
    try withScene(.answering(ok()), extra: "limits: { headers: 1KiB }") { scene in
      let client = try scene.client()
      let value = { (count: Int) in String(repeating: "v", count: count) }
      #expect(try client.exchange(get("/", "X: " + value(800))).status == 200)
      try expectRefused(client, get("/", "X: " + value(1100)), 431)
      let endless = try scene.client()
      try endless.send("GET / HTTP/1.1\r\nHost: a\r\nX: " + value(3000))
      #expect(try endless.response().status == 431)
      #expect(scene.origin.requests.count == 1)
    }
    try withScene(.answering(ok())) { scene in
      let fields = (1...60).map { "X-\($0): " + String(repeating: "v", count: 500) }
      let client = try scene.client()
      #expect(try client.exchange(head(["GET / HTTP/1.1", "Host: a"] + fields)).status == 200)
      try expectRefused(
        client, head(["GET / HTTP/1.1", "Host: a"] + fields + fields.prefix(6)), 431)
    }
  }

  @Test("too many fields are 431")
  func fieldCount() throws {
    func request(_ count: Int) -> String {
      head(["GET / HTTP/1.1", "Host: a"] + (2...count).map { "X-\($0): y" })
    }
    try withScene(.answering(ok())) { scene in
      let client = try scene.client()
      #expect(try client.exchange(request(100)).status == 200)
      try expectRefused(client, request(101), 431)
      try expectRefused(scene.client(), request(1000), 431)
    }
    try withScene(.answering(ok()), extra: "limits: { header_count: 5 }") { scene in
      let client = try scene.client()
      #expect(try client.exchange(request(5)).status == 200)
      try expectRefused(client, request(6), 431)
    }
  }

  @Test("a body over the limit is 413, announced or not")
  func bodySize() throws {
    try withScene(
      .serving { request, _ in ok("\(request.body.count)") }, extra: "limits: { body: 1000 }"
    ) { scene in
      let client = try scene.client()
      #expect(
        try client.exchange(post(body: String(repeating: "b", count: 1000))).text == "1000")
      let requests = scene.origin.requests.count
      try expectRefused(client, post(body: String(repeating: "b", count: 1001)), 413)
      #expect(scene.origin.requests.count == requests)
      let chunked = head("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked")
      let exact = chunk(String(repeating: "b", count: 500))
      #expect(try scene.exchange(chunked + exact + exact + "0\r\n\r\n").text == "1000")
      try expectRefused(scene.client(), chunked + exact + exact + chunk("b") + "0\r\n\r\n", 413)
      try expectRefused(scene.client(), chunked + "7fffffffffffffff\r\nabc", 413)
      #expect(scene.origin.requests.count == requests + 1)
    }
  }

  @Test("connections above a worker's limit wait, and are served when others end")
  func connections() throws {
    try withScene(.answering(ok()), extra: "limits: { connections_per_worker: 4 }") { scene in
      var first = try (1...4).map { _ in try scene.client() }
      for client in first { #expect(try client.exchange(get()).status == 200) }
      let fifth = try scene.client()
      try fifth.send(get("/fifth"))
      // It may be refused with an answer or wait; it must not be served beside the four.
      let waits = try fifth.isSilent(for: 0.3)
      if !waits {
        let answer = try fifth.readToEnd().text
        #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 503"))
        return
      }
      first.removeFirst().close()
      #expect(try fifth.response().status == 200)
    }
  }
}
