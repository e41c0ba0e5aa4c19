import Testing

@testable import ControlPlane

/// What `headrace explain` says.
@Suite struct ExplanationTests {
  private static let text = """
    listen: :8080
    trusted_proxies: [10.0.0.0/8]
    limits: { body: 10 }
    routes:
      - { name: host, match: { host: [example.com, "*.example.com"] }, to: app }
      - { name: path, match: { path: [/a/**, /b] }, to: app }
      - { name: method, match: { method: [PUT, DELETE] }, to: app }
      - { name: header, match: { headers: { X-Canary: "1" } }, to: app }
      - { name: query, match: { query: { v: ["2", "3"] } }, to: app }
      - { name: client, match: { client_address: 192.168.0.0/16 }, to: app }
      - { name: old, match: { path: "/old/{x}/**" }, redirect: "/new/{rest}?{query}" }
      - { name: sorry, match: { path: /sorry }, respond: { status: 503, body: sorry } }
      - name: users
        match: { path: "/users/{id}" }
        to: app
        timeout: 2s
        rewrite: { path: "/u/{id}" }
        request_headers: { set: { X-User: "{id}", X-Id: "{request_id}" }, remove: [Accept] }
        response_headers: { remove: [Server] }
      - { name: rest, match: { path: /rest }, to: app }
    pools:
      app:
        strategy: weighted_round_robin
        backends: [127.0.0.1:1, { address: app:2, weight: 3 }]
    """

  private func explain(
    _ url: String, method: String? = nil, _ headers: [String] = [], data: String? = nil,
    client: String = "127.0.0.1"
  ) throws -> Explanation {
    let request = try ExplainRequest(
      method: method, headers: headers, data: data, url: url, client: client)
    return Explanation(try ConfigFixture.config(Self.text), request)
  }

