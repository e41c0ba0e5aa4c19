/// Lanes of the worker: the branch that the common ways of `Worker+Bytes.swift` take for them.
extension Worker {
  /// Bytes that lanes of this session may write now.
  private mutating func room(_ s: Int32) -> Int {
    let holder = sessions[s].holder
    let isBlocked =
      sessions[s].isUpstream
      ? upstreams[holder].stream.hasOutput || upstreams[holder].state == .connecting
      : clients[holder].stream.hasOutput
    if isBlocked { return 0 }
    return min(
      max(Session.outputLimit &- sessions[s].engine.outputCount, 0), Lane.Tools.share)
  }

  /// Bytes of content that this lane may write now.
  private mutating func credit(_ l: Int32) -> Int {
    let s = lanes[l].session
    guard s >= 0 else { return 0 }
    return min(sessions[s].engine.sendCredit(lanes[l].slot), room(s))
  }

  /// Whether a lane that could not send all gets on now; if not, it will be asked again when that
  /// may have changed.
  mutating func mayGoOn(_ l: Int32) -> Bool {
    let s = lanes[l].session
    guard s >= 0 else { return false }
    let slot = lanes[l].slot
    if sessions[s].engine.sendCredit(slot) == 0 {
      sessions[s].engine.wait(slot, now: now)
      return false
    }
    if room(s) > 0 { return true }
    sessions[s].isWaiting = true
    return false
  }

  /// How much to receive for a client: for a lane hardly more than can become frames now, so that
  /// many slow ones hold little.
  @inline(__always) mutating func receiveLimit(forClient c: Int32) -> Int {
    if clients[c].stream.kind == .lane { return receiveLimit(forLane: clients[c].stream.lane) }
    return receiveLimit(clients[c].stream.hasBlocked)
  }

  @inline(__always) mutating func receiveLimit(forUpstream u: Int32) -> Int {
    if upstreams[u].stream.kind == .lane { return receiveLimit(forLane: upstreams[u].stream.lane) }
    return receiveLimit(upstreams[u].stream.hasBlocked)
  }

  @inline(never)
  private mutating func receiveLimit(forLane l: Int32) -> Int {
    min(receiveLimit(false), max(Stream.smallReceive, credit(l)))
  }

  /// Its frames go out at the end of the turn.
  mutating func markSession(_ s: Int32) {
    guard !sessions[s].isDirty else { return }
    sessions[s].isDirty = true
    dirtySessions.append(s)
  }

  /// The room for one more write of this lane, whose session is marked.
  private mutating func beginWrite(_ l: Int32) -> Int {
    let s = lanes[l].session
    guard s >= 0 else { return 0 }
    markSession(s)
    laneTools.isSecure = sessions[s].isSecure
    return room(s)
  }

  // MARK: Client lanes

  @inline(never)
  mutating func sendOutgoing(toClientLane c: Int32) -> Stream.SendResult {
    let room = beginWrite(clients[c].stream.lane)
    return clients[c].stream.send(
      outgoing, 0, outgoing.end, room: room, &lanes, &sessions, &laneTools, &pool)
  }

  @inline(never)
  mutating func sendScratch(
    toClientLane c: Int32, _ at: Int, _ count: Int
  ) -> Stream.SendResult {
    let room = beginWrite(clients[c].stream.lane)
    return clients[c].stream.send(
      scratch, at, count, room: room, &lanes, &sessions, &laneTools, &pool)
  }

  /// As for a socket: the head in `outgoing`, then of the body what there is room for, which goes
  /// through `outgoing` too.
  @inline(never)
  mutating func sendStored(
    toClientLane c: Int32, _ body: CachedBody, from offset: Int, to end: Int, closesChunk: Bool
  ) -> Stream.ServeResult {
    let headCount = outgoing.end
    if headCount > 0 {
      if case .failed(let error) = sendOutgoing(toClientLane: c) { return .failed(error) }
      if clients[c].stream.hasOutput { return .sent(0) }
    }
    let l = clients[c].stream.lane
    guard lanes[l].session >= 0 else { return .failed(.badMessage) }
    let room = beginWrite(l)
    let most = credit(l)
    outgoing.removeAll()
    var count = 0
    if most > 0 { count = body.copy(from: offset, atMost: min(most, end &- offset), to: &outgoing) }
    if closesChunk, count == end &- offset { outgoing.append("\r\n") }
    if outgoing.end > 0 {
      let result = clients[c].stream.send(
        outgoing, 0, outgoing.end, room: room, &lanes, &sessions, &laneTools, &pool)
      if case .failed(let error) = result { return .failed(error) }
    }
    // For the caller, who counts it: the head alone.
    outgoing.end = headCount
    clients[c].stream.isBlocked = count < end &- offset && !mayGoOn(l)
    return .sent(count)
  }

  @inline(never)
  mutating func flush(clientLane c: Int32) -> Stream.SendResult {
    let room = beginWrite(clients[c].stream.lane)
    return clients[c].stream.flush(room: room, &lanes, &sessions, &laneTools, &pool)
  }

  @inline(never)
  mutating func receive(fromClientLane c: Int32, _ count: Int) -> Transfer {
    _ = beginWrite(clients[c].stream.lane)
    return clients[c].stream.receive(&scratch, count: count, &lanes, &sessions, &pool)
  }

  // MARK: Upstream lanes

  @inline(never)
  mutating func sendOutgoing(toUpstreamLane u: Int32) -> Stream.SendResult {
    lanes[upstreams[u].stream.lane].keepReplay(outgoing, 0, outgoing.end, &pool)
    let room = beginWrite(upstreams[u].stream.lane)
    return upstreams[u].stream.send(
      outgoing, 0, outgoing.end, room: room, &lanes, &sessions, &laneTools, &pool)
  }

  @inline(never)
  mutating func sendScratch(
    toUpstreamLane u: Int32, _ at: Int, _ count: Int
  ) -> Stream.SendResult {
    lanes[upstreams[u].stream.lane].keepReplay(scratch, at, count, &pool)
    let room = beginWrite(upstreams[u].stream.lane)
    return upstreams[u].stream.send(
      scratch, at, count, room: room, &lanes, &sessions, &laneTools, &pool)
  }

  @inline(never)
  mutating func send(_ block: inout Block, toUpstreamLane u: Int32) -> Stream.SendResult {
    lanes[upstreams[u].stream.lane].keepReplay(block, block.start, block.count, &pool)
    let room = beginWrite(upstreams[u].stream.lane)
    return upstreams[u].stream.send(
      block, block.start, block.count, room: room, &lanes, &sessions, &laneTools, &pool)
  }

  @inline(never)
  mutating func flush(upstreamLane u: Int32) -> Stream.SendResult {
    let room = beginWrite(upstreams[u].stream.lane)
    return upstreams[u].stream.flush(room: room, &lanes, &sessions, &laneTools, &pool)
  }

  @inline(never)
  mutating func receive(fromUpstreamLane u: Int32, _ count: Int) -> Transfer {
    _ = beginWrite(upstreams[u].stream.lane)
    return upstreams[u].stream.receive(&scratch, count: count, &lanes, &sessions, &pool)
  }
}
