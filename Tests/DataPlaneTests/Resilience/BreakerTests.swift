import Testing

@testable import DataPlane

/// When a breaker opens, and what it says then.
struct BreakerTests {
  private static func totals(_ total: UInt64, failed: UInt64 = 0, slow: UInt64 = 0) -> WindowTotals
  {
    var totals = WindowTotals()
    totals.total = total
    totals.failed = failed
    totals.slow = slow
    return totals
  }

  @Test("the failure rate counts from the minimum of requests on")
  func failureRate() {
    let policy = BreakerPolicy()
    #expect(Breaker.decide(Self.totals(19, failed: 19), consecutive: 0, policy) == nil)
    #expect(
      Breaker.decide(Self.totals(20, failed: 10), consecutive: 0, policy)
        == .failureRate(failed: 10, of: 20))
    #expect(Breaker.decide(Self.totals(20, failed: 9), consecutive: 0, policy) == nil)
    // Words are read one by one.
    #expect(
      Breaker.decide(Self.totals(20, failed: 22), consecutive: 0, policy)
        == .failureRate(failed: 20, of: 20))
    var off = policy
    off.failurePercent = 0
    #expect(Breaker.decide(Self.totals(20, failed: 20), consecutive: 0, off) == nil)
  }

  @Test("failures in a row need no minimum")
  func consecutive() {
    var policy = BreakerPolicy()
    #expect(Breaker.decide(Self.totals(5, failed: 5), consecutive: 4, policy) == nil)
    #expect(
      Breaker.decide(Self.totals(5, failed: 5), consecutive: 5, policy) == .consecutiveFailures(5))
    policy.consecutiveFailures = 0
    #expect(Breaker.decide(Self.totals(5, failed: 5), consecutive: 500, policy) == nil)
  }

  @Test("slow ones count only with slow_after")
  func slow() {
    var policy = BreakerPolicy()
    #expect(Breaker.decide(Self.totals(20, slow: 20), consecutive: 0, policy) == nil)
    policy.slowAfter = 1
    policy.slowPercent = 75
    #expect(Breaker.decide(Self.totals(20, slow: 14), consecutive: 0, policy) == nil)
    #expect(
      Breaker.decide(Self.totals(20, slow: 15), consecutive: 0, policy)
        == .slowRate(slow: 15, of: 20))
  }

  @Test("statuses from 200 to 599 can be failures, and no other number traps")
  func statuses() {
    let standard = BreakerPolicy()
    #expect((500...599).allSatisfy { standard.isFailure(status: $0) })
    #expect((100...499).allSatisfy { !standard.isFailure(status: $0) })
    let own = BreakerPolicy(failureStatuses: [429...429, 502...504, 599...599, 200...200])
    let failures = (-5...1200).filter { own.isFailure(status: $0) }
    #expect(failures == [200, 429, 502, 503, 504, 599])
    #expect(BreakerPolicy(failureStatuses: []).isFailure(status: 500) == false)
  }

  @Test("transitions are said in words and numbers")
  func words() {
    let policy = BreakerPolicy()
    let next: Instant = 5_240_000_000
    #expect(
      BreakerText.opened(.failureRate(failed: 12, of: 20), policy, next: next)
        == "breaker opened: 12 of 20 tries failed in 10s; next trial in 5.2s")
    #expect(
      BreakerText.opened(.consecutiveFailures(5), policy, next: next)
        == "breaker opened: 5 tries in a row failed; next trial in 5.2s")
    #expect(
      BreakerText.opened(.trial(.notConnected), policy, next: 60_000_000_000)
        == "breaker opened again: trial failed (connect failed); next trial in 60s")
    #expect(
      BreakerText.opened(.trial(.status(503)), policy, next: 250_000_000)
        == "breaker opened again: trial failed (status 503); next trial in 250ms")
    #expect(BreakerText.halfOpen(policy) == "breaker half-open: 3 trials must pass")
    #expect(BreakerText.closed(policy) == "breaker closed: 3 of 3 trials passed")
    #expect(BreakerText.duration(.max) != "")
  }

  @Test("one that fails after its head adds a failure, not a try")
  func lateFailure() {
    let row = CounterBank()[0]
    let window: Instant = 10_000_000_000
    for index in 0..<4 { row.record(at: 50_000_000_000 + Instant(index), window: window) }
    row.recordExtra(at: 50_000_000_010, window: window)
    row.recordExtra(at: 53_000_000_000, window: window)
    var totals = WindowTotals()
    row.addWindow(at: 53_000_000_000, window: window, to: &totals)
    #expect(totals.total == 4 && totals.failed == 2 && totals.slow == 0)
  }

  @Test("a closed breaker that is told to close stays, an open one forgets")
  func closing() {
    let state = BackendState(SharedBank()[0])
    #expect(!state.closeBreaker() && state.windowEpoch == 0)
    let open = BreakerWord.closed.opened(at: 5, BreakerPolicy(), random: 1)
    #expect(state.replaceBreaker(.closed, with: open))
    state.addConsecutiveFailure()
    #expect(state.closeBreaker())
    #expect(state.breaker.isClosed && state.windowEpoch == 1 && state.consecutiveFailures == 0)
  }
}
