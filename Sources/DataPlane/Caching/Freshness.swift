/// For how long a response is fresh, and how old it is when it comes (RFC 9111 section 4.2).
package enum Freshness {
  static var yearSeconds: Int64 { 31_536_000 }
  /// Less than this is weak caching for a name that never means other content.
  static var weakSeconds: Int64 { 604_800 }

  struct Lifetime: BitwiseCopyable, Equatable {
    var seconds: Int64 = 0
    /// The response says it itself.
    var isExplicit = false
    var isHeuristic = false
  }

  /// RFC 9110 section 15.1, without 206, which is never stored.
  package static func isHeuristicallyCacheable(_ status: Int) -> Bool {
    switch status {
    case 200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501: return true
    default: return false
    }
  }

  /// Statuses whose caching rules are known: those of RFC 9110 section 15, and of RFC 6585,
  /// RFC 7725 and RFC 8470, which ask nothing else of a cache.
  package static func isUnderstood(_ status: Int) -> Bool {
    switch status {
    case 200...205, 300...303, 305, 307, 308: return true
    case 400...417, 421, 422, 425, 426, 428, 429, 431, 451: return true
    case 500...505, 511: return true
    default: return false
    }
  }

  /// The first that applies: targeted field, `s-maxage`, `max-age`, `Expires`, a share of the time
  /// since `Last-Modified`, the configured default.
  static func of(
    _ context: StoreRuling.Context, _ control: CacheControl, isTargeted: Bool,
    _ facts: CachedFacts, _ fields: ResponseCacheFields, _ head: inout MessageHead,
    _ bytes: borrowing Bytes, _ origin: Int
  ) -> Lifetime {
    if control.sharedMaxAge >= 0 {
      return Lifetime(seconds: control.sharedMaxAge, isExplicit: true)
    }
    if control.maxAge >= 0 { return Lifetime(seconds: control.maxAge, isExplicit: true) }
    let received = facts.date == CachedFacts.noDate ? context.wallSeconds : facts.date
    if fields.expires >= 0, !isTargeted {
      let expires = FieldValues.earliestDate(
        fields.expires, isRepeated: fields.repeated.contains(.expires), &head, bytes, origin,
        context.wallSeconds)
      // What is no date is a time that has passed (RFC 9111 section 5.3).
      let seconds = expires.map { min(max($0 &- received, 0), CacheControl.secondsMax) } ?? 0
      return Lifetime(seconds: seconds, isExplicit: true)
    }
    let status = head.status
    guard isHeuristicallyCacheable(status) || control.flags.contains(.isPublic) else {
      return Lifetime()
    }
    // An old way to say no-cache: nothing is guessed against it.
    if fields.pragma >= 0, fields.cacheControl < 0, !isTargeted,
      FieldValues.isNoCache(fields, &head, bytes, origin)
    {
      return Lifetime()
    }
    let rules = context.rules
    guard facts.lastModified != CachedFacts.noDate, rules.heuristicPercent > 0 else {
      return Lifetime(seconds: min(max(rules.defaultTTL, 0), CacheControl.secondsMax))
    }
    let unchanged = max(received &- facts.lastModified, 0)
    let guess =
      unchanged / 100 &* rules.heuristicPercent
      &+ unchanged % 100 &* rules.heuristicPercent / 100
    return Lifetime(
      seconds: min(guess, max(rules.heuristicMaxSeconds, 0), CacheControl.secondsMax),
      isHeuristic: true)
  }

  /// RFC 9111 section 4.2.3: `corrected_initial_age`, from `Age` and the delay, and from `Date`
  /// where that is given.
  ///
  /// The RFC lets a cache leave `Date` out; counting it is for old caches on the way that say no
  /// `Age`. A backend whose clock is wrong, or that sends a fixed `Date`, would else have responses
  /// that are never fresh. So it counts only with `Expires` and guesses, which are about points in
  /// time themselves, and for responses that came through another proxy and have no `Age`.
  static func initialAge(age: Int64, date: Int64, delay: Int64, received: Int64) -> Int64 {
    let apparent = date == CachedFacts.noDate ? 0 : max(received &- date, 0)
    let corrected = min(age, CacheControl.secondsMax) &+ min(max(delay, 0), CacheControl.secondsMax)
    return min(max(apparent, corrected), CacheControl.secondsMax)
  }

  /// The response came through a proxy.
  static func wasForwarded(_ head: inout MessageHead) -> Bool {
    for index in 0..<head.fieldCount where head.fields[index].id == .via { return true }
    return false
  }

  /// Shortened by up to `percent` of what is left of it; never to nothing.
  static func jittered(
    _ lifetime: Int64, age: Int64, percent: Int64, _ random: UInt64
  ) -> Int64 {
    let left = lifetime &- age
    guard percent > 0, left > 0 else { return lifetime }
    let most = UInt64(left &* min(percent, 50) / 100)
    return lifetime &- Int64(truncatingIfNeeded: (most &* (random >> 32)) >> 32)
  }
}
