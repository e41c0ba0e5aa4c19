/// HTTP/2 connections to backends: each try is a lane, which is an upstream connection of its own
/// to its exchange.
extension Worker {
  /// Without a byte from the backend for so long while streams are open, it is asked for a sign of
  /// life, for which it has as long again.
  private static var pingAfter: Instant { 10_000_000_000 }

  // MARK: Lanes for exchanges

  /// A stream of a session with the chosen backend, or of a new one; nil when none could be begun.
  mutating func takeLane(_ x: Int32) -> Int32? {
    let snapshot = snapshots[exchanges[x].snapshot]
    let transport = snapshot.value.backends[Int(exchanges[x].backend)].transport
    if let u = takeLane(ofBackend: exchanges[x].backendIdentity, transport) { return u }
    guard let made = beginConnection(x) else { return nil }
    guard let s = sessions.take() else {
      closeUpstream(made)
      failExchange(x, status: 503, .overloaded, "too many connections")
      return nil
    }
    upstreams[made].exchange = -1
    upstreams[made].session = s
    upstreams[made].heardAt = now
    sessions[s].open(holder: made, isUpstream: true)
    sessions[s].isSecure = upstreams[made].stream.kind == .tls
    // What is sent is kept by the engine until the connection stands.
    sessions[s].engine.open(.client, HTTP2Limits(), now: now, &pool)
    linkSession(made)
    if upstreams[made].state == .active {
      upstreams[made].state = .session
      markSession(s)
    }
    guard let u = openLane(made) else {
      closeUpstream(made)
      failExchange(x, status: 503, .overloaded, "too many connections")
      return nil
    }
    return u
  }

  /// On a connection that stands, or is being made.
  private mutating func takeLane(ofBackend identity: UInt32, _ transport: UInt64) -> Int32? {
    var holder = idle[Int(identity)].session
    while holder >= 0 {
      let next = upstreams[holder].next
      let isOther = upstreams[holder].transport != transport
      if isOther || now >= upstreams[holder].expires || isDead(holder) {
        retireSession(upstream: holder)
      } else if let u = openLane(holder) {
        return u
      } else if sessions[upstreams[holder].session].engine.peerMaxStreams == 0 {
        // It takes none any more: kept, such connections would pile up.
        retireSession(upstream: holder)
      }
      holder = next
    }
    return nil
  }

  /// The backend closed it while it was idle, and the end was not read yet.
  private mutating func isDead(_ holder: Int32) -> Bool {
    guard upstreams[holder].state == .session, sessions[upstreams[holder].session].lanes == 0,
      now &- upstreams[holder].heardAt >= 1_000_000_000
    else { return false }
    return Sockets.isAtEnd(upstreams[holder].stream.descriptor)
  }

  private mutating func openLane(_ holder: Int32) -> Int32? {
    let s = upstreams[holder].session
    guard !sessions[s].isEnding, let u = upstreams.take() else { return nil }
    guard let l = lanes.take() else {
      endedUpstreams.append(u)
      return nil
    }
    guard let slot = sessions[s].engine.openStream() else {
      endedUpstreams.append(u)
      endedLanes.append(l)
      return nil
    }
    lanes[l].open(session: s, slot: slot, owner: u)
    sessions[s].engine.streams[slot].owner = l
    let wasIdle = sessions[s].lanes == 0 && upstreams[holder].state == .session
    // Of one on which nothing was ever heard, a failure says more than that it was closed.
    let isReused = wasIdle && sessions[s].engine.hasPeerSettings
    if wasIdle {
      upstreams[holder].heardAt = now
      setUpstreamTimer(holder, after: Worker.pingAfter)
    }
    sessions[s].lanes &+= 1
    upstreams[u].state = .active
    // The backend may have closed an idle connection just now.
    upstreams[u].isReused = isReused
    upstreams[u].keepAlive = false
    upstreams[u].backend = upstreams[holder].backend
    upstreams[u].session = -1
    upstreams[u].stream.open(lane: l)
    setup.counters.worker.add(.http2UpstreamStreams)
    return u
  }

  /// The sessions with a backend are a list through their holders.
  private mutating func linkSession(_ holder: Int32) {
    let identity = Int(upstreams[holder].backend)
    // Backends beyond the registry's room share the identity 0, but not each other's connections.
    guard identity != 0 else { return }
    let first = idle[identity].session
    upstreams[holder].next = first
    upstreams[holder].previous = -1
    if first >= 0 { upstreams[first].previous = holder }
    idle[identity].session = holder
    upstreams[holder].isLinked = true
  }

