import Testing

/// Edits of the response need the request, of which the buffers may hold nothing any more.
@Suite("Edits while other things happen") struct RouteEditFlowTests {
  private static let routes = """
    - match: { path: '/u/{id}/**' }
      to: app
      request_headers: { set: { X-Id: '{id}' } }
      response_headers: { set: { X-Id: '{id}', X-Rest: '{rest}', X-Ask: '{header.X-Ask} {query}' } }
    """

  private func expectEdited(_ response: Message, _ id: String) {
    #expect(response["X-Id"] == id)
    #expect(response["X-Rest"] == "rest/\(id)")
    #expect(response["X-Ask"] == "ask \(id) q=\(id)")
  }

  private static func target(_ id: Int) -> String { "/u/\(id)/rest/\(id)?q=\(id)" }

  @Test("pipelined requests have their own captures")
  func pipelined() throws {
    try withScene(echo, config: routing(Self.routes)) { scene in
      let client = try scene.client()
      try client.send((1...20).map { get(Self.target($0), "X-Ask: ask \($0)") }.joined())
      for id in 1...20 { expectEdited(try client.response(), "\(id)") }
      #expect(scene.origin.requests.map { $0["X-Id"] } == (1...20).map { "\($0)" })
    }
  }

  @Test("a long upload before the answer does not change what the answer is given")
  func upload() throws {
    let script = Origin.Script.serving { request, _ in ok("\(request.body.count)") }
    try withScene(script, config: routing(Self.routes)) { scene in
      let client = try scene.client()
      let size = 5 << 20
      for id in 1...2 {
        let length = "Content-Length: \(size)"
        try client.send(
          head("POST \(Self.target(id)) HTTP/1.1", "Host: a", "X-Ask: ask \(id)", length))
        try client.sendPattern(size)
        let response = try client.response()
        #expect(response.text == "\(size)")
        expectEdited(response, "\(id)")
      }
    }
  }

  @Test("a reload before the answer: it is edited as the request began")
  func reloaded() throws {
    let gate = Gate()
    let script = Origin.Script.serving { request, _ in
      if request.target.hasPrefix("/u/1/") { try gate.pass() }
      return ok()
    }
    try withScene(script, config: routing(Self.routes)) { scene in
      let client = try scene.client()
      try client.send(get(Self.target(1), "X-Ask: ask 1"))
      try scene.origin.waitForRequests(1)
      let changed = routing(
        "- { to: app, response_headers: { set: { X-New: '{method}' }, remove: X-Id } }"
      ).replacing("$0", with: scene.origin.address)
      for _ in 1...3 { #expect(try scene.proxy.reload(changed)) }
      gate.open()
      let old = try client.response()
      expectEdited(old, "1")
      #expect(old["X-New"] == nil)
      let new = try client.exchange(get(Self.target(2), "X-Ask: ask 2"))
      #expect(new["X-New"] == "GET" && new["X-Rest"] == nil)
    }
  }

  @Test("many connections at once do not mix what they know")
  func manyConnections() throws {
    let script = Origin.Script.serving { _, connection in
      try connection.rest(0.02)
      return ok()
    }
    try withScene(script, config: routing(Self.routes)) { scene in
      let clients = try (1...40).map { _ in try scene.client() }
      for round in 0...2 {
        for (index, client) in clients.enumerated() {
          let id = round * 100 + index
          try client.send(get(Self.target(id), "X-Ask: ask \(id)"))
        }
        for (index, client) in clients.enumerated() {
          expectEdited(try client.response(), "\(round * 100 + index)")
        }
      }
    }
  }

  @Test("heads near their limits are edited whole")
  func longHeads() throws {
    let long = String(repeating: "v", count: 7_000)
    let fields = (1...4).map { "X-Long-\($0): \(long)" }
    let script = Origin.Script.serving { request, _ in
      head(["HTTP/1.1 200 OK", "Content-Length: 2"] + fields) + "ok"
    }
    try withScene(script, config: routing(Self.routes)) { scene in
      let client = try scene.client()
      for id in 1...2 {
        let request = head(
          ["GET \(Self.target(id)) HTTP/1.1", "Host: a", "X-Ask: ask \(id)"] + fields)
        let response = try client.exchange(request)
        expectEdited(response, "\(id)")
        #expect(response["X-Long-4"] == long && response.text == "ok")
        #expect(scene.origin.lastRequest["X-Long-4"] == long)
        #expect(scene.origin.lastRequest["X-Id"] == "\(id)")
      }
    }
  }

  @Test("an accepted upgrade is edited, and stays one")
  func upgrade() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send(
        head("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket"))
      try connection.send(try connection.read(4))
    }
    try withScene(script, config: routing(Self.routes)) { scene in
      let client = try scene.client()
      try client.send(
        get(Self.target(1), "X-Ask: ask 1", "Connection: Upgrade", "Upgrade: websocket") + "ping")
      let response = try client.readHead()
      #expect(response.status == 101 && response["Upgrade"] == "websocket")
      expectEdited(response, "1")
      try client.expect("ping")
    }
  }

  @Test("fields that the proxy adds itself can be taken away or replaced")
  func ownFields() throws {
    let routes = """
      - to: app
        request_headers:
          set: { X-Forwarded-For: none, X-Real-IP: '{client_address}' }
          remove: [X-Request-Id, X-Forwarded-Host, Via]
        response_headers: { remove: [Via, Date] }
      """
    try withScene(echo, config: routing(routes, "via: true")) { scene in
      let response = try scene.exchange(get("/", "Via: 1.1 other", "X-Real-IP: 1.2.3.4"))
      #expect(response["Via"] == nil && response["Date"] == nil)
      let seen = scene.origin.lastRequest
      #expect(seen.all("X-Forwarded-For") == ["none"] && seen.all("X-Real-IP") == ["127.0.0.1"])
      #expect(seen["X-Request-Id"] == nil && seen["X-Forwarded-Host"] == nil)
      #expect(seen["Via"] == nil)
    }
  }

  @Test("whatever a client sends, the backend gets exactly one Host")
  func host() throws {
    let routes = "- { to: app, request_headers: { set: { Host: '{header.X-Tenant}' } } }"
    try withScene(echo, config: routing(routes)) { scene in
      let served = try scene.exchange(
        head("GET / HTTP/1.1", "Host: a.example", "X-Tenant: t1.example"))
      #expect(served.status == 200)
      #expect(scene.origin.lastRequest.all("Host") == ["t1.example"])
      for fields in [[], ["X-Tenant:"], ["X-Tenant: a b/c"], ["X-Tenant: a,b"], ["X-Tenant: a@b"]] {
        let response = try scene.exchange(head(["GET / HTTP/1.1", "Host: a.example"] + fields))
        #expect(response.status == 400, "\(fields)")
      }
      #expect(scene.origin.requests.count == 1)
    }
  }
}
