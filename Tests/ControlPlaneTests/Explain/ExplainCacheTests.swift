import Testing

@testable import ControlPlane

/// What `headrace explain` says of a route's cache.
@Suite struct ExplainCacheTests {
  private static let text = """
    listen: :8080
    routes:
      - { match: { path: /static/** }, to: app, cache: assets }
      - { name: beta, match: { path: /pages/**, headers: { X-Beta: "1" } }, to: app, cache: pages }
      - { match: { path: /pages/** }, to: app, cache: pages }
      - to: app
    pools: { app: [127.0.0.1:1] }
    caches:
      assets: {}
      pages: { key: { query: { drop: [utm_source] }, headers: [X-Lang], cookies: [theme] } }
    """

  private func explain(
    _ url: String, method: String? = nil, _ headers: String..., data: String? = nil
  ) throws -> Explanation {
    let request = try ExplainRequest(
      method: method, headers: headers, data: data, url: url, client: "192.0.2.7")
    return Explanation(try ConfigFixture.config(Self.text), request)
  }

  @Test func namesTheCacheAndTheKey() throws {
    let found = try explain("http://A:80/static/./x?b")
    #expect(found.text().contains("\ncache: assets\ncache key: http://a/static/x?b, a:A:80\n"))
    #expect(found.json.contains("\"cache\": \"assets\""))
    #expect(found.json.contains("\"cache_key\": [\"http://a/static/x?b\", \"a:A:80\"]"))
    let head = try explain("http://a/static/x", method: "HEAD").text()
    #expect(head.contains("\ncache: assets\ncache key: http://a/static/x\n"))
  }

  @Test func theKeyHasWhatTheConfigSays() throws {
    let text = try explain(
      "http://a/pages/1?utm_source=x&b=2", "X-Lang: de", "Cookie: theme=dark; id=1"
    ).text()
    // Another route is told apart by a header, not this one: its name is no part of the key.
    #expect(
      text.contains("\ncache key: http://a/pages/1?b=2, h:x-lang=de, c:theme=dark\n"), "\(text)")
    let beta = try explain("http://a/pages/1", "X-Beta: 1").text()
    #expect(beta.contains("\ncache key: http://a/pages/1, r:beta\n"), "\(beta)")
  }

  private static func bypass(_ reason: String) -> String {
    "\ncache: assets, which is not asked: \(reason)\n"
  }

  @Test func saysWhyItIsNotAsked() throws {
    let url = "http://a/static/x"
    let cases: [(Explanation, String)] = [
      (try explain(url, method: "POST"), "it answers GET and HEAD"),
      (try explain(url, method: "GET", data: "x=1"), "the request has a body"),
      (
        try explain(url, "Connection: Upgrade", "Upgrade: websocket"),
        "the request wants another protocol"
      ),
      (
        try explain(url, "If-Match: \"a\""),
        "If-Match and If-Unmodified-Since are for the backend"
      ),
      (
        try explain(url, "Connection: X-A", "X-A: 1"),
        "Connection names fields that the backend does not get"
      ),
    ]
    for (found, reason) in cases {
      #expect(found.text().contains(Self.bypass(reason)), "\(reason): \(found.text())")
      #expect(!found.text().contains("cache key:"))
      #expect(found.json.contains("\"cache_key\": []"))
    }
  }

  @Test func saysNothingOfARouteWithoutOne() throws {
    let found = try explain("http://a/")
    #expect(!found.text().contains("cache"))
    #expect(found.json.contains("\"cache\": null"))
  }
}
