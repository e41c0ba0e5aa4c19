import DataPlane
import Glibc

/// A proxy that shuts down takes no other config.
public struct DrainingError: Error, Sendable, CustomStringConvertible {
  public var description: String { "the proxy is draining" }
}

/// The running proxy: workers, listeners, the current config, and what changes them.
///
/// Owned by the command line (or a test). All methods may be called from any thread; changes are
/// made one at a time under a lock.
public final class Proxy: Sendable {
  let registry: Registry
  let workers: WorkerGroup
  private let logWriter: AccessLogWriter
  let eventWriter: EventWriter
  let state: Locked<State>
  private let say: @Sendable (String) -> Void
  private let reloadFile: (@Sendable () -> ReloadOutcome)?
  private let startedAt: UInt64

  /// Behind the lock.
  struct State {
    var config: Config
    var listeners = ListenerSet()
    var stickyKeys: StickyKeys
    var tls = ListenerTLS()
    var backendTLS = BackendTLS()
    var resolver: Resolver?
    var keeper: CertificateKeeper?
    var admin: AdminServer?
    /// Those of the current snapshot, in its order.
    var backends: [SnapshotBuilder.BuiltBackend] = []
    /// When the operator took backends out, by identity: wall time in milliseconds.
    var operatorSince: [UInt32: Int64] = [:]
    /// Published, not yet retired by all workers; the last one is current.
    var snapshots: [SnapshotHandle] = []
    var readiness = Readiness.starting
    var reloads: UInt64 = 0
    var reloadFailures: UInt64 = 0
    var certificateReloads: UInt64 = 0
    var certificateReloadFailures: UInt64 = 0
    var reloadedAtMilliseconds: Int64 = 0
  }

  /// Starts everything. Listeners that cannot be opened, or a lack of descriptors, throw.
  ///
  /// - Parameters:
  ///   - reloadFile: what `POST /reload` on the admin listener does, on a thread of its own; nil
  ///     where there is no file.
  ///   - say: lines for the operator.
  public init(
    _ config: Config, reloadFile: (@Sendable () -> ReloadOutcome)? = nil,
    say: @escaping @Sendable (String) -> Void
  ) throws {
    ThisProcess.ignoreBrokenPipes()
    ThisProcess.tuneMemory()
    let stickyKeys = try StickyKeys(config)
    let count = config.workers ?? ThisProcess.usableCores
    let tls = try ListenerTLS(config, former: ListenerTLS(), workers: count)
    let backendTLS = try BackendTLS(config, former: BackendTLS(), workers: count)
    self.say = say
    self.reloadFile = reloadFile
    startedAt = Clock.now()
    registry = Registry(workers: count)
    var listeners = ListenerSet()
    let change = try listeners.prepare(config.listeners.map(\.address), workers: count).get()
    let limit = WorkerGroup.connectionLimit(config, workers: count)
    eventWriter = try EventWriter(registry: registry, say: say)
    workers = try WorkerGroup(
      registry: registry, events: eventWriter.log,
      rates: RateTable(keys: config.limits.rateKeys), maxConnections: limit)
    logWriter = try AccessLogWriter(rings: workers.rings, registry: registry)
    state = Locked(
      State(config: config, stickyKeys: stickyKeys, tls: tls, backendTLS: backendTLS))
    let resolver = try Resolver(
      onChange: { [weak self] in self?.namesChanged() }, onProblem: { say($0) })
    let keeper = try makeCertificateKeeper()
    state.withLock { state in
      state.resolver = resolver
      state.keeper = keeper
      publish(&state)
      listeners.apply(change, mailboxes: workers.mailboxes, registry: registry)
      state.listeners = listeners
    }
    try startAdmin(config)
    for note in stickyKeys.notes { say(note) }
    for entry in boundListeners { say("listening on \(entry)") }
    if let address = boundAdmin { say("admin on \(address)") }
    state.withLock { $0.readiness = .ready }
    try resolver.watch(Proxy.names(config))
    try keeper.watch(config.tlsFiles)
    say("ready (pid \(getpid()), \(count) worker\(count == 1 ? "" : "s"))")
  }

  public var boundListeners: [Endpoint] { state.withLock { $0.listeners.entries.map(\.bound) } }
  public var boundAdmin: Endpoint? { state.withLock { $0.admin?.boundEndpoint } }

  private func startAdmin(_ config: Config) throws {
    guard let admin = config.admin else { return }
    let server = AdminServer(
      metrics: { [weak self] in self?.metrics() ?? MetricsReport() },
      readiness: { [weak self] in self?.state.withLock { $0.readiness } ?? .draining },
      reload: reloadFile, backends: backendAdmin, caches: cacheAdmin)
    try server.start(at: admin.address)
    state.withLock { $0.admin = server }
  }

  // MARK: Reload

