import Testing

@testable import DataPlane

/// A bucket as a number: what a key may do, and when.
@Suite("GCRA") struct GCRATests {
  private static let second: Instant = 1_000_000_000
  private static let start: Instant = 1_000 * second

  /// Sends at one instant until refused: how many were allowed, and the refusal.
  private func drain(
    _ limit: RateLimit, _ arrival: inout Instant, at now: Instant, most: Int = 10_000
  ) -> (allowed: Int, refusal: GCRA.Verdict?) {
    for allowed in 0..<most {
      let verdict = GCRA.decide(limit, arrival: arrival, now: now)
      arrival = verdict.arrival
      if !verdict.isAllowed { return (allowed, verdict) }
    }
    return (most, nil)
  }

  @Test("a rested key has exactly its burst, with what is left and when it is full again")
  func burst() {
    let limit = RateLimit(count: 20, per: Self.second, burst: 40)
    var arrival: Instant = 0
    for index in 1...40 {
      let verdict = GCRA.decide(limit, arrival: arrival, now: Self.start)
      #expect(verdict.isAllowed && verdict.remaining == UInt32(40 - index))
      #expect(verdict.resetAfter == UInt64(index) * 50_000_000 && verdict.retryAfter == 0)
      arrival = verdict.arrival
    }
    let refusal = GCRA.decide(limit, arrival: arrival, now: Self.start)
    #expect(!refusal.isAllowed && refusal.remaining == 0 && refusal.arrival == arrival)
    #expect(refusal.retryAfter == 50_000_000 && refusal.resetAfter == 2 * Self.second)
  }

  @Test("one is allowed at retryAfter, and not a nanosecond before")
  func retryAfterIsExact() {
    let limit = RateLimit(count: 7, per: Self.second, burst: 3)
    var arrival: Instant = 0
    let drained = drain(limit, &arrival, at: Self.start)
    let wait = drained.refusal?.retryAfter ?? 0
    #expect(drained.allowed == 3 && wait > 0)
    #expect(!GCRA.decide(limit, arrival: arrival, now: Self.start + wait - 1).isAllowed)
    #expect(GCRA.decide(limit, arrival: arrival, now: Self.start + wait).isAllowed)
  }

  @Test("over many periods the written rate, without drift", arguments: [1, 3, 7, 50, 999, 1000])
  func rate(count: Int) {
    let limit = RateLimit(count: count, per: Self.second, burst: 1)
    var arrival: Instant = 0
    var now = Self.start
    let total = count * 100
    for _ in 0..<total {
      let verdict = GCRA.decide(limit, arrival: arrival, now: now)
      #expect(verdict.isAllowed)
      arrival = verdict.arrival
      now += GCRA.decide(limit, arrival: arrival, now: now).retryAfter
    }
    let took = now - Self.start
    #expect(took >= 100 * Self.second, "never faster than written")
    #expect(took <= 100 * Self.second + UInt64(total), "a nanosecond a request at most")
  }

  @Test("refusals take nothing: who hammers gets the same as who waits")
  func hammering() {
    let limit = RateLimit(count: 10, per: Self.second, burst: 10)
    var arrival: Instant = 0
    var allowed = 0
    for step in 0..<100_000 {
      let verdict = GCRA.decide(limit, arrival: arrival, now: Self.start + UInt64(step) * 100_000)
      arrival = verdict.arrival
      if verdict.isAllowed { allowed += 1 }
    }
    #expect(allowed == 10 + 99, "the burst, then ten a second for almost ten seconds")
  }

  @Test("the extremes neither overflow nor stop")
  func extremes() {
    for period in [1, Self.second, 3600 * Self.second, .max] {
      for count in [Int.min, 0, 1, 1_000_000, .max] {
        for burst in [Int.min, 1, 1_000_000, .max] {
          let limit = RateLimit(count: count, per: period, burst: burst)
          #expect(limit.interval >= 1 && limit.burst >= 1 && limit.window >= limit.interval)
          for now in [0, 1, Self.start, .max - 1, .max] {
            for arrival in [0, 1, now, .max] {
              let verdict = GCRA.decide(limit, arrival: arrival, now: now)
              #expect(verdict.isAllowed == (verdict.retryAfter == 0))
              #expect(verdict.resetAfter <= limit.window)
              #expect(verdict.remaining < limit.burst || burst > Int(UInt32.max))
            }
          }
        }
      }
    }
  }

  @Test("a state that an older, slower rate left behind does not outlast the new one")
  func looserLimit() {
    let old = RateLimit(count: 1, per: 3600 * Self.second, burst: 1000)
    var arrival: Instant = 0
    #expect(drain(old, &arrival, at: Self.start).allowed == 1000)
    let new = RateLimit(count: 10, per: Self.second, burst: 10)
    let verdict = GCRA.decide(new, arrival: arrival, now: Self.start)
    #expect(!verdict.isAllowed && verdict.retryAfter == Self.second / 10)
    #expect(verdict.arrival == Self.start + new.window, "cut to what the new window holds")
    #expect(
      GCRA.decide(new, arrival: verdict.arrival, now: Self.start + Self.second / 10).isAllowed)
  }

  @Test("a worker whose clock is a turn behind changes nothing of a full window")
  func laggingClock() {
    let limit = RateLimit(count: 100, per: Self.second, burst: 5)
    var arrival: Instant = 0
    _ = drain(limit, &arrival, at: Self.start)
    let behind = GCRA.decide(limit, arrival: arrival, now: Self.start - 20_000_000)
    #expect(!behind.isAllowed && behind.arrival == arrival)
  }

  /// A bucket that counts: filled with time, emptied by an interval for each request.
  private struct Bucket {
    let limit: RateLimit
    var level: Instant
    var last: Instant

    mutating func take(at now: Instant) -> (allowed: Bool, left: UInt64) {
      level = min(limit.window, level + (now - last))
      last = now
      guard level >= limit.interval else { return (false, 0) }
      level -= limit.interval
      return (true, level / limit.interval)
    }
  }

  @Test("the same as a token bucket, over random rates and arrivals", arguments: 0..<40)
  func isATokenBucket(seed: Int) {
    var random = RandomSource(seed: UInt64(seed))
    let periods = [Self.second, 60 * Self.second, 3600 * Self.second]
    let limit = RateLimit(
      count: Int.random(in: 1...2000, using: &random), per: periods.randomElement(using: &random)!,
      burst: Int.random(in: 1...50, using: &random))
    var now = Self.start
    var arrival: Instant = 0
    var bucket = Bucket(limit: limit, level: limit.window, last: now)
    for _ in 0..<2000 {
      let verdict = GCRA.decide(limit, arrival: arrival, now: now)
      arrival = verdict.arrival
      let expected = bucket.take(at: now)
      #expect(verdict.isAllowed == expected.allowed)
      #expect(UInt64(verdict.remaining) == expected.left)
      #expect(verdict.resetAfter == limit.window - bucket.level)
      now += UInt64.random(in: 0...(limit.interval * 2), using: &random)
    }
  }
}
