import ControlPlane
import Testing

/// Routes that load, and what they become.
struct RouteLanguageTests {
  private func route(_ text: String) throws -> Config.Route {
    let config = try ConfigFixture.config(
      "listen: :8080\npools: { app: [127.0.0.1:3000] }\nroutes:\n  - " + text
        + "\n  - { to: app }\n")
    return config.routes[0]
  }

  @Test func conditions() throws {
    let match = try route(
      """
      { to: app, match: { host: ["*.example.com", Example.com],
          path: ["/users/{id}/orders/**", /one/*/segment, /a/], method: [GET, HEAD],
          headers: { X-Canary: "1", X-Debug: present, X-Old: absent,
            User-Agent: { contains: bot }, Accept: { prefix: text/ }, X-A: [a, present] },
          query: { v: 2, Debug: present }, client_address: [10.0.0.0/8, "::1"] } }
      """
    ).match
    #expect(match.hosts == [.suffix(".example.com"), .exact("example.com")])
    #expect(
      match.paths == [
        .init(
          segments: [.literal("users"), .capture("id"), .literal("orders")], matchesBelow: true),
        .init(segments: [.literal("one"), .any, .literal("segment")]),
        .init(segments: [.literal("a")], endsWithSlash: true),
      ])
    #expect(match.methods == ["GET", "HEAD"])
    #expect(
      match.headers == [
        .init(name: "x-canary", test: .isOneOf(["1"])), .init(name: "x-debug", test: .present),
        .init(name: "x-old", test: .absent), .init(name: "user-agent", test: .contains("bot")),
        .init(name: "accept", test: .hasPrefix("text/")),
        .init(name: "x-a", test: .isOneOf(["a", "present"])),
      ])
    #expect(
      match.query == [
        .init(name: "v", test: .isOneOf(["2"])), .init(name: "Debug", test: .present),
      ])
    #expect(match.clientAddresses.map(\.prefixLength) == [104, 128])
  }

  @Test func oneInsteadOfAList() throws {
    let match = try route(
      "{ to: app, match: { method: PURGE, client_address: 127.0.0.1, path: /** } }"
    ).match
    #expect(match.methods == ["PURGE"])
    #expect(match.clientAddresses.count == 1)
    #expect(match.paths == [.init(segments: [], matchesBelow: true)])
  }

  @Test func redirects() throws {
    let long = try route(
      "{ match: { path: /old/** }, redirect: { to: 'https://a.b/new/{rest}', status: 308 } }")
    #expect(
      long.action
        == .redirect(
          status: 308, to: .init([.text("https://a.b/new/"), .variable(.capture("rest"))])))
    #expect(long.name == "redirect")
    let short = try route("{ match: { path: /x }, redirect: 'https://a.b{target}' }")
    #expect(
      short.action
        == .redirect(status: 302, to: .init([.text("https://a.b"), .variable(.target)])))
  }

  @Test func responses() throws {
    let text = try route(
      #"{ match: { path: /a }, respond: { status: 200, body: "User-agent: *\n" } }"#)
    #expect(text.action == .respond(.init(status: 200, body: Array("User-agent: *\n".utf8))))
    let short = try route("{ match: { path: /a }, respond: 404 }")
    #expect(short.action == .respond(.init(status: 404)))
    #expect(short.name == "respond")
    let file = try route("{ match: { path: /a }, respond: { status: 503, file: ok.html } }")
    #expect(
      file.action
        == .respond(
          .init(
            status: 503, body: Array("sorry".utf8), contentType: "text/html; charset=utf-8")))
    let type = try route(
      "{ match: { path: /a }, respond: { file: ok.txt, content_type: text/markdown } }")
    #expect(
      type.action
        == .respond(.init(status: 200, body: Array("sorry".utf8), contentType: "text/markdown")))
  }

  @Test func rewrites() throws {
    func rewrite(_ text: String) throws -> Config.Rewrite? {
      try route("{ match: { path: '/api/{id}/**' }, to: app, rewrite: { \(text) } }").rewrite
    }
    #expect(try rewrite("strip_prefix: /api") == .stripPrefix("/api"))
    #expect(
      try rewrite("replace_prefix: { from: /api, to: / }") == .replacePrefix("/api", with: ""))
    #expect(
      try rewrite("replace_prefix: { from: /, to: /v1 }") == .replacePrefix("", with: "/v1"))
    #expect(
      try rewrite("path: '/v2/{id}?{query}'")
        == .template(
          .init([
            .text("/v2/"), .variable(.capture("id")), .text("?"), .variable(.query),
          ])))
  }

  @Test func headerEdits() throws {
    let edited = try route(
      """
      { match: { path: '/{id}' }, to: app,
        request_headers: { set: { X-User: "{id}", Host: a.b, X-J: "{{a}}" }, add: { X-T: a },
          remove: [X-Debug] },
        response_headers: { set: { X-From: "{header.X-Real}" }, remove: Server } }
      """)
    #expect(
      edited.requestHeaders.set == [
        .init(name: "X-User", value: .init([.variable(.capture("id"))])),
        .init(name: "Host", value: .init([.text("a.b")])),
        .init(name: "X-J", value: .init([.text("{a}")])),
      ])
    #expect(edited.requestHeaders.add == [.init(name: "X-T", value: .init([.text("a")]))])
    #expect(edited.requestHeaders.remove == ["X-Debug"])
    #expect(edited.responseHeaders.set[0].value == .init([.variable(.header("x-real"))]))
    #expect(edited.responseHeaders.remove == ["Server"])
  }

  @Test func routeTimeouts() throws {
    let long = try route(
      "{ to: app, match: { path: /a }, timeout: 2s, timeouts: { connect: 1s, first_byte: off } }"
    ).timeouts
    #expect(long.request == .after(.seconds(2)))
    #expect(long.connect == .after(.seconds(1)))
    #expect(long.firstByte == .off)
    #expect(long.responseIdle == .inherit)
  }

  /// Shadowed routes are looked for without comparing each with each.
  @Test func manyRoutesLoadFast() throws {
    let routes = (0..<10_000).map { number in
      "  - { match: { host: h\(number % 7).example.com, path: /api/s\(number)/** }, to: app }\n"
    }
    let text = "listen: :8080\npools: { app: [127.0.0.1:3000] }\nroutes:\n" + routes.joined()
    let clock = ContinuousClock()
    var result: Result<ConfigLoader.Loaded, ConfigErrors>?
    let time = clock.measure { result = ConfigFixture.load(text) }
    #expect(try result?.get().config.routes.count == 10_000)
    #expect(try result?.get().warnings == [])
    #expect(time < .seconds(60))
  }
}

