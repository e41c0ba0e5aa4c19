import Testing

@testable import DataPlane

/// What is remembered of a stored response: age, staleness, flags, jitter, hashed names.
struct StoreFactTests {
  @Test(
    "Age (RFC 9111 section 5.1): the first of a list, ignored when it is no number",
    arguments: [
      (["Age: 5"], 5), (["Age: 5, 9"], 5), (["Age: 5 , x"], 5), (["Age: 5", "Age: 9"], 5),
      (["Age: x, 5"], 0), (["Age: -5"], 0), (["Age: 5.0"], 0), (["Age: 5x"], 0), (["Age:"], 0),
      (["Age: , 5"], 0), (["Age: \"5\""], 0), (["Age: 0005"], 5), (["Age: 2147483648"], 1 << 31),
      (["Age: 99999999999999999999999999999999"], 1 << 31), ([], 0),
    ] as [([String], Int64)])
  func age(lines: [String], expected: Int64) {
    let ruling = CacheProbe.ruling(["Cache-Control: max-age=2147483647"] + lines)
    #expect(ruling.facts.initialAge == expected, "\(lines)")
  }

  @Test("Date makes a response old only where Age cannot tell (RFC 9111 section 4.2.3)")
  func dateAndAge() {
    func age(_ lines: [String]) -> Int64 { CacheProbe.ruling(lines).facts.initialAge }
    let past = "Date: " + CacheProbe.date(-30)
    #expect(age([past, "Cache-Control: max-age=60"]) == 0)
    #expect(age([past, "Cache-Control: s-maxage=60"]) == 0)
    #expect(age([past, "CDN-Cache-Control: max-age=60"]) == 0)
    #expect(age([past, "Cache-Control: max-age=60", "Age: 5"]) == 5)
    // Another proxy may have kept it without saying so; one that says `Age` has said all.
    #expect(age([past, "Cache-Control: max-age=60", "Via: 1.1 a"]) == 30)
    #expect(age([past, "Cache-Control: max-age=60", "Via: 1.1 a", "Age: 5"]) == 5)
    // `Expires` is a point in time.
    #expect(age([past, "Expires: " + CacheProbe.date(20)]) == 30)
  }

  @Test("the corrected initial age: apparent age, or Age and delay (RFC 9111 section 4.2.3)")
  func initialAge() {
    func age(_ lines: [String], delay: Int64) -> Int64 {
      CacheProbe.ruling(lines) { $0.delaySeconds = delay }.facts.initialAge
    }
    let past = "Date: " + CacheProbe.date(-30)
    #expect(age([past], delay: 0) == 30)
    #expect(age([past, "Age: 20"], delay: 5) == 30)
    #expect(age([past, "Age: 27"], delay: 5) == 32)
    #expect(age(["Date: " + CacheProbe.date(30), "Age: 7"], delay: 1) == 8)
    #expect(age(["Date: x", "Age: 7"], delay: 1) == 8)
    #expect(age(["Age: 7"], delay: -9) == 7)
    #expect(age(["Age: 2147483648"], delay: .max) == 1 << 31)
    #expect(age(["Date: Sat, 01 Jan 0000 00:00:00 GMT"], delay: 0) == 1 << 31)
    let merged = CacheProbe.ruling(["Age: 7"]) { $0.age = 3 }
    #expect(merged.facts.initialAge == 3)
  }

