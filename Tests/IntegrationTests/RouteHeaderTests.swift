import Testing

@Suite("Routes that edit header fields") struct RouteHeaderTests {
  @Test("request fields: set, add, remove, in all their lines")
  func requestFields() throws {
    let routes = """
      - to: app
        request_headers:
          set: { X-Set: new, X-New: made }
          add: { X-Add: more, X-Other: one }
          remove: [X-Gone, Cookie]
      """
    try withScene(echo, config: routing(routes)) { scene in
      let client = try scene.client()
      let request = get(
        "/", "X-Set: a", "X-Add: first", "x-gone: 1", "X-Keep: 1", "X-SET: b", "X-Gone: 2",
        "Cookie: a=b", "Cookie: c=d", "X-Gone-Not: 1")
      for _ in 1...2 {
        #expect(try client.exchange(request).status == 200)
        let seen = scene.origin.lastRequest
        #expect(seen.all("X-Set") == ["new"] && seen.all("X-New") == ["made"])
        #expect(seen.all("X-Add") == ["first", "more"] && seen.all("X-Other") == ["one"])
        #expect(seen.all("X-Gone") == [] && seen.all("Cookie") == [])
        #expect(seen["X-Keep"] == "1" && seen["X-Gone-Not"] == "1")
        #expect(seen.all("Host") == ["example.com"])
      }
      // The field that the client named exactly as an edit does is one line even when it was two.
      let own = scene.origin.lastRequest.ownFields.map { $0.lowercased() }
      #expect(own.filter { $0.hasPrefix("x-set:") }.count == 1)
    }
  }

  @Test("a name that is removed or set may be added as well: what was there is gone")
  func order() throws {
    let routes = """
      - to: app
        request_headers: { remove: X-B, set: { X-A: set }, add: { X-A: add, X-B: add } }
      """
    try withScene(echo, config: routing(routes)) { scene in
      _ = try scene.exchange(get("/", "X-A: 1", "X-B: 1", "X-A: 2"))
      #expect(scene.origin.lastRequest.all("X-A") == ["set", "add"])
      #expect(scene.origin.lastRequest.all("X-B") == ["add"])
    }
  }

