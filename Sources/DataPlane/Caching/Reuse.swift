/// How a stored response may be used for a request (RFC 9111 section 4). Pure: the time and the
/// random number are passed in.
package enum Reuse: UInt8, Sendable, BitwiseCopyable {
  /// As it is.
  case fresh
  /// As it is; it ends soon, and this request has drawn the lot to fetch it anew in the background.
  case refreshEarly
  /// Stale, and may still be used while it is validated in the background (RFC 5861 section 3).
  case stale
  /// Stale, and the client takes it (`max-stale`): nothing else has to happen.
  case staleAccepted
  /// It could be used, but the client wants it validated. Decide again with
  /// `RequestDirectives.withoutReload` when clients have no reloads left.
  case reload
  /// Must be validated first.
  case validate

  @inline(__always)
  package static func decide(
    _ facts: CachedFacts, now: Instant, _ directives: RequestDirectives, _ rules: CacheRules,
    random: UInt64
  ) -> Reuse {
    if facts.flags.contains(.noCache) { return .validate }
    let age = facts.age(at: now)
    // RFC 9111 section 4.2.
    guard facts.lifetime > age else { return decideStale(facts, age: age, directives) }
    if isReloadWanted(facts, age: age, directives) { return .reload }
    if rules.refreshesEarly, isLotDrawn(facts, now: now, random) { return .refreshEarly }
    return .fresh
  }

  private static func decideStale(
    _ facts: CachedFacts, age: Int64, _ directives: RequestDirectives
  ) -> Reuse {
    if facts.flags.contains(.mustRevalidate) { return .validate }
    let staleness = age &- facts.lifetime
    let usable: Reuse
    if staleness < facts.staleWhileRevalidate {
      usable = .stale
    } else if staleness <= directives.maxStale {
      // Also the `max-stale` without a number, which stands for 68 years.
      usable = .staleAccepted
    } else {
      return .validate
    }
    return isReloadWanted(facts, age: age, directives) ? .reload : usable
  }

  /// The request asks for something fresher than this.
  ///
  /// A reload (`max-age=0`) is no reason to ask about an immutable response while it is fresh; a
  /// forced one (`no-cache`) is (RFC 8246 section 2: "unless there is a signal from the client that
  /// a validation is necessary").
  @inline(__always)
  private static func isReloadWanted(
    _ facts: CachedFacts, age: Int64, _ directives: RequestDirectives
  ) -> Bool {
    if directives.noCache { return true }
    if directives.maxAge >= 0, age > directives.maxAge || directives.maxAge == 0 {
      // `max-age=0` in the second of the fetch is a reload as well.
      if !facts.flags.contains(.immutable) || facts.lifetime <= age { return true }
    }
    // RFC 9111 section 5.2.1.1: with `max-age` alone nothing stale is wished for.
    if directives.maxAge >= 0, directives.maxStale < 0, facts.lifetime <= age { return true }
    return directives.minFresh >= 0 && facts.lifetime &- age < directives.minFresh
  }

  // MARK: Errors

  /// RFC 5861 section 4: what a stale response may stand for.
  package static func isError(status: Int) -> Bool {
    status == 500 || status >= 502 && status <= 504
  }

  /// Whether a stale response may stand for an error of the backend (RFC 5861 section 4), or of the
  /// way to it; one that is still fresh may as well.
  package static func mayServeOnError(
    _ facts: CachedFacts, age: Int64, _ directives: RequestDirectives
  ) -> Bool {
    if facts.flags.contains(.noCache) || directives.noCache { return false }
    let staleness = age &- facts.lifetime
    if staleness < 0 { return true }
    if facts.flags.contains(.mustRevalidate) { return false }
    return staleness < max(facts.staleIfError, directives.staleIfError)
      || staleness <= directives.maxStale
  }

  // MARK: Early refresh

  /// XFetch (Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede Prevention,
  /// VLDB 2015): `now - delta * beta * ln(rand) >= expiry`, with beta 1 and the time that the last
  /// fetch took as delta.
  @inline(__always)
  static func isLotDrawn(_ facts: CachedFacts, now: Instant, _ random: UInt64) -> Bool {
    // Seconds of freshness from `storedAt` on, less what has passed.
    let elapsed = max(now, facts.storedAt) &- facts.storedAt
    let seconds = UInt64(truncatingIfNeeded: max(facts.lifetime &- facts.initialAge, 0))
    let left = seconds &* 1_000_000_000 &- min(elapsed, seconds &* 1_000_000_000)
    let delta = min(facts.fetchNanoseconds, 1 << 40)
    // A 64-bit number in (0, 1] has no larger logarithm.
    guard left < delta &* 45 else { return false }
    return Double(delta) * negativeLogarithm(random) >= Double(left)
  }

  /// -ln(random / 2^64), within 1 %: the exponent is exact, the mantissa's binary logarithm a
  /// parabola through its ends (wrong by 0.009 at most).
  @inline(__always)
  static func negativeLogarithm(_ random: UInt64) -> Double {
    let value = random | 1
    let zeros = value.leadingZeroBitCount
    // The bits behind the first one, as a fraction: the log2 of 1 + x is x + 0.3465 x (1 - x).
    let bits = zeros == 63 ? 0 : value << UInt64(zeros &+ 1)
    let x = Double(bits >> 11) * 0x1p-53
    return (Double(zeros &+ 1) - x - 0.3465 * x * (1 - x)) * 0.693_147_180_559_945_3
  }
}
