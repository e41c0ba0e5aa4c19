import Testing

@testable import DataPlane

/// Conditions and ranges of requests on a stored response (RFC 9110 sections 13 and 14).
struct ConditionTests {
  private static func facts(_ change: (inout CachedFacts) -> Void = { _ in }) -> CachedFacts {
    var facts = CachedFacts()
    facts.storedAt = CacheProbe.now - 100_000_000_000
    facts.date = CacheProbe.wall - 100
    facts.lastModified = CacheProbe.wall - 200
    change(&facts)
    return facts
  }

  private static func evaluate(
    _ lines: [String], etag: String? = "\"a,b\"", _ change: (inout CachedFacts) -> Void = { _ in }
  ) -> Preconditions {
    let stored = block(bytes("xx" + (etag ?? "") + "y"))
    let range = etag.map { ValueRange(at: 2, count: $0.utf8.count) } ?? .none
    return CacheProbe.request(lines) { head, bytes, origin in
      let fields = RequestCacheFields.collect(&head, bytes, origin)
      return Preconditions.evaluate(
        facts(change), range, stored.bytes, fields, &head, bytes, origin,
        wallSeconds: CacheProbe.wall, now: CacheProbe.now)
    }
  }

  @Test(
    "If-None-Match: weak comparison, lists, any (RFC 9110 section 13.1.2)",
    arguments: [
      ("\"a,b\"", true), ("W/\"a,b\"", true), ("\"x\", \"a,b\"", true),
      ("\"x\",,W/\"a,b\" ,", true),
      ("*", true), ("x, \"a,b\"", true), ("\"x\" y, \"a,b\"", true), ("\"a\"", false),
      ("\"A,b\"", false), ("w/\"a,b\"", false), ("a,b", false), ("\"a,b", false), ("", false),
      ("\"x\", *", false), ("\"a,b\"x", false), ("\"\"", false), ("*, \"x\"", false),
      ("W/ \"a,b\"", false),
    ])
  func tags(value: String, isListed: Bool) {
    let expected: Preconditions = isListed ? .notModified : .passes
    #expect(Self.evaluate(["If-None-Match: " + value]) == expected, "\(value)")
    #expect(Self.evaluate(["If-None-Match: " + value], etag: "W/\"a,b\"") == expected, "\(value)")
  }

  @Test("If-None-Match over lines, and without a stored tag")
  func lines() {
    #expect(Self.evaluate(["If-None-Match: \"x\"", "if-none-match: \"a,b\""]) == .notModified)
    #expect(Self.evaluate(["If-None-Match: \"a,b\""], etag: nil) == .passes)
    #expect(Self.evaluate(["If-None-Match: *"], etag: nil) == .notModified)
    #expect(Self.evaluate(["If-None-Match: \"a\""], etag: "a") == .passes)
    let newer = "If-Modified-Since: " + CacheProbe.date()
    #expect(Self.evaluate(["If-None-Match: \"x\"", newer]) == .passes)
    #expect(Self.evaluate(["If-None-Match: \"a,b\"", "If-Modified-Since: x"]) == .notModified)
    #expect(Self.evaluate([]) == .passes)
  }

  @Test("If-Modified-Since: Last-Modified, else Date, else when it came (RFC 9111 section 4.3.2)")
  func since() {
    func since(_ seconds: Int64, _ change: (inout CachedFacts) -> Void = { _ in }) -> Bool {
      Self.evaluate(["If-Modified-Since: " + CacheProbe.date(seconds)], change) == .notModified
    }
    #expect(!since(-201) && since(-200) && since(0) && since(1000))
    let without: (inout CachedFacts) -> Void = { $0.lastModified = CachedFacts.noDate }
    #expect(!since(-101, without) && since(-100, without))
    let neither: (inout CachedFacts) -> Void = {
      $0.lastModified = CachedFacts.noDate
      $0.date = CachedFacts.noDate
    }
    #expect(!since(-101, neither) && since(-100, neither))
    let date = "If-Modified-Since: " + CacheProbe.date()
    #expect(Self.evaluate([date, date]) == .passes)
    #expect(Self.evaluate(["If-Modified-Since: 1"]) == .passes)
    // Only for what would have been a success.
    for status in [301, 404, 500] as [UInt16] {
      #expect(Self.evaluate([date], { $0.status = status }) == .passes)
      #expect(Self.evaluate(["If-None-Match: *"], { $0.status = status }) == .passes)
    }
  }

  @Test("If-Match and If-Unmodified-Since are the origin's")
  func forOrigin() {
    for name in ["If-Match", "if-unmodified-since"] {
      let found = CacheProbe.request([name + ": \"a\""]) { head, bytes, origin in
        RequestCacheFields.collect(&head, bytes, origin)
      }
      #expect(found.hasPreconditionsForOrigin && !found.hasPreconditionsForCache)
    }
  }

