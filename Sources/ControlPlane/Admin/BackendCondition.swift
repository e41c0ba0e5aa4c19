import DataPlane

/// Where a backend stands, in the words that the operator sees.
enum BackendCondition: String, Sendable, CaseIterable {
  case available
  case slowStart = "slow start"
  case drained = "drained (weight 0)"
  case draining = "draining (operator)"
  case maintenance = "maintenance (operator)"
  case unhealthy
  case unchecked
  case breakerOpen = "breaker open"
  case halfOpen = "half-open"
  /// Used although it is out, because too few are left.
  case panic
}

/// Says of each backend of a pool where it stands and why, by the lists that workers choose from.
/// Pure.
struct PoolConditions {
  private let statuses: [BackendStatus]
  private let policy: AvailabilityPolicy
  private let now: Instant
  private let active: Set<UInt32>
  private let backups: Set<UInt32>
  private let trials: Set<UInt32>
  let isPanic: Bool

  /// - Parameter statuses: of all backends of the pool, in its order.
  init(_ statuses: [BackendStatus], _ policy: AvailabilityPolicy, now: Instant) {
    self.statuses = statuses
    self.policy = policy
    self.now = now
    let lists = CandidateLists(statuses, policy, now: now)
    active = Set(lists.active)
    backups = Set(lists.backups)
    trials = Set(lists.trials)
    isPanic = lists.isPanic
  }

  /// Whether it may get new requests; a backup, when the others cannot.
  func isAvailable(_ place: Int) -> Bool {
    let place = UInt32(place)
    return active.contains(place) || backups.contains(place) || trials.contains(place)
  }

  func condition(_ place: Int) -> BackendCondition {
    let status = statuses[place]
    switch status.operatorState {
    case .drain: return .draining
    case .maintenance: return .maintenance
    case .none: break
    }
    if status.weight == 0 { return .drained }
    if status.health == .unchecked { return .unchecked }
    if status.health == .down { return isActive(place) ? .panic : .unhealthy }
    switch status.breaker {
    case .open(let until) where until > now:
      return isPanic && isActive(place) ? .panic : .breakerOpen
    case .open, .halfOpen: return .halfOpen
    case .closed: return share(place) < Candidate.fullShare ? .slowStart : .available
    }
  }

  /// Empty where the condition says all.
  ///
  /// - Parameter lastCheck: what its last health check came to, in words.
  func reason(_ place: Int, inFlight: UInt64, lastCheck: String = "") -> String {
    let status = statuses[place]
    switch condition(place) {
    case .available:
      if !status.isBackup { return "" }
      return isActive(place) ? "backup, in use" : "backup, for when the others are out"
    case .slowStart:
      return "back, with \(share(place) * 100 / Candidate.fullShare) % of its share for now"
    case .drained, .draining, .maintenance:
      return inFlight == 0 ? "nothing in flight" : "finishes what is in flight"
    case .unhealthy:
      return "its health checks fail" + (lastCheck.isEmpty ? "" : ", the last one: \(lastCheck)")
    case .unchecked: return "no health check has passed yet"
    case .breakerOpen:
      return isActive(place) ? "used all the same: too many would be out" : "its tries failed"
    case .halfOpen: return "a few requests show whether it is back"
    case .panic: return "out, but used: too few are left"
    }
  }

  /// Monotonic; nil when it is not known.
  func since(_ place: Int) -> Instant? {
    let recoveredAt = statuses[place].recoveredAt
    switch condition(place) {
    case .available, .slowStart: return recoveredAt == 0 ? nil : recoveredAt
    default: return nil
    }
  }

  private func isActive(_ place: Int) -> Bool { active.contains(UInt32(place)) }

  private func share(_ place: Int) -> UInt32 {
    CandidateLists.share(
      recoveredAt: statuses[place].recoveredAt, slowStart: policy.slowStart, now: now
    ).share
  }
}
