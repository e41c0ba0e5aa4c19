/// How one worker chooses among the backends of one pool: the strategy's state, and who may be
/// chosen, made anew when something changes that. Owned by one worker.
struct Balancer: ~Copyable, SlabElement {
  private var strategy = Strategy(.roundRobin, start: 0)
  private var candidates = Table<Candidate>([])
  private var backups: [Candidate] = []
  private(set) var trials: [UInt32] = []
  private(set) var isPanic = false
  private(set) var overriddenCount = 0
  private(set) var blockedUntil: Instant?
  /// Of the newest config, whatever the exchange's is.
  private(set) var breaker = BreakerPolicy()

  /// What the lists were made from.
  private var epoch = UInt64.max
  private var snapshotSerial = UInt64.max
  private var validUntil: Instant = 0

  init() {}

  /// Keeps its state when the pool keeps its strategy.
  mutating func use(_ kind: StrategyKind, start: UInt64, breaker: BreakerPolicy) {
    self.breaker = breaker
    if strategy.kind != kind || snapshotSerial == .max { strategy = Strategy(kind, start: start) }
  }

  @inline(__always)
  func isCurrent(epoch: UInt64, snapshotSerial: UInt64, now: Instant) -> Bool {
    self.epoch == epoch && self.snapshotSerial == snapshotSerial && now < validUntil
  }

  /// - Parameter loads: of all backends of the pool, as `statuses`.
  mutating func refresh(
    _ statuses: [BackendStatus], _ loads: [BackendLoad], _ policy: AvailabilityPolicy,
    epoch: UInt64, snapshotSerial: UInt64, now: Instant
  ) {
    let lists = CandidateLists(statuses, policy, now: now)
    self.epoch = epoch
    self.snapshotSerial = snapshotSerial
    validUntil = lists.validUntil
    trials = lists.trials
    isPanic = lists.isPanic
    overriddenCount = lists.overriddenCount
    blockedUntil = lists.blockedUntil
    candidates = Table(lists.active.map { candidate($0, statuses, loads, policy, now) })
    backups = lists.backups.map { candidate($0, statuses, loads, policy, now) }
  }

  private mutating func candidate(
    _ index: UInt32, _ statuses: [BackendStatus], _ loads: [BackendLoad],
    _ policy: AvailabilityPolicy, _ now: Instant
  ) -> Candidate {
    let status = statuses[Int(index)]
    let (share, until) = CandidateLists.share(
      recoveredAt: status.recoveredAt, slowStart: policy.slowStart, now: now)
    validUntil = min(validUntil, until)
    return Candidate(
      index: index, weight: status.weight, share: share, load: loads[Int(index)])
  }

  /// - Returns: the place in the pool of the chosen one; nil when none is left.
  @inline(__always)
  mutating func choose(_ context: borrowing ChoiceContext, random: inout RandomSource) -> Int? {
    if let position = strategy.choose(candidates, context, random: &random) {
      return Int(candidates[position].index)
    }
    return backups.isEmpty ? nil : chooseBackup(context)
  }

  /// The active ones were all tried: one of the backups, in their order.
  private func chooseBackup(_ context: borrowing ChoiceContext) -> Int? {
    for backup in backups where context.allows(backup) { return Int(backup.index) }
    return nil
  }

  /// Whether somebody is left, with room or without.
  func hasUntried(_ tried: TriedBackends) -> Bool {
    for index in 0..<candidates.count where !tried.contains(Int(candidates[index].index)) {
      return true
    }
    for backup in backups where !tried.contains(Int(backup.index)) { return true }
    return false
  }

  /// Whether this place of the pool is among those that may be chosen.
  func mayChoose(_ place: Int, _ tried: TriedBackends) -> Bool {
    if tried.contains(place) { return false }
    for index in 0..<candidates.count where Int(candidates[index].index) == place { return true }
    for backup in backups where Int(backup.index) == place { return true }
    return false
  }
}
