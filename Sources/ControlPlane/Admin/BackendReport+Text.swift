extension BackendReport {
  /// A table, and below it what is remarkable about the pools.
  var text: String {
    let lines = TextTable(Self.titles, numbers: Self.numbers).text(backends.map(cells))
    let table = backends.isEmpty ? "" : lines + "\n"
    return table + summary
  }

  private static let titles = [
    "POOL", "BACKEND", "WEIGHT", "STATE", "FOR", "IN FLIGHT", "OPEN", "IDLE", "HEALTH", "BREAKER",
    "FAILURES", "WHY",
  ]
  /// Columns that stand to the right.
  private static let numbers: Set<Int> = [2, 5, 6, 7, 10]

  private func cells(_ backend: Backend) -> [String] {
    [
      backend.pool, backend.address, "\(backend.weight)", backend.condition.rawValue,
      backend.sinceMilliseconds.map { Self.words(milliseconds: wallMilliseconds - $0) } ?? "-",
      "\(backend.inFlight)", "\(backend.connectionsOpen)", "\(backend.connectionsIdle)",
      backend.isUp ? "up" : "down", Self.words(backend.breaker),
      "\(backend.consecutiveFailures)", backend.reason,
    ]
  }

  private static func words(_ breaker: Breaker) -> String {
    switch breaker {
    case .closed: "closed"
    case .open(let milliseconds): "trial in \(words(milliseconds: Int64(clamping: milliseconds)))"
    case .halfOpen: "half-open"
    }
  }

  /// The two largest units: `45s`, `3m 12s`, `2h 5m`, `3d 4h`.
  static func words(milliseconds: Int64) -> String {
    let seconds = max(0, milliseconds) / 1000
    if seconds < 60 { return "\(seconds)s" }
    if seconds < 3600 { return "\(seconds / 60)m \(seconds % 60)s" }
    if seconds < 86_400 { return "\(seconds / 3600)h \(seconds % 3600 / 60)m" }
    return "\(seconds / 86_400)d \(seconds % 86_400 / 3600)h"
  }

  private var summary: String { pools.map { "\($0.name): \(summary($0))\n" }.joined() }

  private func summary(_ pool: Pool) -> String {
    var words = pool.share
    if pool.isHTTP2 || pool.isTLS {
      words += "; \(pool.isHTTP2 ? "HTTP/2" : "HTTP/1.1") \(pool.isTLS ? "over TLS" : "in clear")"
    }
    if pool.isPanic { words += "; panic: too few are left, so all are used" }
    if pool.waiting > 0 { words += "; \(pool.waiting) waiting for room" }
    return words
  }
}

extension BackendReport.Pool {
  /// How many of its backends may get new requests, in words.
  var share: String {
    if backendCount == 0 { return "no backend: no name in it has an address yet; requests get 503" }
    if availableCount == 0 { return "no backend takes new requests; they get 503" }
    let noun = backendCount == 1 ? "backend" : "backends"
    return "\(availableCount) of \(backendCount) \(noun) may get new requests"
  }
}
