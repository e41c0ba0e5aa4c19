import Testing

@testable import DataPlane

/// What is read from `Cache-Control` (RFC 9111 section 5.2).
struct CacheControlTests {
  @Test(
    "directives without values",
    arguments: [
      ("no-store", CacheControl.Flags.noStore), ("NO-Store", .noStore), ("no-cache", .noCache),
      ("private", .isPrivate), ("public", .isPublic), ("must-revalidate", .mustRevalidate),
      ("proxy-revalidate", .proxyRevalidate), ("must-understand", .mustUnderstand),
      ("no-transform", .noTransform), ("immutable", .immutable),
      ("only-if-cached", .onlyIfCached), (" ,, public\t,", .isPublic),
      ("x, public;, no-store", [.noStore, .isMalformed]),
      ("no-store , public,no-cache", [.noStore, .isPublic, .noCache]),
      ("no-stor, no-storee, nostore, x=no-store", []), ("", []), (",", []),
      ("no-store=1", .noStore), ("no-store=\"x\"", .noStore),
      ("no-store =x", [.noStore, .isMalformed]), ("(no-store", .isMalformed),
    ] as [(String, CacheControl.Flags)])
  func flags(value: String, expected: CacheControl.Flags) {
    #expect(CacheProbe.control(value) == CacheControl(expected), "\(value)")
  }

  @Test(
    "seconds, as token and quoted, first or second in the list (section 5.2: accept both)",
    arguments: [
      ("10", 10), ("\"10\"", 10), ("\"1\\0\"", 10), ("0", 0), ("00010", 10),
      ("2147483648", 1 << 31), ("2147483649", 1 << 31),
      // Section 1.2.2: what cannot be represented is 2^31.
      ("99999999999999999999999999", 1 << 31), ("9223372036854775808", 1 << 31),
      // Section 4.2.1: invalid freshness is stale.
      ("-1", 0), ("+1", 0), ("", 0), ("\"\"", 0), ("abc", 0), ("10a", 0), ("a10", 0), ("1.5", 0),
      ("1 0", 0), ("'10'", 0), (" 10", 0), ("\" 10\"", 0), ("\"10", 0), ("\"10\\\"", 0),
      ("10\"\"", 0), ("\"10\"x", 0), ("0x10", 0), ("1;2", 0), ("\u{b2}", 0),
    ])
  func seconds(value: String, expected: Int64) {
    for lines in ["max-age=\(value)", "a=b, MAX-age=\(value)"] {
      #expect(CacheProbe.control(lines).maxAge == expected, "\(lines)")
    }
    let shared = CacheProbe.control("s-maxage=\(value)")
    #expect(shared.sharedMaxAge == expected && shared.maxAge == -1, "\(value)")
    let revalidate = CacheProbe.control("stale-while-revalidate=\(value)")
    #expect(revalidate.staleWhileRevalidate == expected, "\(value)")
    #expect(CacheProbe.control("stale-if-error=\(value)").staleIfError == expected, "\(value)")
  }

  @Test("a number that is missing: nothing for freshness, anything for max-stale")
  func missing() {
    #expect(CacheProbe.control("max-age") == CacheControl(maxAge: 0))
    #expect(CacheProbe.control("s-maxage") == CacheControl(shared: 0))
    #expect(CacheProbe.control("max-stale") == CacheControl(stale: 1 << 31))
    #expect(CacheProbe.control("max-stale=") == CacheControl(.isMalformed, stale: 0))
    #expect(CacheProbe.control("max-stale=x") == CacheControl(stale: 0))
    #expect(CacheProbe.control("min-fresh=x") == CacheControl(fresh: 1 << 31))
    #expect(CacheProbe.control("max-age =10") == CacheControl(.isMalformed, maxAge: 0))
    #expect(CacheProbe.control("max-age= 10") == CacheControl(.isMalformed, maxAge: 0))
  }

