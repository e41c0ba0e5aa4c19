/// What the checks of one backend have come to, and when the next one is due. Pure: time and
/// randomness are passed in.
///
/// Results against the present state count; one that agrees with it starts the count anew. While
/// the count runs, checks come every two seconds (or every interval, if that is shorter), so that
/// a decision takes seconds whatever the interval.
struct HealthMachine: BitwiseCopyable {
  /// What a result has changed.
  enum Verdict: Equatable {
    case none
    case wentDown, cameUp
    /// It has not been up yet, and enough checks have failed to say so.
    case staysDown
  }

  /// The rhythm while a decision is open.
  static var soon: Instant { 2_000_000_000 }
  /// First checks are spread over at most this, so that each comes within a second.
  static var firstWithin: Instant { 900_000_000 }
  /// As long as there are few, they come close together.
  static var firstSpacing: Instant { 10_000_000 }

  private(set) var state: HealthState
  /// Results in a row against the state.
  private(set) var streak: UInt32 = 0
  /// No check has decided anything yet: one pass is enough to be up.
  private var isNew: Bool
  /// No check has run yet.
  private var isFirst = true
  private(set) var startedAt: Instant = 0
  private(set) var nextAt: Instant

  /// - Parameters:
  ///   - state: what it is until a check says otherwise.
  ///   - others: how many checks begin together with this one.
  init(
    _ rules: HealthRules, state: HealthState, others: Int, now: Instant,
    random: inout RandomSource
  ) {
    self.state = state
    isNew = state == .down
    let most = min(HealthMachine.firstWithin, rules.interval)
    let spread = min(most, UInt64(max(others, 0) + 1) &* HealthMachine.firstSpacing)
    nextAt = now &+ Instant.random(in: 0...spread, using: &random)
  }

  /// A check begins.
  mutating func begin(now: Instant) { startedAt = now }

  /// A check has ended.
  mutating func record(
    passed: Bool, _ rules: HealthRules, now: Instant, random: inout RandomSource
  ) -> Verdict {
    let verdict = decide(passed, rules)
    schedule(rules, now: now, random: &random)
    return verdict
  }

  /// A check could not be made for reasons of this machine: it says nothing.
  mutating func skip(_ rules: HealthRules, now: Instant, random: inout RandomSource) {
    let kept = streak
    streak = 0
    schedule(rules, now: now, random: &random)
    streak = kept
  }

  private mutating func decide(_ passed: Bool, _ rules: HealthRules) -> Verdict {
    if state == .up {
      streak = passed ? 0 : streak &+ 1
      guard streak >= max(rules.unhealthyAfter, 1) else { return .none }
      state = .down
      streak = 0
      return .wentDown
    }
    if isNew { return decideFirst(passed, rules) }
    streak = passed ? streak &+ 1 : 0
    guard streak >= max(rules.healthyAfter, 1) else { return .none }
    state = .up
    streak = 0
    return .cameUp
  }

  /// Failures are counted until they are enough to go over to the slow rhythm.
  private mutating func decideFirst(_ passed: Bool, _ rules: HealthRules) -> Verdict {
    if passed {
      state = .up
      isNew = false
      streak = 0
      return .cameUp
    }
    let most = max(rules.unhealthyAfter, 1)
    guard streak < most else { return .none }
    streak &+= 1
    return streak == most ? .staysDown : .none
  }

  /// The decision is open: it must not wait for a whole interval.
  private func isOpen(_ rules: HealthRules) -> Bool {
    if isNew, state == .down { return streak < max(rules.unhealthyAfter, 1) }
    return streak > 0
  }

  private mutating func schedule(_ rules: HealthRules, now: Instant, random: inout RandomSource) {
    var gap = rules.interval
    if isOpen(rules) {
      gap = min(gap, HealthMachine.soon)
    } else if isFirst {
      // All began together: from here on they are spread over the interval.
      gap = Instant.random(in: gap / 10...gap, using: &random)
    } else {
      let part = gap / 100 &* UInt64(min(rules.jitterPercent, 50))
      gap = Instant.random(in: gap &- part...gap &+ part, using: &random)
    }
    isFirst = false
    // From beginning to beginning; a check that took longer is followed at once.
    nextAt = max(startedAt &+ gap, now)
  }
}
