import Glibc
import Testing

@Suite("HTTP/2 backends: failures") struct HTTP2BackendFailureTests {
  /// How often which path was asked for, on which connection.
  private final class Notes: Sendable {
    let lines = Locked<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    func count(_ line: String) -> Int { lines.withLock { $0.count { $0 == line } } }
  }

  @Test("streams above the last id of a GOAWAY are sent again, whatever their method")
  func goAway() throws {
    let script = Origin.Script.http2 { peer, connection in
      while let request = try peer.nextRequest() {
        guard connection.index == 0 else {
          try peer.respond(request.id, 200, body: "\(request.text) again")
          continue
        }
        if request.path == "/first" {
          try peer.respond(request.id)
        } else if request.path == "/kept" {
          // Two more come, and are not processed.
          try peer.read("two more") { peer.order.count == 4 }
          try peer.goAway(request.id)
          try peer.respond(request.id, 200, body: "kept")
          return try peer.readToEnd(within: 60)
        }
      }
    }
    try withScene(script, config: h2c()) { scene in
      let peer = try scene.peer()
      #expect(try peer.exchange("/first").status == 200)
      let kept = try peer.request("/kept", method: "POST", body: "a")
      let lost = try peer.request("/lost", method: "POST", body: "b")
      let other = try peer.request("/other", method: "POST", body: "c")
      #expect(try peer.answer(kept).text == "kept")
      #expect(try peer.answer(lost).text == "b again")
      #expect(try peer.answer(other).text == "c again")
      #expect(scene.origin.connections.count == 2)
      try scene.rests()
    }
  }

  @Test("a GOAWAY while nothing is asked costs nobody anything")
  func idleGoAway() throws {
    let script = Origin.Script.http2 { peer, _ in
      guard let request = try peer.nextRequest() else { return }
      try peer.respond(request.id)
      try peer.goAway(request.id)
      try peer.readToEnd(within: 60)
    }
    try withScene(script, config: h2c()) { scene in
      let client = try scene.client()
      for _ in 0..<5 {
        #expect(try client.exchange(post(body: "x")).status == 200)
        usleep(20_000)
      }
      #expect(scene.origin.connections.count == 5)
    }
  }

  @Test("REFUSED_STREAM is sent again, a POST too; not for ever")
  func refused() throws {
    let script = Origin.Script.http2 { peer, connection in
      var count = 0
      while let request = try peer.nextRequest() {
        count += 1
        if request.path == "/never" || count % 2 == 1 {
          try peer.reset(request.id, H2.refusedStream)
        } else {
          try peer.respond(request.id, 200, body: request.body)
        }
      }
    }
    try withScene(script, config: h2c()) { scene in
      let client = try scene.client()
      #expect(try client.exchange(post(body: "once more")).text == "once more")
      #expect(try client.exchange(post("/never", body: "x")).status == 502)
      try scene.rests()
    }
  }

  @Test("a connection that dies: what may be repeated is, the rest is 502")
  func dies() throws {
    let script = Origin.Script.http2 { peer, connection in
      while let request = try peer.nextRequest() {
        if connection.index == 0 || request.path == "/kill" {
          try peer.read("the others") { peer.order.count == 2 || connection.index > 0 }
          return connection.reset()
        }
        try peer.respond(request.id, 200, body: request.path)
      }
    }
    try withScene(script, config: h2c()) { scene in
      let peer = try scene.peer()
      let one = try peer.request("/get")
      let two = try peer.request("/post", method: "POST", body: "x")
      #expect(try peer.answer(one).text == "/get")
      #expect(try peer.answer(two).status == 502)
      try scene.rests()
    }
  }

