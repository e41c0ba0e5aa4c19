/// HTTP/2 connections of clients: each request is a lane, which is a client connection of its own
/// to its exchange.
extension Worker {
  /// The connection speaks HTTP/2 from its first byte on; what has come of it is in its input.
  mutating func beginSession(client c: Int32) {
    guard let s = sessions.take() else { return closeClient(c) }
    sessions[s].open(holder: c, isUpstream: false)
    sessions[s].engine.open(.server, http2Limits, now: now, &pool)
    sessions[s].isSecure = clients[c].isTLS
    clients[c].state = .session
    clients[c].session = s
    clients[c].isInHead = false
    setup.counters.worker.add(.http2Connections)
    markSession(s)
    if isDraining { announceEnd(client: c) }
    setClientTimer(c, after: policy.clientHeader)
    pumpSession(client: c)
  }

  var http2Limits: HTTP2Limits {
    var limits = HTTP2Limits()
    limits.maxHeaderListBytes = policy.headLimits.headBytes
    limits.maxFields = policy.headLimits.fieldCount
    return limits
  }

  /// The connection with the socket: a lane's is the holder of its session.
  @inline(__always)
  mutating func carrier(_ c: Int32) -> Int32 {
    clients[c].stream.kind == .lane ? holder(ofLane: c) : c
  }

  @inline(never)
  private mutating func holder(ofLane c: Int32) -> Int32 {
    let s = lanes[clients[c].stream.lane].session
    return s >= 0 ? sessions[s].holder : c
  }

  // MARK: Events of the socket

  mutating func sessionEvent(client c: Int32, _ readiness: Poller.Readiness) {
    if readiness.isEnding { clients[c].stream.isEnding = true }
    if readiness.isReadable { clients[c].stream.isReadable = true }
    let generation = clients[c].generation
    if readiness.isWritable, clients[c].stream.hasOutput {
      flushSession(clients[c].session)
      if clients[c].generation != generation { return }
    }
    if readiness.isReadable { pumpSession(client: c) }
  }

  /// Reads frames until there are none, or the turn's share is up.
  mutating func pumpSession(client c: Int32) {
    let generation = clients[c].generation
    for _ in 0..<Worker.receivesPerTurn {
      // Who asks and does not read the answers is not listened to; the flush goes on here.
      if isUnread(client: c) { return }
      let hadInput = clients[c].stream.restoreInput(&frames, &pool)
      if clients[c].stream.isReadable {
        let room = frames.capacity &- frames.end &- BlockPool.tailroom
        switch receiveFrames(fromClient: c, min(Worker.framesReceive, room)) {
        case .bytes: break
        case .wouldBlock: if !hadInput { return }
        case .endOfStream, .failed: return closeClient(c)
        }
      } else if !hadInput {
        return
      }
      readFrames(client: c)
      guard clients[c].generation == generation, clients[c].state == .session else { return }
      guard clients[c].stream.isReadable else { return }
    }
    queueClient(c)
  }

  private mutating func isUnread(client c: Int32) -> Bool {
    clients[c].stream.hasOutput
      && sessions[clients[c].session].engine.outputCount > Session.unreadLimit
  }

  /// What is in `frames`. What is left of them is kept.
  private mutating func readFrames(client c: Int32) {
    let generation = clients[c].generation
    let s = clients[c].session
    var at = frames.start
    while true {
      let event = sessions[s].engine.next(frames, &at, &fieldList, now: now, &pool)
      switch event {
      case .needMore:
        clients[c].stream.keepInput(frames, at, frames.end, &pool)
        if isOverdue(client: c) { return endUnacknowledged(client: c) }
        return markSession(s)
      case .head(let slot): beginLane(c, s, slot, isTooLarge: false)
      case .headTooLarge(let slot): beginLane(c, s, slot, isTooLarge: true)
      case .data(let slot, let dataAt, let count):
        let l = sessions[s].engine.streams[slot].owner
        guard l >= 0 else { continue }
        lanes[l].receive(frames, dataAt, count, &pool)
        laneReadable(client: lanes[l].owner)
      case .end(let slot): endRequest(s, slot, trailersFollow: false)
      case .trailers(let slot): endRequest(s, slot, trailersFollow: true)
      case .reset(let slot, _):
        let l = sessions[s].engine.streams[slot].owner
        guard l >= 0 else { continue }
        lanes[l].isReset = true
        abortClient(lanes[l].owner)
      case .credit(let slot):
        let l = sessions[s].engine.streams[slot].owner
        if l >= 0 { resumeLane(client: lanes[l].owner) }
      case .connectionCredit: resumeLanes(s)
      case .settings:
        if !sessions[s].hasBegun { setSessionTimer(client: c) }
        sessions[s].hasBegun = true
      case .acknowledged: setSessionTimer(client: c)
      case .goAway: sessions[s].isEnding = true
      case .pong: endAnnounced(client: c)
      case .failed: return failSession(client: c)
      }
      guard clients[c].generation == generation, clients[c].state == .session else { return }
    }
  }

