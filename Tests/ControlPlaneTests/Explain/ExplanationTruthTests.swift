import Testing

@testable import ControlPlane

/// What `explain` says a backend would see is what a backend sees.
@Suite(.timeLimit(.minutes(5))) struct ExplanationTruthTests {
  private static let routes = [
    RouteFixture.route("edited", "/edit/{id}/**") { route in
      route.rewrite = .replacePrefix("/edit", with: "/e")
      route.requestHeaders.set = [
        RouteFixture.value("X-Id", "{id}-{client_address}"), RouteFixture.value("Host", "other"),
      ]
      route.requestHeaders.add = [RouteFixture.value("X-Path", "{path}?{query}")]
      route.requestHeaders.remove = ["X-Gone"]
    },
    RouteFixture.route("template", "/t/**") { route in
      route.rewrite = .template(RouteFixture.template("/v2/{rest}?from={host}"))
    },
    RouteFixture.route("rest", "/**"),
  ]

  /// With a `Max-Forwards` the method is OPTIONS, which counts it.
  private static let requests: [(url: String, headers: [String])] = [
    ("/hops", ["Max-Forwards: 3"]),
    ("http://example.com/", []),
    ("http://example.com//a/../b/%7Ex?y=1&z", ["X-Plain: 1"]),
    ("/edit/7/rest?q=1", ["X-Gone: 1", "x-gone: 2", "X-Kept: 3"]),
    (
      "/t/a/b?x=y", ["Connection: close, X-Hop, Host", "X-Hop: 1", "Keep-Alive: 5", "TE: trailers"]
    ),
    (
      "/x",
      [
        "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https", "Forwarded: for=1.2.3.4",
        "X-Real-IP: 1.2.3.4", "X-Request-Id: abc", "X_Forwarded_For: 5.6.7.8", "Proxy: evil",
      ]
    ),
  ]

  @Test(arguments: requests, [false, true])
  func theBackendSeesIt(
    _ sample: (url: String, headers: [String]), _ isTrusted: Bool
  ) throws {
    let method = sample.headers.contains { $0.hasPrefix("Max-Forwards") } ? "OPTIONS" : nil
    let request = try ExplainRequest(
      method: method, headers: sample.headers, url: sample.url)
    var config = Config()
    config.via = true
    if isTrusted { config.trustedProxies = [try AddressRangeText.parse("127.0.0.1")] }
    config.routes = Self.routes
    let backend = Config.Backend(address: .ip(host: "127.0.0.1", port: 1))
    config.pools = [.init(name: "app", strategy: .roundRobin, backends: [backend])]
    let outcome = Explanation(config, request).outcome
    try RouteFixture.run(Self.routes, with: config) { endpoint, _ in
      let client = try LocalClient(endpoint)
      try client.send(request.head)
      let seen = try client.receive().text.split(separator: "\n").map(String.init)
      guard case .forward(let forward) = outcome else {
        Issue.record("not forwarded")
        return
      }
      let line = forward.head[0].split(separator: " ")
      #expect(seen[0] == "\(line[0]) \(line[1].prefix { $0 != "?" })")
      let said = forward.head.dropFirst().map(Self.withoutID)
      #expect(seen.dropFirst().filter { !$0.hasPrefix("?") }.map(Self.withoutID) == Array(said))
    }
  }

  /// The id is another each time, unless the client gave it.
  private static func withoutID(_ line: String) -> String {
    line.hasPrefix("X-Request-Id: ") && !line.hasSuffix("abc") ? "X-Request-Id" : line
  }
}
