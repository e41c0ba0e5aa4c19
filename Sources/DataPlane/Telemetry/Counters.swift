import CLinux

/// What is counted for each route, pool and backend: the index of a word in a `CounterRow`.
package enum Counter: Int, Sendable, CaseIterable {
  /// Exchanges by what they came to; the class is added to `requestsAborted`.
  case requestsAborted, requests1xx, requests2xx, requests3xx, requests4xx, requests5xx
  case started, finished
  case requestBytes, responseBytes
  case durationNanoseconds
  /// The first of `DurationBuckets.count` words.
  case durationBuckets
  /// TLS with backends: handshakes that were completed, those of them that resumed a session, and
  /// those that came to nothing.
  case tlsConnects = 28
  case tlsConnectsResumed, tlsConnectFailures
  case staleRetries = 32
  case connectRetries, noBackend
  case connectionsOpened, connectionsClosed, connectFailures, resets
  /// Idle connections now; this one goes up and down.
  case idleConnections
  /// Tries that got no usable answer.
  case tryFailures
  /// Of pools: requests that were sent again though a backend may have seen them, and those that
  /// the budget did not allow.
  case retries, retryBudgetSpent
  /// Of pools: requests that waited for room, did so for too long, or could not even wait.
  case queued, queueTimeouts, queueOverflows
  /// Requests that a route's rates refused, and those that its overflow bucket decided on.
  case rateLimited
  case rateOverflow
  /// Active checks, and how often they changed the backend's health.
  case healthPasses = 56
  case healthFailures, healthChanges

  /// Openings of a backend's breaker by reason, as in `breakerReasons`.
  case breakerOpenedConsecutive = 50
  case breakerOpenedFailureRate, breakerOpenedSlowRate, breakerOpenedTrial
  /// Requests that a half-open breaker let through to see how they fare.
  case breakerTrials
  /// Of a pool: requests answered at once because breakers are open.
  case breakerRejected

  /// Which `windowEpoch` and length the window is of.
  static var windowMark: Int { 59 }
  /// The first word of the `OutcomeWindow`, behind room for more counters.
  static var window: Int { 60 }
  static var wordCount: Int { 80 }
}

/// Bounds of the duration histograms, in nanoseconds; the last bucket has none.
package enum DurationBuckets {
  package static let boundsNanoseconds: [UInt64] = [
    500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000,
    250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
    30_000_000_000, 60_000_000_000,
  ]
  package static var count: Int { 17 }

  /// Without a table in memory: half of all answers end in the first comparisons.
  @inline(__always) static func index(_ nanoseconds: UInt64) -> Int {
    if nanoseconds <= 500_000 { return 0 }
    if nanoseconds <= 1_000_000 { return 1 }
    if nanoseconds <= 2_500_000 { return 2 }
    if nanoseconds <= 5_000_000 { return 3 }
    if nanoseconds <= 10_000_000 { return 4 }
    if nanoseconds <= 25_000_000 { return 5 }
    return indexOfSlow(nanoseconds)
  }

  private static func indexOfSlow(_ nanoseconds: UInt64) -> Int {
    for index in 6..<(count - 1) where nanoseconds <= boundsNanoseconds[index] { return index }
    return count - 1
  }
}

/// The words of one identity on one worker: written by that worker alone, read by anybody.
///
/// Relaxed atomics with a single writer: an increment is a plain load and store. Rows are multiples
/// of a cache line, so workers do not disturb one another.
@safe
package struct CounterRow: BitwiseCopyable, @unchecked Sendable {
  fileprivate let words: UnsafeMutablePointer<UInt64>

  @inline(__always) func add(_ counter: Counter, _ amount: UInt64 = 1) {
    add(word: counter.rawValue, amount)
  }

  @inline(__always) func subtract(_ counter: Counter) {
    add(word: counter.rawValue, UInt64.max)
  }

  @inline(__always) func add(word: Int, _ amount: UInt64) {
    precondition(UInt(bitPattern: word) < UInt(bitPattern: Counter.wordCount))
    unsafe hr_counter_add(words + word, amount)
  }

  @inline(__always) func set(word: Int, _ value: UInt64) {
    precondition(UInt(bitPattern: word) < UInt(bitPattern: Counter.wordCount))
    unsafe hr_counter_set(words + word, value)
  }

  @inline(__always) package func load(_ counter: Counter) -> UInt64 { load(word: counter.rawValue) }

  package func load(word: Int) -> UInt64 {
    precondition(UInt(bitPattern: word) < UInt(bitPattern: Counter.wordCount))
    return unsafe hr_counter_load(words + word)
  }

  /// One exchange came to its end.
  @inline(__always)
  func finish(statusClass: Int, nanoseconds: UInt64, requestBytes: UInt64, responseBytes: UInt64) {
    add(.finished)
    add(.requestBytes, requestBytes)
    add(.responseBytes, responseBytes)
    count(statusClass: statusClass, nanoseconds: nanoseconds)
  }

  @inline(__always)
  func count(statusClass: Int, nanoseconds: UInt64) {
    add(word: Counter.requestsAborted.rawValue &+ statusClass, 1)
    add(.durationNanoseconds, nanoseconds)
    add(word: Counter.durationBuckets.rawValue &+ DurationBuckets.index(nanoseconds), 1)
  }
}

