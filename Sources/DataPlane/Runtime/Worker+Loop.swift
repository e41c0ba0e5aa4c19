extension Worker {
  /// Runs until drained. Blocks its thread.
  package mutating func run() {
    while !hasEnded { turn(maxWait: 1000) }
    finish()
  }

  /// One turn: wait, events, timers, what was put off, ends.
  package mutating func turn(maxWait: Int32) {
    setup.caches.quiet.leave(setup.index)
    let count = poller.wait(milliseconds: nextWait(maxWait))
    setup.caches.quiet.enter(setup.index)
    now = frozen?.now ?? Clock.now()
    date.refresh(frozen?.wallSeconds ?? Clock.wallSeconds())
    setup.counters.worker.add(.loopTurns)
    var index = 0
    while index < count {
      dispatch(poller.token(index), poller.readiness(index))
      index &+= 1
    }
    runTimers()
    runReady()
    if !handshakes.isEmpty { runHandshakes() }
    if !backendHandshakes.isEmpty { runBackendHandshakes() }
    if !cacheLists.work.isEmpty { runCacheWork() }
    if !dirtySessions.isEmpty { flushSessions() }
    recycle()
    if now >= trimAt { housekeep() }
    if isDraining { checkDrain() }
  }

  private mutating func nextWait(_ maxWait: Int32) -> Int32 {
    if !ready.isEmpty || !handshakes.isEmpty || !backendHandshakes.isEmpty
      || !dirtySessions.isEmpty
    {
      return 0
    }
    let next = wheel.millisecondsToNext(now: now)
    return next < 0 ? maxWait : min(next, maxWait)
  }

  @inline(__always)
  private mutating func dispatch(_ token: Token, _ readiness: Poller.Readiness) {
    let index = token.index
    switch token.kind {
    case .client:
      if clients.isUsed(index), clients[index].generation == token.generation {
        clientEvent(index, readiness)
      }
    case .upstream:
      if upstreams.isUsed(index), upstreams[index].generation == token.generation {
        upstreamEvent(index, readiness)
      }
    case .exchange: break
    case .probe:
      if probes.isUsed(index), probes[index].generation == token.generation {
        probeEvent(index, readiness)
      }
    case .worker:
      if token.raw == Worker.mailToken.raw { readMail() } else { acceptAll(Int(index)) }
    }
  }

  private mutating func runTimers() {
    wheel.advance(to: now)
    var index = 0
    while index < wheel.due.count {
      let token = Token(raw: wheel.due[index])
      index &+= 1
      let slot = token.index
      switch token.kind {
      case .client:
        guard clients.isUsed(slot), clients[slot].generation == token.generation else { continue }
        if wheel.fired(&clients[slot].timer, token: token.raw, now: now) { clientTimeout(slot) }
      case .upstream:
        guard upstreams.isUsed(slot), upstreams[slot].generation == token.generation else {
          continue
        }
        if wheel.fired(&upstreams[slot].timer, token: token.raw, now: now) {
          upstreamTimeout(slot)
        }
      case .exchange:
        guard exchanges.isUsed(slot), exchanges[slot].generation == token.generation else {
          continue
        }
        if wheel.fired(&exchanges[slot].timer, token: token.raw, now: now) {
          exchangeTimeout(slot)
        }
      case .probe:
        guard probes.isUsed(slot), probes[slot].generation == token.generation else { continue }
        if wheel.fired(&probes[slot].timer, token: token.raw, now: now) { probeTimeout(slot) }
      case .worker:
        if wheel.fired(&acceptTimer, token: token.raw, now: now) { resumeAccepting() }
      }
    }
  }

  /// Those that stopped early get another bounded share, once per turn.
  private mutating func runReady() {
    guard !ready.isEmpty else { return }
    swap(&ready, &readyNow)
    // By index: to iterate over the array itself retains it.
    for place in 0..<readyNow.count {
      let raw = readyNow[place]
      let token = Token(raw: raw)
      let index = token.index
      if token.kind == .client {
        guard clients.isUsed(index), clients[index].generation == token.generation else { continue }
        clients[index].stream.isQueued = false
        clientReadable(index)
      } else {
        guard upstreams.isUsed(index), upstreams[index].generation == token.generation else {
          continue
        }
        upstreams[index].stream.isQueued = false
        upstreamReadable(index)
      }
    }
    readyNow.removeAll(keepingCapacity: true)
  }

  mutating func queueClient(_ c: Int32) {
    guard !clients[c].stream.isQueued else { return }
    clients[c].stream.isQueued = true
    ready.append(clientToken(c).raw)
  }

  mutating func queueUpstream(_ u: Int32) {
    guard !upstreams[u].stream.isQueued else { return }
    upstreams[u].stream.isQueued = true
    ready.append(upstreamToken(u).raw)
  }

  /// Slots that ended in this turn may be taken again: nothing on the stack holds them any more.
  private mutating func recycle() {
    while let index = endedExchanges.popLast() { exchanges.release(index) }
    while let index = endedUpstreams.popLast() { upstreams.release(index) }
    while let index = endedProbes.popLast() { probes.release(index) }
    while let index = endedLanes.popLast() { lanes.release(index) }
    while let index = endedSessions.popLast() { sessions.release(index) }
    guard !endedClients.isEmpty else { return }
    while let index = endedClients.popLast() { clients.release(index) }
    if isAcceptPaused, hasRoomForClient { resumeAccepting() }
  }

  private mutating func housekeep() {
    trimAt = now &+ 1_000_000_000
    pool.trim()
    deflaters.trim()
    sweepCaches()
    setup.counters.worker.set(.heldBytes, UInt64(pool.heldBytes))
    setup.counters.worker.set(.http2OpenStreams, UInt64(lanes.count))
    if pendingSnapshot != nil { adoptPending() }
    callAllFirst()
  }

  @inline(__always) func clientToken(_ c: Int32) -> Token {
    Token(.client, c, clients[c].generation)
  }
  @inline(__always) func upstreamToken(_ u: Int32) -> Token {
    Token(.upstream, u, upstreams[u].generation)
  }
  @inline(__always) func exchangeToken(_ x: Int32) -> Token {
    Token(.exchange, x, exchanges[x].generation)
  }

  // MARK: Timers of the three slabs

  @inline(__always) mutating func setClientTimer(_ c: Int32, after interval: Instant) {
    let deadline = interval == .max ? Timer.never : now &+ interval
    wheel.set(&clients[c].timer, deadline, token: clientToken(c).raw)
  }

  @inline(__always) mutating func setUpstreamTimer(_ u: Int32, after interval: Instant) {
    let deadline = interval == .max ? Timer.never : now &+ interval
    wheel.set(&upstreams[u].timer, deadline, token: upstreamToken(u).raw)
  }

  /// The exchange's one timer follows the earliest of what it waits for.
  mutating func setExchangeTimer(_ x: Int32) {
    let earliest = min(
      min(exchanges[x].continueAt, exchanges[x].deadline, exchanges[x].retryAt),
      min(exchanges[x].tryDeadline, exchanges[x].queueUntil))
    wheel.set(&exchanges[x].timer, earliest, token: exchangeToken(x).raw)
  }
}
