import Testing

extension Scene {
  /// A client that speaks HTTP/2 with prior knowledge.
  func peer(_ settings: [(UInt16, UInt32)] = [], receiveBuffer: Int32? = nil) throws -> HTTP2Peer {
    try HTTP2Peer(client: client(receiveBuffer: receiveBuffer), settings: settings)
  }
}

@Suite("HTTP/2 clients: requests") struct HTTP2RequestTests {
  @Test("fields become lines, cookies are one, the authority is Host")
  func fields() throws {
    try withScene(.answering(ok())) { scene in
      let peer = try scene.peer()
      let answer = try peer.exchange(
        "/a/b?c=%20d",
        [
          ("x-one", "1"), ("cookie", "a=b"), ("x-two", ""), ("cookie", "c=d; e=f"),
          ("te", "trailers"), ("x-one", "again"), ("priority", "u=1, i"), ("cookie", "g=h"),
        ])
      #expect(answer.status == 200 && answer.text == "ok")
      let request = scene.origin.lastRequest
      #expect(request.startLine == "GET /a/b?c=%20d HTTP/1.1")
      #expect(request.all("host") == ["example.com"])
      #expect(request.all("cookie") == ["a=b; c=d; e=f; g=h"])
      #expect(request.all("x-one") == ["1", "again"])
      #expect(request["x-two"] == "")
      #expect(request["priority"] == "u=1, i")
      #expect(request["x-forwarded-for"] == "127.0.0.1")
      #expect(request["x-forwarded-proto"] == "http")
      #expect(request["transfer-encoding"] == nil && request["content-length"] == nil)
    }
  }

  @Test("a body has the announced length, or is chunked, and trailers follow it")
  func bodies() throws {
    try withScene(.serving { request, _ in ok(request.text) }) { scene in
      let peer = try scene.peer()
      var answer = try peer.exchange(
        "/", method: "POST", [("content-length", "5")], body: "hello")
      #expect(answer.text == "hello")
      #expect(scene.origin.lastRequest.framing == .length(5))

      answer = try peer.exchange("/", method: "POST", body: pattern(200_000))
      #expect(answer.status == 200)
      #expect(scene.origin.lastRequest.framing == .chunked)
      #expect(same(scene.origin.lastRequest.body, pattern(200_000)))

      let id = try peer.request("/", method: "POST", body: "with trailers", ends: false)
      try peer.send(head: [("x-sum", "42")], on: id, ends: true)
      #expect(try peer.answer(id).text == "with trailers")
      #expect(scene.origin.lastRequest.trailers.map(\.description) == ["x-sum: 42"])

      // The length is known to be nothing.
      answer = try peer.exchange("/", method: "POST", [("content-length", "0")])
      #expect(scene.origin.lastRequest.framing == .length(0))
      // An end that comes late, in a frame of its own.
      let late = try peer.request("/", method: "POST", body: "late", ends: false)
      try peer.send(data: "", on: late, ends: true)
      #expect(try peer.answer(late).text == "late")
    }
  }

  @Test("many small frames arrive whole, in chunks that are no multiple of them")
  func smallFrames() throws {
    let gate = Gate()
    let script = Origin.Script.script { connection in
      var request = try connection.readHead()
      try gate.pass()
      try connection.readBody(of: &request, or: .none)
      #expect(same(request.body, pattern(3000)))
      try connection.send(ok("\(request.chunks.count)"))
    }
    try withScene(script) { scene in
      let peer = try scene.peer()
      let id = try peer.request("/", method: "POST", ends: false)
      try scene.origin.waitForConnections(1)
      let bytes = pattern(3000).enumerated().flatMap { index, byte in
        HTTP2Peer.frame(H2.data, index == 2999 ? H2.endStream : 0, id, payload: [byte])
      }
      try peer.wire.send(bytes)
      gate.open()
      let answer = try peer.answer(id)
      #expect(answer.status == 200)
      #expect((Int(answer.text) ?? .max) < 1000)
    }
  }

