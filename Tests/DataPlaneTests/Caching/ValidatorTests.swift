import Testing

@testable import DataPlane

/// Validation: what is asked, whom an answer speaks of, what it changes (RFC 9111 section 4.3).
struct ValidatorTests {
  private static func facts(_ flags: CachedFacts.Flags = .hasETag) -> CachedFacts {
    var facts = CachedFacts()
    facts.flags = flags
    facts.lastModified = CacheProbe.wall - 50
    return facts
  }

  @Test("the conditions are the stored validators, as they are stored")
  func conditions() {
    func write(_ lines: String, _ facts: CachedFacts, capacity: Int = 256) -> String? {
      let stored = block(bytes("zz" + lines))
      var out = Block(capacity: capacity)
      out.append("X: y\r\n")
      let done = Validators.writeConditions(
        facts, stored.bytes, 2, stored.end, into: &out)
      return done ? text(out.copy(6, out.end)) : nil
    }
    let modified = "last-modified: " + CacheProbe.date(-50) + " \r\n"
    let since = "If-Modified-Since: " + CacheProbe.date(-50) + "\r\n"
    #expect(
      write("A: b\r\nEtag:W/\"a\"\r\n" + modified, Self.facts())
        == "If-None-Match: W/\"a\"\r\n" + since)
    #expect(write("HTTP/1.1 200 ETag: \"n\"\r\n" + modified + "\r\n", Self.facts()) == since)
    #expect(
      write("X-ETag: \"n\"\r\nETags: \"n\"\r\nETag: \"a\"\r\n", Self.facts())
        == "If-None-Match: \"a\"\r\n")
    #expect(write("ETag: a\r\n" + modified, Self.facts([])) == since)
    #expect(write("A: b\r\n", Self.facts()) == nil)
    #expect(write(modified, Self.facts(), capacity: 80) == nil)
    var none = Self.facts([])
    none.lastModified = CachedFacts.noDate
    #expect(write("ETag: \"a\"\r\n" + modified, none) == nil)
  }

  private static func match(_ lines: [String], etag: String? = "\"a\"") -> Validators.Match {
    let stored = block(bytes(etag ?? ""))
    let range = etag.map { ValueRange(at: 0, count: $0.utf8.count) } ?? .none
    return CacheProbe.response(lines, status: 304) { head, bytes, origin in
      let fields = ResponseCacheFields.collect(&head, bytes, origin)
      return Validators.match(
        facts(), range, stored.bytes, fields, &head, bytes, origin, wallSeconds: CacheProbe.wall)
    }
  }

  @Test("of which response a 304 speaks (section 4.3.4)")
  func notModified() {
    #expect(Self.match(["ETag: \"a\""]) == .same)
    #expect(Self.match(["ETag: \"b\""]) == .different)
    #expect(Self.match(["ETag: W/\"a\""]) == .same)
    #expect(Self.match(["ETag: W/\"b\""]) == .different)
    #expect(Self.match(["ETag: \"a\""], etag: "W/\"a\"") == .different)
    #expect(Self.match(["ETag: W/\"a\""], etag: "W/\"a\"") == .same)
    #expect(Self.match(["ETag: \"a\""], etag: nil) == .different)
    #expect(Self.match(["ETag: a"], etag: "a") == .same)
    #expect(Self.match(["ETag: \"a\"", "ETag: \"b\""]) == .different)
    #expect(Self.match([]) == .same)
    #expect(Self.match(["Last-Modified: " + CacheProbe.date(-50)]) == .same)
    #expect(Self.match(["Last-Modified: " + CacheProbe.date(-49)]) == .different)
    #expect(Self.match(["Last-Modified: x"]) == .same)
    // A strong tag decides alone.
    #expect(Self.match(["ETag: \"a\"", "Last-Modified: " + CacheProbe.date()]) == .same)
  }

  @Test("of which response a HEAD speaks (section 4.3.5)")
  func head() {
    func match(_ lines: [String], status: Int = 200, etag: String? = "\"a\"") -> Bool {
      let stored = block(bytes(etag ?? ""))
      let range = etag.map { ValueRange(at: 0, count: $0.utf8.count) } ?? .none
      return CacheProbe.response(lines, status: status) { head, bytes, origin in
        let fields = ResponseCacheFields.collect(&head, bytes, origin)
        return Validators.matchHead(
          Self.facts(), length: 7, range, stored.bytes, fields, &head, bytes, origin,
          wallSeconds: CacheProbe.wall) == .same
      }
    }
    let modified = "Last-Modified: " + CacheProbe.date(-50)
    #expect(match(["ETag: \"a\"", modified, "Content-Length: 7"]) && match([modified]))
    // Nothing that says that it is the same.
    #expect(!match([]) && !match(["Content-Length: 7"]))
    #expect(!match(["Content-Length: 8"]) && !match(["ETag: \"b\""]) && !match(["ETag: W/\"a\""]))
    #expect(!match(["ETag: \"a\""], etag: nil) && !match(["ETag: \"a\"", "ETag: \"a\""]))
    #expect(!match(["Last-Modified: " + CacheProbe.date()]) && !match(["Last-Modified: x"]))
    #expect(!match([modified], status: 404))
  }

  private static func merge(_ stored: [String], _ new: [String], cookies: Bool = false) -> String {
    CacheProbe.response(stored) { head, bytes, origin in
      let copy = block((0..<bytes.count).map { bytes[$0] })
      var old = MessageHead()
      _ = ResponseParser.parse(
        copy.bytes, origin, origin + head.length, limits: .widest, into: &old)
      return CacheProbe.response(new, status: 304) { head, bytes, newOrigin in
        let fields = ResponseCacheFields.collect(&head, bytes, newOrigin)
        var out = Block(capacity: 4096)
        let fits = FieldUpdate.merge(
          &old, copy.bytes, origin, with: &head, fields, bytes, newOrigin,
          storesSetCookie: cookies, into: &out)
        precondition(fits)
        return text(out.copy(0, out.end)).replacing("\r\n", with: "|")
      }
    }
  }

  @Test("the fields of a 304 replace those that are stored (section 3.2)")
  func update() {
    #expect(Self.merge(["A: 1", "B: 2", "a: 3"], ["a: 4", "C: 5"]) == "B: 2|a: 4|C: 5|")
    #expect(Self.merge(["A: 1"], ["A: 2", "A: 3"]) == "A: 2|A: 3|")
    #expect(Self.merge(["A: 1"], []) == "A: 1|")
    #expect(Self.merge(["Date: x", "A: 1"], ["date: y"]) == "A: 1|date: y|")
    #expect(Self.merge(["Date: x", "A: 1"], []) == "A: 1|")
    #expect(
      Self.merge(["Content-Type: a", "ETag: \"x\""], ["Content-Type: b", "ETag: \"y\""])
        == "Content-Type: b|ETag: \"y\"|")
    let kept = ["Vary: a", "Content-Encoding: gzip", "Content-Range: x"]
    let new = [
      "Vary: A", "Content-Encoding: br", "Content-Range: y", "Content-Length: 5", "Age: 7",
      "Connection: close", "Keep-Alive: timeout=5", "Trailer: a",
    ]
    #expect(Self.merge(kept, new) == kept.joined(separator: "|") + "|")
    #expect(Self.merge(["A: 1"], ["Set-Cookie: a=b"]) == "A: 1|")
    // `Vary` only grows.
    #expect(Self.merge(["Vary: a, B"], ["Vary: b,A", "vary: a, c"]) == "Vary: a, B|vary: a, c|")
    #expect(Self.merge(["Vary: a", "Vary: b"], ["Vary: b, a"]) == "Vary: a|Vary: b|")
    #expect(Self.merge(["Vary: a"], ["Vary:", "Vary: *"]) == "Vary: a|Vary: *|")
    #expect(Self.merge(["A: 1"], ["Vary: a"]) == "A: 1|Vary: a|")
    #expect(Self.merge(["A: 1"], ["Set-Cookie: a=b"], cookies: true) == "A: 1|Set-Cookie: a=b|")
    #expect(
      Self.merge(["A: 1", "B: 2"], ["Cache-Control: private=\"a\"", "A: 9", "B: 9"])
        == "A: 1|Cache-Control: private=\"a\"|B: 9|")
  }

  @Test("a head that does not fit is not merged")
  func room() {
    let fits = CacheProbe.response(["A: 1"]) { old, oldBytes, oldOrigin in
      CacheProbe.response(["B: 2"], status: 304) { head, bytes, origin in
        let fields = ResponseCacheFields.collect(&head, bytes, origin)
        var out = Block(capacity: 16)
        return FieldUpdate.merge(
          &old, oldBytes, oldOrigin, with: &head, fields, bytes, origin, storesSetCookie: false,
          into: &out)
      }
    }
    #expect(!fits)
  }
}
