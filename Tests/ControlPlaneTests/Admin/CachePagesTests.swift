import Foundation
import Synchronization
import Testing

@testable import ControlPlane

/// The admin pages `/cache` and `/cache/purge`, without a proxy.
struct CachePagesTests {
  private final class Calls: Sendable {
    let purges = Mutex<[CachePurge]>([])
    let lists = Mutex<[Int]>([])
  }

  private static let caches: [MetricsReport.Cache] = {
    var assets = MetricsReport.Cache(name: "assets")
    assets.usedBytes = 12_897_485
    assets.limitBytes = 256 << 20
    assets.entries = 1204
    assets.hits = 90
    assets.staleHits = 5
    assets.misses = 4
    assets.revalidations = 1
    assets.bypasses = 7
    assets.stored = 1300
    assets.uncacheable = 2
    assets.evictions = 96
    assets.missedChances = 3
    return [assets, MetricsReport.Cache(name: "pages")]
  }()

  private static let responses: [StoredResponse] = {
    var whole = StoredResponse(cache: "assets", url: "http://a/x?b=1")
    whole.keyItems = ["c:lang=en"]
    whole.vary = ["accept-language", "origin"]
    whole.tags = ["p1", "p2"]
    whole.ageSeconds = 75
    whole.ttlSeconds = -15
    whole.sizeBytes = 5120
    whole.compressedBytes = 700
    whole.memoryBytes = 6900
    whole.hits = 17
    whole.lastHitSeconds = 3
    whole.flags = ["must-revalidate", "missed chance"]
    var coming = StoredResponse(cache: "assets", url: "http://a/x?b=1")
    coming.status = 404
    coming.ttlSeconds = 60
    coming.sizeBytes = 12
    coming.memoryBytes = 900
    coming.state = .filling
    var refused = StoredResponse(cache: "pages", url: "http://a/x?b=1")
    refused.refusal = "set-cookie"
    refused.ttlSeconds = 8
    return [whole, coming, refused]
  }()

  private let calls = Calls()

  private var admin: CacheAdmin {
    @Sendable func known(_ name: String?) throws(CacheProblem) {
      guard let name, !["assets", "pages"].contains(name) else { return }
      throw .unknown("there is no cache \(name)")
    }
    return CacheAdmin(
      report: { name throws(CacheProblem) in
        try known(name)
        return CacheReport(caches: Self.caches.filter { name == nil || $0.name == name })
      },
      show: { url, name throws(CacheProblem) in
        try known(name)
        if url.contains("#") { throw .invalid("no URL") }
        var report = StoredReport(subject: url, caches: ["assets", "pages"])
        report.responses = url.hasSuffix("/none") ? [] : Self.responses
        report.total = report.responses.count
        return report
      },
      list: { [calls] prefix, name, limit throws(CacheProblem) in
        try known(name)
        calls.lists.withLock { $0.append(limit) }
        var report = StoredReport(subject: prefix, caches: ["assets"])
        report.responses = prefix == "none/" ? [] : Array(Self.responses.prefix(2))
        report.total = prefix == "none/" ? 0 : 5321
        return report
      },
      purge: { [calls] purge throws(CacheProblem) in
        try known(purge.cache)
        calls.purges.withLock { $0.append(purge) }
        return .init(
          counts: [.init(cache: "assets", responses: 1), .init(cache: "pages", responses: 0)],
          isHard: purge.isHard)
      })
  }

  private func ask(
    _ method: String, _ path: String, _ query: [String: String] = [:],
    _ headers: [(String, String)] = [], hasProxy: Bool = true
  ) -> (status: Int, text: String) {
    var request = LocalRequest(method: method, path: path)
    request.query = query.sorted { $0.key < $1.key }.map { LocalField($0.key, $0.value) }
    request.headers = headers.map { LocalField($0.0, $0.1) }
    var pages = AdminPages(metrics: { MetricsReport() }, readiness: { .ready })
    if hasProxy { pages.caches = admin }
    let answer = pages.answer(request)
    return (answer.status, String(decoding: answer.body, as: UTF8.self))
  }

