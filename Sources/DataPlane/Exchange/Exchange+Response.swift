/// The backend's answer on its way down.
extension Worker {
  static var responseLimits: HeadLimits {
    HeadLimits(
      requestLineBytes: MessageHead.maxBytes, headBytes: MessageHead.maxBytes,
      fieldCount: MessageHead.maxFields)
  }
  private static var maxInterim: Int { 32 }

  mutating func receiveResponseHead(_ u: Int32) {
    let x = upstreams[u].exchange
    let kept = upstreams[u].stream.restoreInput(&scratch, &pool)
    if upstreams[u].stream.isReadable {
      let room = scratch.capacity &- scratch.end &- BlockPool.tailroom
      // What may have to be compressed is taken in small shares.
      let most =
        exchanges[x].routeFlags.contains(.compresses)
        ? receiveLimit(true) : receiveLimit(forClient: exchanges[x].client)
      let count = min(room, most)
      switch receive(fromUpstream: u, count) {
      case .bytes: break
      case .wouldBlock: if !kept { return uploadMayBeLost(x, u) }
      case .endOfStream, .failed:
        if !kept { return upstreamLost(u) }
      }
    } else if !kept {
      return
    }
    readResponseHeads(x, u)
  }

  /// After a broken upload, silence of the backend means that no answer will come.
  private mutating func uploadMayBeLost(_ x: Int32, _ u: Int32) {
    if exchanges[x].uploadBroken { upstreamLost(u) }
  }

  /// Interim heads and the final one, as far as they are here.
  private mutating func readResponseHeads(_ x: Int32, _ u: Int32) {
    while true {
      let from = scratch.start
      let result = ResponseParser.parse(
        scratch, from, scratch.end, limits: Worker.responseLimits, into: &head)
      switch result {
      case .failed(let failure):
        judgeTry(x, .failed)
        return tryFailed(x, status: 502, .badResponse, failure.explanation)
      case .incomplete:
        if upstreams[u].stream.isEnding, !upstreams[u].stream.isReadable {
          return upstreamLost(u, hasAnswered: true)
        }
        upstreams[u].stream.keepInput(scratch, from, scratch.end, &pool)
        if upstreams[u].stream.isReadable { queueUpstream(u) }
        return
      case .complete(let length):
        if head.status >= 200 { return respond(x, u, from, from &+ length) }
        if head.status == 101 { return switchProtocols(x, u, from, from &+ length) }
        guard forwardInterim(x, from) else { return }
        scratch.start = from &+ length
        if scratch.start == scratch.end {
          if upstreams[u].stream.isReadable { queueUpstream(u) }
          return
        }
      }
    }
  }

  /// A 1xx head (RFC 9110 section 15.2). False when the exchange ended.
  private mutating func forwardInterim(_ x: Int32, _ from: Int) -> Bool {
    exchanges[x].interimCount &+= 1
    guard Int(exchanges[x].interimCount) <= Worker.maxInterim else {
      judgeTry(x, .failed)
      tryFailed(x, status: 502, .badResponse, "too many interim responses")
      return false
    }
    let isContinue = head.status == 100
    // One that we sent in the backend's place is not sent again.
    let isWanted = !isContinue || exchanges[x].awaitsContinue
    if isContinue { exchanges[x].awaitsContinue = false }
    guard isWanted, !exchanges[x].isOldClient, !clients[exchanges[x].client].isNobody else {
      return true
    }
    outgoing.removeAll()
    writeStatusLine(from)
    dropFraming()
    if head.hasNominated { dropNominated(from) }
    copyKeptFields(from)
    outgoing.append("\r\n")
    let c = exchanges[x].client
    exchanges[x].responseBytes &+= UInt64(outgoing.end)
    if case .failed = sendOutgoing(toClient: c) {
      abortClient(c)
      return false
    }
    return true
  }

  // MARK: The final head