  /// It gets no new streams.
  private mutating func unlinkSession(_ holder: Int32) {
    guard upstreams[holder].isLinked else { return }
    upstreams[holder].isLinked = false
    let next = upstreams[holder].next
    let previous = upstreams[holder].previous
    if previous >= 0 {
      upstreams[previous].next = next
    } else {
      idle[Int(upstreams[holder].backend)].session = next
    }
    if next >= 0 { upstreams[next].previous = previous }
    upstreams[holder].next = -1
    upstreams[holder].previous = -1
  }

  /// No new streams; it closes when the last one has ended.
  mutating func retireSession(upstream holder: Int32) {
    unlinkSession(holder)
    let s = upstreams[holder].session
    sessions[s].isEnding = true
    markSession(s)
  }

  /// A connection of this worker is given up for one of another worker: one that is idle, else the
  /// first, which ends with what it has at work. True when it is closed already.
  mutating func giveUpSession(_ identity: UInt32) -> Bool {
    var holder = idle[Int(identity)].session
    while holder >= 0 {
      if sessions[upstreams[holder].session].lanes == 0, upstreams[holder].state == .session {
        closeUpstream(holder)
        return true
      }
      holder = upstreams[holder].next
    }
    let first = idle[Int(identity)].session
    if first >= 0, now >= idle[Int(identity)].givenUpAt &+ 100_000_000 {
      idle[Int(identity)].givenUpAt = now
      retireSession(upstream: first)
    }
    return false
  }

  /// Sessions with a backend that is not used any more, or not in their way.
  mutating func retireSessions(_ identity: UInt32, otherThan transport: UInt64? = nil) {
    var holder = idle[Int(identity)].session
    while holder >= 0 {
      let next = upstreams[holder].next
      if upstreams[holder].transport != transport { retireSession(upstream: holder) }
      holder = next
    }
  }

  /// A new config came: backends that it does not name keep no connection for new requests.
  mutating func retireSessions(notIn handle: SnapshotHandle) {
    for identity in idle.indices where idle[identity].session >= 0 {
      var isNamed = false
      for index in 0..<handle.value.backends.count
      where Int(handle.value.backends[index].identity) == identity { isNamed = true }
      if !isNamed { retireSessions(UInt32(truncatingIfNeeded: identity)) }
    }
  }

  // MARK: Events of the socket

  mutating func sessionEvent(upstream u: Int32, _ readiness: Poller.Readiness) {
    let generation = upstreams[u].generation
    if readiness.isWritable, upstreams[u].stream.hasOutput {
      flushSession(upstreams[u].session)
      if upstreams[u].generation != generation { return }
    }
    if readiness.isReadable { pumpSession(upstream: u) }
  }

  /// The connection stands: what lanes have written meanwhile goes out.
  mutating func sessionConnected(upstream u: Int32) {
    upstreams[u].state = .session
    upstreams[u].heardAt = now
    let s = upstreams[u].session
    sessions[s].engine.openedAt = now
    sessions[s].isWaiting = true
    setUpstreamTimer(
      u, after: sessions[s].lanes > 0 ? Worker.pingAfter : upstreams[u].idleTimeout)
    markSession(s)
  }

  mutating func pumpSession(upstream u: Int32) {
    let generation = upstreams[u].generation
    for _ in 0..<Worker.receivesPerTurn {
      let hadInput = upstreams[u].stream.restoreInput(&frames, &pool)
      if upstreams[u].stream.isReadable {
        let room = frames.capacity &- frames.end &- BlockPool.tailroom
        switch receiveFrames(fromUpstream: u, min(Worker.framesReceive, room)) {
        case .bytes: upstreams[u].heardAt = now
        case .wouldBlock: if !hadInput { return }
        case .endOfStream, .failed: return closeUpstream(u)
        }
      } else if !hadInput {
        return
      }
      readFrames(upstream: u)
      guard upstreams[u].generation == generation else { return }
      guard upstreams[u].stream.isReadable else { return }
    }
    queueUpstream(u)
  }

