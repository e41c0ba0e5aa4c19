/// The stores of all caches by identity. A store is made with its identity and lives as long as
/// the process: a cache that left the config is emptied.
package final class CacheStores: Sendable {
  /// More caches than this cannot be in a config.
  package static let most = 256

  package let quiet: QuietPoints
  private let stores = Locked<[CacheStore?]>([])

  package init(workers: Int) { quiet = QuietPoints(workers: workers) }

  /// The store of this identity; made when there is none.
  ///
  /// - Parameter limit: its size from now on, in bytes; nil leaves it, or makes it the smallest.
  @discardableResult
  package func reserve(_ identity: UInt32, limit: Int?) -> CacheStore {
    let (store, isNew) = stores.withLock { stores in
      while stores.count <= Int(identity) { stores.append(nil) }
      if let store = stores[Int(identity)] { return (store, false) }
      let store = CacheStore(limit: limit ?? 1 << 20, quiet: quiet)
      stores[Int(identity)] = store
      return (store, true)
    }
    if !isNew, let limit, store.budget.limit != limit { store.setLimit(limit) }
    return store
  }

  package subscript(identity: UInt32) -> CacheStore? {
    stores.withLock { Int(identity) < $0.count ? $0[Int(identity)] : nil }
  }

  package var all: [CacheStore] { stores.withLock { $0.compactMap { $0 } } }
}
