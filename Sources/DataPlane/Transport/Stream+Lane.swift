/// The bytes of a stream that is a lane: messages to frames, frames to messages.
extension Stream {
  /// Prepares the slot for one stream of a session.
  mutating func open(lane: Int32) {
    open(-1)
    kind = .lane
    self.lane = lane
  }

  /// As `send` for a socket: what there is no room for is kept in `output`.
  ///
  /// - Parameter room: bytes that the session's output may take.
  mutating func send(
    _ source: borrowing Block, _ at: Int, _ count: Int, room: Int,
    _ lanes: inout Slab<Lane>, _ sessions: inout Slab<Session>, _ tools: inout Lane.Tools,
    _ pool: inout BlockPool
  ) -> SendResult {
    if output != nil { return enqueue(source, at, count, &pool) }
    let s = lanes[lane].session
    guard s >= 0,
      let taken = lanes[lane].write(
        &sessions[s].engine, source, at, count, room: room, &tools, &pool)
    else { return .failed(.badMessage) }
    if taken == count { return .sent }
    hasBlocked = true
    wait(for: taken, room, &lanes, &sessions)
    return enqueue(source, at &+ taken, count &- taken, &pool)
  }

  /// Either for the peer's window, or for room in the session's output.
  private func wait(
    for taken: Int, _ room: Int, _ lanes: inout Slab<Lane>, _ sessions: inout Slab<Session>
  ) {
    let s = lanes[lane].session
    let slot = lanes[lane].slot
    if sessions[s].engine.sendCredit(slot) == 0 {
      sessions[s].engine.wait(slot, now: sessions[s].engine.now)
    } else if taken >= room {
      sessions[s].isWaiting = true
    }
  }

  /// Sends what waits.
  mutating func flush(
    room: Int, _ lanes: inout Slab<Lane>, _ sessions: inout Slab<Session>,
    _ tools: inout Lane.Tools, _ pool: inout BlockPool
  ) -> SendResult {
    guard var block = output.take() else { return .sent }
    let s = lanes[lane].session
    guard s >= 0 else {
      pool.give(block)
      return .failed(.badMessage)
    }
    let taken = lanes[lane].write(
      &sessions[s].engine, block, block.start, block.count, room: room, &tools, &pool)
    if let taken, taken < block.count {
      block.start &+= taken
      output = consume block
      wait(for: taken, room, &lanes, &sessions)
      return .blocked
    }
    pool.give(block)
    return taken == nil ? .failed(.badMessage) : .sent
  }

  /// Moves at most `count` bytes of the message behind what `scratch` holds.
  mutating func receive(
    _ scratch: inout Block, count: Int, _ lanes: inout Slab<Lane>,
    _ sessions: inout Slab<Session>, _ pool: inout BlockPool
  ) -> Transfer {
    isReadable = lanes[lane].isBroken
    guard var box = lanes[lane].inbox.take() else {
      isReadable = false
      return lanes[lane].isBroken ? .failed(.badMessage) : .wouldBlock
    }
    let taken = min(box.count, count)
    scratch.append(box, box.start, taken)
    if taken < box.count {
      box.start &+= taken
      lanes[lane].inbox = consume box
      isReadable = true
      return .bytes(taken)
    }
    pool.give(box)
    let content = lanes[lane].inboxContent
    lanes[lane].inboxContent = 0
    let s = lanes[lane].session
    if content > 0, s >= 0 { sessions[s].engine.consumed(lanes[lane].slot, content, &pool) }
    return .bytes(taken)
  }
}
