/// What a worker is made of, decided before its thread starts.
package struct WorkerSetup: Sendable {
  package let index: Int
  package let mailbox: Mailbox
  package let counters: WorkerCounters
  /// Every worker's counters, this one's included: to sum gauges that are bounded per backend.
  package let allCounters: [WorkerCounters]
  /// What all workers know of backends and pools.
  package let shared: SharedState
  package let rates: RateTable
  package let caches: CacheStores
  package let events: EventLog
  package let queues: WaitQueues
  /// Of all workers.
  package let mailboxes: [Mailbox]
  package let log: AccessLogRing
  package let maxConnections: Int
  /// Called on the worker's thread when its loop has ended.
  package let onEnd: @Sendable () -> Void

  package init(
    index: Int, mailbox: Mailbox, counters: WorkerCounters, allCounters: [WorkerCounters],
    shared: SharedState, rates: RateTable, caches: CacheStores, events: EventLog,
    queues: WaitQueues, mailboxes: [Mailbox], log: AccessLogRing, maxConnections: Int,
    onEnd: @escaping @Sendable () -> Void
  ) {
    self.index = index
    self.mailbox = mailbox
    self.counters = counters
    self.allCounters = allCounters
    self.shared = shared
    self.rates = rates
    self.caches = caches
    self.events = events
    self.queues = queues
    self.mailboxes = mailboxes
    self.log = log
    self.maxConnections = maxConnections
    self.onEnd = onEnd
  }
}

