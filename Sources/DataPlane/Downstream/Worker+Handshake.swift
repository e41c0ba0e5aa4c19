/// TLS of clients: from the first byte to the first request.
extension Worker {
  /// How long session tickets wait for the first answer, in nanoseconds: in one packet with it they
  /// cost next to nothing.
  private static var ticketsHeld: Instant { 20_000_000 }

  /// False when the connection's listener does not speak TLS.
  mutating func beginTLS(_ c: Int32) -> Bool {
    guard snapshots.hasCurrent else { return false }
    let snapshot = snapshots[UInt8(truncatingIfNeeded: snapshots.current)]
    guard let set = snapshot.value.tlsSet(clients[c].listener, worker: setup.index) else {
      return false
    }
    guard let connection = TLSConnection(server: set, tls) else {
      closeClient(c)
      return true
    }
    clients[c].stream.beginTLS(connection)
    clients[c].isTLS = true
    clients[c].state = .handshake
    setClientTimer(c, after: isDraining ? Worker.drainGrace : policy.tlsHandshake)
    return true
  }

  mutating func queueHandshake(_ c: Int32) {
    guard !clients[c].stream.isQueued else { return }
    clients[c].stream.isQueued = true
    handshakes.append(clientToken(c).raw)
  }

  /// A few steps, the longest waiting first; those that are left come in the next turns.
  mutating func runHandshakes() {
    var steps = HandshakeQueue.perTurn
    while steps > 0, let raw = handshakes.takeFirst() {
      let token = Token(raw: raw)
      let c = token.index
      guard clients.isUsed(c), clients[c].generation == token.generation else { continue }
      clients[c].stream.isQueued = false
      guard clients[c].state == .handshake else { continue }
      steps -= 1
      shakeHands(c)
    }
  }

  private mutating func shakeHands(_ c: Int32) {
    switch clients[c].stream.shakeHands(&tls, &pool) {
    case .needsMore: if clients[c].stream.isReadable { queueHandshake(c) }
    case .done: handshakeDone(c)
    case .failed(let failure):
      if failure.kind == .plainHTTP { refuseClear(c) } else { handshakeFailed(c) }
    }
  }

  private mutating func handshakeDone(_ c: Int32) {
    setup.counters.worker.add(.tlsHandshakes)
    if clients[c].stream.tls?.isResumed == true { setup.counters.worker.add(.tlsResumed) }
    clients[c].isVerified = clients[c].stream.tls?.clientVerification == .good
    clients[c].mayBeMisdirected = clients[c].stream.tls?.mayBeMisdirected == true
    if clients[c].stream.tls?.asksClients == true {
      var lines = pool.take(atLeast: 2048)
      lines.removeAll()
      clients[c].stream.tls?.describeClient(into: &lines)
      clients[c].certificate = consume lines
    }
    if clients[c].stream.tls?.speaksHTTP2 == true { return beginSession(client: c) }
    clients[c].mayBeginSession = false
    clients[c].state = .waiting
    if clients[c].stream.holdsTickets {
      setClientTimer(c, after: Worker.ticketsHeld)
    } else {
      awaitRequest(c)
    }
    if clients[c].stream.isReadable { clientReadable(c) }
  }

  /// No request came for the tickets to go with: they go alone.
  mutating func sendTickets(_ c: Int32) {
    if case .failed = clients[c].stream.sendTickets(&tls, &pool) { return closeClient(c) }
    awaitRequest(c)
  }

  /// Counted, and no more said of it: whoever likes can make thousands of them.
  mutating func handshakeFailed(_ c: Int32) {
    setup.counters.worker.add(.tlsHandshakeFailures)
    closeClient(c)
  }

  /// A request in clear came to a port that speaks TLS: the answer is in clear, too.
  private mutating func refuseClear(_ c: Int32) {
    setup.counters.worker.add(.tlsHandshakeFailures)
    clients[c].stream.endTLS(&pool)
    clients[c].isTLS = false
    answerClearRequest(c)
  }
}
