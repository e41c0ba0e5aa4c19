/// What all workers know of the load of a backend: the part of its state that strategies see.
package struct BackendLoad: BitwiseCopyable, Sendable {
  private let row: SharedRow
  package init(_ row: SharedRow) { self.row = row }

  /// Requests that it is at work on, over all workers.
  package var inFlight: UInt64 { @inline(__always) get { row.load(BackendState.Word.inFlight) } }

  /// Nanoseconds to a response head, a moving average with `averagedAt`; 0 before the first.
  package var averageLatency: UInt64 { row.load(BackendState.Word.averageLatency) }
  package var averagedAt: Instant { row.load(BackendState.Word.averagedAt) }

  /// Two workers may store at once; then one sample is lost.
  package func storeAverage(_ nanoseconds: UInt64, at now: Instant) {
    row.store(BackendState.Word.averageLatency, nanoseconds)
    row.store(BackendState.Word.averagedAt, now)
  }
}

/// The state of one backend that all workers share. It hangs on the backend's identity, so it
/// outlives snapshots.
package struct BackendState: BitwiseCopyable, Sendable {
  fileprivate enum Word {
    static var inFlight: Int { 0 }
    static var connections: Int { 1 }
    static var averageLatency: Int { 2 }
    static var averagedAt: Int { 3 }
    /// When a failure of TLS was last told.
    static var tlsToldAt: Int { 4 }
    static var operatorState: Int { 8 }
    static var health: Int { 9 }
    static var breaker: Int { 10 }
    static var recoveredAt: Int { 11 }
    static var consecutiveFailures: Int { 12 }
    static var healthChangedAt: Int { 14 }
    static var lastCheck: Int { 15 }
    static var windowEpoch: Int { 13 }
  }

  private let row: SharedRow
  package init(_ row: SharedRow) { self.row = row }

  package var load: BackendLoad { @inline(__always) get { BackendLoad(row) } }

  @inline(__always) package func begin() { row.add(Word.inFlight) }
  /// False when it has as many as that at work already.
  package func begin(upTo limit: UInt64) -> Bool { row.add(Word.inFlight, upTo: limit) }
  @inline(__always) package func end() { row.subtract(Word.inFlight) }

  /// True for one caller in so much time.
  func mayTellOfTLS(every interval: Instant, at now: Instant) -> Bool {
    let last = row.load(Word.tlsToldAt)
    guard last == 0 || now >= last &+ interval else { return false }
    return row.replace(Word.tlsToldAt, last, with: max(now, 1))
  }

  /// Connections to it, idle ones too, over all workers.
  package var connections: UInt64 { row.load(Word.connections) }
  package func beginConnection(upTo limit: UInt64) -> Bool {
    if limit == .max {
      row.add(Word.connections)
      return true
    }
    return row.add(Word.connections, upTo: limit)
  }
  package func endConnection() { row.subtract(Word.connections) }

  package var operatorState: OperatorState {
    get { OperatorState(rawValue: row.load(Word.operatorState)) ?? .none }
    nonmutating set { row.store(Word.operatorState, newValue.rawValue) }
  }

  package var health: HealthState {
    get { HealthState(rawValue: row.load(Word.health)) ?? .up }
    nonmutating set { row.store(Word.health, newValue.rawValue) }
  }

  /// When it came back after it had been out; 0 when it never was.
  package var recoveredAt: Instant {
    get { row.load(Word.recoveredAt) }
    nonmutating set { row.store(Word.recoveredAt, newValue) }
  }

  /// When checks last took it out or brought it back; 0 when they never did.
  package var healthChangedAt: Instant {
    get { row.load(Word.healthChangedAt) }
    nonmutating set { row.store(Word.healthChangedAt, newValue) }
  }

  /// Connections that have been idle since this moment or longer are not used again: all while it
  /// is out, and those from that time when it is back. 0: none.
  package var idleIsDeadSince: Instant { health == .down ? .max : healthChangedAt }

  /// What the last health check came to; nil before the first, or when there are none.
  package var lastCheck: LastCheck? {
    get {
      let raw = row.load(Word.lastCheck)
      return raw == 0 ? nil : LastCheck(raw: raw)
    }
    nonmutating set { row.store(Word.lastCheck, newValue?.raw ?? 0) }
  }

  package var breaker: BreakerWord { BreakerWord(raw: row.load(Word.breaker)) }

  /// - Returns: false, with nothing changed, when another thread was faster.
  package func replaceBreaker(_ old: BreakerWord, with new: BreakerWord) -> Bool {
    row.replace(Word.breaker, old.raw, with: new.raw)
  }

  /// Whatever it was, and forgets why.
  ///
  /// - Returns: false when it was closed before.
  package func closeBreaker() -> Bool {
    while !breaker.isClosed {
      let word = breaker
      forgetWindow()
      clearConsecutiveFailures()
      if replaceBreaker(word, with: .closed) { return true }
    }
    return false
  }

  package func status(weight: UInt32, isBackup: Bool) -> BackendStatus {
    var status = BackendStatus()
    status.weight = weight
    status.isBackup = isBackup
    status.operatorState = operatorState
    status.health = health
    status.breaker = breaker.phase
    status.recoveredAt = recoveredAt
    return status
  }

  /// Grows when what was counted until now is forgotten: windows of an earlier one do not count.
  @inline(__always) package var windowEpoch: UInt64 { row.load(Word.windowEpoch) }
  package func forgetWindow() { row.add(Word.windowEpoch) }

  /// Tries in a row that got no usable answer.
  package var consecutiveFailures: UInt64 { row.load(Word.consecutiveFailures) }
  @discardableResult package func addConsecutiveFailure() -> UInt64 {
    row.add(Word.consecutiveFailures)
  }
  /// Read before it is written: in good times nothing is.
  @inline(__always) package func clearConsecutiveFailures() {
    if row.load(Word.consecutiveFailures) != 0 { row.store(Word.consecutiveFailures, 0) }
  }
}