  // MARK: Requests

  /// A request's head has come: it gets a lane, and an exchange if it is a good one.
  private mutating func beginLane(_ holder: Int32, _ s: Int32, _ slot: Int32, isTooLarge: Bool) {
    guard pool.heldBytes <= policy.memoryBudget, hasRoomForLane, let c = clients.take() else {
      setup.counters.worker.add(.http2StreamsRefused)
      sessions[s].engine.sendReset(slot, .refusedStream, &pool)
      return sessions[s].engine.release(slot, &pool)
    }
    guard let l = lanes.take() else {
      endedClients.append(c)
      sessions[s].engine.sendReset(slot, .refusedStream, &pool)
      return sessions[s].engine.release(slot, &pool)
    }
    lanes[l].open(session: s, slot: slot, owner: c)
    sessions[s].engine.streams[slot].owner = l
    sessions[s].lanes &+= 1
    clientLanes &+= 1
    if sessions[s].lanes == 1 { setSessionTimer(client: holder) }
    setup.counters.worker.add(.http2Streams)
    openLaneClient(c, l, of: holder)
    if isTooLarge {
      head.reset()
      return refuse(c, .headTooLong)
    }
    scratch.reset(room: BlockPool.headroom)
    let endsStream = sessions[s].engine.streams[slot].endsWithHead
    switch RequestTranslation.write(fieldList, endsStream: endsStream, into: &scratch) {
    case .malformed: breakLane(c, .protocolError)
    case .connect:
      head.reset()
      refuse(c, .unsupportedMethod)
    case .noRoom: breakLane(c, .internalError)
    case .written(let framing):
      settle(framing, ofLane: l)
      beginRequest(c, l)
    }
  }

  private mutating func openLaneClient(_ c: Int32, _ l: Int32, of holder: Int32) {
    clients[c].state = .waiting
    clients[c].keepAlive = true
    clients[c].isInHead = false
    clients[c].hasShutDown = false
    clients[c].skippedBytes = 0
    clients[c].exchange = -1
    clients[c].session = -1
    clients[c].isTrusted = clients[holder].isTrusted
    clients[c].isTLS = clients[holder].isTLS
    clients[c].isVerified = clients[holder].isVerified
    clients[c].mayBeMisdirected = clients[holder].mayBeMisdirected
    clients[c].address = clients[holder].address
    clients[c].proxied = clients[holder].proxied
    clients[c].listener = clients[holder].listener
    clients[c].stream.open(lane: l)
  }

  /// The request as text is in `scratch`.
  private mutating func beginRequest(_ c: Int32, _ l: Int32) {
    let from = scratch.start
    let result = RequestParser.parse(
      scratch, from, scratch.end, limits: policy.headLimits, into: &head)
    switch result {
    case .complete(let length):
      lanes[l].answersHead = head.method == .head
      beginExchange(c, from, from &+ length)
    case .incomplete: breakLane(c, .internalError)
    case .failed(let failure):
      // Whatever else is wrong with it.
      lanes[l].answersHead = load8(scratch.bytes, from) & 0xff_ffff_ffff == 0x20_4441_4548
      refuse(c, failure)
    }
  }

  /// - Parameter trailersFollow: they are in `fieldList`.
  private mutating func endRequest(_ s: Int32, _ slot: Int32, trailersFollow: Bool) {
    let l = sessions[s].engine.streams[slot].owner
    guard l >= 0 else { return }
    let c = lanes[l].owner
    guard receiveEnd(ofLane: l, trailersFollow: trailersFollow) else {
      return breakLane(c, .protocolError)
    }
    laneReadable(client: c)
  }

  /// Once for all frames of a turn.
  private mutating func laneReadable(client c: Int32) {
    clients[c].stream.isReadable = true
    queueClient(c)
  }

  /// Ends a stream by an error of its own.
  private mutating func breakLane(_ c: Int32, _ error: HTTP2Error) {
    let l = clients[c].stream.lane
    lanes[l].isReset = true
    setup.counters.worker.add(.requestsRefused)
    sessions[lanes[l].session].engine.sendReset(lanes[l].slot, error, &pool)
    abortClient(c)
  }

  /// The connection of a lane closes: its stream ends, by an error unless all was said.
  mutating func leaveLane(client c: Int32) {
    let l = clients[c].stream.lane
    let s = lanes[l].session
    let slot = lanes[l].slot
    clientLanes &-= 1
    guard s >= 0 else { return freeLane(l) }
    if !lanes[l].isReset {
      if lanes[l].phase != .ended {
        sessions[s].engine.sendReset(slot, .internalError, &pool)
      } else if !sessions[s].engine.streams[slot].remoteEnded {
        // RFC 9113 section 8.1: the answer is complete, the rest of the request is not wanted.
        sessions[s].engine.sendReset(slot, .noError, &pool)
      }
    }
    freeLane(l)
    let holder = sessions[s].holder
    guard sessions[s].lanes == 0, clients[holder].state == .session else { return }
    setSessionTimer(client: holder)
  }

