import Testing

@testable import DataPlane

/// `CDN-Cache-Control` as a dictionary of structured fields (RFC 9213, RFC 9651 section 4.2).
struct TargetedFieldTests {
  @Test("directives by their types (RFC 9213 section 2.1)")
  func types() {
    #expect(CacheProbe.targeted("max-age=600") == CacheControl(maxAge: 600))
    #expect(
      CacheProbe.targeted("max-age=600;x=1;y=\"a\", no-store")
        == CacheControl(.noStore, maxAge: 600))
    #expect(CacheProbe.targeted("no-store;a") == CacheControl(.noStore))
    #expect(CacheProbe.targeted("no-store=?1, public=?0") == CacheControl(.noStore))
    #expect(CacheProbe.targeted("private=\"a, b\"") == CacheControl(.privateFields))
    #expect(CacheProbe.targeted("private=\"\"") == CacheControl(.isPrivate))
    #expect(CacheProbe.targeted("no-cache") == CacheControl(.noCache))
    #expect(
      CacheProbe.targeted("s-maxage=5, stale-while-revalidate=6, stale-if-error=7")
        == CacheControl(shared: 5, revalidate: 6, error: 7))
    #expect(CacheProbe.targeted("max-age=-5") == CacheControl(maxAge: 0))
    #expect(CacheProbe.targeted("max-age=999999999999999") == CacheControl(maxAge: 1 << 31))
  }

  @Test(
    "a directive of a wrong type is ignored, the others are not",
    arguments: [
      "max-age=1.5", "max-age=\"10\"", "max-age", "max-age=?1", "max-age=a", "max-age=(1 2)",
      "max-age=:aGk=:", "max-age=@10", "max-age=%\"x\"", "no-store=1", "no-store=\"x\"",
      "no-store=?0", "unknown-directive-that-is-very-long-indeed", "*a", "x_y.z-*=5", "max-stale=5",
    ])
  func wrongTypes(member: String) {
    #expect(CacheProbe.targeted("\(member), must-revalidate") == CacheControl(.mustRevalidate))
  }

  @Test("of a repeated key the last counts (RFC 9651 section 4.2.2)")
  func repeated() {
    #expect(CacheProbe.targeted("max-age=1, max-age=9") == CacheControl(maxAge: 9))
    #expect(CacheProbe.targeted("max-age=1, max-age=x") == CacheControl())
    #expect(CacheProbe.targeted("no-store, no-store=?0, a") == CacheControl())
    #expect(CacheProbe.targeted("private=\"a\", private") == CacheControl(.isPrivate))
  }

  @Test("several lines are one field")
  func lines() {
    #expect(
      CacheProbe.targeted("max-age=1", "no-store", "public")
        == CacheControl([.noStore, .isPublic], maxAge: 1))
    // As if joined by a comma: within a string too, and an empty line is an empty member.
    #expect(CacheProbe.targeted("private=\"a", "b\"") == CacheControl(.isPrivate))
    #expect(CacheProbe.targeted("max-age=1", "") == nil)
    #expect(CacheProbe.targeted("", "max-age=1") == nil)
    #expect(CacheProbe.targeted("max-age=1,", "no-store") == nil)
    #expect(CacheProbe.targeted("max-age=1", "No-Store") == nil)
  }

  @Test(
    "anything that is no dictionary is as if it were not there (RFC 9213 section 2.1)",
    arguments: [
      "", "max-age=", "max-age=1,", ",max-age=1", "max-age=1,,a", "max-age=1 a", "Max-Age=1",
      "max-age=1;", "max-age=1; =", "max-age =1", "max-age= 1", "1", "-a", "a=\"x", "a=\"\\x\"",
      "a=\"\u{e9}\"", "a=\"\t\"", "a=1.", "a=1.1234", "a=1234567890123.1", "a=1234567890123456",
      "a=-", "a=--1", "a=+1", "a=?2", "a=?", "a=:x", "a=:%:", "a=(1 2", "a=(1,2)", "a=((1))",
      "a=(1\t2)", "a=@1.5", "a=@", "a=%x", "a=%\"%4\"", "a=%\"%AA\"", "a=%\"", "a=1\"", "a;B=1",
      "a=(1 2);", "a=\u{e9}", "a=#", "max-age=\"", "a=1;b=(1)",
    ])
  func malformed(value: String) {
    #expect(CacheProbe.targeted(value) == nil, "\(value)")
  }

  @Test(
    "all that a dictionary may hold is passed over",
    arguments: [
      "a=-12.125", "a=123456789012.1", "a=\"\\\"\\\\\"", "a=tok:en/x", "a=*x", "a=(1 \"a\" b);c",
      "a=( 1;x  2 )", "a=()", "a=:aGVsbG8=:", "a=::", "a=@-1", "a=%\"%c3%a9 x\"", "a=?0;b=?1;c",
      "a;b;  c=1", "a=1\t,\t b", "a=123456789012345",
    ])
  func wellFormed(value: String) {
    #expect(CacheProbe.targeted("\(value), max-age=7")?.maxAge == 7, "\(value)")
  }
}
