import Testing

@testable import DataPlane

/// How a stored response may be used (RFC 9111 section 4).
struct ReuseTests {
  /// Lifetime 100; stale while revalidated for 20, on errors for 50.
  private static func facts(_ flags: CachedFacts.Flags = []) -> CachedFacts {
    var facts = CachedFacts()
    facts.flags = flags
    facts.lifetime = 100
    facts.storedAt = CacheProbe.now
    if !flags.contains(.mustRevalidate) {
      facts.staleWhileRevalidate = 20
      facts.staleIfError = 50
    }
    return facts
  }

  private static func decide(
    _ age: UInt64, _ request: String = "", _ flags: CachedFacts.Flags = []
  ) -> Reuse {
    let directives = CacheProbe.directives(request.isEmpty ? [] : ["Cache-Control: " + request])
    return Reuse.decide(
      facts(flags), now: CacheProbe.now + age * 1_000_000_000, directives, CacheRules(),
      random: .max)
  }

  @Test(
    "by age, request and response",
    arguments: [
      // Section 4.2: fresh while the lifetime is larger than the age.
      (0, "", [], .fresh), (99, "", [], .fresh), (100, "", [], .stale), (119, "", [], .stale),
      (120, "", [], .validate), (100, "", .mustRevalidate, .validate),
      // Section 5.2.2.4.
      (0, "", .noCache, .validate), (0, "max-stale", .noCache, .validate),
      // Section 5.2.1.1.
      (10, "max-age=10", [], .fresh), (11, "max-age=10", [], .reload),
      (0, "max-age=0", [], .reload), (10, "max-age=x", [], .reload),
      (110, "max-age=50", [], .reload), (120, "max-age=50", [], .validate),
      (50, "max-age=5, max-stale=9", [], .reload), (110, "max-age=500", [], .reload),
      (110, "max-age=500, max-stale=1", [], .stale),
      // Section 5.2.1.2.
      (109, "max-stale=9", [], .stale), (120, "max-stale=20", [], .staleAccepted),
      (121, "max-stale=20", [], .validate), (121, "max-stale=x", [], .validate),
      (1_000_000, "max-stale", [], .staleAccepted),
      (101, "max-stale", .mustRevalidate, .validate),
      // Section 5.2.1.3.
      (90, "min-fresh=10", [], .fresh), (91, "min-fresh=10", [], .reload),
      (0, "min-fresh=x", [], .reload), (110, "min-fresh=0", [], .reload),
      // Section 5.2.1.4.
      (0, "no-cache", [], .reload), (110, "no-cache", [], .reload),
      (120, "no-cache", [], .validate),
      // RFC 8246 section 2.
      (10, "max-age=0", .immutable, .fresh), (10, "max-age=5", .immutable, .fresh),
      (10, "no-cache", .immutable, .reload), (110, "max-age=0", .immutable, .reload),
      // Sections 5.2.1.5 and 5.2.1.7 say nothing of reuse.
      (0, "no-store, only-if-cached, x", [], .fresh),
    ] as [(UInt64, String, CachedFacts.Flags, Reuse)])
  func table(age: UInt64, request: String, flags: CachedFacts.Flags, expected: Reuse) {
    let found = Self.decide(age, request, flags)
    #expect(found == expected, "\(age) \(request) \(flags)")
  }

  @Test("without its reload a request takes what is there")
  func withoutReload() {
    let directives = CacheProbe.directives(["Cache-Control: no-cache, max-age=0, min-fresh=5"])
    let fresh = Reuse.decide(
      Self.facts(), now: CacheProbe.now, directives.withoutReload, CacheRules(), random: .max)
    #expect(fresh == .fresh)
  }

  @Test("the age begins with that of the response, and no clock that goes back makes it younger")
  func ages() {
    var facts = Self.facts()
    facts.initialAge = 95
    func at(_ seconds: Int64) -> Reuse {
      let now = UInt64(Int64(CacheProbe.now) + seconds * 1_000_000_000)
      return Reuse.decide(facts, now: now, RequestDirectives(), CacheRules(), random: .max)
    }
    #expect(at(4) == .fresh)
    #expect(at(5) == .stale)
    #expect(at(-1000) == .fresh)
    facts.initialAge = 1 << 31
    facts.lifetime = 1 << 31
    #expect(at(0) == .stale)
  }

  @Test("in place of an error (RFC 5861 section 4)")
  func errors() {
    func may(_ age: Int64, _ request: String = "x", _ flags: CachedFacts.Flags = []) -> Bool {
      Reuse.mayServeOnError(
        Self.facts(flags), age: age, CacheProbe.directives(["Cache-Control: " + request]))
    }
    #expect(may(0) && may(149) && !may(150))
    #expect(may(159, "stale-if-error=60") && !may(160, "stale-if-error=60"))
    #expect(may(149, "stale-if-error=0"))
    #expect(may(500, "max-stale") && may(0, "max-age=0"))
    #expect(!may(0, "no-cache") && !may(0, "x", .noCache))
    #expect(may(99, "x", .mustRevalidate) && !may(100, "stale-if-error=60", .mustRevalidate))
  }

  @Test("early refresh: sooner the longer the fetch took, as often as XFetch says")
  func early() {
    var facts = Self.facts()
    var rules = CacheRules()
    func drawn(secondsLeft: Double, turns: Int = 20_000) -> Double {
      var dice = Dice(seed: 9)
      let now = CacheProbe.now + 100_000_000_000 - UInt64(secondsLeft * 1e9)
      var early = 0
      for _ in 0..<turns {
        let found = Reuse.decide(
          facts, now: now, RequestDirectives(), rules, random: dice.next())
        if found == .refreshEarly { early += 1 } else { precondition(found == .fresh) }
      }
      return Double(early) / Double(turns)
    }
    facts.fetchNanoseconds = 2_000_000_000
    // The chance is e^(-left / delta).
    for (left, expected) in [(0.2, 0.905), (1, 0.607), (2, 0.368), (6, 0.0498), (20, 0.0)] {
      let found = drawn(secondsLeft: left)
      #expect(abs(found - expected) < 0.012, "\(left): \(found)")
    }
    #expect(drawn(secondsLeft: 95, turns: 1000) == 0)
    facts.fetchNanoseconds = 0
    #expect(drawn(secondsLeft: 0.001, turns: 1000) == 0)
    facts.fetchNanoseconds = .max
    #expect(drawn(secondsLeft: 1, turns: 1000) > 0.99)
    rules.refreshesEarly = false
    #expect(drawn(secondsLeft: 0.001, turns: 1000) == 0)
  }

  @Test("the logarithm is within a hundredth")
  func logarithm() {
    // -ln(2^-n); the lowest bit, which is always set, is felt only by the rarest numbers.
    for power in 1...48 {
      let found = Reuse.negativeLogarithm(1 << UInt64(64 - power))
      #expect(abs(found - Double(power) * 0.693147) < 0.0001)
    }
    // -ln(0.75), -ln(0.625)
    #expect(abs(Reuse.negativeLogarithm(3 << 62) - 0.28768) < 0.01)
    #expect(abs(Reuse.negativeLogarithm(5 << 61) - 0.47) < 0.01)
    #expect(Reuse.negativeLogarithm(.max) < 0.0001)
    #expect(Reuse.negativeLogarithm(.max) >= 0)
    #expect(Reuse.negativeLogarithm(0) < 45)
  }
}