/// One event loop on one thread: everything that touches bytes is a method of it, in the folder of
/// its concern (`Downstream`, `Exchange`, `Upstream`).
///
/// A local of its thread's function: exclusivity is proved at compile time, nothing is counted or
/// locked. It shares with other threads only its mailbox, snapshots (read), counters (written by it
/// alone) and the log ring.
package struct Worker: ~Copyable {
  let setup: WorkerSetup
  var poller: Poller
  var clients: Slab<ClientConnection>
  var upstreams: Slab<UpstreamConnection>
  var exchanges: Slab<Exchange>
  /// HTTP/2 connections, and their streams.
  var sessions: Slab<Session>
  var lanes: Slab<Lane>
  /// The health checks of the backends that fall to this worker.
  var probes = Slab<Probe>(limit: CounterBank.capacity)
  var probesByBackend: [UInt32: Int32] = [:]
  var wheel: TimerWheel
  var pool = BlockPool()
  var deflaters = DeflaterPool()
  /// Ciphertext of the connections that speak TLS.
  var tls = TLSBuffers()

  /// Bytes are received here, behind the headroom; nothing lives in it from event to event.
  var scratch: Block
  /// The head being written.
  var outgoing: Block
  /// The normalised path of the request being routed.
  var pathBuffer: Block
  /// What a route makes of it: a rewritten target, or the text of an answer.
  var routeBuffer: Block
  /// The key of a request in a cache, and the tags of a response.
  var keyBuffer: Block
  var tagBuffer: Block
  /// Frames are received here; what they are turned into goes through `scratch`.
  var frames: Block
  var fieldList = FieldList()
  var laneTools = Lane.Tools()
  /// The head being read, of either side; valid only until the next receive.
  var head = MessageHead()
  var trailers = MessageHead()
  /// The target of the request in `head`.
  var requestTarget = RequestTarget()

  /// Taken once per turn of the loop.
  var now: Instant
  var date = DateCache()
  /// Instead of the machine's clocks, in a simulation.
  package var frozen: FrozenTime?
  var random: RandomSource
  /// Connections that stopped early and must be looked at again; emptied once per turn.
  var ready: [UInt64] = []
  var readyNow: [UInt64] = []
  var handshakes = HandshakeQueue()
  /// With backends, also for health checks: a flood of clients does not hold these up.
  var backendHandshakes = HandshakeQueue()
  var tlsSessions = TLSSessions()
  /// Slots that ended in this turn; reusable from the next one on.
  var endedClients: [Int32] = []
  var endedUpstreams: [Int32] = []
  var endedExchanges: [Int32] = []
  var endedProbes: [Int32] = []
  var endedLanes: [Int32] = []
  var endedSessions: [Int32] = []
  /// Sessions whose frames go out at the end of the turn.
  var dirtySessions: [Int32] = []
  var dirtyNow: [Int32] = []

  var snapshots = SnapshotSlots()
  var pendingSnapshot: SnapshotHandle?
  var policy = PolicyRow()
  /// By the pool's row in the counters.
  var balancers = Slab<Balancer>(limit: CounterBank.capacity)
  /// By the cache's identity; an identity that is in no config has an empty store.
  var caches: [CacheStore] = []
  /// Of the newest config, likewise.
  var cacheRules: [CacheRules] = []
  var cacheLists = CacheLists()
  /// Clients that are nobody, and clients that are a stream of another one.
  var nobodies = 0
  var clientLanes = 0
  /// By the backend's identity: idle connections, last in first out.
  var idle: [IdleList] = []

  var listeners: [WorkerListener] = []
  var acceptTimer = Timer()
  var isAcceptPaused = false
  var trimAt: Instant = 0
  var isDraining = false
  var drainDeadline: Instant = .max
  var hasEnded = false

  package init?(_ setup: WorkerSetup, seed: UInt64? = nil) {
    guard let poller = Poller(),
      poller.add(level: setup.mailbox.wakeUp.descriptor, Worker.mailToken)
    else { return nil }
    let now = Clock.now()
    self.setup = setup
    self.poller = poller
    // Fetches without a client have slots beside those of clients: else a worker with as many
    // clients as it may have would store nothing.
    // And streams of HTTP/2 have slots beside those of their connections.
    let slots = setup.maxConnections * 2 + setup.maxConnections / 4 + 1024
    clients = Slab(limit: slots)
    upstreams = Slab(limit: setup.maxConnections * 3 + 2048)
    exchanges = Slab(limit: slots)
    sessions = Slab(limit: slots * 2)
    lanes = Slab(limit: slots * 2)
    wheel = TimerWheel(now: now)
    scratch = Block(capacity: BlockPool.scratchCapacity)
    frames = Block(capacity: Worker.framesCapacity)
    outgoing = Block(capacity: 2 * 65_536)
    pathBuffer = Block(capacity: 65_536)
    routeBuffer = Block(capacity: 65_536)
    keyBuffer = Block(capacity: 65_536)
    tagBuffer = Block(capacity: 65_536)
    self.now = now
    random = seed.map(RandomSource.init(seed:)) ?? RandomSource()
    ready.reserveCapacity(1024)
    readyNow.reserveCapacity(1024)
    endedClients.reserveCapacity(1024)
    endedUpstreams.reserveCapacity(1024)
    endedExchanges.reserveCapacity(1024)
  }

  /// Another connection may be accepted.
  var hasRoomForClient: Bool { clients.count &- nobodies &- clientLanes < setup.maxConnections }

  /// Another stream of a client may become a request: connections keep their slots.
  var hasRoomForLane: Bool { clientLanes < setup.maxConnections + 512 }

  /// What one receive of frames asks for, behind a part of a frame that was kept.
  static var framesReceive: Int { 131_072 }
  private static var framesCapacity: Int { framesReceive + 2 * 16_384 + BlockPool.headroom }

  static var mailToken: Token { Token(.worker, 0x1fff_ffff, 0) }
  static var acceptToken: Token { Token(.worker, 0x1fff_fffe, 0) }
}

/// An idle list's ends; the links are in the connections.
struct IdleList: BitwiseCopyable {
  var newest: Int32 = -1
  var count: UInt32 = 0
  /// The first holder of a session with room for streams; the others follow by its links.
  var session: Int32 = -1
  /// When a session that was at work was last given up for another worker.
  var givenUpAt: Instant = 0
  /// The backend is in maintenance: connections end with their exchange.
  var isClosed = false
}

/// A listening socket that this worker accepts from.
struct WorkerListener: BitwiseCopyable {
  var descriptor: Int32
  var isShared: Bool
  /// By which snapshots name it.
  var identity: UInt32
}
