/// What happens to a client connection outside of an exchange, and which step an event wakes.
extension Worker {
  /// Bytes that the receive of a head asks for: room for a head and a small body behind it.
  private static var headReceive: Int { 65_536 }

  @inline(__always)
  mutating func clientEvent(_ c: Int32, _ readiness: Poller.Readiness) {
    if clients[c].state == .session { return sessionEvent(client: c, readiness) }
    if readiness.isEnding { clients[c].stream.isEnding = true }
    if readiness.isReadable { clients[c].stream.isReadable = true }
    if readiness.isEnding, clients[c].state == .exchange, exchanges[clients[c].exchange].isQueued {
      // Nobody may want the answer any more, and nothing was done for it yet.
      abortClient(c)
      return
    }
    let generation = clients[c].generation
    if readiness.isWritable, clients[c].stream.hasOutput {
      flushClient(c)
      if clients[c].generation != generation { return }
    } else if readiness.isWritable, clients[c].stream.isBlocked {
      clientFlushed(c)
      if clients[c].generation != generation { return }
    }
    if readiness.isBroken, clients[c].state == .exchange || clients[c].state == .flushing {
      // We have not closed our half, so this is a reset: nobody is there to read an answer.
      abortClient(c)
      return
    }
    if readiness.isReadable { clientReadable(c) }
    if readiness.isBroken, clients[c].generation == generation, clients[c].state == .exchange {
      // The request and the reset came together.
      abortClient(c)
    }
  }

  @inline(__always)
  mutating func clientReadable(_ c: Int32) {
    switch clients[c].state {
    case .waiting: receiveHead(c)
    case .proxyHeader: receiveProxyHeader(c)
    case .handshake: queueHandshake(c)
    case .exchange:
      let x = clients[c].exchange
      if !exchanges[x].requestDone {
        pumpRequest(x)
      } else if exchanges[x].step == .serve, !clients[c].stream.isBlocked,
        !clients[c].stream.hasOutput
      {
        // Not while it is blocked: what a client sends must not prolong its time for reading.
        pumpServed(x)
      } else if exchanges[x].step == .compress {
        pumpCompression(x)
      }
    case .closing: dropInput(c)
    case .tunnel: pumpFromClient(clients[c].exchange)
    case .session: pumpSession(client: c)
    case .flushing, .free: break
    }
  }

  // MARK: Reading a head

  mutating func receiveHead(_ c: Int32) {
    let hadInput = clients[c].stream.restoreInput(&scratch, &pool)
    if clients[c].stream.isReadable {
      let room = scratch.capacity &- scratch.end &- BlockPool.tailroom
      switch receive(fromClient: c, min(Worker.headReceive, room)) {
      case .bytes: break
      case .wouldBlock: if !hadInput { return }
      case .endOfStream: if !hadInput { return closeClient(c) }
      case .failed: return closeClient(c)
      }
    } else if !hadInput {
      return
    }
    skipEmptyLines(c)
    let from = scratch.start
    if scratch.end &- from == 1, scratch.bytes[from] == 0x0d, clients[c].skippedBytes < 8 {
      return waitForHead(c)
    }
    let result = RequestParser.parse(
      scratch, from, scratch.end, limits: policy.headLimits, into: &head)
    switch result {
    case .complete(let length):
      clients[c].isInHead = false
      clients[c].skippedBytes = 0
      clients[c].mayBeginSession = false
      beginExchange(c, from, from &+ length)
    case .incomplete: waitForHead(c)
    case .failed(.unsupportedVersion) where isPreface(c):
      clients[c].stream.keepInput(scratch, from, scratch.end, &pool)
      beginSession(client: c)
    case .failed(let failure): refuse(c, failure)
    }
  }

  /// RFC 9113 section 3.4: the first line of what a client of HTTP/2 begins with.
  private mutating func isPreface(_ c: Int32) -> Bool {
    guard clients[c].mayBeginSession, head.targetLength == 1, head.methodLength == 3 else {
      return false
    }
    let at = scratch.start
    return load8(scratch.bytes, at) == 0x5448_202a_2049_5250
      && load8(scratch.bytes, at &+ 8) == 0x0a0d_302e_322f_5054
  }