  private mutating func respond(_ x: Int32, _ u: Int32, _ from: Int, _ bodyAt: Int) {
    let c = exchanges[x].client
    judgeTry(x, .answered(status: head.status))
    if RetryPolicy.isRetried(status: head.status), retriesAnswer(x) { return }
    if exchanges[x].cache.role != .none, cacheAnswer(x, u, from, bodyAt) { return }
    exchanges[x].tryDeadline = .max
    exchanges[x].step = .respond
    exchanges[x].status = UInt16(truncatingIfNeeded: head.status)
    settleFraming(x)
    upstreams[u].keepAlive = head.keepsAlive && exchanges[x].responseBody.framing != .untilClose
    // A body that still goes up while the answer comes: neither connection can be used again.
    if !exchanges[x].requestDone {
      upstreams[u].keepAlive = false
      clients[c].keepAlive = false
    }
    if exchanges[x].endsByClose || isDraining { clients[c].keepAlive = false }
    let keepAliveSeconds = head.keepAliveTimeout
    writeResponseHead(x, from)
    if exchanges[x].routeFlags.contains(.hasRates) { addRateFields(x) }
    if exchanges[x].routeFlags.contains(.editsResponse), !editResponseHead(x) {
      exchanges[x].step = .awaitResponse
      return failExchange(x, status: 502, .badResponse, "the response head became too long")
    }
    if exchanges[x].routeFlags.contains(.isSticky) { addStickyCookie(x) }
    if exchanges[x].routeFlags.contains(.compresses) { settleCompression(x) }
    let body = BodyScan.run(
      &exchanges[x].responseBody, &scratch, &trailers, from: bodyAt, to: scratch.end,
      dechunk: exchanges[x].path.takesContent, limits: Worker.responseLimits)
    if body.outcome == .failed {
      // The head is not out yet, so this can still be said properly.
      judgeTry(x, .cut)
      exchanges[x].step = .awaitResponse
      giveDeflater(x)
      return tryFailed(x, status: 502, .badResponse, "malformed chunk")
    }
    snapshots.unpin(exchanges[x].snapshot)
    exchanges[x].snapshot = UInt8.max
    keepRest(u, body)
    if exchanges[x].path == .compress {
      guard sendCompressed(x, u, bodyAt, body, headIsNew: true) else { return }
    } else {
      guard sendResponse(x, u, bodyAt, body, headIsNew: true) else { return }
    }
    responseMoved(x, u, body, keepAliveSeconds)
  }

  /// Where the body ends, and how it is passed on (RFC 9112 section 6.3).
  mutating func settleFraming(_ x: Int32) {
    exchanges[x].path = .relay
    let hasNoBody =
      exchanges[x].method == .head || head.status == 204 || head.status == 304
    if hasNoBody {
      exchanges[x].responseBody = BodyDecoder()
      if head.status == 204 || exchanges[x].isOldClient && head.isChunked { dropFraming() }
    } else if head.isChunked {
      exchanges[x].responseBody = BodyDecoder(framing: .chunked)
      if exchanges[x].isOldClient {
        exchanges[x].path = .dechunk
        exchanges[x].endsByClose = true
      }
    } else if head.contentLength >= 0 {
      exchanges[x].responseBody = BodyDecoder(framing: .length, length: head.contentLength)
    } else {
      exchanges[x].responseBody = BodyDecoder(framing: .untilClose)
      exchanges[x].path = exchanges[x].isOldClient ? .relay : .enchunk
      exchanges[x].endsByClose = exchanges[x].isOldClient
    }
  }

  /// Content-Length and Transfer-Encoding do not belong here (RFC 9110 section 8.6).
  private mutating func dropFraming() {
    for index in 0..<head.fieldCount {
      switch head.fields[index].id {
      case .contentLength, .transferEncoding: head.fields[index].isDropped = true
      default: break
      }
    }
  }

  /// With the space behind the status that RFC 9112 section 4 demands even where no reason phrase
  /// follows, and that some backends leave out.
  mutating func writeStatusLine(_ from: Int) {
    outgoing.append("HTTP/1.1 ")
    if scratch.bytes[from &+ 12] == 0x20 {
      return outgoing.append(scratch, from &+ 9, head.firstField &- 9)
    }
    outgoing.append(scratch, from &+ 9, 3)
    outgoing.append(" \r\n")
  }

  @inline(__always)
  private mutating func writeResponseHead(_ x: Int32, _ from: Int) {
    outgoing.removeAll()
    writeStatusLine(from)
    if head.hasNominated { dropNominated(from) }
    if exchanges[x].path == .dechunk { dropFraming() }
    if exchanges[x].cache.role != .none { dropTargetedFields(x, from) }
    if head.hasPaddedLength { blankLeadingZeros(from) }
    copyKeptFields(from)
    if exchanges[x].cache.role != .none { writeForwardStatus(x) }
    if head.date < 0 || head.fields[head.date].isDropped { writeDate() }
    writeVia(ofUpstream: exchanges[x].upstream)
    if exchanges[x].path == .enchunk { outgoing.append("Transfer-Encoding: chunked\r\n") }
    writeConnection(
      keepAlive: clients[exchanges[x].client].keepAlive, isOldClient: exchanges[x].isOldClient)
    outgoing.append("\r\n")
  }