  private func purge(_ query: [String: String]) -> (status: Int, text: String) {
    ask("POST", "/cache/purge", query, [("X-Headrace-Admin", "1")])
  }

  private func object(_ text: String) throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
    return try #require(object as? [String: Any])
  }

  // MARK: Caches

  @Test func theTableOfCaches() {
    let table = """
      CACHE       USED      LIMIT  ENTRIES  HITS  STALE  MISSES  REVALIDATED  RATIO  STORED  \
      NOT STORED  EVICTED  MISSED CHANCES
      assets  12.3 MiB  256.0 MiB     1204    90      5       4            1    95%    1300  \
               2       96               3
      pages        0 B        0 B        0     0      0       0            0      -       0  \
               0        0               0

      """
    #expect(ask("GET", "/cache").text == table)
    #expect(ask("GET", "/cache", ["cache": "pages"]).text.contains("assets") == false)
  }

  @Test func cachesAsJSON() throws {
    let document = try object(ask("GET", "/cache", ["format": "json"]).text)
    let caches = try #require(document["caches"] as? [[String: Any]])
    #expect(caches.count == 2)
    #expect(caches[0]["hit_ratio_percent"] as? Int == 95 && caches[0]["bypasses"] as? Int == 7)
    #expect(caches[0]["used_bytes"] as? Int == 12_897_485)
    #expect(caches[1]["hit_ratio_percent"] is NSNull)
  }

  // MARK: What is stored

  @Test func everyVariantOfAURL() {
    let text = """
      http://a/x?b=1 in cache assets
        key: c:lang=en
        status 200, age 75 s, ttl -15 s, stale
        content 5.0 KiB, 700 B in gzip, 6.7 KiB of memory
        17 hits, the last 3 s ago
        vary: accept-language, origin
        tags: p1, p2
        flags: must-revalidate, missed chance

      http://a/x?b=1 in cache assets
        status 404, age 0 s, ttl 60 s
        content 12 B (filling), 900 B of memory
        0 hits

      http://a/x?b=1 in cache pages
        not stored: set-cookie; this is remembered for 8 s more

      """
    #expect(ask("GET", "/cache", ["url": "http://a/x?b=1"]).text == text)
  }

  @Test func storedAsJSON() throws {
    let page = ask("GET", "/cache", ["url": "a/x", "format": "json"])
    let responses = try #require(try object(page.text)["responses"] as? [[String: Any]])
    #expect(responses.count == 3)
    #expect(responses[0]["ttl"] as? Int == -15 && responses[0]["gzip_bytes"] as? Int == 700)
    #expect(responses[0]["tags"] as? [String] == ["p1", "p2"])
    #expect(responses[1]["last_hit_ago"] is NSNull)
    #expect(responses[1]["state"] as? String == "filling")
    #expect(responses[2]["not_stored"] as? String == "set-cookie")
    #expect(responses[2]["status"] == nil)
  }

  @Test func nothingIsStored() throws {
    let page = ask("GET", "/cache", ["url": "http://a/none"])
    #expect(page.status == 200)
    #expect(page.text == "nothing is stored for http://a/none in cache assets or pages\n")
    let json = ask("GET", "/cache", ["url": "http://a/none", "format": "json"])
    #expect(try object(json.text)["total"] as? Int == 0)
    let list = ask("GET", "/cache", ["list": "none/"])
    #expect(list.text == "nothing is stored under none/ in cache assets\n")
  }

  @Test func aListSaysHowManyThereAre() {
    let page = ask("GET", "/cache", ["list": ""])
    let text = """
      CACHE   STATUS  AGE  TTL     SIZE  HITS  URL
      assets     200   75  -15  5.0 KiB    17  http://a/x?b=1 c:lang=en
      assets     404    0   60     12 B     0  http://a/x?b=1

      2 of 5321 are shown

      """
    #expect(page.text == text)
    _ = ask("GET", "/cache", ["list": "a", "limit": "7"])
    #expect(calls.lists.withLock { $0 } == [100, 7])
  }

  // MARK: Purging

  @Test func purgesWhatItIsTold() {
    let text = "assets: 1 response purged\npages: 0 responses purged\n"
    #expect(purge(["url": "http://a/x"]).text == text)
    #expect(purge(["prefix": "a/"]).status == 200)
    #expect(purge(["tag": "p1", "soft": "1"]).text.hasPrefix("assets: 1 response made stale\n"))
    #expect(purge(["all": "1", "soft": "0", "cache": "pages"]).status == 200)
    let expected = [
      CachePurge(subject: .url("http://a/x")), CachePurge(subject: .prefix("a/")),
      CachePurge(subject: .tag("p1"), isHard: false), CachePurge(subject: .all, cache: "pages"),
    ]
    #expect(calls.purges.withLock { $0 } == expected)
  }

  @Test func aPurgeAsJSON() throws {
    let document = try object(purge(["all": "1", "soft": "1", "format": "json"]).text)
    #expect(document["soft"] as? Bool == true)
    let caches = try #require(document["caches"] as? [[String: Any]])
    #expect(caches.map { $0["purged"] as? Int } == [1, 0])
  }

  @Test func nothingIsPurgedByWebPagesOrBareRequests() {
    #expect(ask("POST", "/cache/purge", ["all": "1"]).status == 403)
    let fields = [("X-Headrace-Admin", "1"), ("Origin", "http://evil.example")]
    #expect(ask("POST", "/cache/purge", ["all": "1"], fields).status == 403)
    #expect(ask("GET", "/cache/purge", ["all": "1"]).status == 405)
    #expect(ask("POST", "/cache", ["all": "1"]).status == 405)
    #expect(calls.purges.withLock { $0.isEmpty })
  }

  @Test(arguments: [
    ([:], "needs one of url"), (["url": "a/", "tag": "b"], "needs one of url"),
    (["all": "0"], "needs one of url"), (["all": "yes"], "all must be 1 or 0, not \"yes\""),
    (["url": "a/", "soft": "true"], "soft must be 1 or 0, not \"true\""),
    (["uri": "a/"], "no parameter \"uri\""), (["url": "a/", "format": "xml"], "no format \"xml\""),
  ])
  func aPurgeThatCannotBeMeant(_ query: [String: String], _ words: String) {
    let answer = purge(query)
    #expect(answer.status == 422 && answer.text.contains(words), "\(answer.text)")
    #expect(calls.purges.withLock { $0.isEmpty })
  }

  @Test(arguments: [
    (["url": "a/", "list": "b"], 422, "one at a time"), (["limit": "5"], 422, "goes with list"),
    (["list": "", "limit": "0"], 422, "limit must be 1 to 10000"),
    (["list": "", "limit": "10001"], 422, "limit must be 1 to 10000"),
    (["list": "", "limit": "x"], 422, "limit must be 1 to 10000"),
    (["url": "a#b"], 422, "no URL"), (["cache": "other"], 404, "there is no cache other"),
    (["url": "a/", "cache": "other"], 404, "there is no cache other"),
    (["pool": "x"], 422, "no parameter \"pool\""),
  ])
  func aQuestionThatCannotBeMeant(_ query: [String: String], _ status: Int, _ words: String) {
    let answer = ask("GET", "/cache", query)
    #expect(answer.status == status && answer.text.contains(words), "\(answer.text)")
  }

  @Test func withoutAProxyThereIsNothing() {
    #expect(ask("GET", "/cache", hasProxy: false).status == 404)
    let fields = [("X-Headrace-Admin", "1")]
    #expect(ask("POST", "/cache/purge", ["all": "1"], fields, hasProxy: false).status == 404)
    #expect(CacheReport().text == "the config has no caches\n")
    #expect(CachePurge.Outcome().text == "the config has no caches\n")
    let none = StoredReport(subject: "a/", caches: [])
    #expect(none.text == "nothing is stored for a/: the config has no caches\n")
  }

  @Test func sizesInUnits() {
    #expect(StoredResponse.size(0) == "0 B" && StoredResponse.size(1023) == "1023 B")
    #expect(StoredResponse.size(1024) == "1.0 KiB" && StoredResponse.size(1 << 40) == "1.0 TiB")
    #expect(StoredResponse.size(1_048_575) == "1024.0 KiB")
  }
}
