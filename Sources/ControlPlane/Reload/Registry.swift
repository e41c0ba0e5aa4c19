import DataPlane

/// Identities that outlive snapshots, and the counters that hang on them.
///
/// A route or pool is known by its name, a backend by its pool and address: a reload that keeps
/// these keeps counters, strategy state and pooled connections. Ids are never given to somebody
/// else; when 65,536 are used up, further identities share the row 0. Locked; used by the control
/// plane only (at reload, by the log writer and per scrape).
final class Registry: Sendable {
  /// One per worker, in the workers' order.
  let counters: [WorkerCounters]
  let shared = SharedState()
  let stores: CacheStores
  private let state = Locked(State())

  private struct State {
    var routes = Names()
    var pools = Names()
    var backends = Names()
    var caches: [String] = []
    var listeners: [Endpoint] = []
  }

  /// Ids in the order in which their names were first seen; 0 is the shared one.
  private struct Names {
    var ids: [String: UInt32] = [:]
    var names = ["(other)"]

    mutating func id(_ name: String) -> UInt32 {
      if let id = ids[name] { return id }
      guard names.count < CounterBank.capacity else { return 0 }
      let id = UInt32(names.count)
      ids[name] = id
      names.append(name)
      return id
    }
  }

  init(workers: Int) {
    counters = (0..<workers).map { _ in WorkerCounters() }
    stores = CacheStores(workers: workers)
  }

  func route(_ name: String) -> UInt32 {
    let id = state.withLock { $0.routes.id(name) }
    for worker in counters { worker.routes.reserve(id) }
    return id
  }

  func pool(_ name: String) -> UInt32 {
    let id = state.withLock { $0.pools.id(name) }
    for worker in counters { worker.pools.reserve(id) }
    shared.reservePool(id)
    return id
  }

  func backend(pool: String, address: String) -> UInt32 {
    let id = state.withLock { $0.backends.id("\(pool)\u{0}\(address)") }
    for worker in counters { worker.backends.reserve(id) }
    shared.reserveBackend(id)
    return id
  }

  /// The identity of a listener, by its address as written; from 0.
  func listener(_ address: Endpoint) -> UInt32 {
    state.withLock { state in
      if let id = state.listeners.firstIndex(of: address) { return UInt32(id) }
      state.listeners.append(address)
      return UInt32(state.listeners.count - 1)
    }
  }

  /// The place of a cache's store, from 0; nil when `Config.Cache.countMax` names have been seen.
  func cache(_ name: String) -> UInt32? {
    let id: UInt32? = state.withLock { state in
      if let id = state.caches.firstIndex(of: name) { return UInt32(id) }
      guard state.caches.count < Config.Cache.countMax else { return nil }
      state.caches.append(name)
      return UInt32(state.caches.count - 1)
    }
    if let id { for worker in counters { worker.caches.reserve(id) } }
    return id
  }

  /// Brings the stores to the sizes of the config, and empties those of caches that are not in it.
  func prepareStores(_ config: Config) {
    var left = Set(cacheNames)
    for cache in config.caches {
      left.remove(cache.name)
      guard let id = self.cache(cache.name) else { continue }
      stores.reserve(id, limit: cache.memoryBytes)
    }
    for name in left {
      guard let id = cache(name), stores[id] != nil else { continue }
      let store = stores.reserve(id, limit: 1 << 20)
      _ = store.purge(PurgeRule(.all, isHard: true), at: Clock.now())
    }
  }

  /// By identity: every cache that there has been.
  var cacheNames: [String] { state.withLock { $0.caches } }

  // MARK: Names for the log

  func routeName(_ id: UInt32) -> String { state.withLock { $0.routes.names[Int(id)] } }
  func poolName(_ id: UInt32) -> String { state.withLock { $0.pools.names[Int(id)] } }

  func backendAddress(_ id: UInt32) -> String {
    let name = state.withLock { $0.backends.names[Int(id)] }
    return String(name.split(separator: "\u{0}", maxSplits: 1).last ?? "")
  }
}