  /// If the config wants it, with the version of the message in `head` (RFC 9110 section 7.6.3).
  @inline(__always)
  mutating func writeVia(ofClient c: Int32) {
    if policy.addsVia { writeVia(isHTTP2: clients[c].stream.kind == .lane) }
  }

  @inline(__always)
  mutating func writeVia(ofUpstream u: Int32) {
    if policy.addsVia { writeVia(isHTTP2: upstreams[u].stream.kind == .lane) }
  }

  private mutating func writeVia(isHTTP2: Bool) {
    if isHTTP2 { return outgoing.append("Via: 2.0 headrace\r\n") }
    outgoing.append(head.minorVersion == 0 ? "Via: 1.0 headrace\r\n" : "Via: 1.1 headrace\r\n")
  }

  /// What becomes of the client's connection, where its version does not say so itself.
  @inline(__always)
  mutating func writeConnection(keepAlive: Bool, isOldClient: Bool) {
    if !keepAlive {
      outgoing.append("Connection: close\r\n")
    } else if isOldClient {
      outgoing.append("Connection: keep-alive\r\n")
    }
  }

  mutating func writeDate() {
    outgoing.append("Date: ")
    outgoing.append(date.text, 29)
    outgoing.append("\r\n")
  }

  // MARK: The body

  /// Looks after what lies behind the scanned bytes. Before sending: a blocked send may take the
  /// scratch block away.
  @inline(__always)
  mutating func keepRest(_ u: Int32, _ scan: BodyScan) {
    guard scratch.end > scan.consumedEnd else { return }
    if scan.outcome == .ended {
      // An answer to nothing: the connection cannot be trusted any more.
      upstreams[u].keepAlive = false
    } else if scan.outcome == .incompleteTrailers {
      upstreams[u].stream.keepInput(scratch, scan.consumedEnd, scratch.end, &pool)
    }
  }

  /// Sends `scratch[from..<scan.sendEnd]`, with the head in `outgoing` before it if it is new.
  /// False when the client is gone.
  @inline(__always)
  private mutating func sendResponse(
    _ x: Int32, _ u: Int32, _ from: Int, _ scan: BodyScan, headIsNew: Bool
  ) -> Bool {
    let c = exchanges[x].client
    var count = scan.sendEnd &- from
    if !headIsNew { outgoing.removeAll() }
    if exchanges[x].path == .enchunk, count > 0 {
      outgoing.append(hex: UInt64(count), digits: 8)
      outgoing.append("\r\n")
      scratch.set(scan.sendEnd, 0x0d)
      scratch.set(scan.sendEnd &+ 1, 0x0a)
      count &+= 2
    }
    let isLast = scan.outcome == .ended && !clients[c].keepAlive
    var result: Stream.SendResult
    exchanges[x].responseBytes &+= UInt64(outgoing.end &+ count)
    if outgoing.end <= from {
      let at = from &- outgoing.end
      if outgoing.end > 0 { scratch.copy(from: outgoing, 0, outgoing.end, to: at) }
      if isLast { clients[c].stream.isLast = true }
      result = sendScratch(toClient: c, at, outgoing.end &+ count)
    } else {
      result = sendOutgoing(toClient: c)
      if case .failed = result {
      } else if count > 0 {
        if isLast { clients[c].stream.isLast = true }
        result = sendScratch(toClient: c, from, count)
      }
    }
    if case .failed = result {
      abortClient(c)
      return false
    }
    return true
  }

  /// What follows after some of the response went down.
  @inline(__always)
  private mutating func responseMoved(
    _ x: Int32, _ u: Int32, _ scan: BodyScan, _ keepAliveSeconds: Int
  ) {
    if scan.outcome == .ended { return finishResponse(x, u, keepAliveSeconds) }
    let c = exchanges[x].client
    if clients[c].stream.hasOutput {
      // The client is the slow one now.
      wheel.clear(&upstreams[u].timer)
      setClientTimer(c, after: policy.clientWriteIdle)
    } else {
      setUpstreamTimer(u, after: responseIdleTimeout(x))
      if upstreams[u].stream.isReadable { queueUpstream(u) }
    }
  }

