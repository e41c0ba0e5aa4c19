/// How a pool's breakers decide: one copy per pool, plain numbers. Times are nanoseconds.
package struct BreakerPolicy: BitwiseCopyable, Sendable {
  /// Off: breakers count nothing and are taken as closed.
  package var isOn = true
  /// The sliding window of the two rates.
  package var window: Instant = 10_000_000_000
  /// Tries in the window, below which rates say nothing; at least 1.
  package var minimumRequests: UInt64 = 20
  /// Percent of the tries in the window; 0 is off.
  package var failurePercent: UInt64 = 50
  /// Tries in a row without a usable answer; 0 is off.
  package var consecutiveFailures: UInt64 = 5
  /// A response head that takes longer is slow; `.max` is off.
  package var slowAfter: Instant = .max
  /// Percent of the tries in the window.
  package var slowPercent: UInt64 = 50
  /// The first time that an open breaker waits.
  package var openFor: Instant = 5_000_000_000
  /// What that time grows to, at least `openFor`.
  package var maxOpenFor: Instant = 60_000_000_000
  /// 1...100 trials, at once and in all, and all must pass.
  package var probes: UInt64 = 3
  /// A bit for each status from 200 on.
  private var failureStatuses = InlineArray<7, UInt64>(repeating: 0)

  package static var lowestStatus: Int { 200 }
  package static var highestStatus: Int { 599 }

  /// With the defaults of the config.
  package init() {
    setFailures(500...599)
  }

  package init(failureStatuses: [ClosedRange<Int>]) {
    for range in failureStatuses { setFailures(range) }
  }

  private mutating func setFailures(_ statuses: ClosedRange<Int>) {
    let allowed = BreakerPolicy.lowestStatus...BreakerPolicy.highestStatus
    for status in statuses.clamped(to: allowed) where allowed.contains(status) {
      let bit = status - BreakerPolicy.lowestStatus
      failureStatuses[bit / 64] |= 1 << UInt64(bit % 64)
    }
  }

  /// An answer with this status counts as a failed try.
  @inline(__always) package func isFailure(status: Int) -> Bool {
    let bit = status &- BreakerPolicy.lowestStatus
    guard bit >= 0, bit < 448 else { return false }
    return failureStatuses[bit / 64] >> UInt64(bit % 64) & 1 != 0
  }
}
