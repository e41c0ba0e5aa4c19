extension HTTP2Session {
  /// HEADERS (RFC 9113 section 6.2): its block is decoded whatever becomes of the stream.
  @inline(__always)
  mutating func readHeaders(
    _ header: FrameHeader, _ bytes: borrowing Bytes, _ from: Int, _ to: Int,
    _ fields: inout FieldList, _ pool: inout BlockPool
  ) -> HTTP2Event? {
    if role == .client, isIdle(header.stream) { return fail(.protocolError, &pool) }
    var from = from
    var to = to
    var padding = 0
    if header.has(FrameFlag.padded) {
      guard from < to else { return fail(.frameSizeError, &pool) }
      padding = Int(bytes[from])
      from &+= 1
    }
    headDependsOnItself = false
    if header.has(FrameFlag.priority) {
      guard to &- from >= 5 else { return fail(.frameSizeError, &pool) }
      headDependsOnItself = FrameHeader.word(bytes, from) & 0x7fff_ffff == header.stream
      from &+= 5
    }
    guard padding <= to &- from else { return fail(.protocolError, &pool) }
    to &-= padding
    headEnds = header.has(FrameFlag.endStream)
    if header.has(FrameFlag.endHeaders) {
      return readBlock(header.stream, bytes, from, to, &fields, &pool)
    }
    headID = header.stream
    continuations = 0
    return keep(bytes, from, to, &pool)
  }

  /// CONTINUATION (RFC 9113 section 6.10); `precheck` knows that it belongs here.
  mutating func readContinuation(
    _ header: FrameHeader, _ bytes: borrowing Bytes, _ from: Int, _ to: Int,
    _ fields: inout FieldList, _ pool: inout BlockPool
  ) -> HTTP2Event? {
    continuations += 1
    guard continuations <= limits.maxContinuations else { return fail(.enhanceYourCalm, &pool) }
    if let event = keep(bytes, from, to, &pool) { return event }
    guard header.has(FrameFlag.endHeaders) else { return nil }
    headID = 0
    guard let block = fragments.take() else {
      return readBlock(header.stream, bytes, from, from, &fields, &pool)
    }
    let event = readKept(header.stream, block, &fields, &pool)
    pool.give(block)
    return event
  }

  /// Lends the block, so that the loan ends with the call.
  private mutating func readKept(
    _ id: UInt32, _ block: borrowing Block, _ fields: inout FieldList, _ pool: inout BlockPool
  ) -> HTTP2Event? {
    readBlock(id, block.bytes, block.start, block.end, &fields, &pool)
  }

  /// Keeps a part of a header block until the rest is there. A block is never longer than the list
  /// that it may make, but for coding that only wastes space.
  private mutating func keep(
    _ bytes: borrowing Bytes, _ from: Int, _ to: Int, _ pool: inout BlockPool
  ) -> HTTP2Event? {
    if from == to { return idle(&pool) }
    let kept = fragments?.count ?? 0
    let count = to &- from
    guard kept + count <= limits.maxHeaderListBytes else { return fail(.enhanceYourCalm, &pool) }
    var block = fragments.take() ?? pool.take(atLeast: count)
    if block.capacity - block.end < count {
      var larger = pool.take(atLeast: kept + count)
      larger.append(block, block.start, kept)
      pool.give(block)
      block = larger
    }
    block.append(bytes, from, count)
    fragments = consume block
    return nil
  }

  /// A complete header block.
  @inline(__always)
  private mutating func readBlock(
    _ id: UInt32, _ bytes: borrowing Bytes, _ from: Int, _ to: Int, _ fields: inout FieldList,
    _ pool: inout BlockPool
  ) -> HTTP2Event? {
    let result = decoder.decode(
      bytes, from, to, maxListBytes: limits.maxHeaderListBytes, maxFields: limits.maxFields,
      into: &fields)
    if result == .failed { return fail(.compressionError, &pool) }
    let isTooLarge = result == .tooLarge
    let slot = streams.slot(of: id)
    if slot < 0 {
      return isIdle(id) ? beginStream(id, isTooLarge, &pool) : lateHead(id, &pool)
    }
    let stream = streams[slot]
    if stream.isOver { return stream.isReset ? idle(&pool) : lateHead(id, &pool) }
    if stream.remoteEnded { return streamError(slot, .streamClosed, &pool) }
    if headDependsOnItself { return streamError(slot, .protocolError, &pool) }
    if role == .client, !stream.has(HTTP2Stream.finalHead) {
      return readResponseHead(slot, isTooLarge, fields, &pool)
    }
    // Trailers end the stream (RFC 9113 section 8.1).
    guard headEnds,
      stream.expectedLength < 0 || stream.expectedLength == stream.receivedLength
    else { return streamError(slot, .protocolError, &pool) }
    if isTooLarge { return streamError(slot, .enhanceYourCalm, &pool) }
    endWithHead(slot)
    return .trailers(slot)
  }

  /// Server role: a request.
  @inline(__always)
  private mutating func beginStream(
    _ id: UInt32, _ isTooLarge: Bool, _ pool: inout BlockPool
  ) -> HTTP2Event? {
    highestID = id
    openedCount &+= 1
    // Came behind our GOAWAY: the client knows that it was not processed.
    if let last = sentGoAwayLast, id > last { return idle(&pool) }
    if headDependsOnItself { return refuse(id, .protocolError, &pool) }
    // A slot may outlive its stream a little, not more.
    guard streams.active < limits.maxConcurrentStreams,
      streams.count < limits.maxConcurrentStreams &* 2
    else { return refuse(id, .refusedStream, &pool) }
    highestProcessed = id
    let slot = streams.add(id)
    streams[slot].sendWindow = peerInitialWindow
    streams[slot].receiveWindow = ownInitialWindow
    if headEnds { endWithHead(slot) }
    idleFrames.earn(4)
    return isTooLarge ? .headTooLarge(slot) : .head(slot)
  }

  /// Client role: interim heads, then the final one.
  private mutating func readResponseHead(
    _ slot: Int32, _ isTooLarge: Bool, _ fields: borrowing FieldList, _ pool: inout BlockPool
  ) -> HTTP2Event? {
    if HTTP2Session.isInterim(fields) {
      if headEnds { return streamError(slot, .protocolError, &pool) }
      return idle(&pool) ?? (isTooLarge ? .headTooLarge(slot) : .head(slot))
    }
    streams[slot].flags |= HTTP2Stream.finalHead
    if headEnds { endWithHead(slot) }
    idleFrames.earn(4)
    return isTooLarge ? .headTooLarge(slot) : .head(slot)
  }

  /// `:status` is 1xx. It stands in front; a head where it does not is malformed, and final.
  private static func isInterim(_ fields: borrowing FieldList) -> Bool {
    guard fields.count > 0 else { return false }
    let field = fields[0]
    let bytes = fields.text.bytes
    guard field.nameLength == 7, field.valueLength == 3 else { return false }
    let name = Int(field.name)
    return bytes[Int(field.value)] == 0x31 && bytes[name] == 0x3a && bytes[name &+ 1] == 0x73
      && bytes[name &+ 6] == 0x73
  }

  @inline(__always) private mutating func endWithHead(_ slot: Int32) {
    streams[slot].flags |= HTTP2Stream.remoteEnd | HTTP2Stream.headEnd
    closeIfDone(slot)
  }

  /// A head of a stream that is over.
  private mutating func lateHead(_ id: UInt32, _ pool: inout BlockPool) -> HTTP2Event? {
    if let event = idle(&pool) { return event }
    if wasReset(id) || id > (sentGoAwayLast ?? .max) { return nil }
    // So long ago that it may be one that we reset.
    if id <= forgottenReset { return refuse(id, .streamClosed, &pool) }
    // Closed by the peer, or never used and passed over (RFC 9113 section 5.1.1).
    return fail(hasGaps ? .protocolError : .streamClosed, &pool)
  }

  /// Content that a head announced. False: the stream has ended and it is not what came; the owner
  /// resets it with PROTOCOL_ERROR (RFC 9113 section 8.1.1). Otherwise the engine sees to it.
  /// Not for answers to HEAD, nor for 304.
  package mutating func expect(_ slot: Int32, _ length: Int64) -> Bool {
    streams[slot].expectedLength = length
    let received = streams[slot].receivedLength
    return streams[slot].remoteEnded ? received == length : received <= length
  }
}