/// The state of one pool that all workers share; it hangs on the pool's name.
package struct PoolState: BitwiseCopyable, Sendable {
  private enum Word {
    static var inFlight: Int { 0 }
    static var waiters: Int { 1 }
    static var epoch: Int { 8 }
    /// The epoch that it was found at, then a bit: so that a worker that looked earlier and is
    /// slower does not undo it.
    static var panic: Int { 9 }
    static var overriddenBreakers: Int { 10 }
  }

  private let row: SharedRow
  package init(_ row: SharedRow) { self.row = row }

  /// Grows when anything changes who may be chosen; workers then look at all backends anew.
  package var epoch: UInt64 { @inline(__always) get { row.load(Word.epoch) } }
  package func availabilityChanged() { row.add(Word.epoch) }

  /// Requests at work in a pool that has bounds; others are not counted here.
  package var inFlight: UInt64 { row.load(Word.inFlight) }
  package func begin(upTo limit: UInt64) -> Bool { row.add(Word.inFlight, upTo: limit) }
  package func end() { row.subtract(Word.inFlight) }

  /// How many wait for room; kept by `WaitQueues`.
  package internal(set) var waiters: UInt64 {
    @inline(__always) get { row.load(Word.waiters) }
    nonmutating set { row.store(Word.waiters, newValue) }
  }

  /// Too few backends are left, so all are used.
  package var isPanic: Bool { row.load(Word.panic) & 1 != 0 }

  /// - Parameter epoch: as it was before the backends were looked at.
  /// - Returns: true for the one worker that changed it.
  package func setPanic(_ isPanic: Bool, at epoch: UInt64) -> Bool {
    let new = epoch << 1 | (isPanic ? 1 : 0)
    while true {
      let old = row.load(Word.panic)
      guard old >> 1 <= epoch, old != new else { return false }
      if row.replace(Word.panic, old, with: new) { return (old ^ new) & 1 != 0 }
    }
  }
}

extension PoolState {
  /// Backends that are used although their breakers are open, because too many would be out.
  package var overriddenBreakers: UInt64 {
    get { row.load(Word.overriddenBreakers) }
    nonmutating set {
      if overriddenBreakers != newValue { row.store(Word.overriddenBreakers, newValue) }
    }
  }
}

/// What workers share beside snapshots: by the same identities as counters.
package struct SharedState: BitwiseCopyable, Sendable {
  private let backendRows = SharedBank()
  private let poolRows = SharedBank()
  package init() {}

  package func reserveBackend(_ id: UInt32) { backendRows.reserve(id) }
  package func reservePool(_ id: UInt32) { poolRows.reserve(id) }

  @inline(__always) package func backend(_ id: UInt32) -> BackendState {
    BackendState(backendRows[id])
  }
  @inline(__always) package func pool(_ id: UInt32) -> PoolState { PoolState(poolRows[id]) }
}
