/// What the operator has said about a backend. Stronger than health and breaker.
package enum OperatorState: UInt64, Sendable, BitwiseCopyable, CaseIterable {
  case none
  /// Nothing new, but what is bound to it (sticky sessions) still goes there.
  case drain
  /// Nothing at all.
  case maintenance
}

/// What active checks have found. A backend without checks is `up`.
package enum HealthState: UInt64, Sendable, BitwiseCopyable, CaseIterable {
  case up
  case down
  /// Out until its first check has passed, by `initial: unhealthy`; not even panic uses it.
  case unchecked
}

/// Where a backend's breaker stands.
package enum BreakerPhase: Equatable, Sendable, BitwiseCopyable {
  case closed
  /// Fails fast until then.
  case open(until: Instant)
  /// Gets a few requests to show whether it has recovered.
  case halfOpen
}

/// All that decides whether a backend may be chosen: plain data, read at one moment.
package struct BackendStatus: Equatable, Sendable, BitwiseCopyable {
  /// 0 is drained by the config.
  package var weight: UInt32 = 1
  package var isBackup = false
  package var operatorState = OperatorState.none
  package var health = HealthState.up
  package var breaker = BreakerPhase.closed
  /// When it came back after it had been out; 0 when it never was.
  package var recoveredAt: Instant = 0

  package init() {}

  /// The operator, by config or command, lets it have new requests.
  package var isWanted: Bool { operatorState == .none && weight > 0 }
}
