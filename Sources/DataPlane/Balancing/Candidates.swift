/// A backend that may be chosen now, as strategies see it: plain data, but for the live load.
package struct Candidate: BitwiseCopyable, Sendable {
  /// A whole `share`.
  package static var fullShare: UInt32 { 1024 }

  /// Its place in the pool: what `TriedBackends` holds.
  package let index: UInt32
  /// 1...1000.
  package let weight: UInt32
  /// Of its part, in 1024ths: below that while a recovered backend starts slowly.
  package let share: UInt32
  /// Of its pool and address, the same in every config.
  package let identity: UInt32
  package let load: BackendLoad

  package init(
    index: UInt32, weight: UInt32, share: UInt32 = fullShare, identity: UInt32 = 0,
    load: BackendLoad
  ) {
    self.index = index
    self.identity = identity
    self.weight = weight
    self.share = share
    self.load = load
  }

  /// Its weight, less while it starts slowly; a share of a weight of 1 is 1024.
  @inline(__always) package var effectiveWeight: UInt64 {
    max(UInt64(weight) &* UInt64(share), 1)
  }

  /// In flight, over all workers; bounded, so that products of it do not overflow.
  @inline(__always) var requests: UInt64 { min(load.inFlight, 1 << 21) }

  /// Shares are relative: when all start slowly, as after an outage of the whole pool, the one that
  /// is furthest has its full share.
  static func evened(_ candidates: [Candidate]) -> [Candidate] {
    let most = candidates.map(\.share).max() ?? fullShare
    guard most < fullShare else { return candidates }
    return candidates.map {
      Candidate(
        index: $0.index, weight: $0.weight, share: max($0.share * fullShare / max(most, 1), 1),
        identity: $0.identity, load: $0.load)
    }
  }

  /// Starts slowly, and is left out this time: it takes part as often as its share says.
  @inline(__always) func isShy(_ random: inout RandomSource) -> Bool {
    share < Candidate.fullShare && UInt32(truncatingIfNeeded: random.next() >> 54) >= share
  }
}

/// How a pool decides who is out.
package struct AvailabilityPolicy: Equatable, Sendable, BitwiseCopyable {
  /// A recovered backend gets its full share after this; 0 at once.
  package var slowStart: Instant = 0
  /// Below this many percent of its backends, a pool whose checks fail uses all of them.
  package var panicBelowPercent: UInt32 = 10
  /// At most this many percent may be out through breakers, but always one.
  package var maxOpenPercent: UInt32 = 50
  package init() {}
}

/// Who may be chosen, made from the statuses of all backends of a pool. Pure.
///
/// Precedence: the operator, then active health, then the breaker. When health leaves too few, all
/// that the operator wants are used (panic, after Envoy's "panic threshold"). A pool whose breakers
/// alone leave nobody fails fast: that is what they are for.
package struct CandidateLists: Equatable, Sendable {
  /// Places in the pool, ascending.
  package var active: [UInt32] = []
  /// For requests that found nobody among the active ones.
  package var backups: [UInt32] = []
  /// Half-open: a limited number of requests goes there.
  package var trials: [UInt32] = []
  package var isPanic = false
  /// Among the active ones: their breakers are not closed, but too many would be out.
  package var overriddenCount = 0
  /// When an open breaker will let trials through, the soonest of all; nil when none is out. A
  /// half-open one could at any time.
  package var blockedUntil: Instant?
  /// Something changes by itself then.
  package var validUntil: Instant = .max

  package init(_ statuses: [BackendStatus], _ policy: AvailabilityPolicy, now: Instant) {
    var primary = Tier(statuses, isBackup: false, policy, now: now)
    let backup = Tier(statuses, isBackup: true, policy, now: now)
    validUntil = min(primary.validUntil, backup.validUntil)
    // A backup that is well is better than a backend that is not.
    if primary.isAllOverridden, backup.usable.count > backup.overriddenCount {
      primary.usable = []
      primary.overriddenCount = 0
    }
    overriddenCount = primary.overriddenCount + backup.overriddenCount
    blockedUntil = primary.blockedUntil ?? backup.blockedUntil
    if let one = primary.blockedUntil, let other = backup.blockedUntil {
      blockedUntil = min(one, other)
    }
    if primary.isPanic(policy), !backup.usable.isEmpty {
      active = (primary.usable + backup.usable).sorted()
      trials = primary.trials + backup.trials
    } else if primary.isPanic(policy) {
      active = primary.wanted
      isPanic = true
    } else if primary.usable.isEmpty {
      isPanic = primary.trials.isEmpty && backup.isPanic(policy)
      active = isPanic ? backup.wanted : backup.usable
      trials = isPanic ? [] : primary.trials + backup.trials
    } else {
      active = primary.usable
      trials = primary.trials
      backups = backup.usable
    }
  }

  /// The backends of one rank.
  private struct Tier {
    /// All that the operator wants.
    var wanted: [UInt32] = []
    var usable: [UInt32] = []
    var trials: [UInt32] = []
    var unhealthyCount = 0
    var overriddenCount = 0
    var blockedUntil: Instant?
    var validUntil = Instant.max

    init(
      _ statuses: [BackendStatus], isBackup: Bool, _ policy: AvailabilityPolicy, now: Instant
    ) {
      var open: [UInt32] = []
      for (index, status) in statuses.enumerated()
      where status.isBackup == isBackup && status.isWanted && status.health != .unchecked {
        let index = UInt32(index)
        wanted.append(index)
        if status.health == .down {
          unhealthyCount += 1
          continue
        }
        switch status.breaker {
        case .closed: usable.append(index)
        case .halfOpen: trials.append(index)
        case .open(let until) where until <= now: trials.append(index)
        case .open(let until):
          open.append(index)
          validUntil = min(validUntil, until)
        }
      }
      if !trials.isEmpty { blockedUntil = 0 } else if !open.isEmpty { blockedUntil = validUntil }
      // Breakers beyond the share are passed over, those of the first places first; half-open ones
      // are out too, but get their trials all the same.
      let most = max(1, wanted.count * Int(policy.maxOpenPercent) / 100)
      overriddenCount = max(0, open.count + trials.count - most)
      if overriddenCount > 0 {
        usable += (open + trials).prefix(overriddenCount)
        usable.sort()
      }
    }

    var isAllOverridden: Bool { overriddenCount > 0 && usable.count == overriddenCount }

    func isPanic(_ policy: AvailabilityPolicy) -> Bool {
      guard unhealthyCount > 0 else { return false }
      let left = usable.count + trials.count
      return left == 0 || left * 100 < wanted.count * Int(policy.panicBelowPercent)
    }
  }

  /// The part of its weight that a backend gets, in 1024ths, and when to look again: a straight
  /// line from its recovery, in 64 steps.
  package static func share(
    recoveredAt: Instant, slowStart: Instant, now: Instant
  ) -> (share: UInt32, until: Instant) {
    guard recoveredAt > 0, slowStart > 0, now < recoveredAt &+ slowStart else {
      return (Candidate.fullShare, .max)
    }
    let elapsed = now > recoveredAt ? now &- recoveredAt : 0
    let share = max(16, UInt32(elapsed / max(slowStart / 1024, 1)))
    return (min(share, Candidate.fullShare), now &+ max(slowStart / 64, 16_000_000))
  }
}
