/// The request's body on its way up, as fast as the backend takes it.
extension Worker {
  /// Receives per turn for one connection: nobody starves the others.
  static var receivesPerTurn: Int { 4 }

  /// Moves body bytes until the client has none, the backend takes none, or the turn's share is up.
  mutating func pumpRequest(_ x: Int32) {
    let c = exchanges[x].client
    let u = exchanges[x].upstream
    guard u >= 0, upstreams[u].state == .active, exchanges[x].step != .connect,
      !exchanges[x].uploadBroken
    else { return }
    for _ in 0..<Worker.receivesPerTurn {
      // Room in the backend's socket is the credit; the flush wakes us. The backend is the slow
      // one now: it has as long to take bytes as to answer.
      if upstreams[u].stream.hasOutput {
        wheel.clear(&clients[c].timer)
        if exchanges[x].step == .awaitResponse { setUpstreamTimer(u, after: policy.firstByte) }
        return
      }
      let kept = clients[c].stream.restoreInput(&scratch, &pool)
      guard clients[c].stream.isReadable else {
        if kept { clients[c].stream.keepInput(scratch, scratch.start, scratch.end, &pool) }
        // Its end was read together with an earlier request: the rest will not come.
        if clients[c].stream.isEnding { abortClient(c) }
        return
      }
      let count = receiveLimit(forUpstream: u)
      switch receive(fromClient: c, count) {
      case .bytes: break
      case .wouldBlock:
        if kept { clients[c].stream.keepInput(scratch, scratch.start, scratch.end, &pool) }
        return
      case .endOfStream, .failed:
        // The body was cut: what the backend has of it must not look whole.
        abortClient(c)
        return
      }
      guard forwardRequestBody(x, c, u) else { return }
    }
    if clients[c].stream.isReadable { queueClient(c) }
  }

  /// How much to receive for a destination: little once it has blocked or memory is short.
  @inline(__always) func receiveLimit(_ hasBlocked: Bool) -> Int {
    let room = scratch.capacity &- scratch.end &- BlockPool.tailroom
    if pool.heldBytes > policy.memoryBudget / 2 {
      if pool.heldBytes > policy.memoryBudget { return min(room, hasBlocked ? 4096 : 16_384) }
      return min(room, Stream.smallReceive)
    }
    return min(room, hasBlocked ? Stream.smallReceive : BlockPool.receiveSize)
  }

  /// Sends on what was received. False when the body or the exchange is at its end.
  private mutating func forwardRequestBody(_ x: Int32, _ c: Int32, _ u: Int32) -> Bool {
    let from = scratch.start
    let body = BodyScan.run(
      &exchanges[x].requestBody, &scratch, &trailers, from: from, to: scratch.end, dechunk: false,
      limits: policy.headLimits)
    exchanges[x].bodyBytes &+= Int64(body.content)
    if body.outcome == .failed {
      refuseExchange(x, .badChunk)
      return false
    }
    if !isWithinBodyLimit(x) {
      refuseExchange(x, .bodyTooLong)
      return false
    }
    exchanges[x].requestBytes &+= UInt64(body.sendEnd &- from)
    keepBody(x, from, body.sendEnd &- from)
    if body.outcome == .ended { exchanges[x].requestDone = true }
    if scratch.end > body.consumedEnd {
      clients[c].stream.keepInput(scratch, body.consumedEnd, scratch.end, &pool)
    }
    if body.sendEnd > from {
      let result = sendScratch(toUpstream: u, from, body.sendEnd &- from)
      if case .failed = result {
        uploadBroke(x, u)
        return false
      }
    }
    guard exchanges[x].requestDone else {
      setClientTimer(c, after: policy.clientBodyIdle)
      return true
    }
    wheel.clear(&clients[c].timer)
    if exchanges[x].step == .awaitResponse {
      setUpstreamTimer(u, after: firstByteTimeout(x))
    }
    return false
  }

  /// The backend takes no more, but may have answered: its side is read before anything is said.
  mutating func uploadBroke(_ x: Int32, _ u: Int32) {
    exchanges[x].uploadBroken = true
    upstreams[u].stream.isReadable = true
    upstreams[u].stream.isEnding = true
    upstreamReadable(u)
  }

  /// The backend kept silent for a second: the client may begin with its body.
  mutating func sendContinue(_ x: Int32) {
    exchanges[x].awaitsContinue = false
    exchanges[x].continueAt = .max
    let c = exchanges[x].client
    outgoing.removeAll()
    outgoing.append("HTTP/1.1 100 Continue\r\n\r\n")
    if case .failed = sendOutgoing(toClient: c) { abortClient(c) }
  }

  mutating func exchangeTimeout(_ x: Int32) {
    if exchanges[x].retryAt <= now {
      if exchanges[x].step == .waitForFetch { return waitedTooLong(x) }
      resumeTry(x)
      if exchanges[x].step == .free { return }
    }
    if exchanges[x].queueUntil <= now, exchanges[x].isQueued { return queueTimedOut(x) }
    if exchanges[x].tryDeadline <= now {
      exchanges[x].tryDeadline = .max
      tryTimedOut(x)
      if exchanges[x].step == .free { return }
    }
    if exchanges[x].deadline <= now {
      exchanges[x].deadline = .max
      if exchanges[x].step.isBeforeAnswer {
        // While the client still sends, it is the client that took the time.
        if exchanges[x].step == .awaitResponse, exchanges[x].requestDone { judgeTry(x, .failed) }
        return failExchange(x, status: 504, .requestTimeout, "the request took too long")
      }
    }
    if exchanges[x].continueAt <= now {
      if exchanges[x].awaitsContinue, exchanges[x].step != .respond { sendContinue(x) }
      if exchanges[x].step == .free { return }
      exchanges[x].continueAt = .max
    }
    setExchangeTimer(x)
  }
}
