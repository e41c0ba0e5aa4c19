import CCounting
import CLinux
import DataPlane
import Testing

/// How a rig's worker is configured.
struct Setup: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let strategy: StrategyKind
  let accessLog: AccessLogFormat
  /// Routes by host and path before the one that matches, trusted ranges, `Via`.
  let isRich: Bool
  /// Two rates, by the address and by a header, that allow every request.
  var hasRates = false
  /// Responses are compressed.
  var compresses = false
  /// Responses are stored.
  var caches = false

  static let plain = Setup(
    testDescription: "one route, no log", strategy: .roundRobin, accessLog: .off, isRich: false)
  static let limited = Setup(
    testDescription: "one route with two rates", strategy: .roundRobin, accessLog: .off,
    isRich: false, hasRates: true)
  static let compressing = Setup(
    testDescription: "one route that compresses", strategy: .roundRobin, accessLog: .off,
    isRich: false, compresses: true)
  static let caching = Setup(
    testDescription: "one route with a cache", strategy: .roundRobin, accessLog: .off,
    isRich: false, caches: true)
  static let compressingCache = Setup(
    testDescription: "one route with a cache that compresses", strategy: .roundRobin,
    accessLog: .off, isRich: false, compresses: true, caches: true)
  static let rich = Setup(
    testDescription: "weights, several routes, access log", strategy: .weightedRoundRobin,
    accessLog: .json, isRich: true)

  /// The other strategies; the one that hashes takes the path.
  static let strategies = [
    StrategyKind.random, .leastConnections, .twoChoices, .peakEWMA, .hash,
    CustomStrategies.add { Idlest() },
  ].map {
    Setup(testDescription: "\($0)", strategy: $0, accessLog: .off, isRich: false)
  }
}

/// A custom strategy as another program might add it.
struct Idlest: CustomStrategy {
  private var turn = 0

  mutating func choose(
    _ backends: Span<BackendView>, for request: RequestView, random: inout RandomSource
  ) -> Int? {
    turn &+= 1
    var best: Int? = nil
    for step in backends.indices {
      let index = (turn + step) % backends.count
      guard backends[index].mayBeChosen else { continue }
      if best == nil || backends[index].inFlight < backends[best!].inFlight { best = index }
    }
    return best
  }
}

/// One worker with clients and origins around it, all on the thread of the test.
///
/// Only `worker.turn` is counted. The steps are in lockstep: every client sends, the origins have
/// every request before any answers. So each round holds as many blocks and connections as the one
/// before, and its counts are exact.
struct Rig: ~Copyable {
  private var worker: Worker
  private let mailbox: Mailbox
  private let ring: AccessLogRing
  private let snapshot: SnapshotHandle
  private let counters: WorkerCounters
  private let originListeners: [Int32]
  private var clients: [Peer]
  private var sessions: [HTTP2Client] = []
  private var origins: [Peer] = []
  private var scratch = [UInt8](repeating: 0, count: 1 << 17)

  /// - Parameter streams: of each client at once, in HTTP/2; nil: they speak HTTP/1.1.
  init(_ setup: Setup, clients count: Int, streams: Int? = nil) throws {
    let mailbox = try #require(Mailbox())
    let originListeners = try (0..<2).map { _ in try Rig.listen() }
    let listener = try Rig.listen()
    let port = ListeningSocket.port(listener)
    let snapshot = Rig.snapshot(setup, ports: originListeners.map(ListeningSocket.port))
    snapshot.value.acquire(workers: 1)
    let ring = AccessLogRing()
    let events = try #require(EventLog())
    let counters = WorkerCounters()
    for id: UInt32 in 0..<8 { counters.routes.reserve(id) }
    counters.caches.reserve(0)
    let stores = CacheStores(workers: 1)
    if setup.caches { stores.reserve(0, limit: 64 << 20) }
    mailbox.post(.adopt(snapshot))
    mailbox.post(.listen(descriptor: listener, isShared: false))
    let clients = try (0..<count).map { _ in try Rig.connect(port) }
    let workerSetup = WorkerSetup(
      index: 0, mailbox: mailbox, counters: counters, allCounters: [counters],
      shared: SharedState(), rates: RateTable(keys: 1000),
      caches: stores, events: events, queues: WaitQueues(),
      mailboxes: [mailbox], log: ring, maxConnections: 64, onEnd: {})
    guard let worker = Worker(workerSetup, seed: 1) else { throw Peer.Failure.noWorker }
    self.worker = worker
    self.mailbox = mailbox
    self.ring = ring
    self.snapshot = snapshot
    self.counters = counters
    self.originListeners = originListeners
    self.clients = streams == nil ? clients : []
    if let streams {
      sessions = clients.map { HTTP2Client($0.descriptor, streams: streams) }
    }
  }

