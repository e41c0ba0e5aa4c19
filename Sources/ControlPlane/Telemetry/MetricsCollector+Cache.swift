import DataPlane

extension MetricsCollector {
  /// Zeros for a cache that found no place for a store.
  func cache(_ name: String) -> MetricsReport.Cache {
    var result = MetricsReport.Cache(name: name)
    guard let id = registry.cache(name) else { return result }
    let rows = registry.counters.map { $0.caches[id] }
    func sum(_ counter: CacheCounter) -> UInt64 { rows.reduce(0) { $0 &+ $1.load(counter) } }
    result.hits = sum(.hits)
    result.staleHits = sum(.staleHits)
    result.misses = sum(.misses)
    result.revalidations = sum(.revalidations)
    result.bypasses = sum(.bypasses)
    result.collapsed = sum(.collapsed)
    result.collapseTimeouts = sum(.collapseTimeouts)
    result.stored = sum(.stored)
    result.uncacheable = sum(.uncacheable)
    result.validated = sum(.validated)
    result.refreshes = sum(.refreshes)
    result.orphanedFetches = sum(.orphanedFetches)
    result.staleOnError = sum(.staleOnError)
    result.overflows = sum(.overflows)
    result.missedChances = sum(.missedChances)
    guard let statistics = registry.stores[id]?.statistics else { return result }
    result.entries = statistics.entries
    result.usedBytes = statistics.usedBytes
    result.limitBytes = statistics.limitBytes
    result.evictions = statistics.evictions
    return result
  }
}