/// Files that are made to take long are answered in time.
struct SlowConfigTests {
  private static let head = "listen: :8080\npools: { app: [127.0.0.1:3000] }\nroutes:\n"

  private func answers(_ text: String) {
    let time = ContinuousClock().measure { _ = ConfigFixture.load(text) }
    #expect(time < .seconds(60), "\(text.prefix(80))")
  }

  @Test func longLists() {
    let hosts = (0..<1000).map { "h\($0).a" }.joined(separator: ", ")
    let paths = (0..<1000).map { "/p\($0)" }.joined(separator: ", ")
    let route = "  - { match: { host: [\(hosts)], path: [\(paths)] }, to: app }\n"
    answers(Self.head + String(repeating: route, count: 20))
    let fields = (0..<20_000).map { "a\($0): b" }.joined(separator: ", ")
    answers(Self.head + "  - { match: { headers: { \(fields) } }, to: app }\n")
  }

  @Test func manyCaptures() {
    let paths = (0..<1000).map { "'/p\($0)/{a}'" }.joined(separator: ", ")
    let value = String(repeating: "{a}{b}", count: 600)
    let fields = (0..<50).map { "A\($0): '\(value)'" }.joined(separator: ", ")
    answers(
      Self.head
        + "  - { match: { path: [\(paths)] }, to: app, request_headers: { set: { \(fields) } } }\n")
  }

  @Test func manyUnknownPools() {
    let pools = (0..<2000).map { "  pool-\($0): [127.0.0.1:1]\n" }.joined()
    let routes = (0..<2000).map { "  - { match: { path: /\($0) }, to: pool-x\($0) }\n" }.joined()
    answers("listen: :8080\npools:\n" + pools + "routes:\n" + routes)
  }
}
