extension BackendReport {
  /// One document: `time`, `pools`, `backends`. What is not known is null; times are ISO 8601.
  var json: String {
    let document = JSONValue.object([
      .init("time", Self.time(wallMilliseconds)), .init("pools", .list(pools.map(json))),
      .init("backends", .list(backends.map(json))),
    ])
    return document.formatted() + "\n"
  }

  private func json(_ pool: Pool) -> JSONValue {
    .object([
      .init("name", .text(pool.name)), .init("backends", .number(pool.backendCount)),
      .init("available", .number(pool.availableCount)),
      .init("panic", .flag(pool.isPanic)), .init("waiting", Self.number(pool.waiting)),
      .init("protocol", .text(pool.isHTTP2 ? "h2" : "http/1.1")), .init("tls", .flag(pool.isTLS)),
    ])
  }

  private func json(_ backend: Backend) -> JSONValue {
    .object([
      .init("pool", .text(backend.pool)), .init("address", .text(backend.address)),
      .init("weight", .number(backend.weight)), .init("backup", .flag(backend.isBackup)),
      .init("state", .text(backend.condition.rawValue)), .init("reason", .text(backend.reason)),
      .init("available", .flag(backend.isAvailable)),
      .init("since", backend.sinceMilliseconds.map(Self.time) ?? .null),
      .init("in_flight", Self.number(backend.inFlight)),
      .init("connections_open", Self.number(backend.connectionsOpen)),
      .init("connections_idle", Self.number(backend.connectionsIdle)),
      .init("health", .text(backend.isUp ? "up" : "down")),
      .init("breaker", .text(Self.word(backend.breaker))),
      .init("breaker_trial_in_ms", Self.trial(backend.breaker)),
      .init("consecutive_failures", Self.number(backend.consecutiveFailures)),
    ])
  }

  private static func word(_ breaker: Breaker) -> String {
    switch breaker {
    case .closed: "closed"
    case .open: "open"
    case .halfOpen: "half-open"
    }
  }

  private static func trial(_ breaker: Breaker) -> JSONValue {
    guard case .open(let milliseconds) = breaker else { return .null }
    return number(milliseconds)
  }

  private static func number(_ value: UInt64) -> JSONValue { .number(Int(clamping: value)) }

  private static func time(_ milliseconds: Int64) -> JSONValue {
    .text(String(decoding: WallTime.iso8601(milliseconds: milliseconds), as: UTF8.self))
  }
}
