extension HTTP2Session {
  // MARK: Streams

  /// Client role: a slot for a request, nil when the peer takes no more. The id comes with the
  /// head, so that ids go out in order.
  package mutating func openStream() -> Int32? {
    guard canOpenStream else { return nil }
    let slot = streams.add(0)
    unnamed += 1
    streams[slot].sendWindow = peerInitialWindow
    streams[slot].receiveWindow = ownInitialWindow
    return slot
  }

  /// Within the peer's MAX_CONCURRENT_STREAMS and ours, before any GOAWAY, with ids left.
  package var canOpenStream: Bool {
    role == .client && !isDraining && failure == nil
      && UInt32(streams.active) < min(peerMaxStreams, UInt32(limits.maxConcurrentStreams))
      && streams.count < limits.maxConcurrentStreams * 2
      && nextID + unnamed * 2 <= HTTP2Session.idMax
  }

  /// The stream takes a head now. To be asked before the head is encoded.
  @inline(__always) package func canSend(_ slot: Int32) -> Bool {
    failure == nil && !streams[slot].isReset && !streams[slot].localEnded
  }

  /// Sends an encoded header block: a head, or trailers with END_STREAM. Every block that was
  /// encoded must be sent, in order: the encoder's table goes with it.
  package mutating func sendHead(
    _ slot: Int32, _ block: borrowing Block, _ from: Int, _ count: Int, endsStream: Bool,
    _ pool: inout BlockPool
  ) {
    guard canSend(slot) else {
      if failure == nil { _ = fail(.internalError, &pool) }
      return
    }
    if streams[slot].id == 0 {
      streams.name(slot, nextID)
      nextID += 2
      unnamed -= 1
    }
    let id = streams[slot].id
    let frames = max((count &+ HTTP2Session.frameMax &- 1) / HTTP2Session.frameMax, 1)
    makeRoom(count &+ frames &* FrameHeader.size, &pool)
    guard var out = output.take() else { return }
    var at = from
    let end = from &+ count
    var type = FrameType.headers
    var flags = endsStream ? FrameFlag.endStream : 0
    repeat {
      let part = min(end &- at, HTTP2Session.frameMax)
      if at &+ part == end { flags |= FrameFlag.endHeaders }
      out.appendFrame(type, flags, id, length: part)
      out.append(block, at, part)
      at &+= part
      type = FrameType.continuation
      flags = 0
    } while at < end
    output = consume out
    streams[slot].flags |= HTTP2Stream.headSent | (endsStream ? HTTP2Stream.localEnd : 0)
    if endsStream { closeIfDone(slot) }
  }

  /// Bytes of content that both windows allow.
  @inline(__always) package func sendCredit(_ slot: Int32) -> Int {
    max(min(Int(streams[slot].sendWindow), sendWindow), 0)
  }

  /// Sends content, at most `sendCredit`; of a stream that takes none it is dropped.
  package mutating func sendData(
    _ slot: Int32, _ source: borrowing Block, _ at: Int, _ count: Int, endsStream: Bool,
    _ pool: inout BlockPool
  ) {
    guard canSend(slot) else { return }
    guard count <= sendCredit(slot), count > 0 || endsStream else {
      if count > 0 { _ = fail(.internalError, &pool) }
      return
    }
    let id = streams[slot].id
    let frames = max((count &+ HTTP2Session.frameMax &- 1) / HTTP2Session.frameMax, 1)
    makeRoom(count &+ frames &* FrameHeader.size, &pool)
    guard var out = output.take() else { return }
    var at = at
    let end = at &+ count
    repeat {
      let part = min(end &- at, HTTP2Session.frameMax)
      let isLast = at &+ part == end && endsStream
      out.appendFrame(FrameType.data, isLast ? FrameFlag.endStream : 0, id, length: part)
      out.append(source, at, part)
      at &+= part
    } while at < end
    output = consume out
    sendWindow &-= count
    streams[slot].sendWindow &-= Int32(truncatingIfNeeded: count)
    // What the peer may acknowledge in small steps.
    idleFrames.earn(frames &* 3 &+ count >> 9)
    stopWaiting(slot)
    guard endsStream else { return }
    streams[slot].flags |= HTTP2Stream.localEnd
    closeIfDone(slot)
  }

  /// Ends a stream at once; nothing to do for one that is over. In the server role PROTOCOL_ERROR
  /// is a malformed request and counts as a stream error of the peer.
  package mutating func sendReset(
    _ slot: Int32, _ error: HTTP2Error, _ pool: inout BlockPool
  ) {
    queueReset(slot, error, &pool)
    if role == .server, error == .protocolError { _ = countReset(&pool) }
  }

  /// The owner is done with the stream. One that is not over is reset with CANCEL; content that was
  /// not consumed counts as dropped. The slot may be used again at once.
  package mutating func release(_ slot: Int32, _ pool: inout BlockPool) {
    let stream = streams[slot]
    guard stream.isTaken else { return }
    queueReset(slot, .cancel, &pool)
    if stream.id == 0, unnamed > 0 { unnamed -= 1 }
    let held = Int(streams[slot].held)
    streams.remove(slot)
    giveBack(held, &pool)
  }

  // MARK: Waiting for credit

  /// The owner has content and no credit: `credit` or `connectionCredit` will come. Sending ends
  /// the wait. `waitingSince` tells a stalled peer.
  package mutating func wait(_ slot: Int32, now: Instant) {
    if streams[slot].isWaiting { return }
    streams[slot].flags |= HTTP2Stream.waiting
    streams[slot].waitingSince = now
    streams.waiting += 1
  }

  @inline(__always) mutating func stopWaiting(_ slot: Int32) {
    guard streams[slot].isWaiting else { return }
    streams[slot].flags &= ~HTTP2Stream.waiting
    streams.waiting -= 1
  }

  /// The next stream behind `slot` (-1: the first) that waits and has credit.
  package func nextWaiting(after slot: Int32) -> Int32? {
    guard streams.waiting > 0, sendWindow > 0 else { return nil }
    var next = slot + 1
    while next < streams.usedSlots {
      if streams[next].isWaiting, streams[next].sendWindow > 0 { return next }
      next += 1
    }
    return nil
  }

  // MARK: Connection

  /// - Parameter lastStream: the last one that is or may be processed. Nil: the highest that was
  ///   handed out; `UInt32(2^31-1)` first for a graceful end (RFC 9113 section 6.8).
  package mutating func sendGoAway(
    _ error: HTTP2Error, lastStream: UInt32? = nil, _ pool: inout BlockPool
  ) {
    guard failure == nil else { return }
    let last = min(lastStream ?? highestProcessed, HTTP2Session.idMax, sentGoAwayLast ?? .max)
    queueGoAway(error, last: last, &pool)
  }

  package mutating func sendPing(_ data: UInt64, _ pool: inout BlockPool) {
    guard failure == nil else { return }
    queueWords(
      FrameType.ping, 0, UInt32(truncatingIfNeeded: data >> 32), UInt32(truncatingIfNeeded: data),
      &pool)
  }
}
