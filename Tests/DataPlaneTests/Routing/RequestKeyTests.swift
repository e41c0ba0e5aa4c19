import Testing

@testable import DataPlane

/// Which bytes of a request are its key.
struct RequestKeyTests {
  /// The key of a request to one route, whose text is expected as hashed bytes.
  private static func key(
    _ source: PoolHashRow.Source, _ name: String = "", segment: UInt32 = 0, _ target: String = "/",
    fields: String = "", path: String = "/**", client: String = "", isTrusted: Bool = false
  ) throws -> UInt64? {
    var draft = RouteSet([SampleRoute(paths: ["/other/{id}"]), SampleRoute(paths: [path])]).draft
    var row = PoolHashRow()
    row.source = source
    row.name = draft.intern(name.utf8)
    row.segment = segment
    let handle = SnapshotHandle(Snapshot(draft))
    defer { handle.destroy() }
    let probe = try RouteProbe(
      head: Array("GET \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n".utf8),
      clientAddress: client, isTrusted: isTrusted)
    guard let decision = probe.decide(handle.value) else { throw ParseFailure.badTarget }
    return probe.balanceKey(row, handle.value, decision)
  }

  private static func hash(_ text: String) -> UInt64 { BalanceKey.of(text.utf8) }

  @Test("a header's first line, its name without case, its value with it")
  func header() throws {
    let value = try Self.key(.header, "x-user", fields: "X-USER: Al b\r\nX-User: c\r\n")
    #expect(value == Self.hash("Al b"))
    #expect(value != Self.hash("al b"))
    for fields in ["", "X-User:\r\n", "X-Users: a\r\n"] {
      let none = try Self.key(.header, "x-user", fields: fields)
      #expect(none == nil)
    }
  }

  @Test("what an untrusted peer says of forwarding is no key")
  func forwarding() throws {
    let fields = "X-Forwarded-For: 1.2.3.4\r\n"
    let untrusted = try Self.key(.header, "x-forwarded-for", fields: fields)
    let trusted = try Self.key(.header, "x-forwarded-for", fields: fields, isTrusted: true)
    #expect(untrusted == nil)
    #expect(trusted == Self.hash("1.2.3.4"))
  }

  @Test(
    "a cookie by its name",
    arguments: [
      ("Cookie: sid=a1\r\n", "a1"), ("Cookie: x=1; sid=a1; y=2\r\n", "a1"),
      ("Cookie: xsid=no;sid=a1\r\n", "a1"), ("Cookie: sidx=no; sid=a=b\r\n", "a=b"),
      ("cookie: x=1\r\nCookie: sid=\"q\"\r\n", "\"q\""), ("Cookie: sid=a \t; sid=b\r\n", "a"),
      ("Cookie: sid\r\n", nil), ("Cookie: sid=\r\n", nil), ("Cookie: SID=a\r\n", nil),
      ("Cookie: ;;;=; si\r\n", nil), ("Cookie: s\r\n", nil), ("", nil),
    ] as [(String, String?)])
  func cookie(fields: String, value: String?) throws {
    let key = try Self.key(.cookie, "sid", fields: fields)
    #expect(key == value.map(Self.hash))
  }

  @Test(
    "a query parameter, decoded",
    arguments: [
      ("/?user=a", "a"), ("/?x=1&user=a%20b&user=c", "a b"), ("/?%75ser=a+b", "a b"),
      ("/?user=%zz", "%zz"), ("/?User=a", nil), ("/?user", nil), ("/?user=&x", nil),
      ("/?users=a", nil), ("/user=a", nil), ("/?", nil), ("/?&&=&", nil),
    ] as [(String, String?)])
  func query(target: String, value: String?) throws {
    let key = try Self.key(.query, "user", target)
    #expect(key == value.map(Self.hash))
  }

  @Test(
    "a segment of the path in its normal form",
    arguments: [
      ("/a/b/c", 1, "a"), ("/a/b/c", 2, "b"), ("/a/b/c", 3, "c"), ("/a/b/c", 4, nil),
      ("/a/b/", 2, "b"), ("/a/b/", 3, nil), ("/", 1, nil), ("/x/../a//b?q", 2, "b"),
      ("/%61/B", 1, "a"), ("/%61/B", 2, "B"), ("/a", 64, nil),
    ] as [(String, UInt32, String?)])
  func segment(target: String, number: UInt32, value: String?) throws {
    let key = try Self.key(.segment, segment: number, target)
    #expect(key == value.map(Self.hash))
  }

  @Test("the path without its query, in its normal form")
  func path() throws {
    let plain = try Self.key(.path, "", "/a/b?c=d")
    #expect(plain == Self.hash("/a/b"))
    let whole = try Self.key(.path, "", "/a/./b?c=d")
    #expect(whole == Self.hash("/a/b"))
  }

  @Test("a capture of the route's own pattern")
  func capture() throws {
    let found = try Self.key(.capture, "id", "/users/u7/x", path: "/users/{id}/**")
    #expect(found == Self.hash("u7"))
    let rest = try Self.key(.capture, "rest", "/users/u7/x/y", path: "/users/{id}/**")
    #expect(rest == Self.hash("x/y"))
    let none = try Self.key(.capture, "id", "/users/u7", path: "/users/{name}")
    #expect(none == nil)
    let plain = try Self.key(.capture, "id", "/users/u7", path: "/**")
    #expect(plain == nil)
  }

  @Test("the client's address; of IPv6 the first 64 bits; IPv4 in IPv6 is IPv4")
  func address() throws {
    func key(_ text: String) throws -> UInt64? { try Self.key(.clientAddress, client: text) }
    let first = try key("10.0.0.1")
    let second = try key("10.0.0.2")
    let mapped = try key("::ffff:10.0.0.1")
    #expect(first != nil && first != second && first == mapped)
    let host = try key("2001:db8:1:2::1")
    let sameHost = try key("2001:db8:1:2:ffff::9")
    let otherHost = try key("2001:db8:1:3::1")
    #expect(host == sameHost && host != otherHost)
    let none = try key("")
    #expect(none == nil)
  }
}
