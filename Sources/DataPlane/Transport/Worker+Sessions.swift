/// What sessions of both sides share.
extension Worker {
  /// At the end of a turn: all frames of a session go out together.
  mutating func flushSessions() {
    swap(&dirtySessions, &dirtyNow)
    // By index: to iterate over the array itself retains it.
    for index in 0..<dirtyNow.count {
      let s = dirtyNow[index]
      guard sessions[s].isDirty else { continue }
      sessions[s].isDirty = false
      flushSession(s)
    }
    dirtyNow.removeAll(keepingCapacity: true)
  }

  /// Sends what there is, and lets lanes go on that waited for room.
  mutating func flushSession(_ s: Int32) {
    let holder = sessions[s].holder
    let generation = sessions[s].generation
    if sessions[s].isUpstream {
      guard sendFrames(upstream: holder) else { return }
    } else {
      guard sendFrames(client: holder) else { return }
    }
    guard sessions[s].generation == generation else { return }
    let isBlocked =
      sessions[s].isUpstream
      ? upstreams[holder].stream.hasOutput : clients[holder].stream.hasOutput
    if !isBlocked, sessions[s].isWaiting { resumeLanes(s) }
    guard sessions[s].generation == generation else { return }
    if !isBlocked, !sessions[s].isUpstream, clients[holder].stream.isReadable {
      queueClient(holder)
    }
    if sessions[s].isEnding {
      if sessions[s].isUpstream {
        finishIfDone(upstream: holder)
      } else {
        finishIfDone(client: holder)
      }
    }
  }

  /// False when the connection is gone.
  mutating func sendFrames(upstream u: Int32) -> Bool {
    // Before the connection stands the engine keeps what there is.
    guard upstreams[u].state == .session else { return true }
    let s = upstreams[u].session
    var result = Stream.SendResult.sent
    if upstreams[u].stream.hasOutput { result = upstreams[u].stream.flush(&pool) }
    if case .sent = result, var block = sessions[s].engine.output.take() {
      result = send(&block, toUpstream: u)
      pool.give(block)
    }
    if case .failed = result {
      closeUpstream(u)
      return false
    }
    return true
  }

  /// False when the connection is gone.
  mutating func sendFrames(client c: Int32) -> Bool {
    let s = clients[c].session
    let waited = clients[c].stream.outputCount
    var result = Stream.SendResult.sent
    if clients[c].stream.hasOutput { result = clients[c].stream.flush(&pool) }
    if case .sent = result, var block = sessions[s].engine.output.take() {
      result = sendFrames(&block, toClient: c)
      pool.give(block)
    }
    switch result {
    case .sent: if waited > 0 { setSessionTimer(client: c) }
    case .blocked:
      // Only what the socket took counts as reading.
      if waited == 0 || clients[c].stream.outputCount < waited {
        setClientTimer(c, after: policy.clientWriteIdle)
      }
    case .failed:
      closeClient(c)
      return false
    }
    return true
  }

  // MARK: What comes in on a lane

  /// How long the content is that follows a head.
  mutating func settle(_ framing: TranslatedFraming, ofLane l: Int32) {
    switch framing.body {
    case .none: break
    case .length(let length):
      _ = sessions[lanes[l].session].engine.expect(lanes[l].slot, length)
    case .chunked: lanes[l].isChunked = true
    }
  }

  /// The end of a message's content.
  ///
  /// - Parameter trailersFollow: they are in `fieldList`.
  /// - Returns: false when they are malformed.
  mutating func receiveEnd(ofLane l: Int32, trailersFollow: Bool) -> Bool {
    guard trailersFollow else {
      lanes[l].receiveEnd(trailersFollow: false, &pool)
      return true
    }
    // Malformed ones make the message so, even where there is no place for good ones.
    laneTools.fields.removeAll()
    guard case .written = TrailerTranslation.write(fieldList, into: &laneTools.fields) else {
      return false
    }
    guard lanes[l].isChunked else { return true }
    lanes[l].receiveEnd(trailersFollow: true, &pool)
    lanes[l].receive(text: laneTools.fields, &pool)
    return true
  }

  // MARK: The end

  /// The lane's stream is over, as far as its session is concerned; what came of it can still be
  /// read.
  mutating func detachLane(_ l: Int32) {
    let s = lanes[l].session
    guard s >= 0 else { return }
    let slot = lanes[l].slot
    if lanes[l].inboxContent > 0 {
      sessions[s].engine.consumed(slot, lanes[l].inboxContent, &pool)
      lanes[l].inboxContent = 0
    }
    sessions[s].engine.streams[slot].owner = -1
    sessions[s].engine.release(slot, &pool)
    sessions[s].lanes &-= 1
    lanes[l].session = -1
    markSession(s)
  }

  mutating func freeLane(_ l: Int32) {
    detachLane(l)
    if let box = lanes[l].inbox.take() { pool.give(box) }
    lanes[l].owner = -1
    endedLanes.append(l)
  }

  mutating func closeSession(_ s: Int32) {
    sessions[s].generation &+= 1
    sessions[s].isDirty = false
    sessions[s].engine.close(&pool)
    endedSessions.append(s)
  }
}