  @Test("an answer that breaks off is seen by either kind of client")
  func brokenAnswer() throws {
    let script = Origin.Script.http2Answering { peer, request in
      let length = request.path == "/length" ? [("content-length", "100")] : []
      try peer.send(head: [(":status", "200")] + length, on: request.id)
      try peer.send(data: "part", on: request.id)
      if request.path == "/short" || request.path == "/length" {
        try peer.send(data: "", on: request.id, ends: request.path == "/length")
      }
      if request.path != "/length" { try peer.reset(request.id, H2.internalError) }
    }
    try withScene(script, config: h2c()) { scene in
      for path in ["/reset", "/short", "/length"] {
        let peer = try scene.peer()
        let answer = try peer.exchange(path)
        #expect(answer.reset == H2.internalError && !answer.isEnded, "\(path) \(answer)")
        let client = try scene.client()
        try client.send(get(path))
        let rest = try client.readToEnd().text
        #expect(rest.contains("part") && !rest.hasSuffix("0\r\n\r\n"), "\(path)")
      }
      try scene.rests()
    }
  }

  @Test("a refused connect goes to another backend, with the body")
  func refusedConnect() throws {
    let refusing = try Address.refusing()
    let script = Origin.Script.http2Answering { peer, request in
      try peer.respond(request.id, 200, body: request.body)
    }
    try withScene(script, config: h2c(backends: "'\(refusing)', '$0'")) { scene in
      let client = try scene.client()
      for _ in 0..<6 {
        let response = try client.exchange(post(body: "body"))
        #expect(response.text == "body")
      }
      let large = pattern(300_000)
      for _ in 0..<4 {
        let other = try scene.client()
        try other.send(head("POST / HTTP/1.1", "Host: a", "Content-Length: 300000"), large)
        let copy1 = try other.response().body
        #expect(same(copy1, large))
      }
    }
    try withScene(config: h2c(backends: "'\(refusing)'")) { scene in
      let response = try scene.exchange(get())
      #expect(response.status == 502)
    }
  }

  @Test("what is no HTTP/2, and answers that cannot be told, are 502")
  func malformed() throws {
    try withScene(.answering("HTTP/1.1 400 Bad Request\r\n\r\n"), config: h2c()) { scene in
      _ = scene
    }
    let cases: [(String, [(String, String)])] = [
      ("no status", [("x", "y")]), ("status 101", [(":status", "101")]),
      ("letters", [(":status", "2xx")]), ("upper case", [(":status", "200"), ("X", "y")]),
      ("CR LF", [(":status", "200"), ("x", "a\r\nb: c")]),
      ("connection", [(":status", "200"), ("connection", "close")]),
      ("chunked", [(":status", "200"), ("transfer-encoding", "chunked")]),
      ("lengths", [(":status", "200"), ("content-length", "1"), ("content-length", "2")]),
      ("a path", [(":status", "200"), (":path", "/")]),
    ]
    let script = Origin.Script.http2Answering { peer, request in
      let index = Int(request.path.dropFirst()) ?? 0
      try peer.send(head: cases[index].1, on: request.id)
      try peer.send(data: "x", on: request.id, ends: true)
    }
    try withScene(script, config: h2c()) { scene in
      for (index, (name, _)) in cases.enumerated() {
        row(name) {
          let client = try scene.client()
          let response = try client.exchange(post("/\(index)", body: "x"))
          #expect(response.status == 502, "\(name)")
        }
      }
      try scene.rests()
    }
  }

  @Test("a push ends the connection with PROTOCOL_ERROR")
  func push() throws {
    let codes = Locked<[UInt32]>([])
    let script = Origin.Script.http2 { peer, _ in
      guard let request = try peer.nextRequest() else { return }
      let promise = HTTP2Peer.word(2) + HTTP2Peer.block(HTTP2Peer.fields("/pushed"))
      try peer.send(H2.pushPromise, H2.endHeaders, request.id, promise)
      let code = try peer.connectionError()
      codes.withLock { $0.append(code) }
    }
    try withScene(script, config: h2c()) { scene in
      #expect(try scene.exchange(post(body: "x")).status == 502)
      try wait(for: "the code") { codes.withLock { $0 == [H2.protocolError] } }
    }
  }

