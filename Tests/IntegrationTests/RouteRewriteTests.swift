import Testing

@Suite("Routes that rewrite the path") struct RouteRewriteTests {
  private static let routes = """
    - { match: { path: /api/** }, to: app, rewrite: { strip_prefix: /api } }
    - { match: { path: /old/** }, to: app, rewrite: { replace_prefix: { from: /old, to: /new/x } } }
    - { match: { host: base.example }, to: app,
        rewrite: { replace_prefix: { from: /, to: /base } } }
    - { match: { path: '/users/{id}/orders/**' }, to: app,
        rewrite: { path: '/v2/{id}/{rest}?user={id}&{query}' } }
    - { match: { path: '/keep/{id}' }, to: app, rewrite: { path: '/k/{id}' } }
    - { match: { path: '/none/**' }, to: app, rewrite: { path: '/{rest}?' } }
    - { to: app, rewrite: { path: '/x{path}' } }
    """

  @Test("the backend gets the new path, and the query stays")
  func targets() throws {
    let table: [(target: String, seen: String)] = [
      ("/api", "/"), ("/api/", "/"), ("/api?a=b", "/?a=b"), ("/api/users?x=1", "/users?x=1"),
      ("/api//users/", "/users/"), ("/%61pi/u", "/u"), ("/x/../api/u", "/u"),
      ("/api/api/u", "/api/u"), ("/api/a%2Fb", "/a%2Fb"), ("/api/a%20b?q=%20", "/a%20b?q=%20"),
      ("/old", "/new/x"), ("/old/", "/new/x/"), ("/old/a?b", "/new/x/a?b"),
      ("/users/7/orders/1/2?x=y", "/v2/7/1/2?user=7&x=y"),
      ("/users/%2F%3F/orders", "/v2/%2F%3F/?user=%2F%3F&"), ("/keep/7?a=?b", "/k/7?a=?b"),
      ("/keep/a?", "/k/a"), ("/none/a?gone=1", "/a"), ("/other/%41?z", "/x/other/A?z"),
      ("http://example.com/api/abs?q", "/abs?q"),
    ]
    try withScene(echo, config: routing(Self.routes)) { scene in
      let client = try scene.client()
      for (target, seen) in table {
        row(target) {
          let text = try client.exchange(get(target)).text
          #expect(text == seen, "\(target)")
        }
      }
      #expect(try client.exchange(getFrom(host: "base.example", "/a?b")).text == "/base/a?b")
      #expect(try client.exchange(getFrom(host: "base.example", "/")).text == "/base/")
      #expect(try client.exchange(head("OPTIONS * HTTP/1.1", "Host: a")).text == "*")
      #expect(scene.origin.connections.count == 1)
    }
  }

  @Test("a ? at the end of a query stays")
  func questionMark() throws {
    let routes = "- { to: app, rewrite: { path: '/x?{query}' } }"
    try withScene(echo, config: routing(routes)) { scene in
      let seen = try scene.exchange(get("/a?r=?")).text
      #expect(seen == "/x?r=?")
    }
  }

  @Test("the access log shows the target that the client sent")
  func accessLog() throws {
    try withScene(echo, config: routing(Self.routes, "access_log: json")) { scene in
      let targets = ["/api/users?x=1", "/users/7/orders/1?x", "/old/a"]
      let client = try scene.client()
      for target in targets { _ = try client.exchange(get(target)) }
      #expect(try logged(scene, 3).map { $0["target"] as? String } == targets)
    }
  }

  @Test("bodies follow the rewritten head")
  func bodies() throws {
    let script = Origin.Script.serving { request, _ in ok("\(request.target) \(request.text)") }
    try withScene(script, config: routing(Self.routes)) { scene in
      let client = try scene.client()
      #expect(try client.exchange(post("/api/p", body: "hello")).text == "/p hello")
      let chunked = head("PUT /old/c HTTP/1.1", "Host: a", "Transfer-Encoding: chunked")
      try client.send(chunked + chunk("hel") + chunk("lo") + "0\r\n\r\n")
      #expect(try client.response().text == "/new/x/c hello")
    }
  }

  @Test("a retry on a stale connection sends the rewritten and edited head again")
  func staleRetry() throws {
    let routes = """
      - match: { path: '/api/{id}/**' }
        to: app
        rewrite: { path: '/v2/{rest}?id={id}' }
        request_headers: { set: { X-Id: '{id}', Host: inner.example }, remove: [X-Secret] }
        response_headers: { set: { X-Done: '{id}' } }
      """
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send(ok("\(connection.index)"))
      _ = try connection.request()
    }
    try withScene(script, config: routing(routes)) { scene in
      let client = try scene.client()
      for number in 0...2 {
        let response = try client.exchange(get("/api/\(number)/a/b?q", "X-Secret: s"))
        #expect(response.text == "\(number)" && response["X-Done"] == "\(number)")
      }
      let seen = scene.origin.requests.map {
        "\($0.target) \($0["Host"] ?? "") \($0["X-Id"] ?? "")"
      }
      let expected = [0, 1, 1, 2, 2].map { "/v2/a/b?id=\($0) inner.example \($0)" }
      #expect(seen == expected)
      #expect(scene.origin.requests.allSatisfy { $0["X-Secret"] == nil })
    }
  }

  @Test("an upgrade goes to the rewritten path")
  func upgrade() throws {
    let script = Origin.Script.script { connection in
      let request = try connection.request()
      try connection.send(
        head("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket"))
      try connection.send("at \(request.target)")
      let text = try connection.read(5)
      try connection.send(text)
    }
    try withScene(script, config: routing(Self.routes)) { scene in
      let client = try scene.client()
      try client.send(get("/api/ws?k=v", "Connection: Upgrade", "Upgrade: websocket"))
      #expect(try client.readHead().status == 101)
      try client.expect("at /ws?k=v")
      try client.send("hello")
      try client.expect("hello")
    }
  }
}
