import Testing

@testable import DataPlane

/// A row of the decision table: what a response says, and what must become of it.
struct StoreRow: CustomTestStringConvertible, Sendable {
  let section: String
  let lines: [String]
  let verdict: StoreVerdict
  var status = 200
  var request: [String] = []
  var lifetime: Int64?

  init(
    _ section: String, _ lines: String..., is verdict: StoreVerdict = .store, status: Int = 200,
    request: [String] = [], lifetime: Int64? = nil
  ) {
    self.section = section
    self.lines = lines
    self.verdict = verdict
    self.status = status
    self.request = request
    self.lifetime = lifetime
  }

  var testDescription: String { "\(section): \(status) \(lines) \(request)" }
}

/// Whether a response is stored and for how long it is fresh (RFC 9111 sections 3 and 4.2).
struct StoreTableTests {
  static let date = "Date: " + CacheProbe.date()
  static let old = "Last-Modified: " + CacheProbe.date(-1000)

  static let rows: [StoreRow] = [
    // Directives that forbid.
    StoreRow("3", "Cache-Control: max-age=60", lifetime: 60),
    StoreRow("5.2.2.5", "Cache-Control: no-store, max-age=60", is: .noStore),
    StoreRow("5.2.2.5", "Cache-Control: max-age=60", "Cache-Control: no-store", is: .noStore),
    StoreRow(
      "5.2.1.5", "Cache-Control: max-age=60", is: .requestNoStore,
      request: ["Cache-Control: no-store"]),
    StoreRow("5.2.2.7", "Cache-Control: private, max-age=60", is: .isPrivate),
    StoreRow("5.2.2.7", "Cache-Control: private, public, s-maxage=60", is: .isPrivate),
    StoreRow("5.2.2.7", "Cache-Control: private=\"x\", max-age=60", lifetime: 60),
    StoreRow("5.2.2.7", "Cache-Control: private=\"x\", private, max-age=60", is: .isPrivate),
    StoreRow("5.2.2.7", "Cache-Control: private=\"\", max-age=60", is: .isPrivate),
    StoreRow("5.2.2.3", "Cache-Control: must-understand, no-store, max-age=9", lifetime: 9),
    StoreRow(
      "5.2.2.3", "Cache-Control: must-understand, no-store, max-age=9", is: .notUnderstood,
      status: 299),
    StoreRow(
      "5.2.2.3", "Cache-Control: must-understand, max-age=9", is: .notUnderstood, status: 599),
    StoreRow(
      "5.2.2.3", "Cache-Control: must-understand, no-store, private, max-age=9", is: .isPrivate),
    StoreRow("4.1", "Cache-Control: max-age=60", "Vary: *", is: .varyStar),
    StoreRow("4.1", "Cache-Control: max-age=60", "Vary: a", "Vary: b, *", is: .varyStar),
    StoreRow("4.1", "Cache-Control: max-age=60", "Vary: a b", is: .varyStar),
    StoreRow("4.1", "Cache-Control: max-age=60", "Vary: Accept-Encoding", lifetime: 60),
    StoreRow("3.3", "Cache-Control: max-age=60", is: .partialContent, status: 206),
    StoreRow(
      "3.3", "Cache-Control: max-age=60", "Content-Range: bytes 0-1/2", is: .partialContent),
    StoreRow("3", "Cache-Control: max-age=60", is: .notModified, status: 304),
    StoreRow("3", "Cache-Control: max-age=60", is: .interim, status: 103),
    // Cookies: not the RFC's rule, ours.
    StoreRow("7.3", "Cache-Control: max-age=60", "Set-Cookie: a=b", is: .setCookie),
    StoreRow("7.3", "Cache-Control: public, s-maxage=60", "Set-Cookie: a=b", is: .setCookie),
    StoreRow(
      "5.2.2.4", "Cache-Control: no-cache=\"set-cookie\", max-age=60", "Set-Cookie: a=b",
      lifetime: 60),
    StoreRow(
      "5.2.2.4", "Cache-Control: no-cache=\"cookie\", max-age=60", "Set-Cookie: a=b",
      is: .setCookie),
    // Authorization.
    StoreRow("3.5", "Cache-Control: max-age=60", is: .authorization, request: ["Authorization: x"]),
    StoreRow(
      "3.5", "Cache-Control: max-age=60, proxy-revalidate", is: .authorization,
      request: ["Authorization: x"]),
    StoreRow(
      "3.5", "Cache-Control: public, max-age=60", request: ["Authorization: x"], lifetime: 60),
    StoreRow("3.5", "Cache-Control: s-maxage=60", request: ["Authorization: x"], lifetime: 60),
    StoreRow(
      "3.5", "Cache-Control: must-revalidate, max-age=60", request: ["Authorization: x"],
      lifetime: 60),
    StoreRow(
      "RFC 9213 2.2", "CDN-Cache-Control: max-age=60", "Cache-Control: public",
      is: .authorization, request: ["Authorization: x"]),
    // Statuses.
    StoreRow("3", old, lifetime: 100),
    StoreRow("3", old, is: .statusNeedsFreshness, status: 201),
    StoreRow("3", old, is: .statusNeedsFreshness, status: 302),
    StoreRow("3", old, is: .statusNeedsFreshness, status: 500),
    StoreRow("3", old, is: .statusNeedsFreshness, status: 599),
    StoreRow("3", "Cache-Control: public", old, status: 302, lifetime: 100),
    StoreRow("3", "Cache-Control: max-age=5", status: 302, lifetime: 5),
    StoreRow("3", "Cache-Control: s-maxage=5", status: 500, lifetime: 5),
    StoreRow("3", "Expires: " + CacheProbe.date(5), date, status: 599, lifetime: 5),
    StoreRow("3", "Cache-Control: must-revalidate", old, is: .statusNeedsFreshness, status: 307),
    // The order of lifetimes.
    StoreRow("4.2.1", "Cache-Control: max-age=60, s-maxage=5", lifetime: 5),
    StoreRow("4.2.1", "Cache-Control: s-maxage=0, max-age=60", is: .staleAtOnce),
    StoreRow("4.2.1", "Cache-Control: max-age=60", "Expires: 0", lifetime: 60),
    StoreRow("4.2.1", "Cache-Control: max-age=60, max-age=5", lifetime: 5),
    StoreRow("4.2.1", "Cache-Control: max-age=99999999999", lifetime: 1 << 31),
    StoreRow("4.2.1", "Expires: " + CacheProbe.date(70), date, lifetime: 70),
    StoreRow(
      "4.2.1", "Expires: " + CacheProbe.date(70), "Date: " + CacheProbe.date(-10), lifetime: 80),
    StoreRow(
      "4.2.1", "Expires: " + CacheProbe.date(70), "Date: " + CacheProbe.date(10), lifetime: 60),
    StoreRow("4.2.1", "Expires: " + CacheProbe.date(70), lifetime: 70),
    StoreRow("4.2.1", "Expires: " + CacheProbe.date(70), "Date: 0", lifetime: 70),
    StoreRow("4.2.1", "Expires: " + CacheProbe.date(70), "Expires: 0", date, is: .staleAtOnce),
    StoreRow(
      "4.2.1", "Expires: " + CacheProbe.date(70), "Expires: " + CacheProbe.date(50), date,
      lifetime: 50),
    StoreRow("5.3", "Expires: 0", date, is: .staleAtOnce),
    StoreRow("5.3", "Expires: -1", is: .staleAtOnce),
    StoreRow("5.3", "Expires:", old, lifetime: 0),
    StoreRow("5.3", "Expires: " + CacheProbe.date(-5), date, is: .staleAtOnce),
    StoreRow("5.3", "Expires: Thu, 01 Jan 1960 00:00:00 GMT", date, is: .staleAtOnce),
    StoreRow("5.3", "Expires: Fri, 31 Dec 9999 23:59:59 GMT", date, lifetime: 1 << 31),
    StoreRow("5.3", "Expires: Sunday, 06-Nov-94 08:50:37 GMT", date, lifetime: 60),
    StoreRow("5.3", "Expires: Sun Nov  6 08:50:37 1994", date, lifetime: 60),
    // Targeted.
    StoreRow(
      "RFC 9213 2.2", "CDN-Cache-Control: max-age=5", "Cache-Control: no-store", lifetime: 5),
    StoreRow(
      "RFC 9213 2.2", "CDN-Cache-Control: no-store", "Cache-Control: max-age=5", is: .noStore),
    StoreRow(
      "RFC 9213 2.1", "CDN-Cache-Control: &", "Cache-Control: no-store", is: .noStore),
    StoreRow("RFC 9213 2.1", "CDN-Cache-Control:", "Cache-Control: max-age=7", lifetime: 7),
    StoreRow(
      "RFC 9213 2.2", "CDN-Cache-Control: public", "Expires: " + CacheProbe.date(70), date, old,
      lifetime: 100),
    StoreRow(
      "RFC 9213 2.2", "CDN-Cache-Control: max-age=5, max-age=a",
      "Cache-Control: max-age=60", is: .noFreshness),
    // Heuristics.
    StoreRow("4.2.2", old, date, lifetime: 100),
    StoreRow("4.2.2", "Last-Modified: " + CacheProbe.date(-100_000_000), lifetime: 86_400),
    StoreRow("4.2.2", "Last-Modified: " + CacheProbe.date(50), lifetime: 0),
    StoreRow("4.2.2", "Last-Modified: Thu, 01 Jan 1931 00:00:00 GMT", lifetime: 86_400),
    StoreRow("4.2.2", "Last-Modified: x", is: .noFreshness),
    StoreRow("4.2.2", old, "Last-Modified: " + CacheProbe.date(-50), is: .noFreshness),
    StoreRow("4.2.2", "ETag: \"a\"", is: .noFreshness),
    StoreRow("4.2.2", is: .noFreshness),
    StoreRow("4.2.2", old, status: 404, lifetime: 100),
    StoreRow("4.2.2", old, "Cache-Control: max-age=0", lifetime: 0),
    StoreRow("5.4", old, "Pragma: no-cache", is: .noFreshness),
    StoreRow("5.4", old, "Pragma: no-cache", "Cache-Control: max-age=5", lifetime: 5),
    // Stale at once, or not to be used without validation.
    StoreRow("4.3", "Cache-Control: max-age=0", is: .staleAtOnce),
    StoreRow("4.3", "Cache-Control: max-age=0", "ETag: \"a\"", lifetime: 0),
    StoreRow("4.3", "Cache-Control: max-age=0", "ETag: a", is: .staleAtOnce),
    StoreRow("4.3", "Cache-Control: max-age=0", "ETag: \"a\"", "ETag: \"b\"", is: .staleAtOnce),
    StoreRow("4.3", "Cache-Control: max-age=0", old, lifetime: 0),
    StoreRow("RFC 5861 3", "Cache-Control: max-age=0, stale-while-revalidate=9", lifetime: 0),
    StoreRow("RFC 5861 4", "Cache-Control: max-age=0, stale-if-error=9", lifetime: 0),
    StoreRow(
      "5.2.2.10", "Cache-Control: s-maxage=0, stale-while-revalidate=9", is: .staleAtOnce),
    StoreRow(
      "5.2.2.2", "Cache-Control: max-age=0, must-revalidate, stale-if-error=9", is: .staleAtOnce),
    StoreRow("5.2.2.4", "Cache-Control: no-cache, max-age=60", is: .staleAtOnce),
    StoreRow("5.2.2.4", "Cache-Control: no-cache", "ETag: \"a\"", lifetime: 0),
    StoreRow(
      "5.2.2.4", "Cache-Control: no-cache", "ETag: \"a\"", is: .statusNeedsFreshness,
      status: 302),
    StoreRow(
      "5.2.2.4", "Cache-Control: private=\"etag\", max-age=0", "ETag: \"a\"",
      is: .staleAtOnce),
    // Old when it comes.
    StoreRow("4.2.3", "Cache-Control: max-age=60", "Age: 60", is: .staleAtOnce),
    StoreRow("4.2.3", "Cache-Control: max-age=60", "Age: 59", lifetime: 60),
    StoreRow("4.2.3", "Cache-Control: max-age=60", "Date: " + CacheProbe.date(-60), lifetime: 60),
    StoreRow(
      "4.2.3", "Cache-Control: max-age=60", "Via: 1.0 a", "Date: " + CacheProbe.date(-60),
      is: .staleAtOnce),
    StoreRow("4.2.3", "Cache-Control: max-age=60", "Date: " + CacheProbe.date(60), lifetime: 60),
  ]

