import Testing

@testable import DataPlane

/// How long a retry waits, and how many there may be.
struct RetryPolicyTests {
  @Test("the wait is random below a bound that doubles up to the longest")
  func delays() {
    var random = RandomSource(seed: 7)
    let policy = RetryPolicy()
    for (retry, bound) in [(1, 25), (2, 50), (3, 100), (4, 200), (5, 250), (9, 250)] {
      let delays = (0..<2000).map { _ in policy.delay(retry: retry, random: &random) / 1_000_000 }
      let most = Instant(bound)
      #expect(delays.allSatisfy { $0 <= most })
      // All of the range is used, evenly enough.
      #expect(delays.contains { $0 < most / 10 } && delays.contains { $0 > most * 9 / 10 })
      let mean = Double(delays.reduce(0, +)) / 2000
      #expect(abs(mean - Double(bound) / 2) < Double(bound) / 20 + 1)
    }
  }

  @Test("no backoff is no wait, and extreme settings do not overflow")
  func extremes() {
    var random = RandomSource(seed: 7)
    var policy = RetryPolicy()
    policy.backoff = 0
    #expect(policy.delay(retry: 3, random: &random) == 0)
    policy.backoff = 3600 * 1_000_000_000
    policy.maxBackoff = 3600 * 1_000_000_000
    for retry in [0, 1, 8, 64, 1000] {
      #expect(policy.delay(retry: retry, random: &random) <= policy.maxBackoff)
    }
  }

  private static func totals(requests: UInt64, retries: UInt64) -> WindowTotals {
    var totals = WindowTotals()
    totals.total = requests
    totals.failed = retries
    return totals
  }

  @Test("the budget is a share of the requests beside a reserve")
  func budget() {
    var policy = RetryPolicy()
    #expect(policy.allows(Self.totals(requests: 0, retries: 99)))
    #expect(!policy.allows(Self.totals(requests: 0, retries: 100)))
    #expect(policy.allows(Self.totals(requests: 1000, retries: 299)))
    #expect(!policy.allows(Self.totals(requests: 1000, retries: 300)))
    policy.budgetPercent = 0
    policy.budgetReserve = 0
    #expect(!policy.allows(Self.totals(requests: 1000, retries: 0)))
    policy.budgetPercent = .max
    #expect(policy.allows(Self.totals(requests: 0, retries: 1_000_000)))
  }

  @Test("retries are counted in the window beside the requests, and are forgotten like them")
  func window() {
    let row = CounterBank()[0]
    let second: Instant = 1_000_000_000
    row.recordExtra(at: 100 * second, window: RetryPolicy.budgetWindow)
    row.record(at: 100 * second, window: RetryPolicy.budgetWindow)
    row.recordExtra(at: 101 * second, window: RetryPolicy.budgetWindow)
    var totals = WindowTotals()
    row.addWindow(at: 101 * second, window: RetryPolicy.budgetWindow, to: &totals)
    #expect(totals.total == 1 && totals.failed == 2)
    totals = WindowTotals()
    row.addWindow(at: 110 * second, window: RetryPolicy.budgetWindow, to: &totals)
    #expect(totals.total == 0 && totals.failed == 1)
  }
}
