extension HTTP2Session {
  /// SETTINGS (RFC 9113 section 6.5): validated and applied as a whole, then acknowledged.
  @inline(never)
  mutating func readSettings(
    _ header: FrameHeader, _ bytes: borrowing Bytes, _ from: Int, _ pool: inout BlockPool
  ) -> HTTP2Event? {
    if header.has(FrameFlag.acknowledgement) {
      guard header.length == 0 else { return fail(.frameSizeError, &pool) }
      if isAcknowledged { return idle(&pool) }
      isAcknowledged = true
      shrinkWindows()
      return .acknowledged
    }
    guard header.length % 6 == 0 else { return fail(.frameSizeError, &pool) }
    if let event = idle(&pool, cost: 20) { return event }
    if let event = queueControl(FrameHeader.size, &pool) { return event }
    var window = peerInitialWindow
    for at in stride(from: from, to: from &+ header.length, by: 6) {
      let id = UInt16(bytes[at]) << 8 | UInt16(bytes[at &+ 1])
      let value = FrameHeader.word(bytes, at &+ 2)
      if id == SettingID.initialWindowSize {
        guard value <= UInt32(HTTP2Session.windowMax) else {
          return fail(.flowControlError, &pool)
        }
        window = Int32(truncatingIfNeeded: value)
      } else if let error = apply(id, value) {
        return fail(error, &pool)
      }
    }
    // Once a frame: a flood of this setting costs no walk over the streams for each.
    if let error = setPeerWindow(window) { return fail(error, &pool) }
    hasPeerSettings = true
    queueFrame(FrameType.settings, FrameFlag.acknowledgement, 0, length: 0, &pool)
    return .settings
  }

  private mutating func apply(_ id: UInt16, _ value: UInt32) -> HTTP2Error? {
    switch id {
    case SettingID.headerTableSize:
      encoder.setMaxTableBytes(min(Int(value), limits.headerTableBytes))
    case SettingID.enablePush:
      // A server says nothing but 0 (RFC 9113 section 6.5.2).
      if value > (role == .server ? 1 : 0) { return .protocolError }
    case SettingID.maxConcurrentStreams: peerMaxStreams = value
    case SettingID.maxFrameSize:
      if value < 16_384 || value > 16_777_215 { return .protocolError }
    case SettingID.maxHeaderListSize: peerMaxHeaderListBytes = value
    case SettingID.enableConnectProtocol:
      // Never taken back (RFC 8441 section 3).
      if value > 1 || peerAllowsExtendedConnect && value == 0 { return .protocolError }
      peerAllowsExtendedConnect = value == 1
    case SettingID.noPriorities: if value > 1 { return .protocolError }
    default: break
    }
    return nil
  }

  /// A new window changes those of all streams by the difference; they may fall below 0 (RFC 9113
  /// section 6.9.2).
  private mutating func setPeerWindow(_ window: Int32) -> HTTP2Error? {
    let change = Int(window) - Int(peerInitialWindow)
    if change == 0 { return nil }
    for slot in 0..<streams.usedSlots where streams[slot].isTaken {
      let new = Int(streams[slot].sendWindow) + change
      guard new <= HTTP2Session.windowMax else { return .flowControlError }
      streams[slot].sendWindow = Int32(clamping: new)
    }
    peerInitialWindow = window
    if change > 0 { isCreditPending = true }
    return nil
  }

  /// The peer knows our initial window now. Until then it may have used the protocol's.
  private mutating func shrinkWindows() {
    let change = ownInitialWindow - limits.initialWindow
    ownInitialWindow = limits.initialWindow
    if change == 0 { return }
    for slot in 0..<streams.usedSlots where streams[slot].isTaken {
      streams[slot].receiveWindow -= change
    }
  }