  /// While requests are at work, their own timers watch over the connection; while its output
  /// waits for the client, the time for reading that runs (see `sendFrames`). Our SETTINGS are to
  /// be acknowledged in the time for a head.
  mutating func setSessionTimer(client c: Int32) {
    if clients[c].stream.hasOutput { return }
    let s = clients[c].session
    var interval = Instant.max
    if sessions[s].lanes == 0 {
      interval = isDraining ? min(policy.keepAliveIdle, Worker.drainGrace) : policy.keepAliveIdle
    }
    if !sessions[s].engine.isAcknowledged {
      let left = sessions[s].engine.timeToAcknowledge(of: policy.clientHeader, now: now)
      interval = min(interval, left)
    }
    setClientTimer(c, after: interval)
  }

  private mutating func isOverdue(client c: Int32) -> Bool {
    sessions[clients[c].session].engine.timeToAcknowledge(of: policy.clientHeader, now: now) == 0
  }

  /// RFC 9113 section 6.5.3.
  private mutating func endUnacknowledged(client c: Int32) {
    sessions[clients[c].session].engine.end(.settingsTimeout, &pool)
    failSession(client: c)
  }

  /// There may be room for what this client's lane could not send.
  private mutating func resumeLane(client c: Int32) {
    guard clients[c].stream.hasOutput || clients[c].stream.isBlocked,
      mayGoOn(clients[c].stream.lane)
    else { return }
    if clients[c].stream.hasOutput { flushClient(c) } else { clientFlushed(c) }
  }

  /// The same for all lanes of a session, in turns, until there is no more room.
  mutating func resumeLanes(_ s: Int32) {
    sessions[s].isWaiting = false
    let count = sessions[s].engine.streams.usedSlots
    guard count > 0 else { return }
    let first = sessions[s].turn < count ? sessions[s].turn : 0
    sessions[s].turn = first &+ 1
    let generation = sessions[s].generation
    for step in 0..<count {
      var slot = first &+ step
      if slot >= count { slot &-= count }
      let l = sessions[s].engine.streams[slot].owner
      guard l >= 0 else { continue }
      if sessions[s].isUpstream {
        resumeLane(upstream: lanes[l].owner)
      } else {
        resumeLane(client: lanes[l].owner)
      }
      guard sessions[s].generation == generation else { return }
    }
  }

  // MARK: The end

  /// The peer broke the rules: it is told why, and the connection closes.
  private mutating func failSession(client c: Int32) {
    let s = clients[c].session
    setup.counters.worker.add(.http2Errors)
    abortLanes(s)
    guard sendFrames(client: c) else { return }
    endSession(client: c)
    clients[c].keepAlive = false
    lingerClient(c)
  }

  /// All requests of a session end.
  private mutating func abortLanes(_ s: Int32) {
    for slot in 0..<sessions[s].engine.streams.usedSlots {
      let l = sessions[s].engine.streams[slot].owner
      guard l >= 0 else { continue }
      lanes[l].isReset = true
      abortClient(lanes[l].owner)
    }
  }

  /// The holder closes, or goes on as a plain connection that only ends.
  mutating func endSession(client c: Int32) {
    let s = clients[c].session
    guard s >= 0 else { return }
    abortLanes(s)
    clients[c].session = -1
    closeSession(s)
  }

  /// No request is at work, and none came for a while.
  mutating func sessionTimeout(client c: Int32) {
    let s = clients[c].session
    if clients[c].stream.hasOutput { return closeClient(c) }
    if isOverdue(client: c) { return endUnacknowledged(client: c) }
    guard sessions[s].lanes == 0 else { return }
    sessions[s].engine.sendGoAway(.noError, &pool)
    sessions[s].isEnding = true
    finishIfDone(client: c)
  }

  /// Closes a connection whose last word is said and whose last stream has ended.
  mutating func finishIfDone(client c: Int32) {
    let s = clients[c].session
    guard sessions[s].isEnding, sessions[s].lanes == 0, sendFrames(client: c) else { return }
    if clients[c].stream.hasOutput { return }
    endSession(client: c)
    clients[c].keepAlive = false
    lingerClient(c)
  }

  // MARK: Drain

  /// RFC 9113 section 6.8: no new streams, please; those on their way are still served.
  mutating func announceEnd(client c: Int32) {
    let s = clients[c].session
    sessions[s].engine.sendGoAway(.noError, lastStream: 0x7fff_ffff, &pool)
    sessions[s].engine.sendPing(Session.pingData, &pool)
    markSession(s)
  }

  /// The client has seen the announcement: what it opens from now on it need not have opened.
  private mutating func endAnnounced(client c: Int32) {
    guard isDraining else { return }
    let s = clients[c].session
    sessions[s].engine.sendGoAway(.noError, &pool)
    sessions[s].isEnding = true
    markSession(s)
  }
}
