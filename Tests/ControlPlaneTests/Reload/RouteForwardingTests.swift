import Testing

@testable import ControlPlane

/// What routes do to requests and responses that pass, seen by a backend and a client.
@Suite("Routes: forwarding") struct RouteForwardingTests {
  private typealias Fixture = RouteFixture

  @Test(
    "rewrites",
    arguments: [
      ("/api", "/", ""), ("/api/", "/", ""), ("/api/x?v=1", "/x", "?v=1\n"), ("/apix", "/apix", ""),
      ("/old", "/new/deep", ""), ("/old/x/", "/new/deep/x/", ""), ("/%6Fld/x", "/new/deep/x", ""),
      ("/users/7/orders?a=1", "/v2/7", "?user=7\n"),
      ("/users/7&admin=1/orders", "/v2/7&admin=1", "?user=7&admin=1\n"),
      ("/below/a/b?x=1", "/t/a/b", "?x=1\n"), ("/below", "/t/", ""),
      ("/query?a=1&b=2", "/q", "?a=1\n?b=2\n"), ("/query", "/q", ""),
    ])
  func rewrites(target: String, path: String, query: String) throws {
    let routes = [
      Fixture.route("strip", "/api/**") { $0.rewrite = .stripPrefix("/api") },
      Fixture.route("replace", "/old/**") {
        $0.rewrite = .replacePrefix("/old/", with: "/new/deep/")
      },
      Fixture.route("template", "/users/{id}/orders") {
        $0.rewrite = .template(Fixture.template("/v2/{id}?user={id}"))
      },
      Fixture.route("rest", "/below/**") { $0.rewrite = .template(Fixture.template("t/{rest}")) },
      Fixture.route("query", "/query") {
        $0.rewrite = .template(Fixture.template("/q?{query}"))
      },
      Fixture.route("plain"),
    ]
    try Fixture.run(routes) { proxy, _ in
      let answer = try LocalClient.get(proxy, target)
      #expect(answer.text.hasPrefix("GET \(path)\n\(query)"), "\(answer.text)")
      #expect(query != "" || !answer.text.contains("\n?"))
    }
  }

  @Test("a value that would climb is refused")
  func climbing() throws {
    let route = Fixture.route("up") {
      $0.rewrite = .template(Fixture.template("/u/{header.X-User}/x"))
    }
    try Fixture.run([route]) { proxy, _ in
      func get(_ user: String) throws -> LocalClient.Answer {
        try LocalClient(proxy).exchange("GET / HTTP/1.1\r\nHost: a\r\nX-User: \(user)\r\n\r\n")
      }
      let up = try get("..")
      #expect(up.status == 400)
      let odd = try get("../a b?c#")
      #expect(odd.text.hasPrefix("GET /u/..%2Fa%20b%3Fc%23/x\n"), "\(odd)")
    }
  }

  @Test("edited request fields")
  func requestFields() throws {
    let route = Fixture.route("edit", "/u/{id}/**") {
      $0.requestHeaders.remove = ["x-debug", "X-Forwarded-Host"]
      $0.requestHeaders.set = [
        Fixture.value("X-User", "{id}"), Fixture.value("Host", "inner"),
        Fixture.value("x-request-id", "fixed"), Fixture.value("X-Empty", "{header.X-None}"),
        Fixture.value("X-All", "{method} {host} {path} {query} {scheme} {target} {rest}"),
      ]
      $0.requestHeaders.add = [
        Fixture.value("X-Tag", "a"), Fixture.value("X-Tag", "b"),
        Fixture.value("X-Client", "<{client_address}|{header.X-A}>"),
      ]
    }
    try Fixture.run([route]) { proxy, _ in
      let answer = try LocalClient(proxy).exchange(
        "GET /u/a%2fb/x/?q=1 HTTP/1.1\r\nHost: Outer:80\r\nX-User: evil\r\nX-DEBUG: 1\r\n"
          + "X-A: v\r\nX-Empty: 1\r\nX-Tag: own\r\nx-user: twice\r\n\r\n")
      let lines = answer.text.split(separator: "\n").map(String.init)
      #expect(lines[0] == "GET /u/a%2Fb/x/")
      #expect(lines.filter { $0.lowercased().hasPrefix("x-user") } == ["X-User: a%2Fb"])
      #expect(lines.filter { $0.hasPrefix("Host") } == ["Host: inner"])
      #expect(lines.filter { $0.hasPrefix("X-Tag") } == ["X-Tag: own", "X-Tag: a", "X-Tag: b"])
      #expect(lines.filter { $0.lowercased().hasPrefix("x-request-id") } == ["x-request-id: fixed"])
      #expect(lines.contains("X-Client: <127.0.0.1|v>"))
      #expect(lines.contains("X-All: GET Outer /u/a%2Fb/x/ q=1 http /u/a%2Fb/x/?q=1 x/"))
      #expect(!answer.text.lowercased().contains("x-debug"))
      #expect(!answer.text.contains("X-Empty"))
      #expect(!answer.text.contains("X-Forwarded-Host"))
      #expect(answer.text.contains("X-Forwarded-For: 127.0.0.1"))
    }
  }

