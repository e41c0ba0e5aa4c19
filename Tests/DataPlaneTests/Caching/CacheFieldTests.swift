import Testing

@testable import DataPlane

/// The tables of fields that a cache looks at, and the line that tells what it did.
struct CacheFieldTests {
  private static let requestNames = [
    "cache-control", "pragma", "range", "if-range", "if-none-match", "if-modified-since",
    "if-match", "if-unmodified-since", "accept-encoding", "authorization",
  ]
  private static let responseNames = [
    "age", "date", "etag", "vary", "expires", "pragma", "warning", "location", "cache-tag",
    "set-cookie", "content-type", "cache-status", "cache-control", "content-range",
    "last-modified", "surrogate-key", "content-encoding", "content-location",
    "cdn-cache-control",
  ]

  private static func indices(_ fields: RequestCacheFields) -> [Int16] {
    [
      fields.cacheControl, fields.pragma, fields.range, fields.ifRange, fields.ifNoneMatch,
      fields.ifModifiedSince, fields.ifMatch, fields.ifUnmodifiedSince, fields.acceptEncoding,
      fields.authorization,
    ]
  }

  private static func indices(_ fields: ResponseCacheFields) -> [Int16] {
    [
      fields.age, fields.date, fields.etag, fields.vary, fields.expires, fields.pragma,
      fields.warning, fields.location, fields.cacheTag, fields.setCookie, fields.contentType,
      fields.cacheStatus, fields.cacheControl, fields.contentRange, fields.lastModified,
      fields.surrogateKey, fields.contentEncoding, fields.contentLocation,
      fields.cdnCacheControl,
    ]
  }

  private static func collectRequest(_ lines: [String]) -> RequestCacheFields {
    CacheProbe.request(lines) { RequestCacheFields.collect(&$0, $1, $2) }
  }

  private static func collectResponse(_ lines: [String]) -> ResponseCacheFields {
    CacheProbe.response(lines) { ResponseCacheFields.collect(&$0, $1, $2) }
  }

  @Test("each name is found in any case, once and twice, and no other is")
  func names() {
    for (place, name) in Self.requestNames.enumerated() {
      for written in [name, name.uppercased()] {
        let found = Self.collectRequest(["X: y", "\(written): a", "Y: z", "\(name): b"])
        var expected = [Int16](repeating: -1, count: Self.requestNames.count)
        expected[place] = 2
        #expect(Self.indices(found) == expected, "\(written)")
        #expect(found.repeated.rawValue == 1 << place, "\(written)")
        #expect(Self.collectRequest(["\(written): a"]).repeated.isEmpty)
      }
    }
    for (place, name) in Self.responseNames.enumerated() {
      for written in [name, name.uppercased()] {
        let found = Self.collectResponse(["X: y", "\(written): a", "Y: z", "\(name): b"])
        var expected = [Int16](repeating: -1, count: Self.responseNames.count)
        expected[place] = 1
        #expect(Self.indices(found) == expected, "\(written)")
        #expect(found.repeated.rawValue == 1 << place, "\(written)")
      }
    }
  }

  @Test("names that differ in one byte are others")
  func others() {
    for name in Self.requestNames + Self.responseNames {
      for place in name.indices {
        for other in ["x", "_", "1", "~"] {
          var changed = name
          changed.replaceSubrange(place...place, with: other)
          if changed == name { continue }
          #expect(Self.indices(Self.collectRequest(["\(changed): a"])).allSatisfy { $0 < 0 })
          #expect(Self.indices(Self.collectResponse(["\(changed): a"])).allSatisfy { $0 < 0 })
        }
      }
      for changed in [name + "s", "x" + name, String(name.dropLast())] {
        #expect(Self.indices(Self.collectRequest(["\(changed): a"])).allSatisfy { $0 < 0 })
        #expect(Self.indices(Self.collectResponse(["\(changed): a"])).allSatisfy { $0 < 0 })
      }
    }
  }

  @Test("Cache-Status (RFC 9211)")
  func status() {
    func line(_ status: CacheStatus) -> String {
      var out = Block(capacity: 512)
      status.writeLine(into: &out)
      let line = text(out.copy(0, out.end))
      precondition(line.hasPrefix("Cache-Status: ") && line.hasSuffix("\r\n"))
      precondition(out.end <= CacheStatus.lineMax)
      // Two bytes, one character.
      return String(line.dropFirst(14).dropLast(1))
    }
    #expect(line(CacheStatus(hit: 123)) == "headrace; hit; ttl=123")
    #expect(line(CacheStatus(hit: -5)) == "headrace; hit; ttl=-5")
    #expect(line(CacheStatus(hit: .min)) == "headrace; hit; ttl=-999999999999999")
    var miss = CacheStatus(.uriMiss)
    miss.isStored = true
    miss.isCollapsed = true
    #expect(line(miss) == "headrace; fwd=uri-miss; stored; collapsed")
    var stale = CacheStatus(.stale)
    stale.forwardStatus = 304
    stale.ttl = 60
    stale.detail = StoreVerdict.setCookie.text
    #expect(line(stale) == "headrace; fwd=stale; fwd-status=304; ttl=60; detail=\"set-cookie\"")
    let reasons: [(CacheStatus.Forward, String)] = [
      (.bypass, "bypass"), (.method, "method"), (.varyMiss, "vary-miss"), (.miss, "miss"),
      (.request, "request"), (.partial, "partial"),
    ]
    for (reason, text) in reasons { #expect(line(CacheStatus(reason)) == "headrace; fwd=" + text) }
    for verdict in StoreVerdict.allCases {
      var longest = CacheStatus(.varyMiss)
      longest.forwardStatus = 599
      longest.ttl = .min
      longest.isStored = true
      longest.isCollapsed = true
      longest.detail = verdict.text
      #expect(line(longest).count < CacheStatus.lineMax)
    }
  }
}
