import DataPlane

/// Reads the counters of all workers at one moment and sums them.
struct MetricsCollector {
  let registry: Registry
  let config: Config
  let backends: [SnapshotBuilder.BuiltBackend]
  var resolver: Resolver?
  /// Whether each of the backends may get new requests.
  var availability: [Bool] = []

  func collect() -> MetricsReport {
    var report = MetricsReport()
    report.version = Version.text
    report.durationBounds = DurationBuckets.boundsNanoseconds.map { Double($0) / 1e9 }
    report.residentBytes = ThisProcess.residentBytes
    report.openDescriptors = ThisProcess.openDescriptors
    report.workers = registry.counters.map(worker)
    report.accessLogDropped = registry.counters.reduce(0) {
      $0 + $1.worker.load(.accessLogDropped)
    }
    report.routes = config.routes.map(route)
    report.pools = config.pools.map(pool)
    report.caches = config.caches.map { cache($0.name) }
    report.certificates = MetricsReport.Certificate.all(config)
    let off = Set(config.pools.filter { !$0.breaker.isOn }.map(\.name))
    report.backends = backends.map { backend($0, hasBreaker: !off.contains($0.pool)) }
    for (index, isAvailable) in availability.enumerated() where index < report.backends.count {
      report.backends[index].isAvailable = isAvailable
    }
    return report
  }

  private func worker(_ counters: WorkerCounters) -> MetricsReport.Worker {
    var result = MetricsReport.Worker()
    let row = counters.worker
    let closed = row.load(.clientConnectionsClosed)
    let accepted = row.load(.clientConnectionsAccepted)
    result.clientConnections = accepted >= closed ? accepted - closed : 0
    result.clientConnectionsAccepted = accepted
    result.clientConnectionsRefused = row.load(.clientConnectionsRefused)
    result.proxyHeaderFailures = row.load(.proxyHeaderFailures)
    result.tlsHandshakes = row.load(.tlsHandshakes)
    result.tlsHandshakeFailures = row.load(.tlsHandshakeFailures)
    result.tlsSessionsResumed = row.load(.tlsResumed)
    result.requestsRefused = row.load(.requestsRefused)
    result.heldBytes = row.load(.heldBytes)
    result.loopTurns = row.load(.loopTurns)
    result.http2Connections = row.load(.http2Connections)
    result.http2Streams = row.load(.http2Streams)
    result.http2StreamsRefused = row.load(.http2StreamsRefused)
    result.http2UpstreamStreams = row.load(.http2UpstreamStreams)
    result.http2Errors = row.load(.http2Errors)
    result.http2OpenStreams = row.load(.http2OpenStreams)
    return result
  }

  private func route(_ route: Config.Route) -> MetricsReport.Route {
    let id = registry.route(route.name)
    let sum = Sum(registry.counters.map { $0.routes[id] })
    var result = MetricsReport.Route(name: route.name)
    result.requestsByClass = sum.byClass
    result.durationBuckets = sum.buckets
    result.durationSumSeconds = sum.seconds
    result.inFlight = sum.inFlight
    result.requestBytes = sum[.requestBytes]
    result.responseBytes = sum[.responseBytes]
    result.rateLimited = sum[.rateLimited]
    result.rateOverflow = sum[.rateOverflow]
    return result
  }

  private func pool(_ pool: Config.Pool) -> MetricsReport.Pool {
    let id = registry.pool(pool.name)
    let sum = Sum(registry.counters.map { $0.pools[id] })
    var result = MetricsReport.Pool(name: pool.name)
    result.requestsByClass = sum.byClass
    result.durationBuckets = sum.buckets
    result.durationSumSeconds = sum.seconds
    result.inFlight = sum.inFlight
    result.staleRetries = sum[.staleRetries]
    result.connectRetries = sum[.connectRetries]
    result.retries = sum[.retries]
    result.retryBudgetSpent = sum[.retryBudgetSpent]
    result.queued = sum[.queued]
    result.queueTimeouts = sum[.queueTimeouts]
    result.queueOverflows = sum[.queueOverflows]
    result.waiting = registry.shared.pool(id).waiters
    result.noBackend = sum[.noBackend]
    result.breakerRejected = sum[.breakerRejected]
    if pool.breaker.isOn { result.overriddenBreakers = registry.shared.pool(id).overriddenBreakers }
    result.resolveFailures = pool.backends.reduce(0) {
      $0 + (resolver?.failures(of: $1.address) ?? 0)
    }
    result.isPanic = registry.shared.pool(id).isPanic
    return result
  }

  private func backend(
    _ backend: SnapshotBuilder.BuiltBackend, hasBreaker: Bool
  ) -> MetricsReport.Backend {
    let sum = Sum(registry.counters.map { $0.backends[backend.identity] })
    var result = MetricsReport.Backend(pool: backend.pool, address: backend.address)
    result.weight = backend.weight
    result.operatorState = registry.shared.backend(backend.identity).operatorState.rawValue
    result.requestsByClass = sum.byClass
    result.durationBuckets = sum.buckets
    result.durationSumSeconds = sum.seconds
    result.inFlight = sum.inFlight
    result.connectionsOpened = sum[.connectionsOpened]
    result.connectionsOpen = sum.difference(.connectionsOpened, .connectionsClosed)
    result.connectionsIdle = Int64(bitPattern: sum[.idleConnections])
    result.connectFailures = sum[.connectFailures]
    result.tlsHandshakes = sum[.tlsConnects]
    result.tlsResumed = sum[.tlsConnectsResumed]
    result.tlsFailures = sum[.tlsConnectFailures]
    result.staleRetries = sum[.staleRetries]
    result.resets = sum[.resets]
    result.isUp = registry.shared.backend(backend.identity).health == .up
    result.healthPasses = sum[.healthPasses]
    result.healthFailures = sum[.healthFailures]
    result.healthChanges = sum[.healthChanges]
    result.failures = sum[.tryFailures]
    let breaker = registry.shared.backend(backend.identity).breaker
    switch hasBreaker ? breaker.phase : .closed {
    case .closed: result.breakerState = 0
    case .open: result.breakerState = 1
    case .halfOpen: result.breakerState = 2
    }
    result.breakerOpenings = [
      sum[.breakerOpenedConsecutive], sum[.breakerOpenedFailureRate], sum[.breakerOpenedSlowRate],
      sum[.breakerOpenedTrial],
    ]
    result.breakerTrials = sum[.breakerTrials]
    return result
  }
}

/// The rows of one identity, summed over the workers.
private struct Sum {
  private let rows: [CounterRow]

  init(_ rows: [CounterRow]) { self.rows = rows }

  subscript(counter: Counter) -> UInt64 { word(counter.rawValue) }

  private func word(_ index: Int) -> UInt64 {
    rows.reduce(0) { $0 &+ $1.load(word: index) }
  }

  var byClass: [UInt64] { (0...5).map { word(Counter.requestsAborted.rawValue + $0) } }
  var buckets: [UInt64] {
    (0..<DurationBuckets.count).map { word(Counter.durationBuckets.rawValue + $0) }
  }
  var seconds: Double { Double(self[.durationNanoseconds]) / 1e9 }
  var inFlight: Int64 { difference(.started, .finished) }

  /// Words are read one after the other, so a difference may be off for a moment, never below 0.
  func difference(_ up: Counter, _ down: Counter) -> Int64 {
    let lower = self[down]
    return max(0, Int64(bitPattern: self[up] &- lower))
  }
}
