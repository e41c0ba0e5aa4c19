import Testing

@Suite("HTTP/1.0, HEAD, 204, 304") struct BodilessTests {
  @Test("a HTTP/1.0 client gets a chunked answer without chunks, ended by the connection's end")
  func dechunked() throws {
    let script = Origin.Script.serving { _, _ in
      head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "Trailer: T") + chunk("abc")
        + chunk("def") + "0\r\nT: 1\r\n\r\n"
    }
    try withScene(script) { scene in
      for connection in ["close", "keep-alive"] {
        let client = try scene.client()
        try client.send(head("GET / HTTP/1.0", "Host: a", "Connection: \(connection)"))
        let response = try client.response()
        #expect(response.status == 200)
        #expect(response.all("Transfer-Encoding") == [])
        #expect(response.all("Content-Length") == [])
        #expect(response.text == "abcdef")
        #expect(response["Connection"]?.lowercased() != "keep-alive")
      }
    }
  }

  @Test("a HTTP/1.0 client gets a Content-Length answer and, unless it asked otherwise, the end")
  func withLength() throws {
    try withScene(.answering(ok("abc"))) { scene in
      let client = try scene.client()
      try client.send(head("GET / HTTP/1.0", "Host: a"))
      let response = try client.response()
      #expect(response.framing == .length(3))
      #expect(response.text == "abc")
      #expect(try client.readToEnd() == [])
    }
  }

  @Test("a HTTP/1.0 POST with Content-Length passes")
  func oldPost() throws {
    try withScene(.serving { request, _ in ok(request.text) }) { scene in
      let response = try scene.exchange(
        head("POST / HTTP/1.0", "Host: a", "Content-Length: 3") + "abc")
      #expect(response.text == "abc")
      #expect(scene.origin.request(0).version == "HTTP/1.1")
    }
  }

  @Test("answers without a body end with their head, whatever they announce")
  func bodiless() throws {
    let answers = [
      head("HTTP/1.1 200 OK", "Content-Length: 1000"),
      head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"),
      head("HTTP/1.1 200 OK"),
      head("HTTP/1.1 204 No Content", "Content-Length: 10"),
      head("HTTP/1.1 204 No Content"),
      head("HTTP/1.1 304 Not Modified", "Content-Length: 1000", "ETag: \"a\""),
      head("HTTP/1.1 304 Not Modified"),
      head("HTTP/1.1 404 Not Found", "Content-Length: 5"),
    ]
    let script = Origin.Script.serving { request, _ in
      Int(request.target.dropFirst()).map { answers[$0] } ?? ok("between")
    }
    try withScene(script) { scene in
      let client = try scene.client()
      for index in answers.indices {
        row(answers[index]) {
          try client.send(head("HEAD /\(index) HTTP/1.1", "Host: a"))
          let response = try client.response(to: "HEAD")
          #expect(answers[index].hasPrefix(response.startLine))
          if index == 0 { #expect(response["Content-Length"] == "1000") }
          if index == 5 { #expect(response["ETag"] == "\"a\"") }
          #expect(try client.exchange(get("/between")).text == "between")
          #expect(scene.origin.requests.dropLast().last?.method == "HEAD")
        }
      }
      for index in 3...6 {
        row("GET " + answers[index]) {
          let status = try client.exchange(get("/\(index)")).status
          #expect(status == (index < 5 ? 204 : 304))
          #expect(try client.exchange(get("/between")).text == "between")
        }
      }
      #expect(scene.origin.connections.count == 1)
    }
  }

  @Test("errors of the proxy itself have no body for HEAD")
  func headError() throws {
    try withScene(config: Scene.config([try Address.refusing()])) { scene in
      let client = try scene.client()
      try client.send(head("HEAD / HTTP/1.1", "Host: a", "Connection: close"))
      #expect(try client.response(to: "HEAD").status == 502)
      #expect(try client.readToEnd() == [])
    }
  }

  @Test("a missing Date is added, a Date that is there is kept")
  func date() throws {
    let script = Origin.Script.serving { request, _ in
      request.target == "/with" ? ok("", "Date: Tue, 15 Nov 1994 08:12:31 GMT") : ok()
    }
    try withScene(script) { scene in
      let client = try scene.client()
      #expect(
        try client.exchange(get("/with")).all("Date") == ["Tue, 15 Nov 1994 08:12:31 GMT"])
      let added = try client.exchange(get("/without")).all("Date")
      #expect(added.count == 1)
      #expect(added.first?.wholeMatch(of: /\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/) != nil)
    }
  }
}