  @inline(__always)
  mutating func readWindowUpdate(
    _ header: FrameHeader, _ bytes: borrowing Bytes, _ from: Int, _ pool: inout BlockPool
  ) -> HTTP2Event? {
    guard header.length == 4 else { return fail(.frameSizeError, &pool) }
    if let event = idle(&pool) { return event }
    let increment = Int(FrameHeader.word(bytes, from) & 0x7fff_ffff)
    if header.stream == 0 { return widen(increment, &pool) }
    if isIdle(header.stream) || header.stream & 1 == 0 { return fail(.protocolError, &pool) }
    let slot = streams.slot(of: header.stream)
    if slot < 0 || streams[slot].isOver { return nil }
    if increment == 0 { return streamError(slot, .protocolError, &pool) }
    let window = Int(streams[slot].sendWindow) &+ increment
    guard window <= HTTP2Session.windowMax else {
      return streamError(slot, .flowControlError, &pool)
    }
    streams[slot].sendWindow = Int32(truncatingIfNeeded: window)
    guard streams[slot].isWaiting, window > 0, sendWindow > 0 else { return nil }
    stopWaiting(slot)
    return .credit(slot)
  }

  private mutating func widen(_ increment: Int, _ pool: inout BlockPool) -> HTTP2Event? {
    if increment == 0 { return fail(.protocolError, &pool) }
    let window = sendWindow &+ increment
    guard window <= HTTP2Session.windowMax else { return fail(.flowControlError, &pool) }
    let wasEmpty = sendWindow <= 0
    sendWindow = window
    return wasEmpty && streams.waiting > 0 ? .connectionCredit : nil
  }

  @inline(never)
  mutating func readReset(
    _ header: FrameHeader, _ bytes: borrowing Bytes, _ from: Int, _ pool: inout BlockPool
  ) -> HTTP2Event? {
    guard header.length == 4 else { return fail(.frameSizeError, &pool) }
    if isIdle(header.stream) { return fail(.protocolError, &pool) }
    if let event = idle(&pool) { return event }
    let slot = streams.slot(of: header.stream)
    if slot < 0 || streams[slot].isOver { return nil }
    // Rapid reset (CVE-2023-44487): work that is asked for and thrown away.
    if role == .server, !streams[slot].hasSentHead, let event = countReset(&pool) { return event }
    streams[slot].flags |= HTTP2Stream.reset
    stopWaiting(slot)
    closeIfDone(slot)
    return .reset(slot, HTTP2Error(wire: FrameHeader.word(bytes, from)))
  }

  @inline(never)
  mutating func readPing(
    _ header: FrameHeader, _ bytes: borrowing Bytes, _ from: Int, _ pool: inout BlockPool
  ) -> HTTP2Event? {
    guard header.length == 8 else { return fail(.frameSizeError, &pool) }
    if let event = idle(&pool) { return event }
    let high = FrameHeader.word(bytes, from)
    let low = FrameHeader.word(bytes, from &+ 4)
    if header.has(FrameFlag.acknowledgement) { return .pong(UInt64(high) << 32 | UInt64(low)) }
    if let event = queueControl(FrameHeader.size + 8, &pool) { return event }
    queueWords(FrameType.ping, FrameFlag.acknowledgement, high, low, &pool)
    return nil
  }

  @inline(never)
  mutating func readGoAway(
    _ header: FrameHeader, _ bytes: borrowing Bytes, _ from: Int, _ pool: inout BlockPool
  ) -> HTTP2Event? {
    guard header.length >= 8 else { return fail(.frameSizeError, &pool) }
    if let event = idle(&pool) { return event }
    // It never grows (RFC 9113 section 6.8).
    let named = FrameHeader.word(bytes, from) & 0x7fff_ffff
    let last = min(named, peerGoAwayLast ?? .max)
    peerGoAwayLast = last
    return .goAway(
      lastStream: last, HTTP2Error(wire: FrameHeader.word(bytes, from &+ 4)))
  }

  /// PRIORITY (RFC 9113 section 6.3): checked and forgotten.
  @inline(never)
  mutating func readPriority(
    _ header: FrameHeader, _ bytes: borrowing Bytes, _ from: Int, _ pool: inout BlockPool
  ) -> HTTP2Event? {
    if let event = idle(&pool) { return event }
    var error = HTTP2Error.noError
    if header.length != 5 {
      error = .frameSizeError
    } else if FrameHeader.word(bytes, from) & 0x7fff_ffff == header.stream {
      error = .protocolError
    }
    if error == .noError { return nil }
    let slot = streams.slot(of: header.stream)
    if slot >= 0 { return streams[slot].isOver ? nil : streamError(slot, error, &pool) }
    // There is no stream to reset before it was opened.
    return isIdle(header.stream) ? fail(error, &pool) : nil
  }
}
