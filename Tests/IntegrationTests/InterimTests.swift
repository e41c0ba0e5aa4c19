import Testing

@Suite("Interim responses") struct InterimTests {
  private let expecting = head(
    "POST / HTTP/1.1", "Host: a", "Content-Length: 5", "Expect: 100-continue")

  @Test("1xx responses are relayed as they come, before the final one")
  func earlyHints() throws {
    let script = Origin.Script.script { connection in
      while try connection.nextRequest() != nil {
        try connection.send(head("HTTP/1.1 103 Early Hints", "Link: </a.css>; rel=preload"))
        try connection.rest(0.05)
        try connection.send(head("HTTP/1.1 103 Early Hints", "Link: </b.js>") + ok("final"))
      }
    }
    try withScene(script) { scene in
      let client = try scene.client()
      for _ in 1...2 {
        let first = try client.exchange(get())
        #expect(first.startLine == "HTTP/1.1 103 Early Hints")
        #expect(first["Link"] == "</a.css>; rel=preload")
        #expect(first["Content-Length"] == nil)
        #expect(try client.response()["Link"] == "</b.js>")
        #expect(try client.response().text == "final")
      }
      #expect(scene.origin.connections.count == 1)
    }
  }

  @Test("a HTTP/1.0 client gets no 1xx")
  func oldClient() throws {
    try withScene(.answering(head("HTTP/1.1 103 Early Hints") + ok("final"))) { scene in
      let response = try scene.exchange(head("GET / HTTP/1.0", "Host: a"))
      #expect(response.status == 200)
      #expect(response.text == "final")
    }
  }

  @Test("Expect is forwarded, and the backend's 100 starts the body")
  func continued() throws {
    let script = Origin.Script.script { connection in
      for _ in 1...2 {
        var request = try connection.readHead()
        #expect(request["Expect"]?.lowercased() == "100-continue")
        #expect(try connection.isSilent(for: 0.05))
        try connection.send(head("HTTP/1.1 100 Continue"))
        try connection.readBody(of: &request, or: .none)
        try connection.send(ok(request.text))
      }
    }
    try withScene(script) { scene in
      let client = try scene.client()
      for _ in 1...2 {
        try client.send(expecting)
        #expect(try client.response(within: 0.9).status == 100)
        try client.send("hello")
        #expect(try client.response().text == "hello")
      }
    }
  }

  @Test("the body starts after a second when the backend stays silent")
  func silentBackend() throws {
    try withScene(.serving { request, _ in ok(request.text) }) { scene in
      let client = try scene.client()
      let took = try seconds {
        try client.send(expecting)
        #expect(try client.response(within: 5).status == 100)
      }
      #expect(took > 0.8 && took < 3)
      try client.send("hello")
      #expect(try client.response().text == "hello")
    }
  }

  @Test("a client that does not wait for the 100 is served too")
  func impatientClient() throws {
    try withScene(.serving { request, _ in ok(request.text) }) { scene in
      let client = try scene.client()
      try client.send(expecting + "hello")
      var response = try client.response()
      while response.status == 100 { response = try client.response() }
      #expect(response.text == "hello")
      #expect(try client.exchange(post(body: "again")).text == "again")
    }
  }

  @Test("a final answer instead of 100 reaches the client, and no body is awaited")
  func refusedByBackend() throws {
    let script = Origin.Script.script { connection in
      if connection.index > 0 {
        _ = try connection.request()
        return try connection.send(ok("second"))
      }
      _ = try connection.readHead()
      try connection.send(head("HTTP/1.1 401 Unauthorized", "Content-Length: 2") + "no")
      _ = try connection.ending()
    }
    try withScene(script) { scene in
      let client = try scene.client()
      try client.send(expecting)
      let response = try client.response(within: 0.9)
      #expect(response.status == 401)
      #expect(response.text == "no")
      // The backend still waits for a body on that connection: it is of no use any more.
      #expect(try scene.exchange(get()).text == "second")
    }
  }

  @Test("an unknown expectation is refused with 417")
  func unknown() throws {
    try withScene(.answering(ok())) { scene in
      for value in ["200-ok", "100-continue, x", "100-continued"] {
        try expectRefused(scene.client(), get("/", "Expect: \(value)"), 417, name: value)
      }
      #expect(scene.origin.receivedCount == 0)
      #expect(
        try scene.exchange(post("/", "Expect: 100-Continue", body: "x")).status / 100 <= 2)
    }
  }
}
