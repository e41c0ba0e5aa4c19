import Glibc
import Testing

extension Origin.Script {
  /// A backend that speaks HTTP/2: the script gets its end of each connection.
  static func http2(
    _ settings: [(UInt16, UInt32)] = [],
    _ run: @escaping @Sendable (HTTP2Peer, Origin.Connection) throws -> Void
  ) -> Origin.Script {
    .script { connection in
      connection.keepsRecord = false
      // A check of the port, or a connection that is never used.
      guard try connection.hasMore(within: 120) else { return }
      try run(try HTTP2Peer(server: connection, settings: settings), connection)
    }
  }

  /// Answers each request, in the order in which they are complete.
  static func http2Answering(
    _ settings: [(UInt16, UInt32)] = [],
    _ answer: @escaping @Sendable (HTTP2Peer, HTTP2Peer.Stream) throws -> Void
  ) -> Origin.Script {
    .http2(settings) { peer, _ in
      while let request = try peer.nextRequest() { try answer(peer, request) }
    }
  }
}

extension HTTP2Peer.Stream {
  var path: String { head.value(":path") ?? "" }
  var method: String { head.value(":method") ?? "" }
}

/// One pool `app` that speaks HTTP/2 in clear.
func h2c(
  _ pool: String = "", backends: String = "'$0'", workers: Int = 1, extra: String = ""
) -> String {
  """
  listen: 127.0.0.1:0
  admin: { address: 127.0.0.1:0 }
  workers: \(workers)
  routes: [{ to: app }]
  pools:
    app: { backends: [\(backends)], protocol: h2c\(pool.isEmpty ? "" : ", " + pool) }
  \(extra)

  """
}

@Suite("HTTP/2 backends") struct HTTP2BackendTests {
  private static let echo = Origin.Script.http2Answering { peer, request in
    try peer.respond(request.id, 200, [("x-path", request.path)], body: request.body)
  }

