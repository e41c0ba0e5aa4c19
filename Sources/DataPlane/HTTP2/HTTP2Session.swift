/// What came from the peer, for the owner of a session. Numbers of streams are slots.
package enum HTTP2Event: Equatable, Sendable {
  /// Everything was taken but a part of a frame, which must come again in front of what follows.
  case needMore
  /// A head; its fields are in the list. Server role: of a new stream. Client role: of a response,
  /// also an interim one. `endsWithHead` tells END_STREAM; no `end` follows then.
  case head(Int32)
  /// The same, but the list was too large and is cut short: a server answers 431.
  case headTooLarge(Int32)
  /// END_STREAM included.
  case trailers(Int32)
  /// Content; `consumed` gives it back to the peer's windows.
  case data(Int32, at: Int, count: Int)
  /// END_STREAM that came with DATA.
  case end(Int32)
  /// The peer's RST_STREAM, or a stream error for which ours is queued (`isOurReset`). The owner
  /// releases the slot.
  case reset(Int32, HTTP2Error)
  /// A stream whose owner waits for credit has some.
  case credit(Int32)
  /// Any waiting stream may have credit now: see `nextWaiting`.
  case connectionCredit
  /// The peer's first or later SETTINGS hold now.
  case settings
  /// The peer has taken ours.
  case acknowledged
  case goAway(lastStream: UInt32, HTTP2Error)
  /// The answer to a PING.
  case pong(UInt64)
  /// Connection error: our GOAWAY is queued, the owner sends the output and closes.
  case failed(HTTP2Error)
}