  @Test("variables in request fields")
  func variables() throws {
    let routes = """
      - match: { path: '/u/{id}/{file}/**' }
        to: app
        request_headers:
          set:
            X-All: '{client_address}|{host}|{method}|{path}|{query}|{scheme}|{target}'
            X-Captures: '{id}|{file}|{rest}'
            X-Header: '<{header.X-Twice}>|<{header.X-Missing}>|<{header.user-agent}>'
            X-Braces: '{{id}} {{}} }}{{'
            X-Request: '{request_id}'
      """
    try withScene(echo, config: routing(routes)) { scene in
      let request = head(
        "PATCH /u/7/a%2Fb/c//d/?q=1&r HTTP/1.1", "Host: Example.COM:8080", "X-Twice: one",
        "X-Twice: two", "User-Agent: test/1", "Content-Length: 0")
      _ = try scene.exchange(request)
      let seen = scene.origin.lastRequest
      let all = seen["X-All"]?.split(separator: "|", omittingEmptySubsequences: false) ?? []
      #expect(all.count == 7)
      #expect(all.first == "127.0.0.1" && all.dropFirst().first?.lowercased() == "example.com")
      #expect(
        Array(all.dropFirst(2)) == [
          "PATCH", "/u/7/a%2Fb/c/d/", "q=1&r", "http", "/u/7/a%2Fb/c/d/?q=1&r",
        ])
      #expect(seen["X-Captures"] == "7|a%2Fb|c/d/")
      #expect(seen["X-Header"] == "<one>|<>|<test/1>")
      #expect(seen["X-Braces"] == "{id} {} }{")
      #expect(seen["X-Request"] == seen["X-Request-Id"] && seen["X-Request"]?.isEmpty == false)
    }
  }

  @Test("variables behind a trusted proxy are those of the first client")
  func forwardedVariables() throws {
    let routes = """
      - to: app
        request_headers: { set: { X-V: '{client_address} {scheme} {request_id}' } }
        response_headers: { set: { X-V: '{client_address} {scheme} {request_id}' } }
      """
    let fields = ["X-Forwarded-For: 9.8.7.6", "X-Forwarded-Proto: https", "X-Request-Id: abc"]
    let request = head(["GET / HTTP/1.1", "Host: a"] + fields)
    let trusting = "trusted_proxies: [127.0.0.0/8]"
    try withScene(echo, config: routing(routes, trusting)) { scene in
      let response = try scene.exchange(request)
      #expect(response["X-V"] == "9.8.7.6 https abc")
      #expect(scene.origin.lastRequest["X-V"] == "9.8.7.6 https abc")
    }
    try withScene(echo, config: routing(routes)) { scene in
      let response = try scene.exchange(request)
      #expect(response["X-V"]?.hasPrefix("127.0.0.1 http ") == true)
      #expect(response["X-V"] == scene.origin.lastRequest["X-V"])
      #expect(response["X-V"]?.hasSuffix(" abc") == false)
    }
  }

  @Test("the Host that is set is the one that the backend sees, alone")
  func host() throws {
    let routes = """
      - { match: { path: /fixed }, to: app, request_headers: { set: { Host: inner.example } } }
      - match: { host: '*.shop.example' }
        to: app
        request_headers: { set: { host: '{header.X-Tenant}.inner' } }
      - to: app
      """
    try withScene(echo, config: routing(routes)) { scene in
      let client = try scene.client()
      func host(_ request: String) throws -> [String] {
        _ = try client.exchange(request)
        return scene.origin.lastRequest.all("Host")
      }
      #expect(try host(get("/fixed")) == ["inner.example"])
      #expect(scene.origin.lastRequest["X-Forwarded-Host"] == "example.com")
      #expect(try host(get("http://abs.example/fixed")) == ["inner.example"])
      let tenant = head("GET / HTTP/1.1", "Host: x.shop.example", "X-Tenant: t1")
      #expect(try host(tenant) == ["t1.inner"])
      #expect(try host(get("/")) == ["example.com"])
    }
  }

  @Test("response fields: set, add, remove, in all their lines, whatever frames the body")
  func responseFields() throws {
    let routes = """
      - match: { path: '/{id}' }
        to: app
        response_headers:
          set: { X-Served-By: headrace, X-Set: 'id {id} {query} {header.X-Ask}', Vary: '*' }
          add: { X-Add: two }
          remove: [Server, Set-Cookie]
      """
    let fields = [
      "Server: app", "Set-Cookie: a=1", "X-Set: old", "X-Add: one", "set-cookie: b=2", "Vary: A",
      "Vary: B", "SET-COOKIE: c=3", "X-Keep: 1",
    ]
    let script = Origin.Script.script { connection in
      while let request = try connection.nextRequest() {
        switch request.target.prefix(2) {
        case "/l":
          try connection.send(head(["HTTP/1.1 200 OK", "Content-Length: 2"] + fields), "ok")
        case "/n": try connection.send(head(["HTTP/1.1 304 Not Modified"] + fields))
        case "/e": try connection.send(head(["HTTP/1.1 500 Oh", "Content-Length: 0"] + fields))
        default:
          try connection.send(head(["HTTP/1.1 200 OK", "Transfer-Encoding: chunked"] + fields))
          try connection.send(chunk("o") + chunk("k") + "0\r\nX-Trailer: t\r\n\r\n")
        }
      }
    }
    try withScene(script, config: routing(routes)) { scene in
      let client = try scene.client()
      for (target, status, body) in [
        ("/l", 200, "ok"), ("/c", 200, "ok"), ("/n", 304, ""), ("/e", 500, ""), ("/l", 200, "ok"),
      ] {
        let response = try client.exchange(get("\(target)?q", "X-Ask: a b"))
        #expect(response.status == status && response.text == body, "\(target)")
        #expect(response.all("Server") == [] && response.all("Set-Cookie") == [], "\(target)")
        #expect(response.all("X-Served-By") == ["headrace"] && response.all("Vary") == ["*"])
        #expect(response.all("X-Set") == ["id \(target.dropFirst()) q a b"])
        #expect(response.all("X-Add") == ["one", "two"] && response["X-Keep"] == "1")
        if target == "/c" { #expect(response.trailers.map(\.name) == ["X-Trailer"]) }
      }
    }
  }

  @Test("interim responses pass as they are; the final one is edited")
  func interim() throws {
    let routes = "- { to: app, response_headers: { set: { X-Set: '1' }, remove: [X-Gone] } }"
    let script = Origin.Script.answering(
      head("HTTP/1.1 103 Early Hints", "Link: </a>", "X-Gone: 1") + ok("final", "X-Gone: 1"))
    try withScene(script, config: routing(routes)) { scene in
      let client = try scene.client()
      let hint = try client.exchange(get())
      #expect(hint.status == 103 && hint["Link"] == "</a>" && hint["X-Set"] == nil)
      let final = try client.response()
      #expect(final.text == "final" && final["X-Set"] == "1" && final["X-Gone"] == nil)
    }
  }

  @Test("fields that frame messages cannot be edited at all")
  func framing() throws {
    let names = [
      "Content-Length", "transfer-encoding", "Connection", "Keep-Alive", "TE", "Trailer", "Upgrade",
      "Proxy-Connection",
    ]
    let edits = names.flatMap { name in
      ["set: { \(name): x }", "add: { \(name): x }", "remove: \(name)"].flatMap {
        ["request_headers: { \($0) }", "response_headers: { \($0) }"]
      }
    }
    let hosts = ["request_headers: { add: { Host: x } }", "request_headers: { remove: Host }"]
    for edit in edits + hosts {
      let config = routing("- { to: app, \(edit) }").replacing("$0", with: "127.0.0.1:1")
      let result = try Command.run(["check", "$/a.yaml"], files: ["a.yaml": config])
      #expect(result.status == .exited(1), "\(edit): \(result.errors)")
    }
  }

  @Test("errors that the proxy makes itself are not edited")
  func errors() throws {
    let routes = "- { to: app, response_headers: { set: { X-Set: '1' } } }"
    let config = routing(routes).replacing("$0", with: try Address.refusing())
    try withScene(config: config) { scene in
      let client = try scene.client()
      for _ in 1...2 {
        let response = try client.exchange(get())
        #expect(response.status == 502 && response["X-Set"] == nil)
        #expect(response.framing == .length(response.body.count))
      }
    }
  }
}
