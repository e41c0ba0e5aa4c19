/// Which backends this worker probes.
extension Worker {
  /// After a snapshot was adopted: checks that stayed go on, new ones begin, others end.
  mutating func reconcileProbes() {
    guard !isDraining, snapshots.hasCurrent else { return }
    let slot = UInt8(truncatingIfNeeded: snapshots.current)
    let serial = snapshots.serial(slot)
    let workers = setup.allCounters.count
    let checks = snapshots[slot].value.checks.filter {
      $0.isProbed(by: setup.index, of: workers)
    }
    var beginning: [HealthCheck] = []
    var pools = Set(checks.map(\.pool))
    for check in checks {
      guard let p = probesByBackend[check.backend], probes[p].check == check else {
        beginning.append(check)
        continue
      }
      probes[p].snapshotSerial = serial
      // Until its first check it stays unchecked.
      if setup.shared.backend(check.backend).health != .unchecked {
        setHealth(check, probes[p].machine.state)
      }
    }
    for check in beginning { beginProbe(check, others: beginning.count - 1, serial) }
    for p in 0..<Int32(probes.usedSlots)
    where probes[p].state != .free && probes[p].snapshotSerial != serial {
      if let check = probes[p].check { pools.insert(check.pool) }
      endProbe(p)
    }
    if !pools.isEmpty { refreshPools(pools) }
  }

  /// A check of other settings starts anew, from what its backend is at this moment.
  private mutating func beginProbe(_ check: HealthCheck, others: Int, _ serial: UInt64) {
    var state = HealthState.up
    var isUnchecked = false
    if let former = probesByBackend[check.backend] {
      state = probes[former].machine.state
      dropProbe(former)
    } else if !check.rules.startsHealthy {
      state = .down
      isUnchecked = true
    }
    guard let p = probes.take() else { return }
    probes[p].check = check
    probes[p].state = .waiting
    probes[p].sameResults = 0
    probes[p].snapshotSerial = serial
    probes[p].machine = HealthMachine(
      check.rules, state: state, others: others, now: now, random: &random)
    probesByBackend[check.backend] = p
    setHealth(check, isUnchecked ? .unchecked : state)
    wheel.set(&probes[p].timer, probes[p].machine.nextAt, token: probeToken(p).raw)
  }

  /// Nobody checks this backend any more: it counts as healthy.
  private mutating func endProbe(_ p: Int32) {
    guard let check = probes[p].check else { return }
    dropProbe(p)
    setHealth(check, .up)
    setup.shared.backend(check.backend).lastCheck = nil
  }

  private mutating func dropProbe(_ p: Int32) {
    guard let check = probes[p].check else { return }
    closeProbe(p)
    probes[p].state = .free
    probes[p].check = nil
    probesByBackend[check.backend] = nil
    endedProbes.append(p)
  }

  /// The process drains or ends: no more checks, and what they found stays.
  mutating func stopProbes() {
    for p in 0..<Int32(probes.usedSlots) where probes[p].state != .free { dropProbe(p) }
  }
}