  @Test("100-continue: the backend's word is passed on, then the body")
  func expectation() throws {
    let script = Origin.Script.script { connection in
      var request = try connection.readHead()
      #expect(request["expect"] == "100-continue")
      try connection.send("HTTP/1.1 100 Continue\r\n\r\n")
      try connection.readBody(of: &request, or: .none)
      try connection.send(ok(request.text))
    }
    try withScene(script) { scene in
      let peer = try scene.peer()
      let id = try peer.request(
        "/", method: "POST", [("expect", "100-continue"), ("content-length", "4")], ends: false)
      try peer.read("100") { peer.stream(id).interim == [100] }
      try peer.send(data: "body", on: id, ends: true)
      let answer = try peer.answer(id)
      #expect(answer.status == 200 && answer.text == "body" && answer.interim == [100])
    }
  }

  /// What would be another message behind the translation.
  @Test("what is malformed is reset with PROTOCOL_ERROR, and no backend hears of it")
  func malformed() throws {
    let fields = HTTP2Peer.fields
    let cases: [(String, [(String, String)])] = [
      ("CR LF in a value", fields("/", "GET", "a", [("x", "a\r\nx-injected: 1")])),
      ("LF in a value", fields("/", "GET", "a", [("x", "a\nb")])),
      ("NUL in a value", fields("/", "GET", "a", [("x", "a\0b")])),
      ("space around a value", fields("/", "GET", "a", [("x", " a")])),
      ("CR LF in a name", fields("/", "GET", "a", [("x\r\ny", "a")])),
      ("colon in a name", fields("/", "GET", "a", [("x:y", "a")])),
      ("space in a name", fields("/", "GET", "a", [("x y", "a")])),
      ("upper case in a name", fields("/", "GET", "a", [("X-Up", "a")])),
      ("empty name", fields("/", "GET", "a", [("", "a")])),
      ("transfer-encoding", fields("/", "POST", "a", [("transfer-encoding", "chunked")])),
      ("connection", fields("/", "GET", "a", [("connection", "close")])),
      ("keep-alive", fields("/", "GET", "a", [("keep-alive", "1")])),
      ("proxy-connection", fields("/", "GET", "a", [("proxy-connection", "close")])),
      ("upgrade", fields("/", "GET", "a", [("upgrade", "websocket")])),
      ("te", fields("/", "GET", "a", [("te", "gzip")])),
      ("host is another", fields("/", "GET", "a", [("host", "b")])),
      ("two hosts", fields("/", "GET", "a", [("host", "a"), ("host", "a")])),
      ("user in the authority", fields("/", "GET", "u@a", [])),
      ("CR LF in the path", fields("/ HTTP/1.1\r\nx: y\r\n", "GET", "a", [])),
      ("space in the path", fields("/a b", "GET", "a", [])),
      ("fragment", fields("/a#b", "GET", "a", [])),
      ("empty path", fields("", "GET", "a", [])),
      ("absolute path", fields("http://a/", "GET", "a", [])),
      ("space in the method", fields("/", "GET /x", "a", [])),
      (
        "lengths differ",
        fields("/", "POST", "a", [("content-length", "1"), ("content-length", "2")])
      ),
      ("length is signed", fields("/", "POST", "a", [("content-length", "+1")])),
      ("pseudo-field behind", fields("/", "GET", "a", [("x", "y"), (":path", "/")])),
      ("two paths", fields("/", "GET", "a", [(":path", "/")])),
      ("unknown pseudo-field", fields("/", "GET", "a", [(":x", "/")])),
      ("status", fields("/", "GET", "a", [(":status", "200")])),
      ("no method", [(":scheme", "http"), (":path", "/"), (":authority", "a")]),
      ("no path", [(":scheme", "http"), (":method", "GET"), (":authority", "a")]),
      ("no scheme", [(":method", "GET"), (":path", "/"), (":authority", "a")]),
      ("no authority", [(":method", "GET"), (":path", "/"), (":scheme", "http")]),
    ]
    try withScene(.answering(ok())) { scene in
      for (name, fields) in cases {
        row(name) {
          let peer = try scene.peer()
          try peer.send(head: fields, on: 1, ends: true)
          let answer = try peer.answer(1)
          #expect(answer.reset == H2.protocolError, "\(name): \(answer)")
          // The connection goes on.
          try peer.settle()
          #expect(scene.origin.receivedCount == 0, "\(name)")
        }
      }
      let peer = try scene.peer()
      #expect(try peer.exchange("/").status == 200)
    }
  }

