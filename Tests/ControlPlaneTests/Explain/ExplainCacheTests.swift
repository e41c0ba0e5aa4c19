import Testing

@testable import ControlPlane

/// What `headrace explain` says of a route's cache.
@Suite struct ExplainCacheTests {
  private static let text = """
    listen: :8080
    routes:
      - { match: { path: /static/** }, to: app, cache: assets }
      - to: app
    pools: { app: [127.0.0.1:1] }
    caches: { assets: {} }
    """

  private func explain(_ url: String, method: String = "GET") throws -> Explanation {
    let request = try ExplainRequest(method: method, headers: [], url: url, client: "192.0.2.7")
    return Explanation(try ConfigFixture.config(Self.text), request)
  }

  @Test func namesTheCache() throws {
    let found = try explain("http://a/static/x")
    #expect(found.text().contains("\ncache: assets\n"))
    #expect(found.json.contains("\"cache\": \"assets\""))
    #expect(try explain("http://a/static/x", method: "HEAD").text().contains("\ncache: assets\n"))
  }

  @Test func saysThatOtherMethodsDoNotAskIt() throws {
    let text = try explain("http://a/static/x", method: "POST").text()
    #expect(text.contains("\ncache: assets, which is not asked: it answers GET and HEAD\n"))
  }

  @Test func saysNothingOfARouteWithoutOne() throws {
    let found = try explain("http://a/")
    #expect(!found.text().contains("cache"))
    #expect(found.json.contains("\"cache\": null"))
  }
}