  /// Runs by another config from now on: unchanged backends keep counters and connections. Throws,
  /// and changes nothing, when a new listener cannot be opened or the proxy is draining.
  public func reload(_ config: Config) throws {
    let (resolver, keeper) = try state.withLock { state in
      guard state.readiness != .draining else { throw DrainingError() }
      let stickyKeys: StickyKeys
      do {
        stickyKeys = try StickyKeys(config)
      } catch {
        state.reloadFailures += 1
        throw error
      }
      let tls: ListenerTLS
      let backendTLS: BackendTLS
      do {
        tls = try ListenerTLS(config, former: state.tls, workers: registry.counters.count)
        backendTLS = try BackendTLS(
          config, former: state.backendTLS, workers: registry.counters.count)
      } catch {
        state.reloadFailures += 1
        throw error
      }
      let change: ListenerSet.Change
      switch state.listeners.prepare(
        config.listeners.map(\.address), workers: registry.counters.count)
      {
      case .success(let prepared): change = prepared
      case .failure(let error):
        state.reloadFailures += 1
        throw error
      }
      for text in ConfigDiff.restarts(from: state.config, to: config) {
        say("\(text): takes effect at the next start")
      }
      for note in stickyKeys.notes + registry.notes(on: config) { say(note) }
      state.config = config
      state.stickyKeys = stickyKeys
      state.tls = tls
      state.backendTLS = backendTLS
      publish(&state)
      state.listeners.apply(change, mailboxes: workers.mailboxes, registry: registry)
      state.reloads += 1
      state.reloadedAtMilliseconds = Clock.wallMilliseconds()
      for entry in change.opened { say("listening on \(entry.bound)") }
      for entry in change.closed { say("no longer listening on \(entry.bound)") }
      return (state.resolver, state.keeper)
    }
    try resolver?.watch(Proxy.names(config))
    try keeper?.watch(config.tlsFiles)
  }

  /// A file that was refused: counted, nothing else.
  public func reloadFailed() { state.withLock { $0.reloadFailures += 1 } }

  private func namesChanged() { state.withLock { publish(&$0) } }

  private static func names(_ config: Config) -> Set<Endpoint> {
    var names: Set<Endpoint> = []
    for pool in config.pools {
      for backend in pool.backends {
        if case .name = backend.address { names.insert(backend.address) }
      }
    }
    return names
  }

  func publish(_ state: inout State) {
    registry.prepareStores(state.config)
    let built = SnapshotBuilder(
      config: state.config, registry: registry, resolved: state.resolver?.answers ?? [:],
      stickyKeys: state.stickyKeys, tls: state.tls, backendTLS: state.backendTLS
    ).build()
    holdBackNew(built.handle.value.checks, former: state.snapshots.last)
    built.handle.value.acquire(workers: workers.mailboxes.count)
    workers.post(.adopt(built.handle))
    state.backends = built.backends
    closeUnusedBreakers(state)
    sweep(&state)
    state.snapshots.append(built.handle)
    logWriter.format = state.config.accessLog
  }

  /// Backends that are out until a check has passed are so before any worker hears of them.
  private func holdBackNew(_ checks: [HealthCheck], former: SnapshotHandle?) {
    let known = Set(former?.value.checks.map(\.backend) ?? [])
    for check in checks where !check.rules.startsHealthy && !known.contains(check.backend) {
      registry.shared.backend(check.backend).health = .unchecked
    }
  }

  /// A breaker that is switched off is closed: switched on again, it starts afresh.
  private func closeUnusedBreakers(_ state: State) {
    let off = Set(state.config.pools.filter { !$0.breaker.isOn }.map(\.name))
    for backend in state.backends where off.contains(backend.pool) {
      let pool = registry.pool(backend.pool)
      guard registry.shared.backend(backend.identity).closeBreaker() else { continue }
      registry.shared.pool(pool).availabilityChanged()
      eventWriter.log.add(
        Event(
          wallMilliseconds: Clock.wallMilliseconds(), pool: pool, backend: backend.identity,
          text: "breaker closed: switched off"))
    }
  }

  /// Frees the snapshots that no worker holds any more.
  private func sweep(_ state: inout State) {
    state.snapshots.removeAll { handle in
      let isRetired = handle.value.isRetired
      if isRetired { handle.destroy() }
      return isRetired
    }
  }

  // MARK: Drain

  /// Readiness fails first; then listeners close and what runs is finished, by the deadline of the
  /// config. Returns when every worker has ended, the log is written and the admin listener is
  /// closed: true when nothing had to be cut.
  public func drain() -> Bool {
    let settings = state.withLock { state in
      state.readiness = .draining
      return state.config.drain
    }
    say("draining (up to \(settings.timeout))")
    let delay = settings.readinessDelay.nanoseconds
    if delay > 0 { usleep(UInt32(min(delay / 1000, 3_600_000_000))) }
    state.withLock { $0.listeners.removePaths() }
    let timeout = min(settings.timeout.nanoseconds, 1 << 60)
    workers.post(.drain(deadline: Clock.now() + timeout))
    let wait = Int(min(timeout / 1_000_000, 1 << 30)) + 3000
    let isClean = workers.waitForEnd(milliseconds: wait)
    let (resolver, keeper, admin) = state.withLock { ($0.resolver, $0.keeper, $0.admin) }
    resolver?.end()
    keeper?.end()
    logWriter.end()
    eventWriter.end()
    admin?.stop()
    return isClean
  }

  // MARK: Metrics

  public func metrics() -> MetricsReport {
    var report = state.withLock { state in
      sweep(&state)
      var collector = MetricsCollector(
        registry: registry, config: state.config, backends: state.backends)
      collector.resolver = state.resolver
      collector.availability = backendCollector(state)?.availability ?? []
      var report = collector.collect()
      report.configReloads = state.reloads
      report.configReloadFailures = state.reloadFailures
      report.certificateReloads = state.certificateReloads
      report.certificateReloadFailures = state.certificateReloadFailures
      report.configLastReloadTimestampSeconds = Double(state.reloadedAtMilliseconds) / 1000
      return report
    }
    report.uptimeSeconds = Double(Clock.now() - startedAt) / 1e9
    return report
  }
}
