import DataPlane
import Testing

/// Single cases of matching, each with the name of what it protects.
@Suite("Router") struct RouterTests {
  /// The number of the route that takes the request; nil when none does.
  private func decide(_ routes: [SampleRoute], _ request: SampleRequest) throws -> Int? {
    let handle = RouteSet(routes).snapshot()
    defer { handle.destroy() }
    let decision = try request.probe().decide(handle.value)
    return decision.map { Int($0.route) }
  }

  @Test(
    "paths",
    arguments: [
      ("/**", "/", true), ("/**", "/a/b", true), ("/", "/", true), ("/", "/a", false),
      ("/static/**", "/static", true), ("/static/**", "/static/", true),
      ("/static/**", "/staticx", false), ("/a", "/a/", false), ("/a/", "/a/", true),
      ("/a/", "/a", false), ("/*/x", "//x", false), ("/*", "/%2F", true), ("/*", "/", false),
      ("/{id}/**", "/", false), ("/{id}/**", "/1", true), ("/a/b", "/a/./c/../b", true),
      ("/a", "/%61", true), ("/a%2Fb", "/a%2fb", true), ("/a/b", "/a%2Fb", false),
    ])
  func paths(pattern: String, target: String, matches: Bool) throws {
    let found = try decide([SampleRoute(paths: [pattern])], SampleRequest(target: target))
    #expect((found != nil) == matches)
  }

  @Test(
    "hosts",
    arguments: [
      ("example.com", "EXAMPLE.com:8080", true), ("example.com", "example.com.", true),
      ("*.example.com", "a.b.example.com", true), ("*.example.com", "example.com", false),
      ("*.example.com", "badexample.com", false), ("[::1]", "[::1]:80", true),
      ("example.com", "example.co", false), ("a_b", "a_b", true), ("a-b", "a_b", false),
      ("*.com", ".com", false), ("*.com", "a..com", true),
    ])
  func hosts(pattern: String, host: String, matches: Bool) throws {
    let found = try decide([SampleRoute(hosts: [pattern])], SampleRequest(host: host))
    #expect((found != nil) == matches)
  }

  @Test("the first in the order written wins, wherever it is in the index")
  func order() throws {
    let any = SampleRoute(paths: ["/*/b"])
    let literal = SampleRoute(paths: ["/a/b"])
    let below = SampleRoute(paths: ["/a/**"])
    let host = SampleRoute(hosts: ["example.com"])
    let suffix = SampleRoute(hosts: ["*.com"])
    let all = [any, literal, below, host, suffix]
    for index in all.indices {
      let rotated = Array(all[index...] + all[..<index])
      #expect(try decide(rotated, SampleRequest(target: "/a/b")) == 0)
    }
  }

  @Test(
    "query parameters are compared decoded",
    arguments: [
      ("/?v=%32", true), ("/?%76=2", true), ("/?v=2+", false), ("/?v", false), ("/?x=v=2", false),
      ("/?a&v=1&v=2", true), ("/", false), ("/?", false), ("/?v=%", false),
    ])
  func query(target: String, matches: Bool) throws {
    let route = SampleRoute(
      query: [SampleCondition(name: "v", test: .isOneOf, values: ["2"])])
    #expect((try decide([route], SampleRequest(target: target)) != nil) == matches)
  }

  @Test("what an untrusted peer says of forwarding matches no condition")
  func forwarding() throws {
    let route = SampleRoute(
      headers: [SampleCondition(name: "x-real-ip", test: .isOneOf, values: ["10.0.0.1"])])
    var request = SampleRequest(fields: [("X-Real-IP", "10.0.0.1")])
    #expect(try decide([route], request) == nil)
    request.isTrusted = true
    #expect(try decide([route], request) == 0)
  }

  @Test("OPTIONS * takes routes without a path")
  func asterisk() throws {
    let routes = [
      SampleRoute(paths: ["/"]), SampleRoute(paths: ["/*"]), SampleRoute(paths: ["/**"]),
    ]
    #expect(try decide(routes, SampleRequest(method: "OPTIONS", target: "*")) == 2)
  }

  @Test("an explanation names the first reason")
  func explain() throws {
    let set = RouteSet([
      SampleRoute(hosts: ["example.org"], paths: ["/x"]), SampleRoute(paths: ["/x"]),
      SampleRoute(methods: ["POST"], headers: [SampleCondition(name: "a", test: .present)]),
      SampleRoute(headers: [SampleCondition(name: "a", test: .present)]),
      SampleRoute(query: [SampleCondition(name: "b", test: .present)]),
      SampleRoute(clients: [([UInt8](repeating: 1, count: 16), 128)]), SampleRoute(),
    ])
    let handle = set.snapshot()
    defer { handle.destroy() }
    let probe = try SampleRequest().probe()
    let reasons = probe.explain(handle.value, before: 7)
    let header = set.draft.routing.conditions[2].name
    let query = set.draft.routing.conditions[3].name
    #expect(
      reasons == [.host, .path, .method, .header(header), .query(query), .clientAddress, nil])
    #expect(probe.decide(handle.value)?.route == 6)
  }
}
