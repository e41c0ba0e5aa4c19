import Synchronization

/// The built config: flat tables and one blob of text, with no reference on the data path.
///
/// Built by the control plane, immutable from then on, read by every worker. Retires by
/// quiescence: each worker that adopted it says `release` once it runs a newer one and no exchange
/// of its pins this one; the last one's release makes `isRetired` true.
package struct Snapshot: ~Copyable {
  /// By identity.
  package let listeners: Table<ListenerRow>
  package let proxySources: Table<AddressRangeRow>
  /// For `ListenerRow.tls`: a worker's part is at `tls * workers + worker`.
  let tlsSets: Table<TLSServerSet>
  /// For `PoolRow.tls`, likewise.
  private let tlsClientSets: Table<TLSClientSet>
  package let routes: Table<RouteRow>
  package let routing: RouteTables
  package let index: RouteIndex
  package let pools: Table<PoolRow>
  package let backends: Table<BackendRow>
  /// Places in a pool by slot, of the pools that hash.
  package let hashSlots: Table<UInt32>
  package let sticky: StickyTables
  package let caches: Table<CacheRow>
  package let cacheNames: Table<CacheNameRow>
  package let mediaTypes: Table<MediaTypeRow>
  package let trusted: Table<AddressRangeRow>
  package let errorPages: Table<ErrorPageRow>
  package let text: Table<UInt8>
  package let policy: PolicyRow
  /// Keeps what `tlsSets` borrows.
  package let tlsServers: [TLSServerContexts]
  package let tlsClients: [TLSClientContext]
  /// With references: read when a worker adopts it, never on the data path.
  package let checks: [HealthCheck]
  private let users = Atomic<Int>(0)

  package init(_ draft: borrowing SnapshotDraft) {
    listeners = Table(draft.listeners)
    proxySources = Table(draft.proxySources)
    tlsServers = draft.tlsServers
    tlsSets = Table(draft.tlsServers.flatMap { one in (0..<one.workers).map { one.set($0) } })
    tlsClients = draft.tlsClients
    tlsClientSets = Table(draft.tlsClients.flatMap { one in (0..<one.workers).map { one.set($0) } })
    routes = Table(draft.routes)
    routing = RouteTables(draft.routing)
    index = RouteIndexBuilder.build(draft)
    pools = Table(draft.pools)
    backends = Table(draft.backends)
    hashSlots = Table(draft.hashSlots)
    sticky = StickyTables(draft.sticky)
    caches = Table(draft.caches)
    cacheNames = Table(draft.cacheNames)
    mediaTypes = Table(draft.mediaTypes)
    trusted = Table(draft.trusted)
    errorPages = Table(draft.errorPages)
    // Room behind the blob for loads of sixteen bytes.
    text = Table(draft.text + [UInt8](repeating: 0, count: Block.padding))
    policy = draft.policy
    checks = draft.checks
  }

  /// What a worker begins connections to the pool's backends with; nil where they are in clear.
  func tlsSet(pool: PoolRow, worker: Int) -> TLSClientSet? {
    guard pool.tls >= 0, Int(pool.tls) < tlsClients.count else { return nil }
    return tlsClientSets[Int(pool.tls) * (tlsClientSets.count / tlsClients.count) + worker]
  }

  package func acquire(workers: Int) { users.store(workers, ordering: .releasing) }
  func release() { users.subtract(1, ordering: .acquiringAndReleasing) }
  package var isRetired: Bool { users.load(ordering: .acquiring) == 0 }
}

/// What the control plane fills in before it is frozen into a `Snapshot`.
package struct SnapshotDraft {
  /// By identity.
  package var listeners: [ListenerRow] = []
  package var proxySources: [AddressRangeRow] = []
  /// Of the listeners that speak TLS, all made for the same number of workers.
  package var tlsServers: [TLSServerContexts] = []
  /// Of the pools that speak TLS, likewise.
  package var tlsClients: [TLSClientContext] = []
  package var routes: [RouteRow] = []
  package var routing = RouteDraft()
  package var pools: [PoolRow] = []
  package var backends: [BackendRow] = []
  package var hashSlots: [UInt32] = []
  package var sticky = StickyDraft()
  package var caches: [CacheRow] = []
  package var cacheNames: [CacheNameRow] = []
  package var mediaTypes: [MediaTypeRow] = []
  package var trusted: [AddressRangeRow] = []
  package var errorPages: [ErrorPageRow] = []
  package private(set) var text: [UInt8] = []
  package var policy = PolicyRow()
  package var checks: [HealthCheck] = []

  package init() {}

  /// Stores text and says where it is.
  package mutating func intern(_ bytes: some Sequence<UInt8>) -> TextReference {
    let offset = text.count
    text.append(contentsOf: bytes)
    return TextReference(offset: offset, count: text.count - offset)
  }
}

/// A snapshot on the heap, passed between threads without reference counting.
///
/// Owned by the control plane, which destroys it once `isRetired`; workers only borrow it between
/// adopting and releasing it.
@safe
package struct SnapshotHandle: @unchecked Sendable {
  private let pointer: UnsafeMutablePointer<Snapshot>

  package init(_ snapshot: consuming Snapshot) {
    unsafe pointer = .allocate(capacity: 1)
    unsafe pointer.initialize(to: snapshot)
  }

  package var value: Snapshot {
    @inline(__always) unsafeAddress { unsafe UnsafePointer(pointer) }
  }

  /// Only by its owner, and only when retired or never published.
  package func destroy() {
    unsafe pointer.deinitialize(count: 1)
    unsafe pointer.deallocate()
  }
}