  @Test("the decision table", arguments: rows)
  func table(row: StoreRow) {
    let ruling = CacheProbe.ruling(row.lines, status: row.status, request: row.request)
    #expect(ruling.verdict == row.verdict)
    if let lifetime = row.lifetime { #expect(ruling.facts.lifetime == lifetime) }
  }

  @Test("heuristically cacheable statuses are those of RFC 9110 section 15.1, without 206")
  func statuses() {
    let expected: Set<Int> = [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]
    for status in 200..<600 where status != 206 && status != 304 {
      let ruling = CacheProbe.ruling([Self.old], status: status)
      #expect(
        ruling.verdict == (expected.contains(status) ? .store : .statusNeedsFreshness), "\(status)")
    }
  }

  @Test("only GET is stored", arguments: [Method.head, .put, .delete, .options, .other, .trace])
  func methods(method: Method) {
    let ruling = CacheProbe.ruling(["Cache-Control: max-age=60"]) { $0.method = method }
    #expect(ruling.verdict == .method)
  }

  @Test("every reason has a text of its own that a quoted string can hold")
  func texts() {
    let all = StoreVerdict.allCases.map { "\($0.text)" }
    #expect(Set(all).count == all.count)
    for text in all {
      #expect(text == text.lowercased() && !text.contains("\"") && !text.contains("\\"), "\(text)")
    }
  }
}
