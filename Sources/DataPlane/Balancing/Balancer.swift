/// What stays the same of a backend, whatever its status.
struct BackendPlace: BitwiseCopyable, Sendable {
  let identity: UInt32
  let load: BackendLoad
}

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
  private(set) var capacity = CapacityPolicy()
  /// Of pools that hash: by place in the pool, where it is among the candidates; -1 is nowhere.
  private var positions: [Int32] = []

  /// What the lists were made from.
  private var epoch = UInt64.max
  private var snapshotSerial = UInt64.max
  private var validUntil: Instant = 0

  init() {}

  /// Keeps its state when the pool keeps its strategy. A new one has to be prepared first, also for
  /// exchanges that still pin the old snapshot: nothing is current until then.
  mutating func use(
    _ kind: StrategyKind, start: UInt64, breaker: BreakerPolicy,
    capacity: CapacityPolicy = CapacityPolicy()
  ) {
    self.breaker = breaker
    self.capacity = capacity
    guard strategy.kind != kind || snapshotSerial == .max else { return }
    strategy = Strategy(kind, start: start)
    snapshotSerial = .max
  }

  @inline(__always)
  func isCurrent(epoch: UInt64, snapshotSerial: UInt64, now: Instant) -> Bool {
    self.epoch == epoch && self.snapshotSerial == snapshotSerial && now < validUntil
  }

  /// - Parameter places: of all backends of the pool, as `statuses`.
  mutating func refresh(
    _ statuses: [BackendStatus], _ places: [BackendPlace], _ policy: AvailabilityPolicy,
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
    let active = lists.active.map { candidate($0, statuses, places, policy, now) }
    candidates = Table(Candidate.evened(active))
    backups = lists.backups.map { candidate($0, statuses, places, policy, now) }
    strategy.prepare(candidates)
    guard strategy.kind == .hash else { return }
    positions = [Int32](repeating: -1, count: statuses.count)
    for (position, place) in lists.active.enumerated() {
      positions[Int(place)] = Int32(position)
    }
  }

  private mutating func candidate(
    _ index: UInt32, _ statuses: [BackendStatus], _ places: [BackendPlace],
    _ policy: AvailabilityPolicy, _ now: Instant
  ) -> Candidate {
    let status = statuses[Int(index)]
    let (share, until) = CandidateLists.share(
      recoveredAt: status.recoveredAt, slowStart: policy.slowStart, now: now)
    validUntil = min(validUntil, until)
    let place = places[Int(index)]
    return Candidate(
      index: index, weight: status.weight, share: share, identity: place.identity,
      load: place.load)
  }

  /// - Returns: the place in the pool of the chosen one; nil when none is left.
  @inline(__always)
  mutating func choose(_ context: borrowing ChoiceContext, random: inout RandomSource) -> Int? {
    if let position = strategy.choose(candidates, context, random: &random) {
      return Int(candidates[position].index)
    }
    return backups.isEmpty ? nil : chooseBackup(context)
  }

  /// The backend that the request's key belongs to; while that one is out, full or was tried, the
  /// next on the key's own walk through the slots.
  mutating func choose(
    _ slots: borrowing Table<UInt32>, _ range: HashRange, _ context: borrowing ChoiceContext,
    random: inout RandomSource
  ) -> Int? {
    guard let key = context.key, range.count > 1, candidates.count > 0 else {
      return choose(context, random: &random)
    }
    for step in 0..<HashRange.walkMax {
      let place = Int(slots[range.slot(of: key, step: step)])
      guard place < positions.count, positions[place] >= 0 else { continue }
      if context.allows(candidates[Int(positions[place])]) { return place }
    }
    if let place = chooseByRank(key, context) { return place }
    return backups.isEmpty ? nil : chooseBackup(context)
  }

  /// Few are left of many, or only backups: the highest for this key (rendezvous hashing, Thaler
  /// and Ravishankar 1998), O(n).
  @inline(never)
  private func chooseByRank(_ key: UInt64, _ context: borrowing ChoiceContext) -> Int? {
    var best: Int? = nil
    var bestRank: UInt64 = 0
    for index in 0..<candidates.count {
      let place = candidates[index].index
      if !context.allows(candidates[index]) { continue }
      let rank = BalanceKey.mix(key ^ BalanceKey.mix(UInt64(place)))
      if best == nil || rank > bestRank {
        best = Int(place)
        bestRank = rank
      }
    }
    return best
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

  /// Whether somebody has room, tried or not.
  func hasRoom(below limit: UInt64) -> Bool {
    for index in 0..<candidates.count where candidates[index].load.inFlight < limit { return true }
    for backup in backups where backup.load.inFlight < limit { return true }
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