  private static func connect(_ port: UInt16) throws -> Peer {
    var endpoint = hr_endpoint()
    guard hr_endpoint_ip("127.0.0.1", port, &endpoint) == 0 else { throw Peer.Failure.noWorker }
    let descriptor = hr_connect_blocking(&endpoint, 5000)
    guard descriptor >= 0 else { throw Peer.Failure.closed(Int64(descriptor)) }
    return Peer(descriptor)
  }

  private static func listen() throws -> Int32 {
    let address = try #require(SocketAddress(ip: "127.0.0.1", port: 0))
    return try ListeningSocket.open(address, reusePort: false).get()
  }

  private static func snapshot(_ setup: Setup, ports: [UInt16]) -> SnapshotHandle {
    var draft = SnapshotDraft()
    for (index, port) in ports.enumerated() {
      guard let address = SocketAddress(ip: "127.0.0.1", port: port) else { continue }
      draft.backends.append(
        BackendRow(
          address: address, name: draft.intern(address.description.utf8), weight: index + 1,
          identity: UInt32(index + 1)))
    }
    var pool = PoolRow(
      name: draft.intern("pool".utf8), strategy: setup.strategy, firstBackend: 0,
      backendCount: draft.backends.count, counters: 0, maxIdlePerBackend: 64,
      idleTimeout: 60_000_000_000, maxAge: 3_600_000_000_000)
    if setup.strategy == .hash {
      draft.hashSlots = HashTable.build(
        ports.indices.map {
          HashTable.Entry(name: "backend-\($0)".utf8, weight: 1, place: UInt32($0))
        })
      pool.hash.source = .path
      pool.hash.slots.count = UInt32(draft.hashSlots.count)
    }
    draft.pools.append(pool)
    if setup.isRich {
      draft.routes.append(
        route(&draft, host: "other.example", path: "", counters: 1))
      draft.routes.append(
        route(&draft, host: ".example.com", path: "", counters: 2))
      draft.routes.append(
        route(&draft, host: "example.com", path: "/static", counters: 3))
      draft.routes.append(
        route(&draft, host: "example.com", path: "/a", counters: 4))
      draft.trusted.append(
        AddressRangeRow(
          bytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 0], prefixLength: 104))
      draft.policy.addsVia = true
    }
    draft.routes.append(route(&draft, host: "", path: "", counters: 0))
    if setup.hasRates { addRates(&draft) }
    if setup.compresses { addCompression(&draft) }
    if setup.caches { addCache(&draft) }
    let second: UInt64 = 1_000_000_000
    draft.policy.clientHeader = 10 * second
    draft.policy.clientBodyIdle = 30 * second
    draft.policy.keepAliveIdle = 60 * second
    draft.policy.clientWriteIdle = 30 * second
    draft.policy.connect = 5 * second
    draft.policy.firstByte = 60 * second
    draft.policy.responseIdle = 60 * second
    draft.policy.request = 300 * second
    draft.policy.accessLog = setup.accessLog
    return SnapshotHandle(Snapshot(draft))
  }

  /// A route for one host (with a dot in front: those below it) and one path and all below it;
  /// empty texts are any.
  private static func route(
    _ draft: inout SnapshotDraft, host: String, path: String, counters: UInt32
  ) -> RouteRow {
    var row = RouteRow(name: draft.intern("route".utf8), counters: counters)
    if !host.isEmpty {
      row.hosts = RowRange(first: draft.routing.hosts.count, count: 1)
      draft.routing.hosts.append(
        HostRow(text: draft.intern(host.utf8), isSuffix: host.hasPrefix(".")))
    }
    let segments = draft.routing.segments.count
    for text in path.split(separator: "/") {
      draft.routing.segments.append(
        SegmentRow(kind: .literal, text: draft.intern(text.utf8)))
    }
    row.paths = RowRange(first: draft.routing.paths.count, count: 1)
    draft.routing.paths.append(
      PathRow(
        route: draft.routes.count,
        segments: RowRange(
          first: segments, count: draft.routing.segments.count - segments),
        isBelow: true, endsWithSlash: false))
    return row
  }

  /// To the last route.
  private static func addRates(_ draft: inout SnapshotDraft) {
    let limit = RateLimit(count: 1_000_000, per: 1_000_000_000, burst: 1_000_000)
    let nobody = draft.intern([])
    var detail = RouteDetailRow(empty: nobody)
    detail.rates = RowRange(first: 0, count: 2)
    detail.ratePolicy = draft.intern("\"default\";q=1000000;w=1".utf8)
    draft.routing.rates = [
      RateRow(key: .clientAddress, name: nobody, limit: limit),
      RateRow(key: .header, name: draft.intern("accept".utf8), limit: limit),
    ]
    draft.routing.details = [detail]
    draft.routes[draft.routes.count - 1].flags = .hasRates
  }

  private static func addCompression(_ draft: inout SnapshotDraft) {
    draft.mediaTypes = [MediaTypeRow(kind: .prefix, text: draft.intern("text/".utf8))]
    draft.policy.compression.types = RowRange(first: 0, count: 1)
    draft.routes[draft.routes.count - 1].flags = .compresses
  }

  private static func addCache(_ draft: inout SnapshotDraft) {
    var row = CacheRow(name: draft.intern("cache".utf8), identity: 0)
    row.memoryBytes = 64 << 20
    draft.caches = [row]
    draft.routes[draft.routes.count - 1].cache = 0
    draft.routes[draft.routes.count - 1].flags.insert(.isCached)
  }

  // MARK: Load

  /// Begins to count; what is counted is a turn of the worker.
  func startCounting(trace: Bool = false) {
    counting_start(trace)
    _ = counting_stop()
  }

  func counts() -> counting_totals { counting_stop() }

  private mutating func turn() {
    counting_resume()
    worker.turn(maxWait: 100)
    _ = counting_stop()
  }

  /// Every client sends the scenario's request once and gets its response.
  mutating func round(_ scenario: Scenario, checks: Bool = false) throws {
    for index in clients.indices { try clients[index].begin(scenario.request) }
    for index in sessions.indices { try sessions[index].begin(scenario) }
    try untilRequestsAreThere(scenario)
    for index in origins.indices where origins[index].isReady {
      origins[index].clear()
      try origins[index].begin(scenario.response)
    }
    try untilResponsesAreThere(scenario, checks: checks)
    while ring.next() != nil { logRecords += 1 }
  }

  /// The same, where a cache answers or asks the origins as it likes.
  mutating func cachedRound(_ scenario: Scenario, checks: Bool = false) throws {
    for index in clients.indices { try clients[index].begin(scenario.request) }
    for _ in 0..<10_000 {
      turn()
      acceptAtOrigins()
      for index in clients.indices { try clients[index].push() }
      for index in origins.indices {
        if try origins[index].pull(body: scenario.requestBody, into: &scratch) {
          origins[index].clear()
          try origins[index].begin(scenario.response)
        }
        try origins[index].push()
      }
      var ready = 0
      let body = scenario.received?.count ?? scenario.responseBody
      for index in clients.indices
      where try clients[index].pull(body: body, into: &scratch) { ready += 1 }
      guard ready == clients.count else { continue }
      for index in clients.indices {
        if checks { try Rig.check(&clients[index], scenario) }
        clients[index].clear()
      }
      return
    }
    throw Peer.Failure.stalled("cached responses")
  }

  func load(_ counter: CacheCounter) -> UInt64 { counters.caches[0].load(counter) }

  private mutating func untilRequestsAreThere(_ scenario: Scenario) throws {
    for _ in 0..<10_000 {
      turn()
      acceptAtOrigins()
      for index in clients.indices { try clients[index].push() }
      for index in sessions.indices { try sessions[index].push() }
      var ready = 0
      for index in origins.indices {
        if try origins[index].pull(body: scenario.requestBody, into: &scratch) { ready += 1 }
      }
      if ready == requests { return }
    }
    throw Peer.Failure.stalled("requests")
  }

  private mutating func untilResponsesAreThere(_ scenario: Scenario, checks: Bool) throws {
    for _ in 0..<10_000 {
      turn()
      for index in origins.indices { try origins[index].push() }
      var ready = 0
      for index in clients.indices {
        let body = scenario.received?.count ?? scenario.responseBody
        if try clients[index].pull(body: body, into: &scratch) { ready += 1 }
      }
      for index in sessions.indices
      where try sessions[index].pull(into: &scratch) { ready += sessions[index].streams }
      guard ready == requests else { continue }
      if checks { for session in sessions { try session.check(scenario) } }
      for index in clients.indices {
        if checks { try Rig.check(&clients[index], scenario) }
        clients[index].clear()
      }
      return
    }
    throw Peer.Failure.stalled("responses")
  }

  /// Of one round.
  private var requests: Int { clients.count + sessions.reduce(0) { $0 + $1.streams } }

  private static func check(_ client: inout Peer, _ scenario: Scenario) throws {
    let (head, body) = client.take()
    let expected = scenario.received ?? Array(scenario.response.suffix(body.count))
    guard head.hasPrefix("HTTP/1.1 200 "), body.elementsEqual(expected)
    else { throw Peer.Failure.unexpected(head) }
  }

  private mutating func acceptAtOrigins() {
    for listener in originListeners {
      while true {
        var peer = hr_peer()
        let descriptor = hr_accept(listener, &peer)
        guard descriptor >= 0 else { break }
        origins.append(Peer(descriptor))
      }
    }
  }

  /// Records that the worker has put into the access log.
  private(set) var logRecords = 0

  /// Connections that the worker has opened to origins.
  var originConnections: Int { origins.count }

  consuming func end() {
    for client in clients { _ = hr_close(client.descriptor) }
    for session in sessions { _ = hr_close(session.descriptor) }
    mailbox.post(.drain(deadline: 0))
    worker.run()
    for origin in origins { _ = hr_close(origin.descriptor) }
    for listener in originListeners { ListeningSocket.close(listener) }
    snapshot.destroy()
  }
}