  /// RFC 9112 section 2.2: an empty line before the request line is ignored; four at most.
  @inline(__always)
  private mutating func skipEmptyLines(_ c: Int32) {
    while clients[c].skippedBytes < 8, scratch.end &- scratch.start >= 2,
      scratch.bytes[scratch.start] == 0x0d,
      scratch.bytes[scratch.start &+ 1] == 0x0a
    {
      scratch.start &+= 2
      clients[c].skippedBytes &+= 2
    }
  }

  private mutating func waitForHead(_ c: Int32) {
    let isAtEnd = clients[c].stream.isEnding && !clients[c].stream.isReadable
    if isAtEnd { return closeClient(c) }
    let isEmpty = scratch.end == scratch.start
    if !isEmpty, pool.heldBytes > policy.memoryBudget {
      // Memory is spent: unfinished heads are the first to go.
      setup.counters.worker.add(.requestsRefused)
      return closeClient(c)
    }
    if !isEmpty {
      clients[c].stream.keepInput(scratch, scratch.start, scratch.end, &pool)
      if !clients[c].isInHead {
        clients[c].isInHead = true
        setClientTimer(c, after: policy.clientHeader)
      }
    }
    if clients[c].stream.isReadable { queueClient(c) }
  }

  // MARK: Writing

  mutating func flushClient(_ c: Int32) {
    switch flush(client: c) {
    case .blocked: setClientTimer(c, after: policy.clientWriteIdle)
    case .failed: abortClient(c)
    case .sent: clientFlushed(c)
    }
  }

  /// All output is gone: whoever waited for that goes on.
  mutating func clientFlushed(_ c: Int32) {
    switch clients[c].state {
    case .flushing: clientDone(c)
    case .closing: shutDown(c)
    case .exchange:
      wheel.clear(&clients[c].timer)
      let x = clients[c].exchange
      clients[c].stream.isBlocked = false
      if exchanges[x].step == .serve { return pumpServed(x) }
      if !exchanges[x].requestDone { setClientTimer(c, after: policy.clientBodyIdle) }
      let u = exchanges[x].upstream
      if u >= 0 {
        if exchanges[x].step == .respond { setUpstreamTimer(u, after: responseIdleTimeout(x)) }
        if upstreams[u].stream.isReadable || upstreams[u].stream.input != nil {
          upstreamReadable(u)
        }
      }
    case .tunnel:
      setClientTimer(c, after: policy.tunnelIdle)
      tunnelFlushed(clients[c].exchange)
    case .proxyHeader, .handshake, .waiting, .session, .free: break
    }
  }

  // MARK: Between requests, and the end

  /// An answer is out. The next request, or the end of the connection.
  @inline(__always)
  mutating func clientDone(_ c: Int32) {
    if clients[c].stream.kind == .lane { return closeClient(c) }
    if !clients[c].keepAlive || isDraining { return endClient(c) }
    clients[c].state = .waiting
    setClientTimer(c, after: policy.keepAliveIdle)
    if clients[c].stream.isReadable || clients[c].stream.input != nil {
      queueClient(c)
    } else if clients[c].stream.isEnding {
      // Its end was read with the request: nothing will follow.
      closeClient(c)
    }
  }

  /// Ends a connection whose answer is out, so that the answer survives: while the peer may still
  /// be sending, closing would reset the connection and destroy what it has not yet read.
  mutating func endClient(_ c: Int32) {
    if clients[c].stream.kind == .tls { clients[c].stream.sayEndTLS(&tls, &pool) }
    let mayHaveMore =
      clients[c].stream.isReadable || clients[c].stream.input != nil || clients[c].keepAlive
    if !mayHaveMore, !clients[c].stream.hasOutput { return closeClient(c) }
    lingerClient(c)
  }

  mutating func lingerClient(_ c: Int32) {
    if clients[c].stream.kind == .lane, !clients[c].stream.hasOutput { return closeClient(c) }
    clients[c].state = .closing
    clients[c].dropBudget = 1 << 20
    clients[c].stream.dropInput(&pool)
    setClientTimer(c, after: clients[c].stream.hasOutput ? policy.clientWriteIdle : 2_000_000_000)
    if !clients[c].stream.hasOutput { shutDown(c) }
  }

