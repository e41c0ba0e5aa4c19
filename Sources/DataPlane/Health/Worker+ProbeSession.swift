/// Health checks over HTTP/2: a session for one check, with one stream. What its lane makes of the
/// frames is an answer of HTTP/1.1, which the same reader judges.
extension Worker {
  mutating func sendCheckFrames(_ p: Int32, _ check: HealthCheck) {
    guard beginProbeSession(p) else {
      return endCheck(p, HealthResult(.notMade, detail: Int(SystemError.noMemory.code)))
    }
    let s = probes[p].session
    outgoing.removeAll()
    outgoing.append(check.request)
    laneTools.isSecure = check.tls != nil
    let taken = lanes[probes[p].lane].write(
      &sessions[s].engine, outgoing, 0, outgoing.end, room: Lane.Tools.share, &laneTools, &pool)
    guard taken == outgoing.end else { return endCheck(p, HealthResult(.http2Failed)) }
    guard sendProbeFrames(p), probes[p].stream.isReadable else { return }
    receiveCheckFrames(p, check.expectation)
  }

  private mutating func beginProbeSession(_ p: Int32) -> Bool {
    guard let s = sessions.take() else { return false }
    guard let l = lanes.take() else {
      endedSessions.append(s)
      return false
    }
    // No holder: nothing of it is ever marked for the end of the turn.
    sessions[s].open(holder: -1, isUpstream: true)
    sessions[s].engine.open(.client, HTTP2Limits(), now: now, &pool)
    guard let slot = sessions[s].engine.openStream() else {
      closeSession(s)
      endedLanes.append(l)
      return false
    }
    lanes[l].open(session: s, slot: slot, owner: -1)
    sessions[s].engine.streams[slot].owner = l
    probes[p].session = s
    probes[p].lane = l
    return true
  }

  mutating func endProbeSession(_ p: Int32) {
    let l = probes[p].lane
    if let box = lanes[l].inbox.take() { pool.give(box) }
    lanes[l].dropReplay(&pool)
    lanes[l].session = -1
    endedLanes.append(l)
    closeSession(probes[p].session)
    probes[p].session = -1
    probes[p].lane = -1
  }

  /// False when the check ended.
  private mutating func sendProbeFrames(_ p: Int32) -> Bool {
    let s = probes[p].session
    guard !probes[p].stream.hasOutput, var block = sessions[s].engine.output.take() else {
      return true
    }
    let result =
      probes[p].stream.kind == .tls
      ? probes[p].stream.sendTLS(block, block.start, block.count, &tls, &pool)
      : probes[p].stream.send(&block, block.start, block.count, &pool)
    pool.give(block)
    if case .failed(let error) = result {
      checkBroke(p, error)
      return false
    }
    return true
  }

  /// Reads what there is; the bounds of engine and reader end this, whatever the backend sends.
  mutating func receiveCheckFrames(_ p: Int32, _ expectation: HealthExpectation) {
    guard sendProbeFrames(p) else { return }
    while probes[p].stream.isReadable {
      _ = probes[p].stream.restoreInput(&frames, &pool)
      let received: Transfer
      if probes[p].stream.kind == .tls {
        received = probes[p].stream.receiveTLS(&frames, count: Stream.smallReceive, &tls, &pool)
        tls.forgetSession()
      } else {
        received = probes[p].stream.receive(&frames, count: Stream.smallReceive)
      }
      switch received {
      case .bytes: break
      case .wouldBlock:
        return probes[p].stream.keepInput(frames, frames.start, frames.end, &pool)
      case .endOfStream: return endCheck(p, HealthResult(.closedEarly))
      case .failed(let error): return checkBroke(p, error)
      }
      guard let isEnded = readProbeFrames(p) else {
        return endCheck(p, HealthResult(.http2Failed))
      }
      if let result = readProbeAnswer(p, isEnded: isEnded, expectation) {
        return endCheck(p, result)
      }
      guard sendProbeFrames(p) else { return }
    }
  }

  /// Whether the stream has ended; nil when no answer will come of it.
  private mutating func readProbeFrames(_ p: Int32) -> Bool? {
    let s = probes[p].session
    let l = probes[p].lane
    let own = lanes[l].slot
    var isEnded = false
    var at = frames.start
    while true {
      switch sessions[s].engine.next(frames, &at, &fieldList, now: now, &pool) {
      case .needMore:
        probes[p].stream.keepInput(frames, at, frames.end, &pool)
        return isEnded
      case .head(let slot):
        let endsStream = sessions[s].engine.streams[slot].endsWithHead
        laneTools.fields.removeAll()
        let outcome = ResponseTranslation.write(
          fieldList, endsStream: endsStream, isHeadRequest: lanes[l].answersHead,
          into: &laneTools.fields)
        guard case .written(let framing) = outcome else { return nil }
        if framing.body == .chunked { lanes[l].isChunked = true }
        lanes[l].receive(text: laneTools.fields, &pool)
        if endsStream { isEnded = true }
      case .data(let slot, let dataAt, let count):
        lanes[l].receive(frames, dataAt, count, &pool)
        sessions[s].engine.consumed(slot, count, &pool)
      case .end, .trailers:
        lanes[l].receiveEnd(trailersFollow: false, &pool)
        isEnded = true
      case .goAway(let last, _):
        let id = sessions[s].engine.streams[own].id
        if id == 0 || id > last { return nil }
      case .reset: if !isEnded { return nil }
      case .headTooLarge, .failed: return nil
      case .credit, .connectionCredit, .settings, .acknowledged, .pong: break
      }
    }
  }

  private mutating func readProbeAnswer(
    _ p: Int32, isEnded: Bool, _ expectation: HealthExpectation
  ) -> HealthResult? {
    let l = probes[p].lane
    guard var box = lanes[l].inbox.take() else {
      return isEnded ? HealthResult(.closedEarly) : nil
    }
    let step = probes[p].reader.read(box, isEnded: isEnded, expectation, into: &head)
    switch step {
    case .done(let result):
      pool.give(box)
      return result
    case .more(let consumed):
      box.start = consumed
      lanes[l].inbox = consume box
      return nil
    }
  }
}
