import Testing

@testable import ControlPlane

/// What well-behaved clients see, over real sockets.
@Suite(.timeLimit(.minutes(5))) struct LocalServerTests {
  private static let echo: LocalServer.Handler = { request in
    .text("\(request.method) \(request.path) \(request.body.count)")
  }

  @Test func keepsTheConnection() throws {
    try withLocalServer(handler: Self.echo) { endpoint in
      let client = try LocalClient(endpoint)
      for path in ["/one", "/two"] {
        let answer = try client.exchange("GET \(path) HTTP/1.1\r\nHost: t\r\n\r\n")
        #expect(answer.status == 200)
        #expect(answer.text == "GET \(path) 0")
        #expect(answer.header("Connection") == nil)
        #expect(answer.header("Date")?.utf8.count == 29)
      }
    }
  }

  @Test func answersPipelinedRequestsInOrder() throws {
    try withLocalServer(handler: Self.echo) { endpoint in
      let client = try LocalClient(endpoint)
      try client.send(
        "\r\nPOST /1 HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc\r\n"
          + "GET /2 HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
      #expect(try client.receive().text == "POST /1 3")
      let last = try client.receive()
      #expect(last.text == "GET /2 0")
      #expect(last.header("Connection") == "close")
      #expect(try client.receiveToEnd().isEmpty)
    }
  }

  @Test func takesARequestByteByByte() throws {
    try withLocalServer(handler: Self.echo) { endpoint in
      let client = try LocalClient(endpoint)
      let bytes = Array("PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nhi".utf8)
      for byte in bytes { try client.send([byte]) }
      #expect(try client.receive().text == "PUT / 2")
    }
  }

  @Test func sendsNoBodyToHeadNorWith204() throws {
    try withLocalServer { request in
      request.path == "/none" ? LocalResponse(status: 204) : .text("five!")
    } test: { endpoint in
      let client = try LocalClient(endpoint)
      let head = try client.exchange("HEAD / HTTP/1.1\r\nHost: t\r\n\r\n")
      #expect(head.header("Content-Length") == "5")
      let none = try client.exchange("GET /none HTTP/1.1\r\nHost: t\r\n\r\n")
      #expect(none.status == 204)
      #expect(none.header("Content-Length") == nil)
      #expect(try client.exchange("GET / HTTP/1.1\r\nHost: t\r\n\r\n").text == "five!")
    }
  }

  @Test func asksForABodyThatWaits() throws {
    try withLocalServer(handler: Self.echo) { endpoint in
      let client = try LocalClient(endpoint)
      let go = try client.exchange(
        "POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
      #expect(go.status == 100)
      try client.send("ok")
      #expect(try client.receive().text == "POST / 2")
    }
  }

  @Test func speaksHttp10() throws {
    try withLocalServer(handler: Self.echo) { endpoint in
      let client = try LocalClient(endpoint)
      let answer = try client.exchange("GET /old HTTP/1.0\r\n\r\n")
      #expect(answer.text == "GET /old 0")
      #expect(answer.header("Connection") == "close")
      #expect(try client.receiveToEnd().isEmpty)
    }
  }

  @Test func aHandlerCannotBreakTheFraming() throws {
    try withLocalServer { _ in
      let headers = [
        LocalField("X-Split", "a\r\nX-Evil: b"), LocalField("Content-Length", "999"),
        LocalField("Transfer-Encoding", "chunked"), LocalField("Bad Name", "c"),
      ]
      return LocalResponse(status: 42, headers: headers, body: [65])
    } test: { endpoint in
      let answer = try LocalClient.get(endpoint, "/")
      #expect(answer.status == 500)
      #expect(answer.header("X-Split") == "a  X-Evil: b")
      #expect(answer.header("Content-Length") == "1")
      #expect(answer.header("Transfer-Encoding") == nil)
      #expect(answer.headers.allSatisfy { $0.name != "Bad Name" && $0.name != "X-Evil" })
    }
  }
}
