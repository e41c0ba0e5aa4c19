/// How often, and how many at once: what a bucket is measured by.
///
/// All times are nanoseconds. Nothing overflows: products and sums stop at the largest value.
package struct RateLimit: BitwiseCopyable, Equatable, Sendable {
  /// The emission interval: time between two requests at the written rate. Rounded up, so that a
  /// bucket never gives more than is written; at 1,000 a second that is exact, at 999 a second it
  /// gives one in a million less.
  package let interval: Instant
  /// What a rested key may use up at once, as time: `burst` intervals.
  package let window: Instant
  /// Requests that a rested key may send at one instant, at least 1.
  package let burst: UInt32

  /// `count` requests in each `period`; 0 of either counts as 1.
  package init(count: Int, per period: Instant, burst: Int) {
    let count = UInt64(max(count, 1))
    let burst = UInt32(clamping: max(burst, 1))
    let whole = period / count
    let interval = max(whole + (period % count == 0 ? 0 : 1), 1)
    let (window, overflow) = interval.multipliedReportingOverflow(by: UInt64(burst))
    self.interval = interval
    self.window = overflow ? .max : window
    self.burst = burst
  }
}

/// The generic cell rate algorithm, as virtual scheduling: ITU-T I.371 (Traffic control and
/// congestion control in B-ISDN) and ATM Forum AF-TM-0121, section 4.4.2.
///
/// The whole state of a key is one number, its theoretical arrival time: when the next request
/// would come if all came at the written rate. A request that comes earlier than that by more than
/// the tolerance does not conform. It is a token bucket of `burst` tokens that fills by one in each
/// `interval`, without a token ever being counted, so nothing drifts.
package enum GCRA {
  /// Workers take the time once per turn, so one may be behind the others by a turn. A state that
  /// is further ahead than this explains is of an older config with a larger window.
  static var lagMax: Instant { 1_000_000_000 }

  /// What is said of one request at `now`, for a key whose state is `arrival` (0: a new one).
  package struct Verdict: BitwiseCopyable, Equatable, Sendable {
    package var isAllowed: Bool
    /// The state from now on. When refused it is as before, but for a state that the window cannot
    /// hold, which is cut to it: a limit that a reload loosens counts at once.
    package var arrival: Instant
    /// How many more would be allowed at this instant.
    package var remaining: UInt32
    /// From now until one is allowed; 0 when this one was.
    package var retryAfter: Instant
    /// From now until the key is fully rested.
    package var resetAfter: Instant
  }

  @inline(__always)
  package static func decide(_ limit: RateLimit, arrival: Instant, now: Instant) -> Verdict {
    let written = arrival > now ? arrival &- now : 0
    let ahead = min(written, limit.window)
    let room = limit.window &- ahead
    guard room >= limit.interval else {
      let isStale = written &- ahead > lagMax
      return Verdict(
        isAllowed: false, arrival: isStale ? sum(now, ahead) : arrival, remaining: 0,
        retryAfter: limit.interval &- room, resetAfter: ahead)
    }
    let next = ahead &+ limit.interval
    let remaining = (room &- limit.interval) / limit.interval
    return Verdict(
      isAllowed: true, arrival: sum(now, next), remaining: UInt32(clamping: remaining),
      retryAfter: 0, resetAfter: next)
  }

  private static func sum(_ left: Instant, _ right: Instant) -> Instant {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }
}
