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
  /// Answers that count as failed tries.
  package var failureStatuses: StatusSet

  /// With the defaults of the config, but for what is given.
  package init(failureStatuses: [ClosedRange<Int>] = [500...599]) {
    self.failureStatuses = StatusSet(failureStatuses)
  }

  /// An answer with this status counts as a failed try.
  @inline(__always) package func isFailure(status: Int) -> Bool {
    failureStatuses.contains(status)
  }
}