  private mutating func readFrames(upstream h: Int32) {
    let generation = upstreams[h].generation
    let s = upstreams[h].session
    var at = frames.start
    while true {
      let event = sessions[s].engine.next(frames, &at, &fieldList, now: now, &pool)
      switch event {
      case .needMore:
        upstreams[h].stream.keepInput(frames, at, frames.end, &pool)
        if isOverdue(s) { retireSession(upstream: h) }
        return markSession(s)
      case .head(let slot): receiveHead(s, slot)
      case .headTooLarge(let slot): breakAnswer(s, slot)
      case .data(let slot, let dataAt, let count):
        let l = sessions[s].engine.streams[slot].owner
        guard l >= 0 else { continue }
        lanes[l].receive(frames, dataAt, count, &pool)
        laneReadable(upstream: lanes[l].owner)
      case .end(let slot): endAnswer(s, slot, trailersFollow: false)
      case .trailers(let slot): endAnswer(s, slot, trailersFollow: true)
      case .reset(let slot, let error):
        let l = sessions[s].engine.streams[slot].owner
        if l >= 0 { laneWasReset(l, error) }
      case .credit(let slot):
        let l = sessions[s].engine.streams[slot].owner
        if l >= 0 { resumeLane(upstream: lanes[l].owner) }
      case .connectionCredit: resumeLanes(s)
      case .settings, .acknowledged, .pong: break
      case .goAway(let last, _): goAway(h, s, last)
      case .failed: return failSession(upstream: h)
      }
      guard upstreams[h].generation == generation else { return }
    }
  }

  /// The backend broke the rules: it is told why, and the connection closes.
  private mutating func failSession(upstream h: Int32) {
    setup.counters.worker.add(.http2Errors)
    if sendFrames(upstream: h) { closeUpstream(h) }
  }

  /// The backend does not acknowledge our SETTINGS (RFC 9113 section 6.5.3): it gets no more
  /// requests, and those at work are not made to suffer.
  private mutating func isOverdue(_ s: Int32) -> Bool {
    let patience = 2 &* Worker.pingAfter
    return sessions[s].engine.timeToAcknowledge(of: patience, now: now) == 0
  }

  // MARK: Answers

  private mutating func receiveHead(_ s: Int32, _ slot: Int32) {
    let l = sessions[s].engine.streams[slot].owner
    guard l >= 0 else { return }
    let endsStream = sessions[s].engine.streams[slot].endsWithHead
    laneTools.fields.removeAll()
    let outcome = ResponseTranslation.write(
      fieldList, endsStream: endsStream, isHeadRequest: lanes[l].answersHead,
      into: &laneTools.fields)
    guard case .written(let framing) = outcome else { return breakAnswer(s, slot) }
    // No window bounds heads, and a few bytes of HPACK may be a long one.
    if framing.status < 200, (lanes[l].inbox?.count ?? 0) > Lane.interimLimit {
      return breakAnswer(s, slot)
    }
    lanes[l].dropReplay(&pool)
    settle(framing, ofLane: l)
    lanes[l].receive(text: laneTools.fields, &pool)
    laneReadable(upstream: lanes[l].owner)
  }

  private mutating func endAnswer(_ s: Int32, _ slot: Int32, trailersFollow: Bool) {
    let l = sessions[s].engine.streams[slot].owner
    guard l >= 0 else { return }
    guard receiveEnd(ofLane: l, trailersFollow: trailersFollow) else {
      return breakAnswer(s, slot)
    }
    laneReadable(upstream: lanes[l].owner)
  }

  /// The answer cannot be told in HTTP/1.1, or is too long.
  private mutating func breakAnswer(_ s: Int32, _ slot: Int32) {
    let l = sessions[s].engine.streams[slot].owner
    guard l >= 0 else { return }
    lanes[l].isReset = true
    sessions[s].engine.sendReset(slot, .protocolError, &pool)
    breakLane(upstream: lanes[l].owner)
  }

  /// Once for all frames of a turn: head, content and end go on together.
  private mutating func laneReadable(upstream u: Int32) {
    upstreams[u].stream.isReadable = true
    queueUpstream(u)
  }

  /// To its exchange the connection is broken behind what has come.
  ///
  /// - Parameter isStale: it may be one that was closed while it was idle. Not when the backend
  ///   ended this stream alone: that is an answer of a kind, and asking again freely would never
  ///   end.
  private mutating func breakLane(upstream u: Int32, isStale: Bool = false) {
    let l = upstreams[u].stream.lane
    if !isStale { upstreams[u].isReused = false }
    lanes[l].isBroken = true
    lanes[l].phase = .ended
    upstreams[u].stream.isEnding = true
    laneReadable(upstream: u)
  }

