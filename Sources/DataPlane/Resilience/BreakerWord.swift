/// A breaker's state in one word, so that it changes in one step on all workers. Pure.
///
/// Bits: 0–1 phase, 2–7 openings in a row, 8–15 trials admitted (running and passed), 16–23 trials
/// passed, 24–63 milliseconds of the monotonic clock: the end of an open phase, or when a half-open
/// one gives the places of its running trials to others. All zero is a closed one.
package struct BreakerWord: Equatable, Sendable, BitwiseCopyable {
  package let raw: UInt64
  package init(raw: UInt64) { self.raw = raw }

  package static var closed: BreakerWord { BreakerWord(raw: 0) }

  private enum Code {
    static var open: UInt64 { 1 }
    static var halfOpen: UInt64 { 2 }
  }

  private init(
    code: UInt64, openings: UInt64, admitted: UInt64 = 0, passed: UInt64 = 0, milliseconds: UInt64
  ) {
    raw = code | openings << 2 | admitted << 8 | passed << 16 | milliseconds << 24
  }

  package var phase: BreakerPhase {
    switch raw & 3 {
    case Code.open: return .open(until: time)
    case Code.halfOpen: return .halfOpen
    default: return .closed
    }
  }

  @inline(__always) package var isClosed: Bool { raw & 3 == 0 }
  private var isHalfOpen: Bool { raw & 3 == Code.halfOpen }
  package var openings: UInt64 { raw >> 2 & 63 }
  package var admitted: UInt64 { raw >> 8 & 255 }
  package var passed: UInt64 { raw >> 16 & 255 }
  private var time: Instant { (raw >> 24) &* 1_000_000 }

  /// What a trial must show when it ends: it changes when the phase does or places are renewed, so
  /// that one who comes too late is known. Not 0 while half-open.
  package var ticket: UInt64 { isHalfOpen ? raw >> 24 : 0 }

  // MARK: Opening

  /// Out of service from now on, for longer than the last time.
  package func opened(
    at now: Instant, _ policy: BreakerPolicy, random: UInt64
  ) -> BreakerWord {
    let bounds = BreakerWord.openTime(after: openings, policy)
    let length = bounds.lowerBound &+ random % (bounds.upperBound &- bounds.lowerBound &+ 1)
    return BreakerWord(
      code: Code.open, openings: min(openings + 1, 63),
      milliseconds: BreakerWord.milliseconds(now &+ length))
  }

  /// How long a breaker waits that has opened that many times without closing in between:
  /// `open_for`, doubled each time up to `max_open_for`, give or take a fifth so that breakers
  /// which opened together do not try together; never more than `max_open_for`.
  package static func openTime(
    after openings: UInt64, _ policy: BreakerPolicy
  ) -> ClosedRange<Instant> {
    let most = max(policy.maxOpenFor, policy.openFor)
    let isCapped = policy.openFor > most >> openings
    let base = isCapped ? most : policy.openFor << openings
    return (base &- base / 5)...min(base &+ base / 5, most)
  }

  // MARK: Trials

  /// One more trial. Nil when none may run now.
  ///
  /// An open breaker whose time is over becomes half-open by it. Trials that come to no end (their
  /// timeouts are off, or a worker lost them) do not block a half-open one for ever: after
  /// `max_open_for` their places are given to others, and what they come to counts no more.
  package func trialAdmitted(at now: Instant, _ policy: BreakerPolicy) -> BreakerWord? {
    switch phase {
    case .closed: return nil
    case .open(let until):
      guard until <= now else { return nil }
      return halfOpen(admitted: 1, passed: 0, at: now, policy)
    case .halfOpen:
      if admitted < policy.probes || admitted == passed {
        return BreakerWord(raw: raw &+ 1 << 8)
      }
      return time <= now ? halfOpen(admitted: passed &+ 1, passed: passed, at: now, policy) : nil
    }
  }

  /// It has wanted trials for `max_open_for` and did not get them all.
  package func isOverdue(at now: Instant, _ policy: BreakerPolicy) -> Bool {
    switch phase {
    case .closed: return false
    case .open(let until): return until &+ policy.maxOpenFor <= now
    case .halfOpen: return time <= now
    }
  }

  private func halfOpen(
    admitted: UInt64, passed: UInt64, at now: Instant, _ policy: BreakerPolicy
  ) -> BreakerWord {
    // Later than any ticket before, also when `max_open_for` has become shorter.
    let end = max(BreakerWord.milliseconds(now &+ policy.maxOpenFor), raw >> 24 &+ 1)
    return BreakerWord(
      code: Code.halfOpen, openings: openings, admitted: admitted, passed: passed,
      milliseconds: end)
  }

  /// Nil when the trial comes too late; closed when all `probes` have passed.
  package func trialPassed(_ ticket: UInt64, _ policy: BreakerPolicy) -> BreakerWord? {
    guard isHalfOpen, ticket == self.ticket, passed < admitted else { return nil }
    return passed &+ 1 >= policy.probes ? .closed : BreakerWord(raw: raw &+ 1 << 16)
  }

  /// Nil when the trial comes too late; else open again.
  package func trialFailed(
    _ ticket: UInt64, at now: Instant, _ policy: BreakerPolicy, random: UInt64
  ) -> BreakerWord? {
    guard isHalfOpen, ticket == self.ticket else { return nil }
    return opened(at: now, policy, random: random)
  }

  /// The trial came to nothing that says anything of the backend: its place is free again.
  package func trialReturned(_ ticket: UInt64) -> BreakerWord? {
    guard isHalfOpen, ticket == self.ticket, passed < admitted else { return nil }
    return BreakerWord(raw: raw &- 1 << 8)
  }

  /// Rounded up: nobody comes too early.
  private static func milliseconds(_ time: Instant) -> UInt64 {
    (time &+ 999_999) / 1_000_000 & (1 << 40 - 1)
  }
}
