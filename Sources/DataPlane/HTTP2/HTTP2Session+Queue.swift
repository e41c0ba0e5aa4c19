extension HTTP2Session {
  /// The client's preface, SETTINGS, and the connection's window.
  mutating func queueOpening(_ pool: inout BlockPool) {
    makeRoom(128, &pool)
    guard var out = output.take() else { return }
    if role == .client { out.append(HTTP2Session.preface, HTTP2Session.preface.count) }
    let start = out.end
    out.appendFrame(FrameType.settings, 0, 0, length: 0)
    if limits.headerTableBytes > 4096 {
      out.append(setting: SettingID.headerTableSize, UInt32(limits.headerTableBytes))
    }
    if role == .client {
      out.append(setting: SettingID.enablePush, 0)
    } else {
      out.append(
        setting: SettingID.maxConcurrentStreams, UInt32(limits.maxConcurrentStreams))
    }
    out.append(setting: SettingID.initialWindowSize, UInt32(limits.initialWindow))
    if limits.maxFrameBytes > 16_384 {
      out.append(setting: SettingID.maxFrameSize, UInt32(limits.maxFrameBytes))
    }
    out.append(
      setting: SettingID.maxHeaderListSize, UInt32(clamping: limits.maxHeaderListBytes))
    if role == .server {
      if limits.allowsExtendedConnect { out.append(setting: SettingID.enableConnectProtocol, 1) }
      out.append(setting: SettingID.noPriorities, 1)
    }
    out.set(start + 2, UInt8(out.end - start - FrameHeader.size))
    output = consume out
    if limits.connectionWindow > 65_535 {
      queueWindowUpdate(0, limits.connectionWindow - 65_535, &pool)
      receiveWindow = Int(limits.connectionWindow)
    }
  }

  /// Room for so many bytes behind what is queued.
  @inline(__always) mutating func makeRoom(_ count: Int, _ pool: inout BlockPool) {
    guard var out = output.take() else {
      output = pool.take(atLeast: count)
      return
    }
    if out.capacity &- out.end < count { grow(&out, count, &pool) }
    output = consume out
  }

  @inline(never)
  private mutating func grow(_ out: inout Block, _ count: Int, _ pool: inout BlockPool) {
    let queued = out.count
    if out.capacity - queued >= count, out.start >= queued {
      out.move(from: out.start, queued, to: 0)
      out.start = 0
      out.end = queued
      return
    }
    var larger = pool.take(atLeast: max(queued + count, min(queued * 2, 1 << 17)))
    larger.append(out, out.start, queued)
    swap(&out, &larger)
    pool.give(larger)
  }

  /// An answer that the peer asked for is about to be queued. Nil: go on; too many wait already: it
  /// asks and does not read.
  @inline(__always)
  mutating func queueControl(_ count: Int, _ pool: inout BlockPool) -> HTTP2Event? {
    queuedControl = min(queuedControl, outputCount) &+ count
    if queuedControl <= limits.maxQueuedControl { return nil }
    return fail(.enhanceYourCalm, &pool)
  }

  @inline(__always)
  mutating func queueFrame(
    _ type: UInt8, _ flags: UInt8, _ id: UInt32, length: Int, _ pool: inout BlockPool
  ) {
    makeRoom(FrameHeader.size, &pool)
    output?.appendFrame(type, flags, id, length: length)
  }

  @inline(__always)
  mutating func queueWords(
    _ type: UInt8, _ flags: UInt8, _ first: UInt32, _ second: UInt32, _ pool: inout BlockPool
  ) {
    makeRoom(FrameHeader.size &+ 8, &pool)
    output?.appendFrame(type, flags, 0, length: 8)
    output?.append(word: first)
    output?.append(word: second)
  }

  mutating func queueWindowUpdate(_ id: UInt32, _ increment: Int32, _ pool: inout BlockPool) {
    makeRoom(FrameHeader.size &+ 4, &pool)
    output?.appendFrame(FrameType.windowUpdate, 0, id, length: 4)
    output?.append(word: UInt32(bitPattern: increment))
  }

  mutating func queueGoAway(_ error: HTTP2Error, last: UInt32, _ pool: inout BlockPool) {
    sentGoAwayLast = last
    queueWords(FrameType.goAway, 0, last, error.rawValue, &pool)
  }

  /// RST_STREAM of a stream that is not over.
  mutating func queueReset(_ slot: Int32, _ error: HTTP2Error, _ pool: inout BlockPool) {
    let stream = streams[slot]
    let isClosed = stream.remoteEnded && stream.localEnded
    if stream.isReset || isClosed || !stream.isTaken { return }
    streams[slot].flags |= HTTP2Stream.reset | HTTP2Stream.ours
    stopWaiting(slot)
    closeIfDone(slot)
    if stream.id != 0, failure == nil { queueReset(id: stream.id, error, &pool) }
  }

  mutating func queueReset(id: UInt32, _ error: HTTP2Error, _ pool: inout BlockPool) {
    rememberReset(id)
    makeRoom(FrameHeader.size &+ 4, &pool)
    output?.appendFrame(FrameType.reset, 0, id, length: 4)
    output?.append(word: error.rawValue)
  }
}