  @Test func saysWhereAKeyBelongs() throws {
    let text = """
      listen: :80
      routes: [{ to: app, match: { path: ["/u/{id}", "/x"] } }]
      pools:
        app:
          strategy: { hash: "path:{id}" }
          backends: [127.0.0.1:1, 127.0.0.1:2, { address: 127.0.0.1:3, backup: true }]
      """
    func key(_ url: String, _ text: String) throws -> String? {
      let request = try ExplainRequest(
        method: nil, headers: [], data: nil, url: url, client: "127.0.0.1")
      let explanation = Explanation(try ConfigFixture.config(text), request)
      guard case .forward(let forward) = explanation.outcome else { return nil }
      return forward.key
    }
    let places = Set(try (0..<20).map { try key("/u/\($0)", text) })
    #expect(
      places == [
        "belongs to 127.0.0.1:1 while that is available",
        "belongs to 127.0.0.1:2 while that is available",
      ])
    let none = try key("/x", text)
    #expect(none == "the request has none, so it goes round robin")
    let names = try key("/u/1", text.replacing("127.0.0.1:2", with: "app:2"))
    #expect(names == "found; its backend hangs on what the names resolve to")
    let other = try key("/u/1", text.replacing("{ hash: \"path:{id}\" }", with: "random"))
    #expect(other == nil)
  }

  @Test func saysWhyEachRouteDidNotMatch() throws {
    let explanation = try explain("http://other/x?v=4&w=1", ["X-Canary: 2"])
    #expect(
      explanation.misses.map { "\($0.route): \($0.reason)" } == [
        "host: host other is not example.com or *.example.com",
        "path: path /x is not /a/** or /b",
        "method: method GET is not PUT or DELETE",
        "header: header x-canary is \"2\", wanted: x-canary = \"1\"",
        "query: query v is \"4\", wanted: v = \"2\" or \"3\"",
        "client: client address 127.0.0.1 is not in 192.168.0.0/16",
        "old: path /x is not /old/{x}/**",
        "sorry: path /x is not /sorry",
        "users: path /x is not /users/{id}",
        "rest: path /x is not /rest",
      ])
    #expect(explanation.outcome == .noRoute)
    #expect(explanation.route == nil)
  }

  @Test func saysWhatIsMissing() throws {
    let reasons = try explain("/x").misses.map(\.reason)
    #expect(reasons.contains("header x-canary is missing, wanted: x-canary = \"1\""))
    #expect(reasons.contains("query v is missing, wanted: v = \"2\" or \"3\""))
  }

  @Test func thePage() throws {
    let text = try explain("http://h//users/7?a=b", ["Connection: X-Hop", "X-Hop: 1"]).text()
    #expect(
      text == """
        GET //users/7?a=b of h
        from 127.0.0.1
        path in its normal form: /users/7

        Not taken by:
          host    host h is not example.com or *.example.com
          path    path /users/7 is not /a/** or /b
          method  method GET is not PUT or DELETE
          header  header x-canary is missing, wanted: x-canary = "1"
          query   query v is missing, wanted: v = "2" or "3"
          client  client address 127.0.0.1 is not in 192.168.0.0/16
          old     path /users/7 is not /old/{x}/**
          sorry   path /users/7 is not /sorry

        Taken by route "users", the 9th:
          path /users/{id} -> to pool "app"

        Sent to a backend of pool "app":
          GET /u/7?a=b HTTP/1.1
          Host: h
          User-Agent: curl/8
          X-Forwarded-For: 127.0.0.1
          X-Forwarded-Proto: http
          X-Forwarded-Host: h
          X-Request-Id: (an id made for each request)
          X-User: 7
          X-Id: (an id made for each request)

        pool: weighted_round_robin of 127.0.0.1:1 (weight 1), app:2 (weight 3)
        timeouts: request 2s (of the route), connect 5s, first_byte 1m, response_idle 1m, try off
        limits: request_line 8KiB, headers 32KiB, header_count 100, body 10
        response fields: remove Server

        """)
  }

  @Test func answersOfTheProxyItself() throws {
    #expect(try explain("/old/1/a/b?c").outcome == .redirect(status: 302, location: "/new/a/b?c"))
    #expect(try explain("/old/1").outcome == .redirect(status: 302, location: "/new/"))
    #expect(
      try explain("/sorry").outcome
        == .respond(status: 503, contentType: "text/plain; charset=utf-8", bytes: 5))
    #expect(
      try explain("/%zz").outcome
        == .refused(status: 400, reason: "malformed request target"))
    #expect(
      try explain("/a", data: "12345678901").outcome
        == .refused(status: 413, reason: "the body is larger than limits.body"))
    #expect(try explain("/%zz").text().hasSuffix("Answered 400: malformed request target\n"))
  }

  @Test func hopsAreCounted() throws {
    let fields = ["Max-Forwards: 0"]
    #expect(try explain("/rest", method: "OPTIONS", fields).outcome == .hopLimit(status: 200))
    #expect(try explain("/sorry", method: "OPTIONS", fields).text().contains("Answered 503"))
    #expect(try explain("/rest", fields).text().contains("\n  Max-Forwards: 0\n"))
  }

  @Test func trustedProxiesNameTheClient() throws {
    let fields = ["X-Forwarded-For: 1.2.3.4, 192.168.1.1, 10.9.9.9", "X-Request-Id: mine"]
    let trusted = try explain("/x", fields, client: "10.0.0.1")
    #expect(trusted.clientAddress == "192.168.1.1")
    #expect(trusted.route?.name == "client")
    guard case .forward(let forward) = trusted.outcome else {
      Issue.record("\(trusted.outcome)")
      return
    }
    #expect(forward.head.contains("X-Forwarded-For: 1.2.3.4, 192.168.1.1, 10.9.9.9, 10.0.0.1"))
    #expect(forward.head.contains("X-Request-Id: mine"))
    #expect(trusted.text().contains("from 192.168.1.1, by the trusted proxy 10.0.0.1\n"))
    #expect(try explain("/x", fields, client: "11.0.0.1").clientAddress == "11.0.0.1")
  }

  @Test func aDocumentForMachines() throws {
    let json = try explain("/rest").json
    #expect(json.contains("\"route\": \"rest\",\n  \"route_number\": 10,\n"))
    #expect(json.contains("\"outcome\": \"forward\",\n  \"pool\": \"app\",\n"))
    #expect(try explain("/x").json.contains("\"route\": null,"))
  }
}
