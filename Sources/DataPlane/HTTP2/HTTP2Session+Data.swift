extension HTTP2Session {
  /// A DATA frame begins (RFC 9113 section 6.1): windows are debited for all of it.
  @inline(__always)
  mutating func beginData(
    _ header: FrameHeader, _ bytes: borrowing Bytes, _ at: inout Int, _ end: Int,
    _ pool: inout BlockPool
  ) -> HTTP2Event? {
    if isIdle(header.stream) { return fail(.protocolError, &pool) }
    var content = header.length
    var size = FrameHeader.size
    padding = 0
    if header.has(FrameFlag.padded) {
      guard header.length >= 1 else { return fail(.frameSizeError, &pool) }
      guard end &- at > size else { return .needMore }
      padding = Int(bytes[at &+ size])
      guard padding < header.length else { return fail(.protocolError, &pool) }
      size &+= 1
      content = header.length &- padding &- 1
    }
    guard header.length <= receiveWindow else { return fail(.flowControlError, &pool) }
    receiveWindow &-= header.length
    at &+= size
    phase = .data
    remaining = content
    let slot = streams.slot(of: header.stream)
    let isLive = slot >= 0 && !streams[slot].isOver
    if isLive, let error = checkData(streams[slot], header, content) {
      skipData(header.length, &pool)
      return streamError(slot, error, &pool)
    }
    guard isLive else { return beginLateData(header, content, slot, &pool) }
    dataSlot = slot
    dataID = header.stream
    dataEnds = header.has(FrameFlag.endStream)
    streams[slot].receiveWindow &-= Int32(truncatingIfNeeded: header.length)
    streams[slot].receivedLength &+= Int64(content)
    if header.length > content { giveBack(slot, header.length &- content, &pool) }
    if content < HTTP2Limits.tinyContent, !dataEnds { return countTiny(content, &pool) }
    if content >= 1024 {
      idleFrames.earn(content >> 10)
      tinyFrames.earn(content >> 10)
    }
    return nil
  }

  /// DATA with next to nothing in it, nor the end; nil: go on. A backend's connection carries the
  /// answers of many, so only its empty frames count.
  @inline(never)
  private mutating func countTiny(_ content: Int, _ pool: inout BlockPool) -> HTTP2Event? {
    if content == 0 { return idle(&pool) }
    if role == .client || tinyFrames.spend(1, limits.tinyFrames, now: now) { return nil }
    return fail(.enhanceYourCalm, &pool)
  }

  /// What is wrong with a DATA frame of this stream, for the stream alone.
  @inline(__always)
  private func checkData(
    _ stream: HTTP2Stream, _ header: FrameHeader, _ content: Int
  ) -> HTTP2Error? {
    if stream.remoteEnded { return .streamClosed }
    if role == .client, !stream.has(HTTP2Stream.finalHead) { return .protocolError }
    if header.length > Int(stream.receiveWindow) { return .flowControlError }
    if stream.expectedLength >= 0 {
      let length = stream.receivedLength &+ Int64(content)
      // RFC 9113 section 8.1.1.
      if length > stream.expectedLength { return .protocolError }
      if header.has(FrameFlag.endStream), length < stream.expectedLength { return .protocolError }
    }
    return nil
  }

  /// DATA of a stream that is over: passed over, its bytes are the connection's again at once.
  private mutating func beginLateData(
    _ header: FrameHeader, _ content: Int, _ slot: Int32, _ pool: inout BlockPool
  ) -> HTTP2Event? {
    skipData(header.length, &pool)
    if content < 1024, let event = idle(&pool) { return event }
    // What was under way when we reset it, or came behind our GOAWAY.
    let isReset = slot >= 0 && streams[slot].isReset
    if isReset || header.stream > (sentGoAwayLast ?? .max) || wasReset(header.stream) {
      return nil
    }
    return refuse(header.stream, .streamClosed, &pool)
  }

  private mutating func skipData(_ length: Int, _ pool: inout BlockPool) {
    remaining &+= padding
    phase = .skip
    giveBack(length, &pool)
  }

  /// Content, then padding, then the stream's end.
  @inline(__always)
  mutating func readData(
    _ at: inout Int, _ end: Int, _ pool: inout BlockPool
  ) -> HTTP2Event? {
    // The owner may have reset or released the stream since the last part.
    let isLive = streams[dataSlot].id == dataID && !streams[dataSlot].isReset
    guard isLive else {
      skipData(remaining, &pool)
      return nil
    }
    if remaining > 0 {
      let count = min(remaining, end &- at)
      guard count > 0 else { return .needMore }
      remaining &-= count
      streams[dataSlot].held &+= Int32(truncatingIfNeeded: count)
      let from = at
      at &+= count
      return .data(dataSlot, at: from, count: count)
    }
    if padding > 0 {
      let count = min(padding, end &- at)
      padding &-= count
      at &+= count
      if padding > 0 { return .needMore }
    }
    phase = .frame
    guard dataEnds else { return nil }
    streams[dataSlot].flags |= HTTP2Stream.remoteEnd
    closeIfDone(dataSlot)
    return .end(dataSlot)
  }

  // MARK: Windows

  /// The owner has passed on so many bytes of content: the peer may send as many again. Announced
  /// when half of a window has come together.
  package mutating func consumed(_ slot: Int32, _ count: Int, _ pool: inout BlockPool) {
    let count = min(max(count, 0), Int(streams[slot].held))
    streams[slot].held &-= Int32(truncatingIfNeeded: count)
    giveBack(slot, count, &pool)
  }

  /// For the stream and the connection.
  mutating func giveBack(_ slot: Int32, _ count: Int, _ pool: inout BlockPool) {
    giveBack(count, &pool)
    let stream = streams[slot]
    // Nobody sends more on a stream that ends with the frame at hand.
    let isEnding = phase == .data && dataSlot == slot && dataEnds
    if stream.remoteEnded || stream.isReset || isEnding { return }
    let due = stream.unacknowledged &+ Int32(truncatingIfNeeded: count)
    streams[slot].unacknowledged = due
    guard Int(due) * 2 >= Int(limits.initialWindow), due > 0, failure == nil else { return }
    streams[slot].unacknowledged = 0
    streams[slot].receiveWindow &+= due
    queueWindowUpdate(stream.id, due, &pool)
  }

  /// For the connection.
  mutating func giveBack(_ count: Int, _ pool: inout BlockPool) {
    unacknowledged &+= count
    let window = max(Int(limits.connectionWindow), 65_535)
    guard unacknowledged * 2 >= window, failure == nil else { return }
    receiveWindow &+= unacknowledged
    queueWindowUpdate(0, Int32(truncatingIfNeeded: unacknowledged), &pool)
    unacknowledged = 0
  }

  @inline(__always) mutating func closeIfDone(_ slot: Int32) {
    let stream = streams[slot]
    if stream.remoteEnded && stream.localEnded || stream.isReset { streams.deactivate(slot) }
  }
}
