extension HTTP2Session {
  /// The next event in `bytes[at..<end]`; `at` moves behind what was taken.
  ///
  /// `needMore`: what is left from `at`, at most 16,393 bytes, comes again in front of what is
  /// received next. Content is handed out as it comes, never waited for. The owner deals with an
  /// event before it asks for the next: `fields` and places in `bytes` hold only until then.
  package mutating func next(
    _ bytes: borrowing Bytes, _ at: inout Int, _ end: Int, _ fields: inout FieldList,
    now: Instant, _ pool: inout BlockPool
  ) -> HTTP2Event {
    self.now = max(self.now, now)
    while true {
      if let failure {
        at = end
        return .failed(failure)
      }
      if isCreditPending {
        isCreditPending = false
        if streams.waiting > 0 { return .connectionCredit }
      }
      switch phase {
      case .frame:
        guard end &- at >= FrameHeader.size else { return .needMore }
        let header = FrameHeader(bytes, at)
        if let event = readFrame(header, bytes, &at, end, &fields, &pool) { return event }
      case .data: if let event = readData(&at, end, &pool) { return event }
      case .skip:
        let count = min(remaining, end &- at)
        at &+= count
        remaining &-= count
        if remaining > 0 { return .needMore }
        phase = .frame
      case .preface: if let event = readPreface(bytes, &at, end, &pool) { return event }
      }
    }
  }

  /// The client's connection preface (RFC 9113 section 3.4).
  private mutating func readPreface(
    _ bytes: borrowing Bytes, _ at: inout Int, _ end: Int, _ pool: inout BlockPool
  ) -> HTTP2Event? {
    let size = HTTP2Session.preface.count
    for index in 0..<min(size, end &- at)
    where bytes[at &+ index] != HTTP2Session.preface[index] {
      return fail(.protocolError, &pool)
    }
    guard end &- at >= size else { return .needMore }
    at &+= size
    phase = .frame
    return nil
  }

  /// One frame whose header is there. Nil: it was taken and says nothing to the owner.
  @inline(__always)
  private mutating func readFrame(
    _ header: FrameHeader, _ bytes: borrowing Bytes, _ at: inout Int, _ end: Int,
    _ fields: inout FieldList, _ pool: inout BlockPool
  ) -> HTTP2Event? {
    if let error = precheck(header) { return fail(error, &pool) }
    if header.type == FrameType.data { return beginData(header, bytes, &at, end, &pool) }
    if header.type > FrameType.continuation {
      // Unknown, PRIORITY_UPDATE (RFC 9218 section 7.1) among them: passed over as it comes.
      at &+= FrameHeader.size
      remaining = header.length
      phase = .skip
      return idle(&pool)
    }
    let from = at &+ FrameHeader.size
    guard end &- from >= header.length else { return .needMore }
    let to = from &+ header.length
    at = to
    switch header.type {
    case FrameType.headers: return readHeaders(header, bytes, from, to, &fields, &pool)
    case FrameType.continuation: return readContinuation(header, bytes, from, to, &fields, &pool)
    case FrameType.windowUpdate: return readWindowUpdate(header, bytes, from, &pool)
    case FrameType.reset: return readReset(header, bytes, from, &pool)
    case FrameType.settings: return readSettings(header, bytes, from, &pool)
    case FrameType.ping: return readPing(header, bytes, from, &pool)
    case FrameType.goAway: return readGoAway(header, bytes, from, &pool)
    default: return readPriority(header, bytes, from, &pool)
    }
  }

  /// What is wrong with a frame before its payload is looked at: its size, its place in the
  /// connection, its stream.
  @inline(__always) private func precheck(_ header: FrameHeader) -> HTTP2Error? {
    guard header.length <= Int(limits.maxFrameBytes) else { return .frameSizeError }
    if headID != 0 {
      // A header block is not interrupted (RFC 9113 section 4.3).
      guard header.type == FrameType.continuation, header.stream == headID else {
        return .protocolError
      }
      return nil
    }
    if !hasPeerSettings {
      // SETTINGS come first (RFC 9113 section 3.4).
      guard header.type == FrameType.settings, !header.has(FrameFlag.acknowledgement) else {
        return .protocolError
      }
    }
    switch header.type {
    case FrameType.data, FrameType.headers, FrameType.reset:
      // Only clients open streams: theirs are odd, and we take no pushes.
      guard header.stream & 1 == 1 else { return .protocolError }
    case FrameType.priority: guard header.stream != 0 else { return .protocolError }
    case FrameType.settings, FrameType.ping, FrameType.goAway:
      guard header.stream == 0 else { return .protocolError }
    case FrameType.pushPromise, FrameType.continuation: return .protocolError
    default: break
    }
    return nil
  }

  /// A stream error (RFC 9113 section 5.4.2): queues RST_STREAM. All of them are the peer's doing,
  /// so they count as its own resets do (CVE-2025-8671).
  mutating func streamError(
    _ slot: Int32, _ error: HTTP2Error, _ pool: inout BlockPool
  ) -> HTTP2Event {
    queueReset(slot, error, &pool)
    return countReset(&pool) ?? .reset(slot, error)
  }

  /// The same for a stream that has no slot.
  mutating func refuse(
    _ id: UInt32, _ error: HTTP2Error, _ pool: inout BlockPool
  ) -> HTTP2Event? {
    if let event = queueControl(13, &pool) { return event }
    queueReset(id: id, error, &pool)
    if error == .refusedStream, !isAcknowledged, earlyRefusals > 0 {
      earlyRefusals -= 1
      return nil
    }
    return countReset(&pool)
  }
}

extension HTTP2Session {
  static let preface: InlineArray<24, UInt8> = [
    0x50, 0x52, 0x49, 0x20, 0x2a, 0x20, 0x48, 0x54, 0x54, 0x50, 0x2f, 0x32, 0x2e, 0x30, 0x0d,
    0x0a, 0x0d, 0x0a, 0x53, 0x4d, 0x0d, 0x0a, 0x0d, 0x0a,
  ]
}
