/// TLS with backends: from the socket that stands to the request, or the session, that goes out.
extension Worker {
  /// Failures of one backend are told this often.
  private static var tellEvery: Instant { 10_000_000_000 }

  /// The connection will speak TLS, once it stands. False when there is no memory.
  mutating func prepareTLS(_ x: Int32, _ u: Int32) -> Bool {
    let snapshot = snapshots[exchanges[x].snapshot]
    let pool = snapshot.value.pools[Int(exchanges[x].pool)]
    let row = snapshot.value.backends[Int(exchanges[x].backend)]
    guard let set = snapshot.value.tlsSet(pool: pool, worker: setup.index),
      let connection = TLSConnection(
        client: set, name: snapshot.value.text.span, Int(row.tlsName.offset),
        Int(row.tlsName.count), backend: row.identity, transport: row.transport, tlsSessions, tls)
    else { return false }
    upstreams[u].stream.beginTLS(connection)
    return true
  }

  // MARK: The handshake

  mutating func beginHandshake(upstream u: Int32) {
    upstreams[u].isHandshaking = true
    queueHandshake(upstream: u)
  }

  mutating func handshakeEvent(upstream u: Int32, _ readiness: Poller.Readiness) {
    if readiness.isWritable, upstreams[u].stream.hasOutput,
      case .failed = upstreams[u].stream.flush(&pool)
    {
      return handshakeFailed(upstream: u, TLSFailure(.closed))
    }
    if upstreams[u].stream.isReadable { queueHandshake(upstream: u) }
  }

  private mutating func queueHandshake(upstream u: Int32) {
    guard !upstreams[u].stream.isQueued else { return }
    upstreams[u].stream.isQueued = true
    backendHandshakes.append(upstreamToken(u).raw)
  }

  mutating func queueHandshake(probe p: Int32) {
    guard !probes[p].stream.isQueued else { return }
    probes[p].stream.isQueued = true
    backendHandshakes.append(probeToken(p).raw)
  }

  /// As `runHandshakes`, of backends.
  mutating func runBackendHandshakes() {
    var steps = HandshakeQueue.perTurn
    while steps > 0, let raw = backendHandshakes.takeFirst() {
      let token = Token(raw: raw)
      let index = token.index
      if token.kind == .probe {
        guard probes.isUsed(index), probes[index].generation == token.generation else { continue }
        probes[index].stream.isQueued = false
        guard probes[index].state == .handshake else { continue }
        shakeHands(probe: index)
      } else {
        guard upstreams.isUsed(index), upstreams[index].generation == token.generation else {
          continue
        }
        upstreams[index].stream.isQueued = false
        guard upstreams[index].state == .connecting, upstreams[index].isHandshaking else {
          continue
        }
        shakeHands(upstream: index)
      }
      steps -= 1
    }
  }

  private mutating func shakeHands(upstream u: Int32) {
    let result = upstreams[u].stream.shakeHands(&tls, &pool)
    tlsSessions.keep(upstreams[u].backend, upstreams[u].transport, from: &tls)
    switch result {
    case .needsMore: if upstreams[u].stream.isReadable { queueHandshake(upstream: u) }
    case .done: handshakeDone(upstream: u)
    case .failed(let failure): handshakeFailed(upstream: u, failure)
    }
  }

  private mutating func handshakeDone(upstream u: Int32) {
    let isHTTP2 = upstreams[u].stream.tls?.speaksHTTP2 == true
    // One that agrees on nothing speaks HTTP/1.1 (RFC 7301 section 3.1).
    guard isHTTP2 == (upstreams[u].session >= 0) else {
      return handshakeFailed(upstream: u, TLSFailure(.otherProtocol))
    }
    upstreams[u].isHandshaking = false
    let counters = setup.counters.backends[upstreams[u].backend]
    counters.add(.tlsConnects)
    if upstreams[u].stream.tls?.isResumed == true { counters.add(.tlsConnectsResumed) }
    let generation = upstreams[u].generation
    connectionStands(u)
    // What came along with the end of the handshake: tickets, frames, an early end.
    if upstreams[u].generation == generation, upstreams[u].stream.isReadable { queueUpstream(u) }
  }

  private mutating func handshakeFailed(upstream u: Int32, _ failure: TLSFailure) {
    setup.counters.backends[upstreams[u].backend].add(.tlsConnectFailures)
    tell(upstream: u, failure)
    connectFailed(u, .tlsFailed)
  }

  /// Of the connection, or of the handshake on it.
  mutating func connectTimedOut(_ u: Int32) {
    if upstreams[u].isHandshaking {
      handshakeFailed(upstream: u, TLSFailure(.timeout))
    } else {
      connectFailed(u, .connectTimeout)
    }
  }

  // MARK: Afterwards

  /// Looks after what came besides bytes.
  @inline(__always)
  mutating func tlsReceived(upstream u: Int32, _ result: Transfer) {
    tlsSessions.keep(upstreams[u].backend, upstreams[u].transport, from: &tls)
    if case .failed = result { tellLate(upstream: u) }
  }

  /// In TLS 1.3 a backend may say only after the handshake that it does not like our certificate.
  @inline(never)
  private mutating func tellLate(upstream u: Int32) {
    guard let failure = upstreams[u].stream.tls?.lateFailure else { return }
    setup.counters.backends[upstreams[u].backend].add(.tlsConnectFailures)
    tell(upstream: u, failure)
  }

  private func tell(upstream u: Int32, _ failure: TLSFailure) {
    let identity = upstreams[u].backend
    guard setup.shared.backend(identity).mayTellOfTLS(every: Worker.tellEvery, at: now) else {
      return
    }
    setup.events.add(
      Event(
        wallMilliseconds: Clock.wallMilliseconds(), pool: upstreams[u].pool,
        backend: identity, text: "TLS failed: \(failure.ofBackend)"))
  }
}