  @Test("of two values the more restrictive counts, on one line or on two (section 4.2.1)")
  func conflicts() {
    #expect(CacheProbe.control("max-age=1, max-age=9").maxAge == 1)
    #expect(CacheProbe.control("max-age=9, max-age=1").maxAge == 1)
    #expect(CacheProbe.control("max-age=9", "x", "max-age=1").maxAge == 1)
    #expect(CacheProbe.control("max-age=1", "max-age=9").maxAge == 1)
    #expect(CacheProbe.control("max-age=9, max-age=x").maxAge == 0)
    #expect(CacheProbe.control("min-fresh=1, min-fresh=9").minFresh == 9)
    #expect(CacheProbe.control("max-stale, max-stale=9").maxStale == 9)
    #expect(CacheProbe.control("public, private").flags == [.isPublic, .isPrivate])
    #expect(CacheProbe.control("private=\"a\", private").flags == [.isPrivate, .privateFields])
    #expect(CacheProbe.control("max-age=9", "no-store") == CacheControl(.noStore, maxAge: 9))
  }

  @Test(
    "field names (sections 5.2.2.4, 5.2.2.7); what is no list of names means all",
    arguments: [
      ("a", true), ("\"a\"", true), ("\"a, b\"", true), ("\" a ,,b , \"", true),
      ("\"Set-Cookie\"", true), ("", false), ("\"\"", false), ("\",\"", false), ("\"a b\"", false),
      ("\"a;b\"", false), ("\"a", false), ("\"\\a\"", false), ("\"a\"b", false), ("a b", false),
    ])
  func names(value: String, areNames: Bool) {
    let malformed: [String] = ["", "\"a", "\"a\"b", "a b"]
    let flag: CacheControl.Flags = malformed.contains(value) ? .isMalformed : []
    #expect(
      CacheProbe.control("no-cache=\(value)").flags
        == flag.union(areNames ? .noCacheFields : .noCache), "\(value)")
    #expect(
      CacheProbe.control("private=\(value)").flags
        == flag.union(areNames ? .privateFields : .isPrivate), "\(value)")
  }

  @Test("commas and directives inside quotes are no directives")
  func quoted() {
    let control = CacheProbe.control("x=\"max-age=100, no-store\", max-age=1")
    #expect(control == CacheControl(maxAge: 1))
    #expect(CacheProbe.control("max-age=1, x=\"max-age=100\"") == CacheControl(maxAge: 1))
    #expect(CacheProbe.control("x=\"\\\", no-store\", public").flags == .isPublic)
    #expect(CacheProbe.control("x=\"\\\\\", no-store").flags == .noStore)
  }

  @Test("quotes that never end hide no restriction and grant nothing")
  func unterminated() {
    #expect(CacheProbe.control("x=\"a, no-store").flags == [.noStore, .isMalformed])
    #expect(CacheProbe.control("x=\"a, private").flags == [.isPrivate, .isMalformed])
    #expect(CacheProbe.control("x=\"a, public, immutable, must-understand").flags == .isMalformed)
    #expect(CacheProbe.control("x=\"a, max-age=9").maxAge == 0)
    #expect(CacheProbe.control("max-age=9, x=\"a").maxAge == 9)
    #expect(CacheProbe.control("max-age=9, x\"a, no-cache").flags == [.noCache, .isMalformed])
    #expect(CacheProbe.control("private=\"a, b").flags == [.isPrivate, .isMalformed])
    #expect(CacheProbe.control("x=\"a\\", "no-store").flags == [.noStore, .isMalformed])
    // The next line is whole again.
    #expect(
      CacheProbe.control("x=\"a", "public, max-age=5")
        == CacheControl([.isPublic, .isMalformed], maxAge: 5))
  }

  @Test("requests: Cache-Control, else Pragma (section 5.4)")
  func requests() {
    let all = CacheProbe.directives([
      "Cache-Control: no-cache, max-age=5", "cache-control: min-fresh=3, only-if-cached",
      "CACHE-CONTROL: max-stale=7, stale-if-error=8, no-store", "Authorization: x",
    ])
    var expected = RequestDirectives()
    expected.noCache = true
    expected.noStore = true
    expected.onlyIfCached = true
    expected.hasAuthorization = true
    expected.maxAge = 5
    expected.minFresh = 3
    expected.maxStale = 7
    expected.staleIfError = 8
    #expect(all == expected)
    #expect(CacheProbe.directives(["Pragma: no-cache"]).noCache)
    #expect(CacheProbe.directives(["Pragma: x", "Pragma: NO-CACHE"]).noCache)
    #expect(
      CacheProbe.directives(["Pragma: no-cache", "Cache-Control: max-age=9"]).noCache == false)
    #expect(CacheProbe.directives(["Pragma: no-store"]) == RequestDirectives())
    #expect(CacheProbe.directives([]) == RequestDirectives())
  }
}
