import Testing

@testable import DataPlane

/// Which route a host and a path take.
struct RouterTests {
  /// A route as a test writes it: `*.` hosts and `/**` paths, nil for any.
  typealias Route = (host: String?, path: String?)

  static func pattern(_ kind: PatternRow.Kind, _ text: String, _ draft: inout SnapshotDraft)
    -> PatternRow
  {
    PatternRow(kind: kind, text: draft.intern(bytes(text)))
  }

  static func snapshot(_ routes: [Route]) -> Snapshot {
    var draft = SnapshotDraft()
    _ = draft.intern(bytes("text in front"))
    for (index, route) in routes.enumerated() {
      var host = PatternRow(kind: .any, text: TextReference(offset: 0, count: 0))
      var path = host
      if let text = route.host {
        host =
          text.hasPrefix("*")
          ? pattern(.below, String(text.dropFirst()), &draft) : pattern(.exact, text, &draft)
      }
      if let text = route.path {
        path =
          text.hasSuffix("/**")
          ? pattern(.below, String(text.dropLast(3)), &draft) : pattern(.exact, text, &draft)
      }
      draft.routes.append(
        RouteRow(
          name: TextReference(offset: 0, count: 0), host: host, path: path, pool: index,
          counters: UInt32(index)))
    }
    return Snapshot(draft)
  }

  static func match(_ routes: [Route], host: String, path: String) -> Int? {
    let snapshot = snapshot(routes)
    let hostBytes = bytes(host)
    let pathBytes = bytes(path)
    return Router.match(snapshot, host: hostBytes.span, path: pathBytes.span)
  }

  @Test("the first route that matches wins")
  func order() {
    let routes: [Route] = [
      ("a.example", "/x"), ("a.example", "/**"), ("*.example", nil), (nil, "/x"), (nil, nil),
      ("a.example", "/y"),
    ]
    #expect(Self.match(routes, host: "a.example", path: "/x") == 0)
    #expect(Self.match(routes, host: "a.example", path: "/y") == 1)
    #expect(Self.match(routes, host: "b.example", path: "/x") == 2)
    #expect(Self.match(routes, host: "other", path: "/x") == 3)
    #expect(Self.match(routes, host: "other", path: "/z") == 4)
    #expect(Self.match(routes, host: "", path: "*") == 4)
  }

  @Test("no route is none")
  func none() {
    #expect(Self.match([], host: "a", path: "/") == nil)
    #expect(Self.match([("a", nil)], host: "b", path: "/") == nil)
    #expect(Self.match([(nil, "/a")], host: "b", path: "/") == nil)
    #expect(Self.match([("a", "/a")], host: "a", path: "/b") == nil)
    #expect(Self.match([("a", "/a")], host: "b", path: "/a") == nil)
  }

  @Test(
    "an exact host matches in any case, with a trailing dot, and nothing else",
    arguments: [
      ("example.com", true), ("EXAMPLE.Com", true), ("example.com.", true),
      ("example.com..", false), ("example.co", false), ("example.comm", false),
      ("www.example.com", false), ("xample.com", false), ("", false), (".", false),
      ("example-com", false), ("example.coM\u{0}", false),
    ])
  func exactHost(_ host: String, _ matches: Bool) {
    #expect((Self.match([("example.com", nil)], host: host, path: "/") == 0) == matches)
  }

  @Test(
    "a wildcard host matches what is below it, at any depth",
    arguments: [
      ("a.example.com", true), ("a.b.example.com", true), ("A.EXAMPLE.COM.", true),
      ("-.example.com", true), ("example.com", false), (".example.com", false),
      ("aexample.com", false), ("a.example.org", false), ("a.example.com.evil", false),
      ("", false), (".", false), ("example.com.", false),
    ])
  func wildcardHost(_ host: String, _ matches: Bool) {
    #expect((Self.match([("*.example.com", nil)], host: host, path: "/") == 0) == matches)
  }

  @Test("letters are folded, other bytes are not")
  func folding() {
    #expect(Self.match([("a[b", nil)], host: "a{b", path: "/") == nil)
    #expect(Self.match([("a@b", nil)], host: "a`b", path: "/") == nil)
    #expect(Self.match([("[::a]", nil)], host: "[::A]", path: "/") == 0)
  }

  @Test(
    "a prefix matches itself and what is below it",
    arguments: [
      ("/static", true), ("/static/", true), ("/static/a", true), ("/static/a/b", true),
      ("/static//", true), ("/staticx", false), ("/stati", false), ("/Static", false),
      ("/static%2Fa", false), ("/static.html", false), ("/", false), ("/a/static", false),
      ("", false), ("*", false),
    ])
  func prefix(_ path: String, _ matches: Bool) {
    #expect((Self.match([(nil, "/static/**")], host: "a", path: path) == 0) == matches)
  }

  @Test(
    "an exact path matches itself alone",
    arguments: [
      ("/a/b", true), ("/a/b/", false), ("/a", false), ("/a/B", false), ("/a/bc", false),
      ("/", false), ("", false),
    ])
  func exactPath(_ path: String, _ matches: Bool) {
    #expect((Self.match([(nil, "/a/b")], host: "a", path: path) == 0) == matches)
  }

  @Test("the prefix of everything matches every path but the asterisk")
  func everything() {
    for path in ["/", "/a", "/a/b"] {
      #expect(Self.match([(nil, "/**")], host: "", path: path) == 0)
    }
    #expect(Self.match([(nil, "/**")], host: "", path: "*") == nil)
  }
}
