import Testing

@Suite("Framing") struct FramingTests {
  @Test("a request and its answer pass unchanged but for what the proxy owns")
  func unchanged() throws {
    try withScene(.answering(ok("hello", "X-Answer: yes", "Content-Type: text/plain"))) { scene in
      let client = try scene.client()
      let response = try client.exchange(
        head(
          "GET /path?query=1 HTTP/1.1", "Host: Example.com:8080", "User-Agent: test", "Accept: */*",
          "X-Empty:", "X-Spaced:   a b\t "))
      #expect(response.startLine == "HTTP/1.1 200 OK")
      #expect(response.text == "hello")
      #expect(
        response.ownFields == [
          "Content-Length: 5", "X-Answer: yes", "Content-Type: text/plain",
        ])
      let request = scene.origin.request(0)
      #expect(request.startLine == "GET /path?query=1 HTTP/1.1")
      #expect(
        request.ownFields == [
          "Host: Example.com:8080", "User-Agent: test", "Accept: */*", "X-Empty: ", "X-Spaced: a b",
        ])
    }
  }

  @Test("bytes above 127 in a field value pass both ways")
  func obsText() throws {
    let script = Origin.Script.serving { _, _ in
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: ".bytes + [0xe9, 0xff] + "\r\n\r\n".bytes
    }
    try withScene(script) { scene in
      let client = try scene.client()
      try client.send("GET / HTTP/1.1\r\nHost: a\r\nX-B: ".bytes + [0xe8, 0xfe] + "\r\n\r\n".bytes)
      #expect(try client.response().status == 200)
      #expect(client.received.firstIndex(of: "X-A: ".bytes + [0xe9, 0xff, 13], from: 0) != nil)
      let seen = try scene.origin.connection(0).received
      #expect(seen.firstIndex(of: "X-B: ".bytes + [0xe8, 0xfe, 13], from: 0) != nil)
    }
  }

  @Test("a request cut at every position gives the same result")
  func everyRequestSplit() throws {
    let request =
      head("POST /a?b HTTP/1.1", "Host: a", "X-Long: \(String(repeating: "x", count: 40))")
      .replacing("\r\n\r\n", with: "\r\nTransfer-Encoding: chunked\r\n\r\n")
      + "5;x=\"y\"\r\nabcde\r\n10\r\n0123456789abcdef\r\n0\r\nT: 1\r\n\r\n"
    try withScene(.answering(ok())) { scene in
      let client = try scene.client()
      for at in 1..<request.utf8.count {
        try client.send(Array(request.bytes[..<at]))
        if at % 3 == 0 { try client.rest(0.001) }
        try client.send(Array(request.bytes[at...]))
        #expect(try client.response().status == 200, "cut at \(at)")
        #expect(scene.origin.lastRequest.text == "abcde0123456789abcdef", "cut at \(at)")
      }
      try client.trickle(request, pause: 0.0003)
      #expect(try client.response().status == 200)
    }
  }

  @Test("a response cut at every position gives the same result")
  func everyResponseSplit() throws {
    let bytes =
      head("HTTP/1.1 200 Fine", "Transfer-Encoding: chunked", "X-A: b") + chunk("hello")
      + "5;a=b\r\nworld\r\n0\r\nT: 1\r\n\r\n"
    let script = Origin.Script.script { connection in
      var at = 1
      while try connection.nextRequest() != nil {
        try connection.send(Array(bytes.bytes[..<at]))
        try connection.rest(0.001)
        try connection.send(Array(bytes.bytes[at...]))
        at += 1
      }
    }
    try withScene(script) { scene in
      let client = try scene.client()
      for at in 1..<bytes.utf8.count {
        let response = try client.exchange(get())
        #expect(response.startLine == "HTTP/1.1 200 Fine", "cut at \(at)")
        #expect(response.text == "helloworld", "cut at \(at)")
        #expect(response.trailers.map(\.description) == ["T: 1"], "cut at \(at)")
      }
      #expect(scene.origin.connections.count == 1)
    }
  }

  @Test("up to eight bytes of empty lines before a request line are skipped")
  func leadingEmptyLines() throws {
    try withScene(.answering(ok())) { scene in
      let client = try scene.client()
      #expect(try client.exchange("\r\n" + get("/1")).status == 200)
      #expect(try client.exchange("\r\n\r\n\r\n\r\n" + get("/2")).status == 200)
      #expect(scene.origin.requests.map(\.target) == ["/1", "/2"])
      try expectRefused(client, "\r\n\r\n\r\n\r\n\r\n" + get("/3"), 400)
      try expectRefused(scene.client(), "\n" + get("/4"), 400)
      try expectRefused(scene.client(), "\r" + get("/5"), 400)
      #expect(scene.origin.requests.count == 2)
    }
  }

  @Test("a body with Content-Length passes exactly, and the next request follows it")
  func contentLength() throws {
    let script = Origin.Script.serving { request, _ in ok(request.text) }
    try withScene(script) { scene in
      let client = try scene.client()
      for size in [0, 1, 100, 4096, 65535, 65536, 65537, 300_000] {
        let body = String(repeating: "b", count: size)
        #expect(try client.exchange(post(body: body)).text == body, "\(size) bytes")
      }
      #expect(try client.exchange(post("/x", body: "Content-Length: 0\r\n\r\n")).status == 200)
      #expect(scene.origin.connections.count == 1)
    }
  }

  @Test("leading zeros of Content-Length do not pass: some take them for octal")
  func paddedLength() throws {
    let body = "0123456789"
    let script = Origin.Script.serving { request, _ in
      head("HTTP/1.1 200 OK", "Content-Length:\t00000010", "X-After: 1") + request.text
    }
    try withScene(script) { scene in
      let client = try scene.client()
      for sent in ["010", "\t0000000010 ", "10"] {
        let lines = head("POST / HTTP/1.1", "Host: a", "Content-Length: \(sent)", "X-Last: 1")
        try client.send(lines + body)
        let response = try client.response()
        #expect(response.text == body && response["X-After"] == "1")
        #expect(response.all("Content-Length") == ["10"])
        let seen = try #require(scene.origin.requests.last)
        #expect(seen.all("Content-Length") == ["10"] && seen["X-Last"] == "1", "\(sent)")
      }
    }
    try withScene(.answering(ok())) { scene in
      let response = try scene.exchange(get("/", "Content-Length: 000"))
      #expect(response.status == 200)
      #expect(scene.origin.request(0).all("Content-Length") == ["0"])
    }
  }

  @Test("a response that only its connection's end delimits becomes chunked")
  func closeDelimited() throws {
    let script = Origin.Script.answeringOnce(
      head("HTTP/1.1 200 OK", "Content-Type: a/b") + "until the end")
    try withScene(script) { scene in
      let client = try scene.client()
      for _ in 1...2 {
        let response = try client.exchange(get())
        #expect(response.framing == .chunked)
        #expect(response.text == "until the end")
        #expect(response.all("Connection") == [])
      }
      #expect(scene.origin.connections.count == 2)
    }
  }

  @Test("a HTTP/1.0 backend is served, and its connection is not used again")
  func oldBackend() throws {
    let script = Origin.Script.answeringOnce(
      head("HTTP/1.0 200 OK", "Content-Length: 3") + "old")
    try withScene(script) { scene in
      let client = try scene.client()
      #expect(try client.exchange(get()).text == "old")
      let response = try client.exchange(get())
      #expect(response.startLine == "HTTP/1.1 200 OK")
      #expect(response.text == "old")
    }
  }

  @Test("an empty reason phrase and an unknown status pass")
  func oddStatus() throws {
    let script = Origin.Script.serving { request, _ in
      request.target == "/a"
        ? "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n"
        : request.target == "/b"
          ? "HTTP/1.1 499 A strange one\r\nContent-Length: 0\r\n\r\n"
          : "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"
    }
    try withScene(script) { scene in
      let client = try scene.client()
      #expect(try client.exchange(get("/a")).startLine == "HTTP/1.1 299 ")
      #expect(try client.exchange(get("/b")).startLine == "HTTP/1.1 499 A strange one")
      // The space is put where it is missing (RFC 9112 section 4).
      #expect(try client.exchange(get("/c")).startLine == "HTTP/1.1 200 ")
    }
  }

  @Test(
    "all methods pass", arguments: [["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE", "m!"]])
  func methods(_ methods: [String]) throws {
    try withScene(.answering(ok())) { scene in
      let client = try scene.client()
      for method in methods {
        let response = try client.exchange(head("\(method) / HTTP/1.1", "Host: a"))
        #expect(response.status == 200, "\(method)")
        #expect(scene.origin.lastRequest.method == method)
      }
    }
  }

  @Test("large heads pass both ways, in any pieces")
  func largeHeads() throws {
    let fields = (1...30).map { "X-\($0): " + String(repeating: "v", count: 500) }
    let answer = head(["HTTP/1.1 200 OK", "Content-Length: 2"] + fields) + "ok"
    let script = Origin.Script.script { connection in
      while try connection.nextRequest() != nil {
        try connection.trickle(answer, size: 1000, pause: 0.002)
      }
    }
    try withScene(script) { scene in
      let client = try scene.client()
      for size in [100, 1000, 5000, 100_000] {
        let request = head(["GET / HTTP/1.1", "Host: a"] + fields)
        try client.trickle(request, size: size, pause: 0.002)
        let response = try client.response()
        #expect(response.text == "ok")
        #expect(response.ownFields.dropFirst() == fields[...])
        #expect(scene.origin.lastRequest.ownFields.dropFirst() == fields[...])
      }
      #expect(scene.origin.connections.count == 1)
    }
  }
}
