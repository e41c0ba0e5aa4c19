import DataPlane

/// What the operator sees of backends, and takes out or brings back.
///
/// What is said here lies over config, health and breakers. It hangs on the backend's identity, so
/// reloads keep it, also while the config does not name the backend; a restart forgets it.
extension Proxy {
  var backendAdmin: BackendAdmin {
    BackendAdmin(
      report: { [weak self] in self?.backendReport() ?? BackendReport() },
      change: { [weak self] in self?.change($0) ?? .unknown("the proxy has ended") },
      events: { [weak self] in self?.eventWriter.recent ?? [] })
  }

  func backendReport() -> BackendReport {
    state.withLock { backendCollector($0)?.collect() } ?? BackendReport()
  }

  func backendCollector(_ state: State) -> BackendCollector? {
    guard let snapshot = state.snapshots.last else { return nil }
    return BackendCollector(
      registry: registry, backends: state.backends, poolNames: state.config.pools.map(\.name),
      snapshot: snapshot, operatorSince: state.operatorSince, now: Clock.now(),
      wallMilliseconds: Clock.wallMilliseconds())
  }

  func change(_ change: BackendChange) -> BackendChange.Outcome {
    state.withLock { state in
      let pools = state.config.pools.map(\.name)
      guard pools.contains(change.pool) else {
        return .unknown("there is no pool \(quoted(change.pool)); \(Self.list("there is", pools))")
      }
      let backends = state.backends.filter { $0.pool == change.pool }
      let address = BackendReport.shown(change.backend)
      guard let backend = backends.first(where: { $0.address == address }) else {
        let known = Self.list("it has", backends.map(\.address))
        return .unknown(
          "pool \(change.pool) has no backend \(quoted(change.backend)); \(known)")
      }
      guard backend.identity != 0 else {
        return .unknown(
          "more than \(CounterBank.capacity) backends have come and gone, and the newest share one "
            + "state until a restart: this one cannot be changed alone")
      }
      let isNew = set(backend, to: change.target, &state)
      return .done(outcome(backend, isNew: isNew, state))
    }
  }

  /// False when it was so before.
  private func set(
    _ backend: SnapshotBuilder.BuiltBackend, to target: BackendChange.Target, _ state: inout State
  ) -> Bool {
    let row = registry.shared.backend(backend.identity)
    let former = row.operatorState
    let wanted: OperatorState =
      switch target {
      case .drain: .drain
      case .maintenance: .maintenance
      case .ready: .none
      }
    guard wanted != former else { return false }
    let wall = Clock.wallMilliseconds()
    if wanted == .none { row.recoveredAt = Clock.now() }
    row.operatorState = wanted
    state.operatorSince[backend.identity] = wanted == .none ? nil : wall
    let pool = registry.pool(backend.pool)
    registry.shared.pool(pool).availabilityChanged()
    if wanted == .maintenance || former == .maintenance {
      workers.post(.keepIdle(backend: backend.identity, wanted != .maintenance))
    }
    eventWriter.log.add(
      Event(
        wallMilliseconds: wall, pool: pool, backend: backend.identity,
        text: "operator: \(target.rawValue)"))
    callWaiting(pool, state)
    return true
  }

  /// Those that wait for room find it at a backend that is back, or hear that nobody is left:
  /// else they would wait for room at the others.
  private func callWaiting(_ id: UInt32, _ state: State) {
    let pool = registry.shared.pool(id)
    guard pool.waiters > 0, let collector = backendCollector(state),
      let (row, conditions) = collector.pool(id)
    else { return }
    let isLeft = (0..<Int(row.backendCount)).contains(where: conditions.isAvailable)
    let room = row.capacity.inFlight > pool.inFlight ? row.capacity.inFlight - pool.inFlight : 0
    // Whoever finds no room all the same goes back to the front, so no more are called than may go.
    let calls = isLeft ? min(row.capacity.perBackend, room) : .max
    if room > 0 { workers.callWaiting(for: id, pool, atMost: calls) }
  }

  private func outcome(
    _ backend: SnapshotBuilder.BuiltBackend, isNew: Bool, _ state: State
  ) -> String {
    guard let report = backendCollector(state)?.collect().only(pool: backend.pool),
      let pool = report.pools.first,
      let row = report.backends.first(where: { $0.address == backend.address })
    else { return "" }
    return "\(row.pool) \(row.address): \(row.condition.rawValue)\(isNew ? "" : ", as before"), "
      + "\(row.inFlight) in flight\n\(pool.name): \(pool.share)"
  }

  /// `it has a, b`, cut when there are many.
  private static func list(_ words: String, _ names: [String]) -> String {
    if names.isEmpty { return "\(words) none" }
    let rest = names.count > 20 ? " and \(names.count - 20) more" : ""
    return "\(words) \(names.prefix(20).joined(separator: ", "))\(rest)"
  }
}
