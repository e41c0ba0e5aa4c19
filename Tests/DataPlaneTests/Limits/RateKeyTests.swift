import Testing

@testable import DataPlane

/// Whose bucket a request takes from.
@Suite("Rate keys") struct RateKeyTests {
  private static let seed = HashSeed(first: 11, second: 12)

  /// The key of a request with these field lines for a rate.
  private func key(
    _ kind: RateRow.Key, _ name: String = "", _ lines: [String] = [], address: String = "192.0.2.7",
    isTrusted: Bool = false, prefixes: (UInt8, UInt8) = (32, 64), route: UInt32 = 1, place: Int = 0
  ) throws -> Hash128 {
    var draft = SnapshotDraft()
    var row = RateRow(
      key: kind, name: draft.intern(name.utf8), limit: RateLimit(count: 1, per: 1, burst: 1))
    (row.ipv4Prefix, row.ipv6Prefix) = prefixes
    let snapshot = SnapshotHandle(Snapshot(draft))
    defer { snapshot.destroy() }
    let text = (["GET / HTTP/1.1", "Host: a"] + lines).map { $0 + "\r\n" }.joined() + "\r\n"
    // Not at the beginning of its block, as in a worker's.
    let source = block(bytes(text), at: 5)
    var head = MessageHead()
    let result = RequestParser.parse(source, 5, source.end, limits: .widest, into: &head)
    #expect(result == .complete(length: text.utf8.count))
    let parsed = RequestTarget.parse(
      source.bytes, 5 + head.target, head.targetLength, method: head.method)
    let target = try #require(parsed)
    var request = RouteRequest(source, 5, &head, target, normalisedCount: 0)
    request.address = PeerAddress(text: address) ?? PeerAddress.none
    request.isTrusted = isTrusted
    let subject = RateSubject.of(row, snapshot.value, request, &head, source)
    return subject.key(Self.seed, route: route, place: place, source)
  }

  @Test("an address, an IPv6 one by its prefix, an IPv4 one in either form")
  func address() throws {
    func of(_ text: String, _ four: UInt8 = 32, _ six: UInt8 = 64) throws -> Hash128 {
      try key(.clientAddress, address: text, prefixes: (four, six))
    }
    let first = try of("192.0.2.7")
    #expect(try first == of("192.0.2.7") && first != of("192.0.2.8"))
    #expect(try first == of("::ffff:192.0.2.7"))
    #expect(try of("192.0.2.7", 24) == of("192.0.2.200", 24))
    #expect(try of("192.0.2.7", 23) == of("192.0.3.7", 23))
    #expect(try of("192.0.2.7", 24) != of("192.0.3.7", 24))
    let six = try of("2001:db8:1:2:3::1")
    #expect(try six == of("2001:db8:1:2::"))
    #expect(try six != of("2001:db8:1:3:3::1"))
    #expect(try of("2001:db8::1", 32, 128) != of("2001:db8::2", 32, 128))
    #expect(try of("2001:db8:8000::", 32, 33) == of("2001:db8:ffff::", 32, 33))
    #expect(try of("2001:db8:8000::", 32, 33) != of("2001:db8:7fff::", 32, 33))
    #expect(try of("0.0.0.0") != of("::"))
    #expect(try of("unix") == key(.route), "nobody's address is everybody's bucket")
  }

  @Test("a header's value; absent, empty and repeated share the common bucket")
  func header() throws {
    func of(_ lines: String...) throws -> Hash128 { try key(.header, "x-key", lines) }
    let common = try key(.route)
    let first = try of("X-Key: alpha")
    #expect(try first == of("x-kEY:  alpha ", "Other: b"))
    #expect(try first != of("X-Key: alphb") && first != of("X-Key: Alpha"))
    #expect(first != common)
    #expect(try of() == common && of("X-Key:") == common && of("X-Key2: alpha") == common)
    #expect(try of("X-Key: alpha", "X-Key: beta") == common, "nobody knows which one the app takes")
    #expect(try of("X-Key: alpha", "X-Key: alpha") == common)
  }

  @Test("what an untrusted peer says of forwarding is not seen")
  func untrusted() throws {
    let lines = ["X-Real-IP: 10.0.0.1"]
    #expect(try key(.header, "x-real-ip", lines) == key(.route))
    #expect(try key(.header, "x-real-ip", lines, isTrusted: true) != key(.route))
  }

  @Test("a cookie's value, wherever it stands")
  func cookie() throws {
    func of(_ lines: String...) throws -> Hash128 { try key(.cookie, "sid", lines) }
    let common = try key(.route)
    let first = try of("Cookie: sid=alpha")
    #expect(try first != common && first != of("Cookie: sid=beta"))
    #expect(try first == of("Cookie: a=b; sid=alpha; c=d"))
    #expect(try first == of("Cookie: a=b", "Cookie: sid=alpha"))
    #expect(try first == of("Cookie: a=b;sid = alpha ;c") && first == of("Cookie: sid=\"alpha\""))
    let absent = [
      "Cookie: SID=alpha", "Cookie: xsid=alpha", "Cookie: sid", "Cookie: sid=", "Cookie: ;;=;",
      "Cookie: a=sid=alpha", "Cookie: sid=\"\"", "Cookie: si=d=alpha", "Cookie:",
    ]
    for line in absent { #expect(try of(line) == common, "\(line)") }
    #expect(try of("Cookie: sid=alpha; sid=beta") == common)
    #expect(try of("Cookie: sid=alpha", "Cookie: sid=alpha") == common)
  }

  @Test("routes, rates of a route and kinds have buckets of their own")
  func apart() throws {
    let keys = [
      try key(.route), try key(.route, route: 2), try key(.route, place: 1),
      try key(.clientAddress), try key(.clientAddress, route: 2), try key(.clientAddress, place: 1),
      try key(.header, "x-key", ["X-Key: a"]), try key(.header, "x-key", ["X-Key: a"], place: 1),
    ]
    #expect(Set(keys).count == keys.count)
  }

  @Test("a long value counts to its last byte")
  func longValue() throws {
    let long = String(repeating: "x", count: 3000)
    let first = try key(.header, "x-key", ["X-Key: \(long)a"])
    #expect(try first != key(.header, "x-key", ["X-Key: \(long)b"]))
    #expect(try first == key(.header, "x-key", ["X-Key: \(long)a"]))
  }
}
