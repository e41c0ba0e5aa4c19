import DataPlane
import Synchronization

/// The workers' threads and the ways to reach them.
final class WorkerGroup: Sendable {
  let mailboxes: [Mailbox]
  let rings: [AccessLogRing]
  private let queues = WaitQueues()
  private let running: Atomic<Int>
  private let ended: StopSignal
  private let threads = Locked<[LocalThread]>([])

  /// Starts one thread per counter bank of the registry.
  init(registry: Registry, events: EventLog, rates: RateTable, maxConnections: Int) throws {
    let count = registry.counters.count
    var mailboxes: [Mailbox] = []
    for _ in 0..<count {
      guard let mailbox = Mailbox() else { throw LocalServerError.noDescriptor(code: 24) }
      mailboxes.append(mailbox)
    }
    self.mailboxes = mailboxes
    rings = (0..<count).map { _ in AccessLogRing() }
    running = Atomic(count)
    ended = try StopSignal()
    for index in 0..<count {
      let setup = WorkerSetup(
        index: index, mailbox: mailboxes[index], counters: registry.counters[index],
        allCounters: registry.counters, shared: registry.shared, rates: rates,
        caches: registry.stores, events: events, queues: queues, mailboxes: mailboxes,
        log: rings[index],
        maxConnections: maxConnections,
        onEnd: { [self] in workerEnded() })
      let thread = try LocalThread(name: "worker-\(index)") {
        guard var worker = Worker(setup) else { fatalError("no epoll descriptor for a worker") }
        worker.run()
      }
      threads.withLock { $0.append(thread) }
    }
  }

  private func workerEnded() {
    if running.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { ended.raise() }
  }

  /// False when some still run after this long.
  func waitForEnd(milliseconds: Int) -> Bool {
    guard ended.wait(milliseconds: milliseconds) else { return false }
    let finished = threads.withLock { threads in
      defer { threads = [] }
      return threads
    }
    for thread in finished { thread.join() }
    return true
  }

  func post(_ message: WorkerMessage) { for mailbox in mailboxes { mailbox.post(message) } }

  /// Tells those that wait for room in a pool longest to look for themselves.
  func callWaiting(for pool: UInt32, _ state: PoolState, atMost count: UInt64) {
    for place in 0..<Int(min(count, state.waiters)) {
      guard let waiter = queues.take(of: pool, state) else { return }
      mailboxes[waiter.worker].post(
        .grant(exchange: waiter.token, pool: pool, backend: nil, place: place))
    }
  }

  /// What a worker may hold, from the descriptor limit: a client, an upstream and a share of the
  /// rest (listeners, admin, files) each.
  static func connectionLimit(_ config: Config, workers: Int) -> Int {
    if let limit = config.limits.connectionsPerWorker { return limit }
    let descriptors = ThisProcess.raiseDescriptorLimit()
    return min(max((descriptors - 64) / (2 * workers), 16), 500_000)
  }
}