  @Test("flags and dates")
  func facts() {
    let ruling = CacheProbe.ruling(
      [
        "Cache-Control: max-age=60, immutable, no-transform", "ETag: W/\"a\"",
        "Last-Modified: " + CacheProbe.date(-9), "Date: " + CacheProbe.date(-3),
      ], status: 203)
    #expect(ruling.verdict == .store && !ruling.isTargeted)
    #expect(ruling.facts.flags == [.immutable, .noTransform, .hasETag, .hasWeakETag])
    #expect(ruling.facts.status == 203 && ruling.facts.storedAt == CacheProbe.now)
    #expect(ruling.facts.lastModified == CacheProbe.wall - 9)
    #expect(ruling.facts.date == CacheProbe.wall - 3)
    let plain = CacheProbe.ruling(["Cache-Control: max-age=60", "Date: x", "ETag: \"a"])
    #expect(plain.facts.flags == [] && plain.facts.date == CachedFacts.noDate)
    #expect(CacheProbe.ruling(["ETag: \"a\""]).facts.flags == .hasETag)
    let guessed = CacheProbe.ruling(["Last-Modified: " + CacheProbe.date(-900)])
    #expect(guessed.facts.flags == .isHeuristic)
    #expect(
      CacheProbe.ruling(["Cache-Control: no-cache"]).facts.flags
        == [.noCache, .mustRevalidate])
    for directive in ["must-revalidate", "proxy-revalidate", "s-maxage=5"] {
      let ruling = CacheProbe.ruling(["Cache-Control: \(directive), max-age=60"])
      #expect(ruling.facts.flags == .mustRevalidate, "\(directive)")
    }
  }

  @Test("what may be used stale: the response's word, else the rules', never against it")
  func staleness() {
    func facts(_ control: String) -> (Int64, Int64) {
      let ruling = CacheProbe.ruling(["Cache-Control: max-age=60" + control]) {
        $0.rules.staleWhileRevalidate = 3
        $0.rules.staleIfError = 4
      }
      return (ruling.facts.staleWhileRevalidate, ruling.facts.staleIfError)
    }
    #expect(facts("") == (3, 4))
    #expect(facts(", stale-while-revalidate=9") == (9, 4))
    #expect(facts(", stale-while-revalidate=0, stale-if-error=0") == (0, 0))
    #expect(facts(", stale-if-error=x") == (3, 0))
    #expect(facts(", must-revalidate, stale-while-revalidate=9") == (0, 0))
    #expect(facts(", s-maxage=60, stale-if-error=9") == (0, 0))
    #expect(facts(", proxy-revalidate") == (0, 0))
    #expect(facts(", no-cache") == (0, 0))
  }

  @Test("the rules: default lifetime, share of the time since the change, cookies, size")
  func rules() {
    let modified = "Last-Modified: " + CacheProbe.date(-1000)
    func lifetime(_ lines: [String], _ change: (inout CacheRules) -> Void) -> Int64? {
      let ruling = CacheProbe.ruling(lines) { change(&$0.rules) }
      return ruling.verdict == .store ? ruling.facts.lifetime : nil
    }
    #expect(lifetime([], { $0.defaultTTL = 7 }) == 7)
    #expect(lifetime([modified], { $0.defaultTTL = 7 }) == 100)
    #expect(lifetime(["Cache-Control: max-age=3"], { $0.defaultTTL = 7 }) == 3)
    #expect(lifetime(["Pragma: no-cache"], { $0.defaultTTL = 7 }) == nil)
    #expect(lifetime([modified], { $0.heuristicPercent = 50 }) == 500)
    #expect(lifetime([modified], { $0.heuristicMaxSeconds = 50 }) == 50)
    #expect(lifetime([modified], { $0.heuristicPercent = 0 }) == nil)
    #expect(
      lifetime(
        [modified],
        {
          $0.heuristicPercent = 0
          $0.defaultTTL = 8
        }) == 8)
    let cookie = ["Cache-Control: max-age=60", "Set-Cookie: a=b"]
    #expect(lifetime(cookie, { $0.storesSetCookie = true }) == 60)
    let long = ["Cache-Control: max-age=60", "Content-Length: 101"]
    #expect(CacheProbe.ruling(long) { $0.rules.maxObjectBytes = 100 }.verdict == .tooLong)
    #expect(CacheProbe.ruling(long) { $0.rules.maxObjectBytes = 101 }.verdict == .store)
  }

  @Test("jitter only shortens, by no more than its share, and never to nothing")
  func jitter() {
    var dice = Dice(seed: 3)
    var least = Int64.max
    var most = Int64.min
    for _ in 0..<2000 {
      let random = dice.next()
      let facts = CacheProbe.ruling(["Cache-Control: max-age=1100", "Age: 100"]) {
        $0.rules.jitterPercent = 10
        $0.random = random
      }.facts
      least = min(least, facts.lifetime)
      most = max(most, facts.lifetime)
    }
    #expect(least >= 1000 && least < 1005 && most <= 1100 && most > 1095, "\(least) \(most)")
    for age in [0, 1, 5, 59, 60, 61] as [Int64] {
      let jittered = Freshness.jittered(60, age: age, percent: 50, .max)
      #expect(jittered <= 60 && (age >= 60 || jittered > age))
    }
    #expect(Freshness.jittered(1 << 31, age: 0, percent: 50, .max) > 1 << 30)
    #expect(Freshness.jittered(60, age: 0, percent: 0, .max) == 60)
  }

  @Test("a hashed name: a missed chance, or a year by option")
  func hashedNames() {
    func ruling(_ lines: [String], status: Int = 200, pins: Bool = true) -> StoreRuling {
      CacheProbe.ruling(lines, status: status) {
        $0.hasHashedName = true
        $0.rules.pinsHashedNames = pins
      }
    }
    let modified = "Last-Modified: " + CacheProbe.date(-1000)
    for lines in [[], ["Cache-Control: public, max-age=0"], [modified], ["Expires: 0"]] {
      let pinned = ruling(lines)
      #expect(pinned.verdict == .store && pinned.isPinned, "\(lines)")
      #expect(pinned.facts.lifetime == 31_536_000 && pinned.facts.flags.contains(.immutable))
      let missed = ruling(lines, pins: false)
      #expect(missed.facts.flags.contains(.isMissedChance) && !missed.isPinned, "\(lines)")
    }
    for lines in [
      ["Cache-Control: no-store"], ["Cache-Control: private"], ["Set-Cookie: a=b"],
      ["Cache-Control: no-cache", modified], ["Cache-Control: max-age=31536000"],
      ["Cache-Control: max-age=60, immutable"],
    ] {
      #expect(!ruling(lines).isPinned, "\(lines)")
      #expect(!ruling(lines, pins: false).facts.flags.contains(.isMissedChance), "\(lines)")
    }
    for status in [404, 302, 500] { #expect(!ruling([modified], status: status).isPinned) }
  }

  @Test("fields that private and no-cache name are dropped, others are not")
  func unstored() {
    func dropped(_ lines: [String]) -> [Bool] {
      CacheProbe.response(lines) { head, bytes, origin in
        let fields = ResponseCacheFields.collect(&head, bytes, origin)
        StoreRuling.dropUnstored(fields, &head, bytes, origin)
        return (0..<head.fieldCount).map { head.fields[$0].isDropped }
      }
    }
    #expect(
      dropped(["Cache-Control: private=\"x-A, B\"", "X-a: 1", "b: 2", "c: 3", "x-a: 4"])
        == [false, true, true, false, true])
    #expect(dropped(["Cache-Control: no-cache=b", "a: 1", "b: 2"]) == [false, false, true])
    #expect(dropped(["Cache-Control: x=\"b\"", "b: 2"]) == [false, false])
    #expect(
      dropped(["Cache-Control: a", "cache-control: no-cache=\"b\"", "b: 2"])
        == [false, false, true])
    #expect(
      dropped(["Cache-Control: no-cache=\"a\"", "CDN-Cache-Control: private=\"b\"", "a: 1", "b: 2"])
        == [false, false, false, true])
    #expect(
      dropped(["Cache-Control: no-cache=\"a\"", "CDN-Cache-Control: &", "a: 1", "b: 2"])
        == [false, false, true, false])
    let ruling = CacheProbe.ruling(["Cache-Control: max-age=5, private=\"etag\"", "ETag: \"a\""])
    #expect(ruling.hasUnstoredFields && ruling.facts.flags == [])
  }

  @Test("the lines that are not for the store are there for the client that asked")
  func ownLines() {
    func own(_ lines: [String]) -> String {
      CacheProbe.response(lines) { head, bytes, origin in
        var out = Block(capacity: 256)
        let fields = ResponseCacheFields.collect(&head, bytes, origin)
        StoreRuling.appendUnstored(fields, &head, bytes, origin, to: &out)
        return text(out.copy(0, out.end))
      }
    }
    let lines = ["Cache-Control: private=\"x-A, B\"", "X-a: 1", "b: 2", "c: 3", "x-a: 4"]
    #expect(own(lines) == "X-a: 1\r\nb: 2\r\nx-a: 4\r\n")
    #expect(own(["Cache-Control: private, no-cache=\"d\"", "b: 2"]) == "")
  }
}
