/// What an event or a timer of an upstream connection means, by its state.
extension Worker {
  @inline(__always)
  mutating func upstreamEvent(_ u: Int32, _ readiness: Poller.Readiness) {
    if readiness.isEnding { upstreams[u].stream.isEnding = true }
    if readiness.isReadable { upstreams[u].stream.isReadable = true }
    if upstreams[u].state == .connecting {
      if upstreams[u].isHandshaking { return handshakeEvent(upstream: u, readiness) }
      if readiness.isWritable { connectCompleted(u) }
      return
    }
    if upstreams[u].state == .session { return sessionEvent(upstream: u, readiness) }
    let generation = upstreams[u].generation
    if readiness.isWritable, upstreams[u].stream.hasOutput {
      flushUpstream(u)
      if upstreams[u].generation != generation { return }
    }
    if readiness.isReadable { upstreamReadable(u) }
  }

  @inline(__always)
  mutating func upstreamReadable(_ u: Int32) {
    switch upstreams[u].state {
    case .idle:
      // Any byte or end: an answer to nothing.
      if upstreams[u].stream.kind == .tls, isAlive(upstream: u) { return }
      closeUpstream(u)
    case .active:
      let x = upstreams[u].exchange
      if exchanges[x].step == .respond {
        pumpResponse(u)
      } else {
        receiveResponseHead(u)
      }
    case .tunnel: pumpFromUpstream(upstreams[u].exchange)
    case .session: pumpSession(upstream: u)
    case .connecting, .free: break
    }
  }

  mutating func flushUpstream(_ u: Int32) {
    let x = upstreams[u].exchange
    switch flush(upstream: u) {
    case .blocked:
      // Some of it went: the clock starts anew.
      if exchanges[x].step == .awaitResponse { setUpstreamTimer(u, after: policy.firstByte) }
    case .failed:
      if upstreams[u].state == .tunnel { return abortClient(exchanges[x].client) }
      uploadBroke(x, u)
    case .sent:
      if upstreams[u].state == .tunnel { return tunnelFlushed(x) }
      if exchanges[x].requestDone {
        if exchanges[x].step == .awaitResponse { setUpstreamTimer(u, after: firstByteTimeout(x)) }
        return
      }
      let c = exchanges[x].client
      if exchanges[x].step == .awaitResponse { wheel.clear(&upstreams[u].timer) }
      setClientTimer(c, after: policy.clientBodyIdle)
      if mayHaveMore(client: c) { pumpRequest(x) }
    }
  }

  mutating func upstreamTimeout(_ u: Int32) {
    let x = upstreams[u].exchange
    switch upstreams[u].state {
    case .idle: closeUpstream(u)
    case .session: sessionTimeout(upstream: u)
    case .connecting: connectTimedOut(u)
    case .active:
      if exchanges[x].step == .respond {
        exchanges[x].failure = .responseIdle
        judgeTry(x, .cut)
        cutResponse(x)
      } else {
        judgeTry(x, .failed)
        tryFailed(x, status: 504, .firstByteTimeout, "the backend did not answer in time")
      }
    case .tunnel, .free: break
    }
  }

  /// The connection ended or broke before a final response head was complete.
  ///
  /// - Parameter hasAnswered: some bytes of a head had come, so the request was seen.
  mutating func upstreamLost(_ u: Int32, hasAnswered: Bool = false) {
    let x = upstreams[u].exchange
    setup.counters.backends[upstreams[u].backend].add(.resets)
    if !hasAnswered, retryStale(x, u) { return }
    // A kept connection that was closed meanwhile is nobody's fault.
    judgeTry(x, upstreams[u].isReused && !hasAnswered ? .abandoned : .failed)
    tryFailed(x, status: 502, .upstreamClosed, "the backend closed the connection")
  }

  /// Closes the exchange's upstream connection, whatever it is doing.
  mutating func dropUpstream(_ x: Int32) {
    let u = exchanges[x].upstream
    guard u >= 0 else { return }
    detach(x, u)
    closeUpstream(u)
  }
}
