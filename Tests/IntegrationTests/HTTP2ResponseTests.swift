import Testing

@Suite("HTTP/2 clients: responses") struct HTTP2ResponseTests {
  @Test("names in lower case, nothing of the connection, the body whole")
  func fields() throws {
    let script = Origin.Script.serving { request, _ in
      head(
        "HTTP/1.1 200 Fine", "Content-Length: 5", "X-Up: A", "Connection: x-own, keep-alive",
        "X-Own: 1", "Keep-Alive: timeout=5", "Set-Cookie: a=b", "Set-Cookie: c=d",
        "Proxy-Connection: x") + "hello"
    }
    try withScene(script) { scene in
      let answer = try scene.peer().exchange()
      #expect(answer.status == 200 && answer.text == "hello")
      #expect(
        answer.ownFields == ["content-length: 5", "x-up: A", "set-cookie: a=b", "set-cookie: c=d"])
      #expect(answer["date"] != nil)
    }
  }

  @Test("chunked and close-delimited bodies end with their stream; trailers follow")
  func bodies() throws {
    let script = Origin.Script.script { connection in
      while let request = try connection.nextRequest() {
        switch request.target {
        case "/chunked":
          try connection.send(
            head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "Trailer: X-Sum"),
            chunk("one"), chunk(" two"), "0\r\nX-Sum: 7\r\nX-More: 8\r\n\r\n")
        case "/close":
          try connection.send(head("HTTP/1.1 200 OK"), "until the end")
          return
        case "/large":
          try connection.send(head("HTTP/1.1 200 OK", "Content-Length: 1000000"))
          try connection.send(pattern(1_000_000))
        default: try connection.send(head("HTTP/1.1 204 No Content"))
        }
      }
    }
    try withScene(script) { scene in
      let peer = try scene.peer()
      var answer = try peer.exchange("/chunked")
      #expect(answer.text == "one two" && answer.isEnded)
      #expect(answer.trailers.map(\.description) == ["x-sum: 7", "x-more: 8"])
      #expect(answer["transfer-encoding"] == nil)
      answer = try peer.exchange("/close")
      #expect(answer.text == "until the end" && answer.reset == nil)
      answer = try peer.exchange("/large")
      #expect(same(answer.body, pattern(1_000_000)))
      answer = try peer.exchange("/empty")
      #expect(answer.status == 204 && answer.isEnded && answer.body.isEmpty)
    }
  }

  @Test("HEAD and 304 have a length and no content")
  func bodiless() throws {
    let script = Origin.Script.serving { request, _ in
      request.method == "HEAD"
        ? head("HTTP/1.1 200 OK", "Content-Length: 1234")
        : head("HTTP/1.1 304 Not Modified", "ETag: \"a\"", "Content-Length: 1234")
    }
    try withScene(script) { scene in
      let peer = try scene.peer()
      var answer = try peer.exchange("/", method: "HEAD")
      #expect(answer.status == 200 && answer["content-length"] == "1234" && answer.bodyCount == 0)
      answer = try peer.exchange("/")
      #expect(answer.status == 304 && answer["etag"] == "\"a\"" && answer.bodyCount == 0)
      #expect(scene.origin.connections.count == 1)
    }
  }

  @Test("interim responses come in front")
  func interim() throws {
    let script = Origin.Script.answering(
      head("HTTP/1.1 103 Early Hints", "Link: </a.css>; rel=preload")
        + head("HTTP/1.1 103 Early Hints", "Link: </b.css>") + ok("final"))
    try withScene(script) { scene in
      let answer = try scene.peer().exchange()
      #expect(answer.interim == [103, 103])
      #expect(answer.heads[0].value("link") == "</a.css>; rel=preload")
      #expect(answer.status == 200 && answer.text == "final")
    }
  }

  @Test("an answer that comes before the body's end is whole; the rest is not wanted")
  func early() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.readHead()
      try connection.send(head("HTTP/1.1 401 Unauthorized", "Content-Length: 2") + "no")
      _ = try connection.ending()
    }
    try withScene(script) { scene in
      let peer = try scene.peer()
      let id = try peer.request("/", method: "POST", body: "some", ends: false)
      try peer.read("the reset") { peer.stream(id).reset != nil }
      let answer = peer.stream(id)
      #expect(answer.status == 401 && answer.text == "no" && answer.isEnded)
      #expect(answer.reset == H2.noError)
      // What was under way does no harm.
      try peer.send(data: "late", on: id, ends: true)
      try peer.settle()
    }
  }

  @Test(
    "an answer that is cut never looks whole",
    arguments: [
      head("HTTP/1.1 200 OK", "Content-Length: 10") + "part",
      head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + chunk("part"),
      head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + chunk("part") + "zz\r\n",
    ])
  func cut(_ response: String) throws {
    try withScene(.answeringOnce(response)) { scene in
      let peer = try scene.peer()
      let answer = try peer.exchange()
      if answer.status == 200 {
        #expect(answer.reset == H2.internalError && !answer.isEnded, "\(answer)")
        #expect(answer.text == "part" || answer.text == "")
      } else {
        // Seen before the head was passed on.
        #expect(answer.status == 502 && answer.isEnded)
      }
      try peer.settle()
    }
  }

  @Test("failures of backends are answers: 502, 503, 504")
  func failures() throws {
    let silent = Origin.Script.script { connection in
      _ = try connection.readHead()
      _ = try connection.ending()
    }
    try withScene(silent, extra: "timeouts: { first_byte: 300ms }") { scene in
      let response = try scene.peer().exchange("/", method: "POST")
      #expect(response.status == 504)
    }
    try withScene(.answeringOnce("nonsense\r\n\r\n")) { scene in
      let response = try scene.peer().exchange("/", method: "POST")
      #expect(response.status == 502)
    }
    let config = Scene.config([try Address.refusing()])
    try withScene(config: config) { scene in
      let peer = try scene.peer()
      let answer = try peer.exchange("/", [("accept", "application/json")])
      #expect(answer.status == 502)
      #expect(try peer.exchange("/", method: "HEAD").bodyCount == 0)
    }
  }
}
