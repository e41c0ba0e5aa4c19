/// Which backend a request goes to.
extension Worker {
  /// The chosen backend's place in its pool; nil when there is nobody (left).
  ///
  /// - Parameter limit: those with as many requests at work are passed over.
  @inline(__always)
  mutating func choosePlace(_ x: Int32, inFlightBelow limit: UInt64 = .max) -> Int? {
    refreshIfStale(x)
    if exchanges[x].routeFlags.contains(.isSticky),
      let place = boundPlace(x, inFlightBelow: limit)
    {
      return place
    }
    var context = ChoiceContext()
    context.tried = exchanges[x].tried
    context.now = now
    context.inFlightLimit = limit
    return balancers[Int32(exchanges[x].poolCounters)].choose(context, random: &random)
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

  /// Looks at all backends of the exchange's pool anew. Rare: something became available or not,
  /// a config was published, or a backend starts slowly.
  private mutating func refreshBalancer(_ x: Int32, epoch: UInt64, serial: UInt64) {
    let snapshot = snapshots[exchanges[x].snapshot]
    let row = snapshot.value.pools[Int(exchanges[x].pool)]
    var statuses: [BackendStatus] = []
    var loads: [BackendLoad] = []
    for place in 0..<Int(row.backendCount) {
      let backend = snapshot.value.backends[Int(row.firstBackend) &+ place]
      let state = setup.shared.backend(backend.identity)
      statuses.append(state.status(weight: backend.weight, isBackup: backend.isBackup))
      loads.append(state.load)
    }
    balancers[Int32(row.counters)].refresh(
      statuses, loads, row.availability, epoch: epoch, snapshotSerial: serial, now: now)
    setup.shared.pool(row.counters).isPanic = balancers[Int32(row.counters)].isPanic
  }
}
