import Testing

@testable import DataPlane

/// Which backend a request is bound to by its cookies, and whether that may be used.
struct StickyCookieTests {
  /// Any 24 characters: what they are made of is not the data plane's business.
  private static func token(_ number: Int) -> String {
    let digits = String(number &* 0x9E37_79B9 & 0xffff_ffff, radix: 16)
    return String(repeating: "-", count: 24 - digits.count) + digits
  }

  /// The place that a request with these lines is bound to, in the second of two pools.
  private static func place(_ lines: String..., count: Int = 3) throws -> Int? {
    var draft = SnapshotDraft()
    _ = draft.intern(bytes("before"))
    var policy = StickyPolicy()
    _ = draft.sticky.add((100..<105).compactMap { StickyToken(bytes(token($0))) })
    policy.cookie = draft.intern(bytes("headrace"))
    policy.tokens = draft.sticky.add((0..<count).compactMap { StickyToken(bytes(token($0))) })
    #expect(Int(policy.tokens.count) == count)
    let handle = SnapshotHandle(Snapshot(draft))
    defer { handle.destroy() }
    let all = ["GET / HTTP/1.1", "Host: a"] + lines
    let probe = try RouteProbe(head: bytes(all.map { $0 + "\r\n" }.joined() + "\r\n"))
    return probe.boundPlace(policy, handle.value)
  }

  @Test("the first cookie with a known token counts, over all fields")
  func firstKnown() throws {
    let (a, b) = (Self.token(1), Self.token(2))
    #expect(try Self.place() == nil)
    #expect(try Self.place("Cookie: headrace=\(a)") == 1)
    #expect(try Self.place("cOOKIE: x=1; headrace=\(a); y=2") == 1)
    #expect(try Self.place("Cookie: headrace=\"\(a)\"") == 1)
    #expect(try Self.place("Cookie: headrace=\(b); headrace=\(a)") == 2)
    #expect(try Self.place("Cookie: headrace=nonsense; headrace=\(a)") == 1)
    #expect(try Self.place("Cookie: headrace=nonsense", "A: b", "Cookie: headrace=\(b)") == 2)
  }

  @Test("tokens of other pools, other names and damaged tokens bind nobody")
  func unknown() throws {
    let a = Self.token(1)
    #expect(try Self.place("Cookie: headrace=\(Self.token(101))") == nil)
    #expect(try Self.place("Cookie: Headrace=\(a)") == nil)
    #expect(try Self.place("Cookies: headrace=\(a)") == nil)
    #expect(try Self.place("X-Cookie: headrace=\(a)") == nil)
    for damaged in [String(a.dropLast()), a + "a", a + "=", "", "%2d" + a, a.uppercased() + "x"] {
      #expect(try Self.place("Cookie: headrace=\(damaged)") == nil, "\(damaged)")
    }
    for at in 0..<24 {
      var bytes = Array(a.utf8)
      bytes[at] ^= 1
      let damaged = String(decoding: bytes, as: UTF8.self)
      #expect(try Self.place("Cookie: headrace=\(damaged)") == nil, "\(damaged)")
    }
  }

  @Test("only so many cookies of the name are looked at")
  func bounded() throws {
    let others = String(repeating: "headrace=x; ", count: 15)
    #expect(try Self.place("Cookie: \(others)headrace=\(Self.token(1))") == 1)
    #expect(try Self.place("Cookie: headrace=x; \(others)headrace=\(Self.token(1))") == nil)
  }

  @Test("each of a thousand backends is found, and none in an empty pool")
  func many() throws {
    for place in stride(from: 0, to: 1000, by: 37) {
      let found = try Self.place("Cookie: headrace=\(Self.token(place))", count: 1000)
      #expect(found == place)
    }
    #expect(try Self.place("Cookie: headrace=\(Self.token(1))", count: 0) == nil)
  }

  @Test("a token's characters are those that it was made of")
  func characters() throws {
    let text = "ABCDEFGHIJKLMNOPQRSTUV-_"
    let token = try #require(StickyToken(bytes(text)))
    #expect((0..<24).map { token.character($0) } == bytes(text))
    #expect(StickyToken(bytes("short")) == nil)
    #expect(StickyToken(bytes(text + "x")) == nil)
  }

  @Test("drained backends keep their sessions; those in maintenance, down or tripped do not")
  func keepsSessions() {
    func keeps(_ change: (inout BackendStatus) -> Void) -> Bool {
      var status = BackendStatus()
      change(&status)
      return status.keepsSessions
    }
    #expect(keeps { _ in })
    #expect(keeps { $0.operatorState = .drain })
    #expect(keeps { $0.weight = 0 })
    #expect(keeps { $0.isBackup = true })
    #expect(!keeps { $0.operatorState = .maintenance })
    #expect(!keeps { $0.health = .down })
    #expect(!keeps { $0.breaker = .open(until: 5) })
    #expect(!keeps { $0.breaker = .halfOpen })
    #expect(
      !keeps {
        $0.operatorState = .drain
        $0.health = .down
      })
  }
}
