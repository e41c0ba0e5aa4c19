/// When a closed breaker opens. Pure.
package enum Breaker {
  /// - Parameter consecutive: tries in a row without a usable answer, over all workers.
  /// - Returns: nil when it stays closed. Asked when a try has failed or was slow; others cannot
  ///   make it open.
  package static func decide(
    _ totals: WindowTotals, consecutive: UInt64, _ policy: BreakerPolicy
  ) -> BreakerReason? {
    if policy.consecutiveFailures > 0, consecutive >= policy.consecutiveFailures {
      return .consecutiveFailures(consecutive)
    }
    guard totals.total >= max(policy.minimumRequests, 1) else { return nil }
    // Buckets are read one by one, so a part may seem larger than the whole for a moment.
    let failed = min(totals.failed, totals.total)
    if policy.failurePercent > 0, failed &* 100 >= totals.total &* policy.failurePercent {
      return .failureRate(failed: failed, of: totals.total)
    }
    let slow = min(totals.slow, totals.total)
    if policy.slowAfter != .max, slow &* 100 >= totals.total &* policy.slowPercent {
      return .slowRate(slow: slow, of: totals.total)
    }
    return nil
  }
}

/// Why a breaker opened.
package enum BreakerReason: Equatable, Sendable {
  case consecutiveFailures(UInt64)
  case failureRate(failed: UInt64, of: UInt64)
  case slowRate(slow: UInt64, of: UInt64)
  case trial(TrialFailure)
}

/// What was wrong with a trial.
package enum TrialFailure: Equatable, Sendable {
  case notConnected, noAnswer, cut
  case status(Int)
  case slow(Instant)
}

/// Transitions in words and numbers, for events.
package enum BreakerText {
  /// `breaker opened: 12 of 20 tries failed in 10s; next trial in 5.2s`.
  package static func opened(
    _ reason: BreakerReason, _ policy: BreakerPolicy, next: Instant
  ) -> String {
    let again: String
    switch reason {
    case .consecutiveFailures(let count):
      again = "opened: \(count) tries in a row failed"
    case .failureRate(let failed, let total):
      again = "opened: \(failed) of \(total) tries failed in \(duration(policy.window))"
    case .slowRate(let slow, let total):
      again =
        "opened: \(slow) of \(total) tries took longer than \(duration(policy.slowAfter)) in "
        + duration(policy.window)
    case .trial(let failure): again = "opened again: trial failed (\(text(failure)))"
    }
    return "breaker \(again); next trial in \(duration(next))"
  }

  package static func halfOpen(_ policy: BreakerPolicy) -> String {
    "breaker half-open: \(policy.probes) trial\(policy.probes == 1 ? "" : "s") must pass"
  }

  package static func closed(_ policy: BreakerPolicy) -> String {
    "breaker closed: \(policy.probes) of \(policy.probes) trials passed"
  }

  /// Said behind an opening that does not take the backend out.
  package static func overridden(_ count: Int, of total: Int, maxOpenPercent: UInt32) -> String {
    "; \(count) of \(total) backends stay in use all the same (max_open \(maxOpenPercent)%)"
  }

  private static func text(_ failure: TrialFailure) -> String {
    switch failure {
    case .notConnected: return "connect failed"
    case .noAnswer: return "no usable answer"
    case .cut: return "answer cut short"
    case .status(let status): return "status \(status)"
    case .slow(let time): return "took \(duration(time))"
    }
  }

  /// `250ms`, `5.2s`, `60s`: to a tenth of a second, below one to the millisecond.
  package static func duration(_ time: Instant) -> String {
    if time < 1_000_000_000 { return "\((time &+ 500_000) / 1_000_000)ms" }
    let tenths = min(time, .max &- 50_000_000) &+ 50_000_000
    let rest = tenths / 100_000_000 % 10
    return "\(tenths / 1_000_000_000)" + (rest == 0 ? "s" : ".\(rest)s")
  }
}
