import CLinux
import Testing

@testable import DataPlane

/// One worker with a client and an origin around it, all on the thread of the test, over real
/// sockets. Its time stands still until the test moves it.
///
/// The paths `/c0/…`, `/c1/…` have a cache each, with the rules that were given.
struct CacheRig: ~Copyable {
  private var worker: Worker
  private let mailbox: Mailbox
  private let caches: CacheStores
  private let cacheCount: Int
  private let snapshot: SnapshotHandle
  private let port: UInt16
  private let originListener: Int32
  private var client = ModelPeer(-1)
  private var origins: [ModelPeer] = []
  private var elapsed: UInt64 = 0

  enum Failure: Error {
    case noWorker, noSocket, stalled
    case unreadable(String)
  }

  /// Later than any real clock, so that the worker's time never goes back.
  private static let begin: Instant = 1 << 60

  init(_ rules: [CacheRules], seed: UInt64) throws {
    let mailbox = try #require(Mailbox())
    let originListener = try CacheRig.listen()
    let listener = try CacheRig.listen()
    let snapshot = SnapshotHandle(
      Snapshot(CacheRig.draft(rules, port: ListeningSocket.port(originListener))))
    snapshot.value.acquire(workers: 1)
    let counters = WorkerCounters()
    for id: UInt32 in 0..<8 {
      counters.routes.reserve(id)
      counters.caches.reserve(id)
    }
    mailbox.post(.adopt(snapshot))
    mailbox.post(.listen(descriptor: listener, isShared: false))
    let caches = CacheStores(workers: 1)
    for id in rules.indices { caches.reserve(UInt32(id), limit: 4 << 20) }
    let setup = WorkerSetup(
      index: 0, mailbox: mailbox, counters: counters, allCounters: [counters],
      shared: SharedState(), rates: RateTable(keys: 1000), caches: caches,
      events: try #require(EventLog()), queues: WaitQueues(), mailboxes: [mailbox],
      log: AccessLogRing(), maxConnections: 64, onEnd: {})
    guard let worker = Worker(setup, seed: seed) else { throw Failure.noWorker }
    self.worker = worker
    self.mailbox = mailbox
    self.snapshot = snapshot
    self.caches = caches
    self.originListener = originListener
    cacheCount = rules.count
    port = ListeningSocket.port(listener)
  }

  private static func listen() throws -> Int32 {
    let address = try #require(SocketAddress(ip: "127.0.0.1", port: 0))
    return try ListeningSocket.open(address, reusePort: false).get()
  }

  private static func draft(_ rules: [CacheRules], port: UInt16) -> SnapshotDraft {
    var draft = SnapshotDraft()
    if let address = SocketAddress(ip: "127.0.0.1", port: port) {
      draft.backends.append(
        BackendRow(
          address: address, name: draft.intern("origin".utf8), weight: 1, identity: 1))
    }
    let decades: Instant = 1_000_000_000 * 86_400 * 20_000
    var pool = PoolRow(
      name: draft.intern("pool".utf8), strategy: .roundRobin, firstBackend: 0, backendCount: 1,
      counters: 0, maxIdlePerBackend: 64, idleTimeout: decades, maxAge: decades)
    pool.retry.tries = 1
    draft.pools.append(pool)
    for (index, rules) in rules.enumerated() {
      var cache = CacheRow(name: draft.intern("c\(index)".utf8), identity: UInt32(index))
      cache.rules = rules
      cache.memoryBytes = 4 << 20
      draft.caches.append(cache)
      var route = RouteRow(name: draft.intern("c\(index)".utf8), counters: UInt32(index))
      route.flags = .isCached
      route.cache = UInt32(index)
      let segment = draft.routing.segments.count
      draft.routing.segments.append(
        SegmentRow(kind: .literal, text: draft.intern("c\(index)".utf8)))
      route.paths = RowRange(first: draft.routing.paths.count, count: 1)
      draft.routing.paths.append(
        PathRow(
          route: draft.routes.count, segments: RowRange(first: segment, count: 1), isBelow: true,
          endsWithSlash: false))
      draft.routes.append(route)
    }
    return draft
  }

  // MARK: Running

  /// Nothing is stored any more. The worker's own time goes on: it must not go back.
  mutating func empty() {
    for id in 0..<cacheCount {
      _ = caches[UInt32(id)]?.purge(PurgeRule(.all, isHard: true), at: CacheRig.begin + elapsed)
    }
    pass(seconds: 10)
  }

  /// Room for everything that the first cache stores, in bytes.
  func setMemory(_ bytes: Int) { caches[0]?.setLimit(bytes) }

  /// Time that nobody sees in dates.
  private mutating func pass(seconds: Int) { elapsed += UInt64(seconds) * 1_000_000_000 }

  private mutating func setTime(_ time: Int, since former: inout Int) {
    pass(seconds: time - former)
    former = time
    worker.frozen = FrozenTime(now: CacheRig.begin + elapsed, wallSeconds: Int64(time))
  }

  /// Sends the request and runs until the worker has nothing more to do, also for itself.
  ///
  /// - Parameters:
  ///   - time: seconds since 1970; `former` is that of the last call.
  mutating func send(
    _ request: ModelRequest, _ origin: inout ModelOrigin, at time: inout Int,
    since former: inout Int
  ) throws -> ModelResponse {
    setTime(time, since: &former)
    if client.isClosed { client = ModelPeer(try CacheRig.connect(port)) }
    client.send(request.bytes)
    for _ in 0..<10_000 {
      worker.turn(maxWait: 0)
      acceptAtOrigin()
      for index in origins.indices {
        guard let asked = try origins[index].takeRequest() else { continue }
        let answer = origin.answer(asked, at: &time)
        setTime(time, since: &former)
        origins[index].send(answer.bytes(to: asked.method))
      }
      origins.removeAll(where: \.isClosed)
      client.receive()
      guard worker.exchanges.count == 0, worker.cacheLists.work.isEmpty else { continue }
      if let response = try client.takeResponse(to: request.method) { return response }
    }
    throw Failure.stalled
  }

  private static func connect(_ port: UInt16) throws -> Int32 {
    var endpoint = hr_endpoint()
    let descriptor =
      unsafe hr_endpoint_ip("127.0.0.1", port, &endpoint) == 0
      ? unsafe hr_connect_blocking(&endpoint, 5000) : -1
    guard descriptor >= 0 else { throw Failure.noSocket }
    return descriptor
  }

  private mutating func acceptAtOrigin() {
    while true {
      var peer = hr_peer()
      let descriptor = unsafe hr_accept(originListener, &peer)
      guard descriptor >= 0 else { return }
      origins.append(ModelPeer(descriptor))
    }
  }

  consuming func end() {
    client.close()
    worker.frozen = nil
    mailbox.post(.drain(deadline: 0))
    worker.run()
    for index in origins.indices { origins[index].close() }
    ListeningSocket.close(originListener)
    snapshot.destroy()
  }
}