  @Test("edited response fields, with what the request said")
  func responseFields() throws {
    let route = Fixture.route("edit", "/u/{id}") {
      $0.responseHeaders.remove = ["server"]
      $0.responseHeaders.set = [Fixture.value("X-Old", "{id} {header.X-A}")]
      $0.responseHeaders.add = [Fixture.value("X-ID", "{request_id}")]
    }
    try Fixture.run([route]) { proxy, _ in
      let client = try LocalClient(proxy)
      for id in ["1", "%41%2f"] {
        let answer = try client.exchange(
          "GET /u/\(id) HTTP/1.1\r\nHost: a\r\nX-A: v\r\n\r\n")
        #expect(answer.status == 200)
        #expect(answer.header("Server") == nil)
        let shown = id == "1" ? "1 v" : "A%2F v"
        #expect(answer.headers.filter { $0.name == "X-Old" }.map(\.value) == [shown])
        #expect(answer.text.contains("X-Request-Id: \(answer.header("X-ID") ?? "none")\n"))
      }
    }
  }

  @Test("timeouts of a route")
  func timeouts() throws {
    let routes = [
      Fixture.route("first", "/silent/first") {
        $0.timeouts.firstByte = .after(.milliseconds(100))
      },
      Fixture.route("whole", "/silent/whole") {
        $0.timeouts.request = .after(.milliseconds(100))
      },
      Fixture.route("off", "/silent/off") {
        $0.timeouts.firstByte = .off
        $0.timeouts.request = .off
      },
      Fixture.route("plain"),
    ]
    var settings = Config()
    settings.timeouts.request = .milliseconds(500)
    try Fixture.run(routes, with: settings) { proxy, _ in
      for (target, status) in [("first", 504), ("whole", 504), ("off", 200), ("plain", 504)] {
        let answer = try LocalClient.get(proxy, "/silent/\(target)")
        #expect(answer.status == status, "\(target)")
      }
    }
  }

  @Test("an address condition sees the forwarded address of a trusted peer only")
  func clientAddress() throws {
    let net = AddressRange(
      bytes: Array(repeating: 0, count: 10) + [255, 255, 10, 0, 0, 0], prefixLength: 104)
    let loopback = AddressRange(
      bytes: Array(repeating: 0, count: 10) + [255, 255, 127, 0, 0, 0], prefixLength: 104)
    let routes = [
      Fixture.route("net", to: .respond(.init(status: 200, body: Array("in".utf8)))) {
        $0.match.clientAddresses = [net]
      },
      Fixture.route("rest", to: .respond(.init(status: 200, body: Array("out".utf8)))),
    ]
    for isTrusted in [true, false] {
      var settings = Config()
      settings.trustedProxies = isTrusted ? [loopback] : []
      try Fixture.run(routes, with: settings) { proxy, _ in
        let answer = try LocalClient(proxy).exchange(
          "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1, 10.1.2.3\r\n\r\n")
        #expect(answer.text == (isTrusted ? "in" : "out"))
      }
    }
  }
}