  private mutating func laneWasReset(_ l: Int32, _ error: HTTP2Error) {
    let s = lanes[l].session
    lanes[l].isReset = true
    if error == .refusedStream { return laneRefused(l, .upstreamClosed) }
    // RFC 9113 section 8.1: a complete answer, and no more of the request is wanted.
    if error == .noError, sessions[s].engine.streams[lanes[l].slot].remoteEnded {
      lanes[l].phase = .ended
      return
    }
    breakLane(upstream: lanes[l].owner)
  }

  /// The backend did nothing for this request (RFC 9113 section 8.7): it is sent again, whatever
  /// its method, if all of it is still here.
  private mutating func laneRefused(_ l: Int32, _ reason: FailureReason) {
    let u = lanes[l].owner
    let x = upstreams[u].exchange
    guard x >= 0, exchanges[x].step == .awaitResponse,
      reason != .upstreamClosed || exchanges[x].refusals < Exchange.maxRefusals,
      let request = lanes[l].replay.take()
    else { return breakLane(upstream: u) }
    if reason == .upstreamClosed { exchanges[x].refusals &+= 1 }
    lanes[l].isReset = true
    sendAnew(x, u, request, reason)
  }

  private mutating func goAway(_ h: Int32, _ s: Int32, _ last: UInt32) {
    retireSession(upstream: h)
    let generation = upstreams[h].generation
    var next = sessions[s].engine.nextStream(after: -1, above: last)
    while let slot = next {
      let l = sessions[s].engine.streams[slot].owner
      if l >= 0 { laneRefused(l, .upstreamClosed) }
      guard upstreams[h].generation == generation else { return }
      next = sessions[s].engine.nextStream(after: slot, above: last)
    }
  }

  mutating func resumeLane(upstream u: Int32) {
    if upstreams[u].stream.hasOutput, mayGoOn(upstreams[u].stream.lane) { flushUpstream(u) }
  }

  // MARK: The end

  /// The upstream connection of a lane closes: its stream ends.
  mutating func leaveLane(upstream u: Int32) {
    let l = upstreams[u].stream.lane
    lanes[l].dropReplay(&pool)
    let s = lanes[l].session
    guard s >= 0 else { return freeLane(l) }
    let slot = lanes[l].slot
    let isWhole = lanes[l].phase == .ended && sessions[s].engine.streams[slot].remoteEnded
    if !lanes[l].isReset, !isWhole { sessions[s].engine.sendReset(slot, .cancel, &pool) }
    detachLane(l)
    freeLane(l)
    let holder = sessions[s].holder
    guard sessions[s].lanes == 0 else { return }
    // Nobody else may use it: see `linkSession` and `keepIdle`.
    if upstreams[holder].backend == 0 || idle[Int(upstreams[holder].backend)].isClosed {
      return retireSession(upstream: holder)
    }
    guard upstreams[holder].state == .session else { return }
    setUpstreamTimer(holder, after: upstreams[holder].idleTimeout)
  }

  /// The holder closes: its lanes are lost.
  ///
  /// - Parameter reason: why it could not even be connected; nil when it was.
  mutating func endSession(upstream h: Int32, _ reason: FailureReason? = nil) {
    let s = upstreams[h].session
    guard s >= 0 else { return }
    unlinkSession(h)
    sessions[s].isEnding = true
    for slot in 0..<sessions[s].engine.streams.usedSlots {
      let l = sessions[s].engine.streams[slot].owner
      guard l >= 0 else { continue }
      lanes[l].isReset = true
      detachLane(l)
      if let reason {
        laneRefused(l, reason)
      } else {
        breakLane(upstream: lanes[l].owner, isStale: true)
      }
    }
    upstreams[h].session = -1
    closeSession(s)
  }

  /// Silence: of an idle connection it is the end, of one at work the backend is asked.
  mutating func sessionTimeout(upstream u: Int32) {
    let s = upstreams[u].session
    guard sessions[s].lanes > 0 else { return closeUpstream(u) }
    let silence = now &- upstreams[u].heardAt
    if silence >= 2 &* Worker.pingAfter { return closeUpstream(u) }
    if silence >= Worker.pingAfter {
      sessions[s].engine.sendPing(Session.pingData, &pool)
      markSession(s)
      return setUpstreamTimer(u, after: 2 &* Worker.pingAfter &- silence)
    }
    setUpstreamTimer(u, after: Worker.pingAfter &- silence)
  }

  mutating func finishIfDone(upstream u: Int32) {
    let s = upstreams[u].session
    guard sessions[s].lanes == 0 else { return }
    guard isOverdue(s) else { return closeUpstream(u) }
    sessions[s].engine.end(.settingsTimeout, &pool)
    failSession(upstream: u)
  }
}
