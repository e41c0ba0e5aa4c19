extension MetricsReport {
  /// One cache.
  public struct Cache: Equatable, Sendable {
    public var name: String
    /// Responses, and memories of ones that could not be stored.
    public var entries = 0
    public var usedBytes = 0
    public var limitBytes = 0
    public var hits: UInt64 = 0
    public var staleHits: UInt64 = 0
    public var misses: UInt64 = 0
    public var revalidations: UInt64 = 0
    public var bypasses: UInt64 = 0
    public var collapsed: UInt64 = 0
    public var collapseTimeouts: UInt64 = 0
    public var stored: UInt64 = 0
    public var uncacheable: UInt64 = 0
    public var validated: UInt64 = 0
    public var refreshes: UInt64 = 0
    public var orphanedFetches: UInt64 = 0
    public var staleOnError: UInt64 = 0
    public var overflows: UInt64 = 0
    public var missedChances: UInt64 = 0
    public var evictions: UInt64 = 0

    public init(name: String) { self.name = name }

    /// Of the requests for a cache, the share that no backend was asked for; nil without any.
    var hitRatio: Double? {
      let without = Double(hits) + Double(staleHits)
      let all = without + Double(misses) + Double(revalidations)
      return all > 0 ? without / all : nil
    }
  }
}