/// The state of one HTTP/2 connection (RFC 9113), either role: bytes in, events and bytes out.
///
/// Pure: no socket, no clock, no exchange. `next` takes what was received and says what it means;
/// `send…` and answers that the protocol asks for go to `output`. A connection that waits holds no
/// buffer; streams take memory when the first one opens. What a peer can make it store is bounded:
/// header blocks by `maxHeaderListBytes`, streams by twice `maxConcurrentStreams`, answers by
/// `maxQueuedControl`, content by nothing because it is handed out as it comes. Owned by one
/// worker, in a slab.
package struct HTTP2Session: ~Copyable, SlabElement {
  package enum Role: UInt8, Sendable { case server, client }

  /// What the next bytes are.
  enum Phase: UInt8 { case preface, frame, data, skip }

  static var windowMax: Int { 0x7fff_ffff }
  static var idMax: UInt32 { 0x7fff_ffff }
  /// Our frames carry at most this: every peer takes it (RFC 9113 section 4.2).
  package static var frameMax: Int { 16_384 }

  package internal(set) var role = Role.server
  package internal(set) var limits = HTTP2Limits()
  package internal(set) var decoder = HPACKDecoder()
  package internal(set) var encoder = HPACKEncoder()
  package internal(set) var streams = HTTP2Streams()

  /// Frames to be sent. The owner takes the block, or sends from its front and moves `start`; it
  /// reads no more from the peer while what it took before is still unsent.
  package var output: Block? = nil
  /// Bytes of answers in `output`, at most.
  var queuedControl = 0

  // MARK: Reading

  var phase = Phase.preface
  /// Why the connection is over.
  package internal(set) var failure: HTTP2Error? = nil
  var now: Instant = 0
  /// The DATA frame that is being read, or the frame that is skipped.
  var dataSlot: Int32 = -1
  var dataID: UInt32 = 0
  var dataEnds = false
  var remaining = 0
  var padding = 0
  /// The stream whose header block goes on in CONTINUATION frames; 0: none.
  var headID: UInt32 = 0
  var headEnds = false
  var headDependsOnItself = false
  var continuations: Int32 = 0
  /// A header block that came in several frames, up to now.
  var fragments: Block? = nil
  var isCreditPending = false

  // MARK: Windows

  package internal(set) var sendWindow = 65_535
  package internal(set) var receiveWindow = 65_535
  /// Consumed bytes of all streams that no WINDOW_UPDATE gave back yet.
  package internal(set) var unacknowledged = 0
  /// What new streams may send, and receive.
  var peerInitialWindow: Int32 = 65_535
  var ownInitialWindow: Int32 = 65_535

  // MARK: Streams

  /// The peer's highest stream that its frames opened.
  var highestID: UInt32 = 0
  var openedCount: UInt32 = 0
  /// The highest that was handed to the owner: what GOAWAY names.
  package internal(set) var highestProcessed: UInt32 = 0
  /// Client role: the next stream's id.
  var nextID: UInt32 = 1
  var unnamed: UInt32 = 0
  /// Streams that we reset last: late frames are expected. A ring.
  var resetIDs = InlineArray<32, UInt32>(repeating: 0)
  var resetIndex = 0
  /// The highest id that the ring forgot: up to here late frames may be honest.
  var forgottenReset: UInt32 = 0

  // MARK: The peer

  package internal(set) var hasPeerSettings = false
  /// Our SETTINGS were acknowledged; until then they are out since `openedAt`, which the owner
  /// moves when it could not send them at once.
  package internal(set) var isAcknowledged = false
  package internal(set) var openedAt: Instant = 0
  /// Its SETTINGS_MAX_CONCURRENT_STREAMS; what is assumed until they come.
  package internal(set) var peerMaxStreams: UInt32 = 100
  package internal(set) var peerMaxHeaderListBytes = UInt32.max
  package internal(set) var peerAllowsExtendedConnect = false
  /// The last stream of the GOAWAY that came, nil before one.
  package internal(set) var peerGoAwayLast: UInt32? = nil
  /// The last stream of ours, nil before one.
  package internal(set) var sentGoAwayLast: UInt32? = nil
  var resets = HTTP2Allowance(HTTP2Limits().resets, now: 0)
  var idleFrames = HTTP2Allowance(HTTP2Limits().idleFrames, now: 0)
  var tinyFrames = HTTP2Allowance(HTTP2Limits().tinyFrames, now: 0)
  var earlyRefusals: Int32 = 0

  package init() {}

  /// Begins a connection: queues the preface (client role), SETTINGS, and the window of the
  /// connection.
  package mutating func open(
    _ role: Role, _ limits: HTTP2Limits, now: Instant, _ pool: inout BlockPool
  ) {
    close(&pool)
    self.role = role
    self.limits = limits
    self.now = now
    openedAt = now
    phase = role == .server ? .preface : .frame
    decoder.open(maxTableBytes: max(limits.headerTableBytes, 4096))
    encoder.open()
    ownInitialWindow = max(limits.initialWindow, 65_535)
    resets = HTTP2Allowance(limits.resets, now: now)
    idleFrames = HTTP2Allowance(limits.idleFrames, now: now)
    tinyFrames = HTTP2Allowance(limits.tinyFrames, now: now)
    earlyRefusals = limits.earlyRefusals
    queueOpening(&pool)
  }

  /// Gives back all memory; what was queued is lost.
  package mutating func close(_ pool: inout BlockPool) {
    if let block = output.take() { pool.give(block) }
    if let block = fragments.take() { pool.give(block) }
    decoder.close()
    encoder.close()
    var streams = streams
    streams.removeAll()
    self = HTTP2Session()
    self.streams = streams
  }

  package var outputCount: Int {
    switch output {
    case .some(let block): block.count
    case .none: 0
    }
  }

  /// Streams whose slots are taken.
  package var streamCount: Int { Int(streams.count) }

  /// One side said GOAWAY: the connection ends with its last stream.
  package var isDraining: Bool { peerGoAwayLast != nil || sentGoAwayLast != nil }

  package func slot(of id: UInt32) -> Int32 { streams.slot(of: id) }

  /// The next taken slot behind `slot` (-1: the first) whose id is above `id`; streams that have no
  /// id yet count. For GOAWAY: those above its last stream were not processed.
  package func nextStream(after slot: Int32, above id: UInt32 = 0) -> Int32? {
    var next = slot + 1
    while next < streams.usedSlots {
      let stream = streams[next]
      if stream.isTaken, stream.id == 0 || stream.id > id { return next }
      next += 1
    }
    return nil
  }

  /// Ends the connection with this error: queues GOAWAY. `next` says nothing else from now on.
  @inline(never)
  mutating func fail(_ error: HTTP2Error, _ pool: inout BlockPool) -> HTTP2Event {
    guard failure == nil else { return .failed(failure ?? error) }
    failure = error
    queueGoAway(error, last: min(sentGoAwayLast ?? .max, highestProcessed), &pool)
    if let block = fragments.take() { pool.give(block) }
    return .failed(error)
  }

  /// How long the peer may still take to acknowledge our SETTINGS, of `interval` in all (RFC 9113
  /// section 6.5.3); `.max` when it has, or need not.
  package func timeToAcknowledge(of interval: Instant, now: Instant) -> Instant {
    if isAcknowledged || !hasPeerSettings || interval == .max { return .max }
    let age = now > openedAt ? now - openedAt : 0
    return interval > age ? interval - age : 0
  }

  /// Ends the connection for what the owner has seen.
  package mutating func end(_ error: HTTP2Error, _ pool: inout BlockPool) {
    _ = fail(error, &pool)
  }

  // MARK: Allowances

  /// A frame that gets nothing done; nil: go on.
  @inline(__always)
  mutating func idle(_ pool: inout BlockPool, cost: Int32 = 1) -> HTTP2Event? {
    if idleFrames.spend(cost, limits.idleFrames, now: now) { return nil }
    return fail(.enhanceYourCalm, &pool)
  }

  /// A stream ended by the peer's doing before it was answered; nil: go on.
  mutating func countReset(_ pool: inout BlockPool) -> HTTP2Event? {
    if resets.spend(1, limits.resets, now: now) { return nil }
    return fail(.enhanceYourCalm, &pool)
  }

  // MARK: Ids

  /// Neither side has used this stream yet.
  @inline(__always) func isIdle(_ id: UInt32) -> Bool {
    role == .server ? id > highestID : id >= nextID
  }

  /// Server role: the client passed over ids.
  var hasGaps: Bool { role == .server && highestID != openedCount &* 2 &- 1 }

  /// Whether we reset this stream not long ago.
  func wasReset(_ id: UInt32) -> Bool {
    for index in 0..<resetIDs.count where resetIDs[index] == id { return true }
    return false
  }

  mutating func rememberReset(_ id: UInt32) {
    forgottenReset = max(forgottenReset, resetIDs[resetIndex])
    resetIDs[resetIndex] = id
    resetIndex = (resetIndex + 1) & 31
  }
}
