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
    var context = ChoiceContext()
    context.tried = exchanges[x].tried
    context.now = now
    if exchanges[x].poolFlags.contains(.hashes) { return chooseByKey(x, &context) }
    return balancers[Int32(id)].choose(context, random: &random)
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