  @Test("a request of HTTP/1.1 becomes frames, the answer lines")
  func translation() throws {
    let seen = Locked<[HTTP2Peer.Stream]>([])
    let script = Origin.Script.http2Answering { peer, request in
      seen.withLock { $0.append(request) }
      try peer.send(head: [(":status", "103"), ("link", "</a>")], on: request.id)
      try peer.respond(
        request.id, 200, [("x-one", "1"), ("set-cookie", "a=b"), ("set-cookie", "c=d")],
        body: "answer", trailers: [("x-sum", "9")])
    }
    try withScene(script, config: h2c()) { scene in
      let client = try scene.client()
      try client.send(
        head(
          "POST /a?b HTTP/1.1", "Host: example.com", "X-One: 1", "Connection: x-own",
          "X-Own: 1", "Transfer-Encoding: chunked", "TE: trailers", "Cookie: a=b; c=d"),
        chunk("some "), chunk("body"), "0\r\nX-Check: 5\r\n\r\n")
      let early = try client.response()
      #expect(early.status == 103 && early["link"] == "</a>")
      let response = try client.response()
      #expect(response.status == 200 && response.text == "answer")
      #expect(response.framing == .chunked)
      #expect(response.trailers.map(\.description) == ["x-sum: 9"])
      #expect(response.all("set-cookie") == ["a=b", "c=d"])
      let request = seen.withLock { $0[0] }
      #expect(request.path == "/a?b" && request.method == "POST" && request.text == "some body")
      #expect(request[":authority"] == "example.com" && request[":scheme"] == "http")
      #expect(request["x-one"] == "1" && request["x-own"] == nil && request["host"] == nil)
      #expect(request["transfer-encoding"] == nil && request["connection"] == nil)
      #expect(
        request["te"] == "trailers"
          && request.head.all("cookie").joined(separator: "; ") == "a=b; c=d")
      #expect(request.trailers.map(\.description) == ["x-check: 5"])
    }
  }

  @Test("HEAD, 204, 304, bodies with and without a length")
  func bodies() throws {
    let script = Origin.Script.http2Answering { peer, request in
      switch request.path {
      case "/head": try peer.respond(request.id, 200, [("content-length", "77")], body: nil)
      case "/204": try peer.respond(request.id, 204, body: nil)
      case "/304": try peer.respond(request.id, 304, [("content-length", "77")], body: nil)
      case "/length": try peer.respond(request.id, 200, [("content-length", "4")], body: "four")
      case "/empty": try peer.respond(request.id, 200, body: nil)
      case "/late":
        try peer.send(head: [(":status", "200"), ("content-length", "4")], on: request.id)
        try peer.send(data: "four", on: request.id)
        try peer.send(data: "", on: request.id, ends: true)
      default: try peer.respond(request.id, 200, body: "any")
      }
    }
    try withScene(script, config: h2c()) { scene in
      let client = try scene.client()
      let peer = try scene.peer()
      for path in ["/head", "/204", "/304", "/length", "/empty", "/late", "/any"] {
        let method = path == "/head" ? "HEAD" : "GET"
        try client.send(head("\(method) \(path) HTTP/1.1", "Host: a"))
        let one = try client.response(to: method)
        let two = try peer.exchange(path, method: method)
        let status = Int(path.dropFirst()) ?? 200
        #expect(one.status == status && two.status == status, "\(path)")
        #expect(one.body == two.body, "\(path)")
        #expect(two.isEnded && two.reset == nil, "\(path)")
        if path == "/length" || path == "/late" { #expect(one.framing == .length(4)) }
        if path == "/empty" { #expect(one.framing == .length(0)) }
      }
      #expect(scene.origin.connections.count == 1)
    }
  }

  @Test("many requests share one connection, answered in any order")
  func multiplexing() throws {
    let script = Origin.Script.http2 { peer, _ in
      var waiting: [HTTP2Peer.Stream] = []
      while let request = try peer.nextRequest() {
        waiting.append(request)
        guard waiting.count == 60 else { continue }
        for request in waiting.reversed() { try peer.respond(request.id, 200, body: request.path) }
        waiting = []
      }
    }
    try withScene(script, config: h2c()) { scene in
      let peer = try scene.peer()
      let clients = try (0..<30).map { _ in try scene.client() }
      for (index, client) in clients.enumerated() { try client.send(get("/one/\(index)")) }
      let ids = try (0..<30).map { try peer.request("/two/\($0)") }
      for (index, client) in clients.enumerated() {
        #expect(try client.response().text == "/one/\(index)")
      }
      for (index, id) in ids.enumerated() { #expect(try peer.answer(id).text == "/two/\(index)") }
      #expect(scene.origin.connections.count == 1)
      #expect(try scene.proxy.metric("headrace_worker_http2_upstream_streams_total") == 60)
      try scene.rests()
    }
  }

  @Test("no more streams than the backend takes: further ones get further connections")
  func streamLimit() throws {
    let script = Origin.Script.http2([(H2.maxConcurrentStreams, 2)]) { peer, _ in
      var open = 0
      while let request = try peer.nextRequest() {
        open += 1
        if request.path == "/first" {
          try peer.respond(request.id)
          open -= 1
          continue
        }
        #expect(open <= 2)
        if open == 2 {
          for id in peer.order.suffix(2) { try peer.respond(id) }
          open = 0
        }
      }
    }
    try withScene(script, config: h2c()) { scene in
      let peer = try scene.peer()
      #expect(try peer.exchange("/first").status == 200)
      let ids = try (0..<8).map { _ in try peer.request("/") }
      for id in ids { #expect(try peer.answer(id).status == 200) }
      #expect(scene.origin.connections.count >= 2 && scene.origin.connections.count <= 4)
    }
  }

  @Test("capacity.max_connections bounds the connections; requests wait for a stream")
  func connectionLimit() throws {
    let script = Origin.Script.http2([(H2.maxConcurrentStreams, 1)]) { peer, _ in
      while let request = try peer.nextRequest() { try peer.respond(request.id) }
    }
    let config = h2c("capacity: { max_connections: 1 }")
    try withScene(script, config: config) { scene in
      let peer = try scene.peer()
      #expect(try peer.exchange().status == 200)
      let ids = try (0..<10).map { _ in try peer.request() }
      for id in ids { #expect(try peer.answer(id).status == 200) }
      #expect(scene.origin.connections.count == 1)
    }
  }

  @Test("max_connections over workers: an idle connection is given up for another worker")
  func sharedConnectionLimit() throws {
    let config = h2c("capacity: { max_connections: 1 }", workers: 2)
    try withScene(Self.echo, config: config) { scene in
      // Connections of clients fall to either worker.
      for round in 0..<20 {
        let response = try scene.exchange(get("/\(round)"))
        #expect(response.status == 200)
      }
    }
  }

  @Test("a large answer reaches a slow client within windows; the backend waits")
  func slowClient() throws {
    let size = 32 << 20
    let script = Origin.Script.http2 { peer, _ in
      peer.givesCredit = true
      while let request = try peer.nextRequest() {
        try peer.send(head: [(":status", "200"), ("content-length", "\(size)")], on: request.id)
        var sent = 0
        var window = 65_535
        var given = 0
        while sent < size {
          let count = min(16_384, size - sent)
          while window < count {
            try peer.read("credit", within: 60) { (peer.windowUpdates[request.id] ?? 0) > given }
            let now = peer.windowUpdates[request.id] ?? 0
            window += now - given
            given = now
          }
          try peer.send(
            data: pattern(count, from: sent), on: request.id, ends: sent + count == size)
          sent += count
          window -= count
        }
      }
    }
    try withScene(script, config: h2c()) { scene in
      let client = try scene.client(receiveBuffer: 4096)
      client.keepsRecord = false
      try client.send(get())
      #expect(try client.readHead().status == 200)
      usleep(500_000)
      let held = try scene.proxy.metric("headrace_worker_held_bytes") ?? 0
      #expect(held < 1_000_000, "\(held)")
      // Others are served over the same connection.
      try client.discard(size, within: 120)
    }
  }

  @Test("an upload keeps to the windows that the backend gives, also changed ones")
  func upload() throws {
    let script = Origin.Script.http2([(H2.initialWindow, 100)]) { peer, _ in
      peer.givesCredit = false
      guard let request = try peer.nextRequest(whole: false) else { return }
      let id = request.id
      try peer.read("the first window") { peer.stream(id).bodyCount >= 100 }
      try peer.settle()
      // The first window was the protocol's, until our SETTINGS were read.
      #expect(peer.stream(id).bodyCount <= 65_535)
      try peer.credit(0, 1 << 20)
      try peer.send(H2.settings, 0, 0, HTTP2Peer.pairs([(H2.initialWindow, 70_000)]))
      try peer.read("more") { peer.stream(id).bodyCount == 70_000 }
      try peer.settle()
      #expect(peer.stream(id).bodyCount == 70_000)
      try peer.credit(id, 330_000)
      try peer.read("all") { peer.stream(id).isEnded }
      #expect(same(peer.stream(id).body, pattern(400_000)))
      try peer.respond(id, 200, body: "got it")
      try peer.readToEnd(within: 120)
    }
    try withScene(script, config: h2c()) { scene in
      let client = try scene.client()
      try client.send(
        head("POST / HTTP/1.1", "Host: a", "Content-Length: 400000"), pattern(400_000))
      #expect(try client.response().text == "got it")
    }
  }

  @Test("idle connections end after keep_alive.idle_timeout, old ones after max_age")
  func ages() throws {
    try withScene(Self.echo, config: h2c("keep_alive: { idle_timeout: 300ms }")) { scene in
      #expect(try scene.exchange(get()).status == 200)
      try wait(for: "the end") { !(scene.origin.connections.first?.isOpen ?? true) }
      #expect(try scene.exchange(get()).status == 200)
      #expect(scene.origin.connections.count == 2)
    }
    try withScene(Self.echo, config: h2c("keep_alive: { max_age: 1s }")) { scene in
      let first = try scene.exchange(get())
      #expect(first.status == 200)
      usleep(1_100_000)
      let second = try scene.exchange(get())
      #expect(second.status == 200)
      #expect(scene.origin.connections.count == 2)
    }
  }
}
