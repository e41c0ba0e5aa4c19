import DataPlane

/// Reads where all backends stand at one moment.
///
/// Used under the proxy's lock: nobody frees the snapshot meanwhile.
struct BackendCollector {
  let registry: Registry
  /// Of the snapshot, in its order, as are the pools.
  let backends: [SnapshotBuilder.BuiltBackend]
  let poolNames: [String]
  let snapshot: SnapshotHandle
  /// By identity, wall time in milliseconds.
  let operatorSince: [UInt32: Int64]
  let now: Instant
  let wallMilliseconds: Int64

  func collect() -> BackendReport {
    var report = BackendReport()
    report.wallMilliseconds = wallMilliseconds
    for index in 0..<snapshot.value.pools.count {
      let row = snapshot.value.pools[index]
      let conditions = conditions(row)
      var pool = BackendReport.Pool(name: poolNames[index])
      pool.isPanic = conditions.isPanic
      pool.waiting = registry.shared.pool(row.counters).waiters
      pool.isHTTP2 = row.speaksHTTP2
      pool.isTLS = row.tls >= 0
      pool.backendCount = Int(row.backendCount)
      pool.availableCount = (0..<pool.backendCount).count { conditions.isAvailable($0) }
      report.pools.append(pool)
      for place in 0..<pool.backendCount {
        report.backends.append(
          backend(Int(row.firstBackend) + place, conditions, place: place))
      }
    }
    return report
  }

  /// Whether each backend may get new requests.
  var availability: [Bool] {
    var result = [Bool](repeating: false, count: backends.count)
    for index in 0..<snapshot.value.pools.count {
      let row = snapshot.value.pools[index]
      let conditions = conditions(row)
      for place in 0..<Int(row.backendCount) {
        result[Int(row.firstBackend) + place] = conditions.isAvailable(place)
      }
    }
    return result
  }

  /// One pool, by its row in the counters.
  func pool(_ id: UInt32) -> (row: PoolRow, conditions: PoolConditions)? {
    for index in 0..<snapshot.value.pools.count where snapshot.value.pools[index].counters == id {
      let row = snapshot.value.pools[index]
      return (row, conditions(row))
    }
    return nil
  }

  private func conditions(_ row: PoolRow) -> PoolConditions {
    let statuses = (0..<Int(row.backendCount)).map { place in
      let backend = snapshot.value.backends[Int(row.firstBackend) + place]
      var status = registry.shared.backend(backend.identity).status(
        weight: backend.weight, isBackup: backend.isBackup)
      if !row.breaker.isOn { status.breaker = .closed }
      return status
    }
    return PoolConditions(statuses, row.availability, now: now)
  }

  private func backend(
    _ index: Int, _ conditions: PoolConditions, place: Int
  ) -> BackendReport.Backend {
    let identity = backends[index].identity
    let state = registry.shared.backend(identity)
    var result = BackendReport.Backend(
      pool: backends[index].pool, address: backends[index].address)
    result.weight = backends[index].weight
    result.isBackup = snapshot.value.backends[index].isBackup
    result.condition = conditions.condition(place)
    result.inFlight = state.load.inFlight
    result.reason = conditions.reason(
      place, inFlight: result.inFlight, lastCheck: state.lastCheck?.result.description ?? "")
    result.isAvailable = conditions.isAvailable(place)
    result.sinceMilliseconds = since(identity, state, conditions, place)
    result.connectionsOpen = state.connections
    result.connectionsIdle = registry.counters.reduce(0) {
      $0 &+ $1.backends[identity].load(.idleConnections)
    }
    result.isUp = state.health == .up
    result.breaker = breaker(state.breaker.phase)
    result.consecutiveFailures = state.consecutiveFailures
    return result
  }

  private func since(
    _ identity: UInt32, _ state: BackendState, _ conditions: PoolConditions, _ place: Int
  ) -> Int64? {
    if state.operatorState != .none { return operatorSince[identity] }
    let isUnhealthy = state.health == .down && state.healthChangedAt > 0
    guard let moment = isUnhealthy ? state.healthChangedAt : conditions.since(place) else {
      return nil
    }
    return wallMilliseconds - Int64(clamping: (now > moment ? now - moment : 0) / 1_000_000)
  }

  private func breaker(_ phase: BreakerPhase) -> BackendReport.Breaker {
    switch phase {
    case .closed: .closed
    case .halfOpen: .halfOpen
    case .open(let until): until > now ? .open(trialIn: (until - now) / 1_000_000) : .halfOpen
    }
  }
}