  @Test("a body that is not what content-length says resets the stream and the backend's request")
  func lengths() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.readHead()
      let rest = try connection.ending()
      #expect(rest == .closed || rest == .reset)
    }
    try withScene(script) { scene in
      let peer = try scene.peer()
      let length = [("content-length", "5")]
      let long = try peer.request("/", method: "POST", length, body: "123456")
      #expect(try peer.answer(long).reset == H2.protocolError)
      let short = try peer.request("/", method: "POST", length, body: "1234")
      #expect(try peer.answer(short).reset == H2.protocolError)
      let none = try peer.request("/", method: "POST", length)
      #expect(try peer.answer(none).reset == H2.protocolError)
      try peer.settle()
    }
  }

  @Test("our own answers: no route, too long, too many, CONNECT")
  func refusals() throws {
    let config = """
      listen: 127.0.0.1:0
      workers: 1
      limits: { headers: 4KiB, body: 1000 }
      routes: [{ match: { path: /app/ }, to: app }]
      pools: { app: ['$0'] }

      """
    try withScene(.answering(ok()), config: config) { scene in
      let peer = try scene.peer()
      var answer = try peer.exchange("/none")
      #expect(answer.status == 404 && answer["content-length"] == "\(answer.body.count)")
      answer = try peer.exchange("/none", method: "HEAD")
      #expect(answer.status == 404 && answer.body.isEmpty)
      answer = try peer.exchange("/app/", [("x-long", String(repeating: "x", count: 5000))])
      #expect(answer.status == 431)
      answer = try peer.exchange(
        "/app/", method: "POST", [("content-length", "1001")], body: pattern(1001))
      #expect(answer.status == 413)
      let id = try peer.request("/app/", method: "POST", body: pattern(2000), ends: false)
      answer = try peer.answer(id)
      #expect(answer.status == 413)
      try peer.send(head: [(":method", "CONNECT"), (":authority", "a:80")], on: peer.nextStream)
      answer = try peer.answer(peer.nextStream)
      peer.nextStream += 2
      #expect(answer.status == 501 || answer.status == 405, "\(answer)")
      #expect(scene.origin.requests.isEmpty)
      // The connection goes on.
      #expect(try peer.exchange("/app/").status == 200)
    }
  }

  @Test("HTTP/1.1 goes on at the same port; with http2: false there is nothing else")
  func versions() throws {
    try withScene(.answering(ok())) { scene in
      #expect(try scene.exchange(get()).status == 200)
      #expect(try scene.peer().exchange().status == 200)
      // The preface is only understood as the first thing.
      let client = try scene.client()
      #expect(try client.exchange(get()).status == 200)
      try client.send(HTTP2Peer.preface)
      #expect(try client.response().status == 505)
    }
    let config = """
      listeners: [{ address: 127.0.0.1:0, http2: false }]
      workers: 1
      routes: [{ to: app }]
      pools: { app: ['$0'] }

      """
    try withScene(.answering(ok()), config: config) { scene in
      let client = try scene.client()
      try client.send(HTTP2Peer.preface.bytes + HTTP2Peer.frame(H2.settings))
      #expect(try client.response().status == 505)
      #expect(try scene.exchange(get()).status == 200)
    }
  }

  @Test("the preface and the first request come byte by byte")
  func trickle() throws {
    try withScene(.serving { request, _ in ok(request.text) }) { scene in
      let peer = try HTTP2Peer(client: scene.client(), begins: false)
      try peer.wire.trickle(HTTP2Peer.preface.bytes + HTTP2Peer.frame(H2.settings))
      let fields = HTTP2Peer.fields("/", method: "POST")
      try peer.wire.trickle(
        HTTP2Peer.frame(H2.headers, H2.endHeaders, 1, payload: HTTP2Peer.block(fields))
          + HTTP2Peer.frame(H2.data, H2.endStream, 1, payload: "bytes".bytes))
      #expect(try peer.answer(1).text == "bytes")
    }
  }
}
