/// What the admin listener says of pools and backends, read at one moment: plain values.
///
/// Filled by `BackendCollector`, shown as text and JSON.
struct BackendReport: Equatable, Sendable {
  var wallMilliseconds: Int64 = 0
  var pools: [Pool] = []
  /// In the order of the config.
  var backends: [Backend] = []

  struct Pool: Equatable, Sendable {
    var name: String
    /// Too few are left, so that all are used.
    var isPanic = false
    /// Requests that wait for room.
    var waiting: UInt64 = 0
    var backendCount = 0
    /// Of its backends, those that may get new requests.
    var availableCount = 0
    var isHTTP2 = false
    var isTLS = false
  }

  struct Backend: Equatable, Sendable {
    var pool: String
    var address: String
    var weight = 1
    var isBackup = false
    var condition = BackendCondition.available
    var reason = ""
    /// May get new requests.
    var isAvailable = true
    /// Wall time; nil when it is not known.
    var sinceMilliseconds: Int64?
    var inFlight: UInt64 = 0
    /// Idle ones too.
    var connectionsOpen: UInt64 = 0
    var connectionsIdle: UInt64 = 0
    /// `up` without checks.
    var isUp = true
    var breaker = Breaker.closed
    var consecutiveFailures: UInt64 = 0

    init(pool: String, address: String) {
      self.pool = pool
      self.address = address
    }
  }

  enum Breaker: Equatable, Sendable {
    case closed
    /// Milliseconds to the next trial.
    case open(trialIn: UInt64)
    case halfOpen
  }

  /// An address as it may be written in a config, in the one form in which it is shown.
  static func shown(_ text: String) -> String {
    (try? EndpointText.parseBackend(text))?.literalAddress?.description ?? text
  }

  /// Of one pool.
  func only(pool name: String) -> BackendReport {
    var report = self
    report.pools.removeAll { $0.name != name }
    report.backends.removeAll { $0.pool != name }
    return report
  }

  /// Of one address, in any pool.
  func only(address: String) -> BackendReport {
    let address = Self.shown(address)
    var report = self
    report.backends.removeAll { $0.address != address }
    let names = Set(report.backends.map(\.pool))
    report.pools.removeAll { !names.contains($0.name) }
    return report
  }
}

/// What the operator can do with backends, on any thread.
struct BackendAdmin: Sendable {
  let report: @Sendable () -> BackendReport
  let change: @Sendable (BackendChange) -> BackendChange.Outcome
  /// Oldest first.
  let events: @Sendable () -> [EventRecord]
}

/// What the operator wants of a backend.
struct BackendChange: Equatable, Sendable {
  enum Target: String, CaseIterable, Sendable { case drain, maintenance, ready }

  /// A text for the operator in each.
  enum Outcome: Equatable, Sendable {
    case done(String)
    /// There is no such pool or backend.
    case unknown(String)
  }

  var pool: String
  /// As `/backends` shows it.
  var backend: String
  var target: Target
}