  @Test("a backend that is silent with streams open is asked, and given up")
  func silent() throws {
    let pings = Locked(0)
    let script = Origin.Script.http2 { peer, connection in
      guard try peer.nextRequest() != nil else { return }
      if connection.index > 0 {
        for id in peer.order { try peer.respond(id) }
        return try peer.readToEnd(within: 60)
      }
      peer.acknowledges = false
      try peer.read("a PING", within: 60, orEnd: true) { peer.pings > 0 }
      pings.withLock { $0 = peer.pings }
      try peer.readToEnd(within: 60)
    }
    try withScene(script, config: h2c()) { scene in
      let client = try scene.client()
      try client.send(get())
      var response: Message?
      let took = try seconds {
        response = try Message(head: client.read(until: "\r\n\r\n", within: 60))
      }
      #expect(response?.status == 200)
      #expect(took > 15 && took < 40)
      #expect(pings.withLock { $0 } == 1)
    }
  }

  @Test("the breaker counts streams that fail, and least connections those at work")
  func breakerAndBalance() throws {
    let gate = Gate()
    let busy = Origin.Script.http2Answering { peer, request in
      try gate.pass()
      try peer.respond(request.id, 200, body: "busy")
    }
    let free = Origin.Script.http2Answering { peer, request in
      try peer.respond(request.id, 200, body: "free")
    }
    let config = h2c("strategy: least_connections", backends: "'$0', '$1'")
    try withScene(busy, free, config: config) { scene in
      let peer = try scene.peer()
      // One of these waits at the first backend; all others then find the second one idle.
      let ids = try (0..<2).map { _ in try peer.request() }
      try peer.read("the free one") { ids.contains { peer.stream($0).isEnded } }
      for _ in 0..<10 {
        let answer = try peer.exchange()
        #expect(answer.text == "free")
      }
      gate.open()
      let texts = try ids.map { try peer.answer($0).text }
      #expect(texts.sorted() == ["busy", "free"])
    }

    let failing = Origin.Script.http2Answering { peer, request in
      try peer.reset(request.id, H2.internalError)
    }
    try withScene(
      failing, config: h2c("breaker: { minimum_requests: 5, open_for: 30s }")
    ) { scene in
      let peer = try scene.peer()
      var statuses: [Int] = []
      for _ in 0..<10 { statuses.append(try peer.exchange("/", method: "POST", body: "x").status) }
      #expect(statuses.first == 502 && statuses.last == 503, "\(statuses)")
    }
  }

  @Test("a backend that resets every stream is not asked for ever")
  func alwaysReset() throws {
    let count = Locked(0)
    let script = Origin.Script.http2Answering { peer, request in
      if request.path == "/good" { return try peer.respond(request.id) }
      count.withLock { $0 += 1 }
      try peer.reset(request.id, H2.internalError)
    }
    try withScene(script, config: h2c()) { scene in
      let peer = try scene.peer()
      for _ in 0..<2 {
        // The connection is a used one then.
        #expect(try peer.exchange("/good").status == 200)
        #expect(try peer.exchange("/bad").status == 502)
      }
      #expect(count.withLock { $0 } < 10)
    }
  }

  @Test("a backend that leaves by reload, or into maintenance, keeps no connection")
  func leaves() throws {
    let gate = Gate()
    let script = Origin.Script.http2Answering { peer, request in
      if request.path == "/gated" { try gate.pass() }
      try peer.respond(request.id, 200, body: "old")
    }
    let new = Origin.Script.http2Answering { peer, request in
      try peer.respond(request.id, 200, body: "new")
    }
    try withScene(script, new, config: h2c()) { scene in
      #expect(try scene.exchange(get()).text == "old")
      let peer = try scene.peer()
      let id = try peer.request("/gated")
      try peer.settle()
      let config = h2c(backends: "'\(scene.origins[1].address)'")
      #expect(try scene.proxy.reload(config))
      #expect(try peer.exchange().text == "new")
      gate.open()
      #expect(try peer.answer(id).text == "old")
      try wait(for: "the end") { !scene.origins[0].connections[0].isOpen }
    }
  }
}