  private mutating func shutDown(_ c: Int32) {
    guard !clients[c].hasShutDown else { return }
    if clients[c].stream.kind == .lane { return closeClient(c) }
    guard shutDownWriting(client: c) else {
      return setClientTimer(c, after: policy.clientWriteIdle)
    }
    clients[c].hasShutDown = true
    setClientTimer(c, after: 2_000_000_000)
    dropInput(c)
  }

  /// Reads and forgets, up to 1 MiB and 2 s.
  private mutating func dropInput(_ c: Int32) {
    var turns = 4
    while clients[c].stream.isReadable {
      if turns == 0 { return queueClient(c) }
      turns -= 1
      scratch.reset(room: BlockPool.headroom)
      switch receive(fromClient: c, 65_536) {
      case .bytes(let count):
        clients[c].dropBudget -= Int32(truncatingIfNeeded: count)
        if clients[c].dropBudget <= 0 { return closeClient(c) }
      case .wouldBlock: return
      case .endOfStream, .failed:
        // The peer has our answer or does not want it.
        if !clients[c].stream.hasOutput { return closeClient(c) }
        return
      }
    }
    let isAtEnd = clients[c].stream.isEnding && !clients[c].stream.isReadable
    if isAtEnd, !clients[c].stream.hasOutput { closeClient(c) }
  }

  mutating func clientTimeout(_ c: Int32) {
    switch clients[c].state {
    case .proxyHeader: refuseProxyHeader(c)
    case .handshake: handshakeFailed(c)
    case .waiting:
      if clients[c].stream.holdsTickets, !clients[c].isInHead { return sendTickets(c) }
      if clients[c].isInHead { answerTimeout(c) } else { closeClient(c) }
    case .exchange:
      let x = clients[c].exchange
      if clients[c].stream.hasOutput || clients[c].stream.isBlocked {
        exchanges[x].failure = .clientTimeout
        abortClient(c)
      } else {
        failExchange(x, status: 408, .clientTimeout, "the request body stalled")
      }
    case .flushing, .tunnel: abortClient(c)
    case .closing: closeClient(c)
    case .session: sessionTimeout(client: c)
    case .free: break
    }
  }

  /// The client went away or is cut off: its exchange, if any, ends with it. Where the end of the
  /// connection would look like the end of the body, it is reset.
  mutating func abortClient(_ c: Int32) {
    let x = clients[c].exchange
    var reset = false
    if x >= 0 {
      reset = exchanges[x].endsByClose
      if !orphan(x) { abandon(x) }
    }
    closeClient(c, reset: reset)
  }

  /// The exchange ends with its client.
  private mutating func abandon(_ x: Int32) {
    if exchanges[x].path == .store, exchanges[x].step == .respond {
      abandonFill(x)
    } else if exchanges[x].step == .compress {
      abandonCompression(x)
    } else if exchanges[x].failure == .none {
      exchanges[x].failure = .clientGone
    }
    dropUpstream(x)
    endExchange(x)
  }

  /// - Parameter reset: the client is to see a broken connection, no end. So does one for which
  ///   output is still held: what it has is not all.
  mutating func closeClient(_ c: Int32, reset: Bool = false) {
    guard clients[c].state != .free else { return }
    let reset = reset || clients[c].stream.hasOutput
    clients[c].state = .free
    clients[c].generation &+= 1
    endSession(client: c)
    let isLane = clients[c].stream.kind == .lane
    if isLane { leaveLane(client: c) }
    if clients[c].stream.kind == .tls, !reset { clients[c].stream.sayEndTLS(&tls, &pool) }
    if let lines = clients[c].certificate.take() { pool.give(lines) }
    clients[c].stream.close(&pool, reset: reset)
    wheel.remove(&clients[c].timer)
    endedClients.append(c)
    if isLane { return }
    if clients[c].isNobody {
      clients[c].isNobody = false
      nobodies &-= 1
      return
    }
    setup.counters.worker.add(.clientConnectionsClosed)
  }
}