/// The counters of one worker for one kind of identity, in chunks that never move.
///
/// The control plane makes room before it publishes an id (`reserve`); the worker that learns the
/// id through its mailbox sees the chunk. Lives as long as the process.
@safe
package struct CounterBank: BitwiseCopyable, @unchecked Sendable {
  private static var rowsPerChunk: Int { 64 }
  private static var maxChunks: Int { 1024 }
  /// More identities than this share the row 0.
  package static var capacity: Int { rowsPerChunk * maxChunks }

  private let chunks: UnsafeMutablePointer<UnsafeMutablePointer<UInt64>?>

  package init() {
    unsafe chunks = .allocate(capacity: CounterBank.maxChunks)
    unsafe chunks.initialize(repeating: nil, count: CounterBank.maxChunks)
    reserve(0)
  }

  /// Makes room for `id`. Called by one thread at a time, before the id is published.
  package func reserve(_ id: UInt32) {
    precondition(Int(id) < CounterBank.capacity)
    let chunk = Int(id) / CounterBank.rowsPerChunk
    guard unsafe chunks[chunk] == nil else { return }
    let words = CounterBank.rowsPerChunk * Counter.wordCount
    let memory = UnsafeMutableRawPointer.allocate(byteCount: words * 8, alignment: 64)
    let bound = unsafe memory.bindMemory(to: UInt64.self, capacity: words)
    unsafe bound.initialize(repeating: 0, count: words)
    unsafe chunks[chunk] = bound
  }

  @inline(__always) package subscript(id: UInt32) -> CounterRow {
    let chunk = Int(id) / CounterBank.rowsPerChunk
    precondition(chunk < CounterBank.maxChunks)
    guard let words = unsafe chunks[chunk] else { preconditionFailure("counter not reserved") }
    let row = Int(id) % CounterBank.rowsPerChunk
    return unsafe CounterRow(words: words + row * Counter.wordCount)
  }
}

/// All counters of one worker.
package struct WorkerCounters: BitwiseCopyable, Sendable {
  package let routes = CounterBank()
  package let pools = CounterBank()
  package let backends = CounterBank()
  package let caches = CounterBank()
  /// The worker's own: `WorkerCounter` words of one row.
  package let worker: CounterRow

  package init() {
    let bank = CounterBank()
    worker = bank[0]
  }
}

/// What a worker counts of itself.
package enum WorkerCounter: Int, Sendable {
  case clientConnectionsAccepted, clientConnectionsClosed, clientConnectionsRefused
  case requestsRefused, heldBytes, loopTurns, accessLogDropped
  /// Connections closed because the PROXY header that they had to begin with did not come.
  case proxyHeaderFailures
  /// HTTP/2: connections of clients, their streams, those refused for want of room, streams to
  /// backends, and connections of either side that ended by an error.
  case http2Connections, http2Streams, http2StreamsRefused, http2UpstreamStreams, http2Errors
  /// TLS handshakes of clients that were completed, that came to nothing, and of the first those
  /// that resumed a session.
  case tlsHandshakes, tlsHandshakeFailures, tlsResumed
  /// Open streams of both sides.
  case http2OpenStreams
}

extension CounterRow {
  @inline(__always) func add(_ counter: WorkerCounter, _ amount: UInt64 = 1) {
    add(word: counter.rawValue, amount)
  }
  func set(_ counter: WorkerCounter, _ value: UInt64) {
    unsafe hr_counter_set(words + counter.rawValue, value)
  }
  package func load(_ counter: WorkerCounter) -> UInt64 { load(word: counter.rawValue) }
}

/// What is counted for each cache.
package enum CacheCounter: Int, Sendable, CaseIterable {
  /// Requests that were answered without a backend: with a fresh response, or a stale one.
  case hits, staleHits
  /// Requests for which nothing was stored that could be used; for which a backend was asked
  /// whether what is stored is still good; that are not for a cache.
  case misses, revalidations, bypasses
  /// Requests that waited for another one's fetch; of them those that waited too long.
  case collapsed, collapseTimeouts
  /// Responses that were stored, that could not be, and 304s that made one good again.
  case stored, uncacheable, validated
  /// Fetches in the background, and those that went on without the client that began them.
  case refreshes, orphanedFetches
  /// Stale responses in the place of an error.
  case staleOnError
  /// Responses that grew longer than the cache takes.
  case overflows
  /// Stored responses of which a compressed form was begun.
  case compressed
  /// Responses under a content-hashed name that say too little of caching.
  case missedChances
}

extension CounterRow {
  @inline(__always) func add(_ counter: CacheCounter) { add(word: counter.rawValue, 1) }
  package func load(_ counter: CacheCounter) -> UInt64 { load(word: counter.rawValue) }
}