  // MARK: Ranges

  private static func range(
    _ lines: [String], length: Int64 = 100, etag: String = "\"a\"",
    _ change: (inout CachedFacts) -> Void = { _ in }
  ) -> RangeRequest {
    let stored = block(bytes(etag))
    return CacheProbe.request(lines) { head, bytes, origin in
      let fields = RequestCacheFields.collect(&head, bytes, origin)
      return RangeRequest.decide(
        length: length, facts(change), ValueRange(at: 0, count: etag.utf8.count), stored.bytes,
        fields, &head, bytes, origin, wallSeconds: CacheProbe.wall)
    }
  }

  @Test(
    "ranges of 100 bytes (RFC 9110 section 14.1.2)",
    arguments: [
      ("bytes=0-0", .part(first: 0, count: 1)), ("bytes=0-99", .part(first: 0, count: 100)),
      ("bytes=10-19", .part(first: 10, count: 10)), ("bytes=90-", .part(first: 90, count: 10)),
      ("bytes=90-500", .part(first: 90, count: 10)), ("bytes=-10", .part(first: 90, count: 10)),
      ("bytes=-500", .part(first: 0, count: 100)), ("BYTES=1-2", .part(first: 1, count: 2)),
      ("bytes= 1-2 ,", .part(first: 1, count: 2)), ("bytes=,1-2", .part(first: 1, count: 2)),
      ("bytes=0001-0002", .part(first: 1, count: 2)),
      ("bytes=0-99999999999999999999999999", .part(first: 0, count: 100)),
      ("bytes=-99999999999999999999999999", .part(first: 0, count: 100)),
      ("bytes=100-", .unsatisfiable), ("bytes=100-100", .unsatisfiable),
      ("bytes=99999999999999999999999999-", .unsatisfiable), ("bytes=-0", .unsatisfiable),
      ("bytes=2-1", .whole), ("bytes=0-1,5-6", .whole), ("bytes=0-1, -1", .whole),
      ("bytes=", .whole), ("bytes", .whole), ("bytes=-", .whole), ("bytes=a-", .whole),
      ("bytes=1", .whole), ("bytes=1-2x", .whole), ("bytes=1 -2", .whole), ("bytes=+1-2", .whole),
      ("bytes=--1", .whole), ("bytes =0-1", .whole), ("items=0-1", .whole), ("0-1", .whole),
      ("", .whole), ("bytes=,", .whole), ("bytes=0-1;2-3", .whole), ("bytes=0x1-2", .whole),
    ] as [(String, RangeRequest)])
  func ranges(value: String, expected: RangeRequest) {
    #expect(Self.range(["Range: " + value]) == expected, "\(value)")
  }

  @Test("no content, several lines, other statuses")
  func otherRanges() {
    #expect(Self.range(["Range: bytes=-5"], length: 0) == .whole)
    #expect(Self.range(["Range: bytes=0-"], length: 0) == .unsatisfiable)
    #expect(Self.range(["Range: bytes=0-1", "Range: bytes=0-1"]) == .whole)
    #expect(Self.range(["Range: bytes=0-1"]) { $0.status = 404 } == .whole)
    #expect(Self.range(["Range: bytes=0-1"], length: -1) == .whole)
    #expect(Self.range([]) == .whole)
  }

  @Test("If-Range: a strong tag or the exact date (RFC 9110 section 13.1.5)")
  func ifRange() {
    func isPart(
      _ value: String, etag: String = "\"a\"", _ change: (inout CachedFacts) -> Void = { _ in }
    ) -> Bool {
      let found = Self.range(["Range: bytes=0-1", "If-Range: " + value], etag: etag, change)
      return found == .part(first: 0, count: 2)
    }
    #expect(isPart("\"a\"") && !isPart("\"b\"") && !isPart("W/\"a\"") && !isPart("a"))
    #expect(!isPart("\"a\"", etag: "W/\"a\"") && !isPart("W/\"a\"", etag: "W/\"a\""))
    #expect(!isPart("*") && !isPart("\"a\", \"a\"") && !isPart(""))
    #expect(isPart(CacheProbe.date(-200)))
    #expect(!isPart(CacheProbe.date(-199)) && !isPart(CacheProbe.date(-201)))
    // It could have changed twice in that second.
    #expect(!isPart(CacheProbe.date(-200)) { $0.date = $0.lastModified })
    #expect(!isPart(CacheProbe.date(-200)) { $0.date = CachedFacts.noDate })
    #expect(!isPart(CacheProbe.date(-200)) { $0.lastModified = CachedFacts.noDate })
    let twice = ["Range: bytes=0-1", "If-Range: \"a\"", "If-Range: \"a\""]
    #expect(Self.range(twice) == .whole)
    #expect(Self.range(["Range: bytes=500-", "If-Range: \"b\""]) == .whole)
  }
}
