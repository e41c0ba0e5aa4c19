import Testing

@Suite("Keep-alive and pipelining") struct KeepAliveTests {
  @Test("a client connection serves many requests, and one backend connection all of them")
  func reuse() throws {
    try withScene(.serving { request, _ in ok(request.target) }) { scene in
      let client = try scene.client()
      for i in 1...50 { #expect(try client.exchange(get("/\(i)")).text == "/\(i)") }
      let other = try scene.client()
      #expect(try other.exchange(get("/other")).text == "/other")
      #expect(scene.origin.connections.count == 1)
    }
  }

  @Test("Connection: close of the client is honoured, the backend's connection stays")
  func clientCloses() throws {
    try withScene(.answering(ok())) { scene in
      for value in ["close", "Close", "x, close"] {
        let client = try scene.client()
        try client.send(get("/", "Connection: \(value)") + get("/ignored"))
        let response = try client.response()
        #expect(response["Connection"]?.lowercased() == "close")
        #expect(try client.readToEnd() == [])
      }
      #expect(scene.origin.connections.count == 1)
      #expect(scene.origin.requests.allSatisfy { $0.target == "/" })
      #expect(scene.origin.requests.allSatisfy { $0["Connection"]?.lowercased() != "close" })
    }
  }

  @Test("Connection: close of the backend is honoured, the client's connection stays")
  func backendCloses() throws {
    let script = Origin.Script.serving { _, _ in ok("x", "Connection: close") }
    try withScene(script) { scene in
      let client = try scene.client()
      for _ in 1...3 {
        let response = try client.exchange(get())
        #expect(response.text == "x")
        #expect(response["Connection"] == nil)
      }
      #expect(scene.origin.connections.count == 3)
    }
  }

  @Test("pipelined requests are answered in order")
  func pipelining() throws {
    let script = Origin.Script.serving { request, connection in
      if request.target == "/1" { try connection.rest(0.1) }
      return ok(request.target + request.text)
    }
    try withScene(script, script) { scene in
      let client = try scene.client()
      var all = ""
      for i in 1...30 { all += i % 3 == 0 ? post("/\(i)", body: "b\(i)") : get("/\(i)") }
      try client.send(all)
      for i in 1...30 {
        #expect(try client.response().text == "/\(i)" + (i % 3 == 0 ? "b\(i)" : ""))
      }
    }
  }

  @Test("pipelined requests beyond any buffer are answered in order")
  func deepPipelining() throws {
    try withScene(.serving { request, _ in ok(request.target) }) { scene in
      let client = try scene.client()
      let count = 2000
      startThread {
        for i in 1...count { try? client.send(get("/\(i)", "X-Fill: \(pattern(0))")) }
      }
      for i in 1...count {
        let text = try client.response().text
        if text != "/\(i)" {
          Issue.record("answer \(i) is \(text)")
          break
        }
      }
      #expect(scene.origin.connections.count == 1)
    }
  }

  @Test("idle backend connections close before their time-out, and by Keep-Alive: timeout")
  func idleExpiry() throws {
    let config = Scene.config(
      pool: "{ backends: ['$0'], keep_alive: { idle_timeout: 300ms } }")
    try withScene(.answering(ok()), config: config) { scene in
      #expect(try scene.exchange(get()).status == 200)
      try wait(for: "the idle connection to close", within: 3) {
        try !scene.origin.connection(0).isOpen
      }
      #expect(try scene.exchange(get()).status == 200)
      #expect(scene.origin.connections.count == 2)
    }
    try withScene(.answering(ok("x", "Keep-Alive: timeout=1"))) { scene in
      #expect(try scene.exchange(get())["Keep-Alive"] == nil)
      try wait(for: "the idle connection to close", within: 3) {
        try !scene.origin.connection(0).isOpen
      }
    }
  }

  @Test("max_idle bounds the idle connections, max_age their life")
  func poolBounds() throws {
    func config(_ keepAlive: String) -> String {
      Scene.config(pool: "{ backends: ['$0'], keep_alive: { \(keepAlive) } }")
    }
    try withScene(.answering(ok()), config: config("max_idle: 0")) { scene in
      let client = try scene.client()
      for _ in 1...3 { #expect(try client.exchange(get()).status == 200) }
      #expect(scene.origin.connections.count == 3)
    }
    let slow = Origin.Script.serving { _, connection in
      try connection.rest(0.1)
      return ok()
    }
    try withScene(slow, config: config("max_idle: 2")) { scene in
      let clients = try (1...6).map { _ in try scene.client() }
      for client in clients { try client.send(get()) }
      for client in clients { #expect(try client.response().status == 200) }
      try wait(for: "all but two connections to close") {
        scene.origin.connections.filter(\.isOpen).count <= 2
      }
    }
    try withScene(.answering(ok()), config: config("max_age: 1s")) { scene in
      let client = try scene.client()
      #expect(try client.exchange(get()).status == 200)
      #expect(try client.exchange(get()).status == 200)
      #expect(scene.origin.connections.count == 1)
      try client.rest(1.2)
      #expect(try client.exchange(get()).status == 200)
      #expect(scene.origin.connections.count == 2)
    }
  }

  @Test("bytes left over after a response keep its connection out of the pool")
  func leftOver() throws {
    let script = Origin.Script.script { connection in
      while try connection.nextRequest() != nil {
        try connection.send(ok("good") + ok("smuggled"))
      }
    }
    try withScene(script) { scene in
      let client = try scene.client()
      for _ in 1...3 { #expect(try client.exchange(get()).text == "good") }
      #expect(scene.origin.connections.count == 3)
    }
  }

  @Test("a byte on an idle connection closes it")
  func byteWhileIdle() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send(ok("\(connection.index)"))
      try connection.rest(0.1)
      try connection.send(ok("smuggled"))
      _ = try connection.ending()
    }
    try withScene(script) { scene in
      let client = try scene.client()
      #expect(try client.exchange(get()).text == "0")
      try wait(for: "the connection to close") { try !scene.origin.connection(0).isOpen }
      #expect(try client.exchange(get()).text == "1")
    }
  }

  @Test("a Keep-Alive field of any content does no harm")
  func oddKeepAlive() throws {
    let values = [
      "timeout=99999999999999999999999", "timeout=-1", "timeout=", "timeout", "=5", ",,,",
      "max=0", "timeout=1.5", "timeout=0x5, max=9999999999999999999999", "timeout=\"5\"",
    ]
    let script = Origin.Script.serving { request, _ in
      ok("x", "Keep-Alive: \(values[Int(request.target.dropFirst()) ?? 0])")
    }
    try withScene(script) { scene in
      let client = try scene.client()
      for index in values.indices {
        #expect(try client.exchange(get("/\(index)")).text == "x", "\(values[index])")
      }
    }
  }
}
