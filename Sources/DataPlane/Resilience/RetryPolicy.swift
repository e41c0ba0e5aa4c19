/// When a request is sent again, and how long that waits. Pure.
package struct RetryPolicy: Equatable, Sendable, BitwiseCopyable {
  /// In all, the first included. 1...8.
  package var tries: UInt32 = 3
  /// The longest wait before the first retry; doubles with each.
  package var backoff: Instant = 25_000_000
  package var maxBackoff: Instant = 250_000_000
  /// Retries in percent of the pool's requests within `budgetWindow`; `UInt32.max` is no bound.
  package var budgetPercent: UInt32 = 20
  /// Retries within `budgetWindow` that are always allowed.
  package var budgetReserve: UInt32 = 100
  /// Bytes of a request, head and body, that are kept to be sent again.
  package var maxKeptBytes: UInt32 = 65_536
  package init() {}

  package static var budgetWindow: Instant { 10_000_000_000 }

  /// A random time up to a bound that doubles with each retry ("full jitter", Marc Brooker,
  /// "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
  ///
  /// - Parameter retry: 1 for the first.
  package func delay(retry: Int, random: inout RandomSource) -> Instant {
    let doublings = min(max(retry, 1) - 1, 20)
    let bound = min(backoff << UInt64(doublings), maxBackoff)
    return bound == 0 ? 0 : random.next(upperBound: bound &+ 1)
  }

  /// - Parameter totals: of the pool's window; `failed` counts its retries.
  package func allows(_ totals: WindowTotals) -> Bool {
    if budgetPercent == .max { return true }
    return totals.failed < UInt64(budgetReserve) &+ totals.total &* UInt64(budgetPercent) / 100
  }

  /// Answers of a backend that says that it cannot serve, not that the request is bad.
  package static func isRetried(status: Int) -> Bool { 502...504 ~= status }
}
