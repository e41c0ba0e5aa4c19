/// Which backend a request goes to.
extension Worker {
  /// The chosen backend's place in its pool; nil when there is nobody (left).
  ///
  /// - Parameter limit: those with as many requests at work are passed over.
  @inline(__always)
  mutating func choosePlace(_ x: Int32, inFlightBelow limit: UInt64 = .max) -> Int? {
    refreshIfStale(x)
    let id = Int32(exchanges[x].poolCounters)
    exchanges[x].trial = 0
    exchanges[x].isTimed = exchanges[x].requestDone
    if exchanges[x].routeFlags.contains(.isSticky),
      let place = boundPlace(x, inFlightBelow: limit)
    {
      return place
    }
    let hasTrials = !balancers[id].trials.isEmpty
    if hasTrials, exchanges[x].tryCount == 0, let place = takeTrial(x, below: limit) {
      return place
    }
    var context = ChoiceContext()
    context.tried = exchanges[x].tried
    context.now = now
    context.inFlightLimit = limit
    let place =
      exchanges[x].poolFlags.contains(.hashes)
      ? chooseByKey(x, &context) : balancers[id].choose(context, random: &random)
    if let place { return place }
    return hasTrials ? takeTrial(x, below: limit, isLast: true) : nil
  }

  @inline(__always)
  mutating func refreshIfStale(_ x: Int32) {
    let id = exchanges[x].poolCounters
    let epoch = setup.shared.pool(id).epoch
    let serial = snapshots.serial(exchanges[x].snapshot)
    if !balancers[Int32(id)].isCurrent(epoch: epoch, snapshotSerial: serial, now: now) {
      refreshBalancer(x, epoch: epoch, serial: serial)
    }
  }

  @inline(never)
  private mutating func chooseByKey(_ x: Int32, _ context: inout ChoiceContext) -> Int? {
    context.key = exchanges[x].balanceKey
    let snapshot = snapshots[exchanges[x].snapshot]
    let range = snapshot.value.pools[Int(exchanges[x].pool)].hash.slots
    return balancers[Int32(exchanges[x].poolCounters)].choose(
      snapshot.value.hashSlots, range, context, random: &random)
  }

  /// Looks at all backends of the exchange's pool anew. Rare: something became available or not,
  /// a config was published, or a backend starts slowly.
  mutating func refreshBalancer(_ x: Int32, epoch: UInt64, serial: UInt64) {
    let slot = exchanges[x].snapshot
    refreshBalancer(slot, pool: Int(exchanges[x].pool), epoch: epoch, serial: serial)
  }

  private mutating func refreshBalancer(
    _ slot: UInt8, pool: Int, epoch: UInt64, serial: UInt64
  ) {
    let snapshot = snapshots[slot]
    let row = snapshot.value.pools[pool]
    var statuses: [BackendStatus] = []
    var places: [BackendPlace] = []
    for place in 0..<Int(row.backendCount) {
      let backend = snapshot.value.backends[Int(row.firstBackend) &+ place]
      let state = setup.shared.backend(backend.identity)
      var status = state.status(weight: backend.weight, isBackup: backend.isBackup)
      if !balancers[Int32(row.counters)].breaker.isOn { status.breaker = .closed }
      statuses.append(status)
      places.append(BackendPlace(identity: backend.identity, load: state.load))
      closeIdle(backend.identity, since: state.idleIsDeadSince)
    }
    balancers[Int32(row.counters)].refresh(
      statuses, places, row.availability, epoch: epoch, snapshotSerial: serial, now: now)
    setup.shared.pool(row.counters).overriddenBreakers = UInt64(
      balancers[Int32(row.counters)].overriddenCount)
    // Those that wait for room may find it at a backend that is back, or that nobody is left.
    callFirst(row.counters)
    if Int(slot) == snapshots.current { showPanic(row.counters, epoch) }
  }

  /// Looks at pools of the current snapshot anew without waiting for a request: health has
  /// changed, and whether a pool is in panic must show.
  ///
  /// - Parameter counters: the pools by their rows in the counters.
  mutating func refreshPools(_ counters: Set<UInt32>) {
    let slot = UInt8(truncatingIfNeeded: snapshots.current)
    for pool in 0..<snapshots[slot].value.pools.count
    where counters.contains(snapshots[slot].value.pools[pool].counters) {
      refreshPool(slot, pool)
    }
  }

  private mutating func refreshPool(_ slot: UInt8, _ pool: Int) {
    let state = setup.shared.pool(snapshots[slot].value.pools[pool].counters)
    // Once more when somebody was faster, so that what is shown is not older than what is.
    for _ in 0..<3 {
      let epoch = state.epoch
      refreshBalancer(slot, pool: pool, epoch: epoch, serial: snapshots.serial(slot))
      if state.epoch == epoch { return }
    }
  }

  private func showPanic(_ counters: UInt32, _ epoch: UInt64) {
    let isPanic = balancers[Int32(counters)].isPanic
    guard setup.shared.pool(counters).setPanic(isPanic, at: epoch) else { return }
    setup.events.add(
      Event(
        wallMilliseconds: Clock.wallMilliseconds(), pool: counters,
        text: isPanic
          ? "panic: too few backends are healthy, so all are used"
          : "panic ended: enough backends are healthy"))
  }
}
