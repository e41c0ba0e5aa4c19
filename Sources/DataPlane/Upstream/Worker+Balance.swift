/// Which backend a request goes to.
extension Worker {
  /// The chosen backend's place in its pool; nil when there is nobody (left).
  @inline(__always)
  mutating func choosePlace(_ x: Int32) -> Int? {
    let id = exchanges[x].poolCounters
    let epoch = setup.shared.pool(id).epoch
    let serial = snapshots.serial(exchanges[x].snapshot)
    if !balancers[Int32(id)].isCurrent(epoch: epoch, snapshotSerial: serial, now: now) {
      refreshBalancer(x, epoch: epoch, serial: serial)
    }
    exchanges[x].trial = 0
    exchanges[x].isTimed = exchanges[x].requestDone
    let hasTrials = !balancers[Int32(id)].trials.isEmpty
    if hasTrials, exchanges[x].tryCount == 0, let place = takeTrial(x) { return place }
    var context = ChoiceContext()
    context.tried = exchanges[x].tried
    context.now = now
    if let place = balancers[Int32(id)].choose(context, random: &random) { return place }
    return hasTrials ? takeTrial(x, isLast: true) : nil
  }

  /// Looks at all backends of the exchange's pool anew. Rare: something became available or not,
  /// a config was published, or a backend starts slowly.
  mutating func refreshBalancer(_ x: Int32, epoch: UInt64, serial: UInt64) {
    let snapshot = snapshots[exchanges[x].snapshot]
    let row = snapshot.value.pools[Int(exchanges[x].pool)]
    var statuses: [BackendStatus] = []
    var loads: [BackendLoad] = []
    for place in 0..<Int(row.backendCount) {
      let backend = snapshot.value.backends[Int(row.firstBackend) &+ place]
      let state = setup.shared.backend(backend.identity)
      var status = state.status(weight: backend.weight, isBackup: backend.isBackup)
      if !balancers[Int32(row.counters)].breaker.isOn { status.breaker = .closed }
      statuses.append(status)
      loads.append(state.load)
    }
    balancers[Int32(row.counters)].refresh(
      statuses, loads, row.availability, epoch: epoch, snapshotSerial: serial, now: now)
    let pool = setup.shared.pool(row.counters)
    pool.isPanic = balancers[Int32(row.counters)].isPanic
    pool.overriddenBreakers = UInt64(balancers[Int32(row.counters)].overriddenCount)
  }
}