  mutating func pumpResponse(_ u: Int32) {
    let x = upstreams[u].exchange
    switch exchanges[x].path {
    case .relay, .dechunk, .enchunk: break
    case .store: return pumpFill(u)
    case .compress: return pumpCompressed(u)
    }
    let c = exchanges[x].client
    for _ in 0..<Worker.receivesPerTurn {
      // Room in the client's socket is the credit; the flush wakes us.
      if clients[c].stream.hasOutput { return }
      let kept = upstreams[u].stream.restoreInput(&scratch, &pool)
      guard upstreams[u].stream.isReadable else {
        if kept { upstreams[u].stream.keepInput(scratch, scratch.start, scratch.end, &pool) }
        return
      }
      let from = scratch.start
      let count = receiveLimit(forClient: c)
      switch receive(fromUpstream: u, count) {
      case .bytes: break
      case .wouldBlock:
        if kept { upstreams[u].stream.keepInput(scratch, scratch.start, scratch.end, &pool) }
        return
      case .endOfStream: return responseEnded(x, u)
      case .failed:
        exchanges[x].failure = .upstreamClosed
        judgeTry(x, .cut)
        return cutResponse(x)
      }
      let scan = BodyScan.run(
        &exchanges[x].responseBody, &scratch, &trailers, from: from, to: scratch.end,
        dechunk: exchanges[x].path == .dechunk, limits: Worker.responseLimits)
      if scan.outcome == .failed {
        exchanges[x].failure = .badResponse
        judgeTry(x, .cut)
        return cutResponse(x)
      }
      keepRest(u, scan)
      if scan.sendEnd > from {
        guard sendResponse(x, u, from, scan, headIsNew: false) else { return }
      }
      if scan.outcome == .ended { return finishResponse(x, u, -1) }
      if clients[c].stream.hasOutput {
        wheel.clear(&upstreams[u].timer)
        setClientTimer(c, after: policy.clientWriteIdle)
      } else {
        setUpstreamTimer(u, after: responseIdleTimeout(x))
      }
    }
    if upstreams[u].stream.isReadable, !clients[c].stream.hasOutput { queueUpstream(u) }
  }

  /// The backend closed: the proper end of a body without a length, a cut of any other.
  mutating func responseEnded(_ x: Int32, _ u: Int32) {
    guard exchanges[x].responseBody.endOfStream() else {
      exchanges[x].failure = .upstreamClosed
      judgeTry(x, .cut)
      return cutResponse(x)
    }
    if exchanges[x].path == .compress {
      guard endCompressed(x, u) else { return }
    } else if exchanges[x].path == .enchunk {
      let c = exchanges[x].client
      outgoing.removeAll()
      outgoing.append("0\r\n\r\n")
      exchanges[x].responseBytes &+= 5
      if case .failed = sendOutgoing(toClient: c) {
        return abortClient(c)
      }
    }
    finishResponse(x, u, -1)
  }

  /// A response that cannot be completed: the client must see that. Its connection ends without a
  /// final chunk; where the end of the connection would look like the end of the body, by a reset.
  mutating func cutResponse(_ x: Int32) {
    if exchanges[x].path == .store { return cutFill(x) }
    let c = exchanges[x].client
    let endsByClose = exchanges[x].endsByClose
    dropUpstream(x)
    endExchange(x)
    closeClient(c, reset: endsByClose)
  }

  /// The response is complete: both connections go on to what is next for them.
  @inline(__always)
  mutating func finishResponse(_ x: Int32, _ u: Int32, _ keepAliveSeconds: Int) {
    let c = exchanges[x].client
    releaseUpstream(x, u, keepAliveSeconds)
    let lingers = !exchanges[x].requestDone
    endExchange(x)
    answerSent(c, lingers: lingers)
  }

  /// The backend's part is done: its connection goes back to the pool, if it can be used again.
  @inline(__always)
  mutating func releaseUpstream(_ x: Int32, _ u: Int32, _ keepAliveSeconds: Int) {
    if upstreams[u].stream.kind == .lane {
      detach(x, u)
      return closeUpstream(u)
    }
    let isReusable =
      upstreams[u].keepAlive && exchanges[x].requestDone && !upstreams[u].stream.hasOutput
      && upstreams[u].stream.input == nil && !upstreams[u].stream.isEnding
      // A receive that was filled to the brim may have left something: an answer to nothing.
      && (!upstreams[u].stream.isReadable || isAlive(upstream: u))
    detach(x, u)
    if isReusable { giveIdle(u, keepAliveSeconds: keepAliveSeconds) } else { closeUpstream(u) }
  }

  /// An answer is with the socket, or waits for it.
  mutating func answerSent(_ c: Int32, lingers: Bool) {
    if lingers { return lingerClient(c) }
    if clients[c].stream.hasOutput {
      clients[c].state = .flushing
      setClientTimer(c, after: policy.clientWriteIdle)
      return
    }
    clientDone(c)
  }
}
