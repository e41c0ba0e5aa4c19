import Glibc

/// Reaching the chosen backend, and another one when that fails.
extension Worker {
  /// The head is in `outgoing`, the body that came along in `scratch`.
  mutating func dispatchFirst(_ x: Int32, _ bodyAt: Int, _ bodyCount: Int) {
    while true {
      switch chooseBackend(x) {
      case .ended: return
      case .waits: return keepUnsent(x, bodyAt, bodyCount)
      case .chosen: break
      }
      guard let u = takeOrConnect(x) else {
        if exchanges[x].step == .free { return }
        if exchanges[x].retryAt != .max { return keepUnsent(x, bodyAt, bodyCount) }
        continue
      }
      attach(x, u)
      if upstreams[u].state == .connecting {
        return keepUnsent(x, bodyAt, bodyCount)
      }
      if sendRequest(x, u, bodyAt, bodyCount) { return }
      // Nothing of it was sent: the pooled connection was dead already, whatever the method.
      dropStale(x, u)
    }
  }

  /// False when it failed before a byte was taken.
  @inline(__always)
  private mutating func sendRequest(
    _ x: Int32, _ u: Int32, _ bodyAt: Int, _ bodyCount: Int
  ) -> Bool {
    var result: Stream.SendResult
    if bodyCount > 0, outgoing.end <= bodyAt {
      // One send carries both.
      let at = bodyAt &- outgoing.end
      scratch.copy(from: outgoing, 0, outgoing.end, to: at)
      result = sendScratch(toUpstream: u, at, outgoing.end &+ bodyCount)
    } else {
      result = sendOutgoing(toUpstream: u)
      if bodyCount > 0 {
        if case .failed = result {
        } else if case .failed = sendScratch(toUpstream: u, bodyAt, bodyCount) {
          // The head went out: this is no connection that took nothing.
          exchanges[x].step = .awaitResponse
          uploadBroke(x, u)
          return true
        }
      }
    }
    if case .failed = result {
      if upstreams[u].isReused, upstreams[u].stream.kind == .plain { return false }
      keepUnsent(x, bodyAt, bodyCount)
      if let request = exchanges[x].unsent.take() { notSent(x, u, request) }
      return true
    }
    requestSent(x, u)
    return true
  }

  /// The request, or what there is of it, is with the socket.
  mutating func requestSent(_ x: Int32, _ u: Int32) {
    exchanges[x].step = .awaitResponse
    exchanges[x].failure = .none
    if exchanges[x].requestDone { return setUpstreamTimer(u, after: firstByteTimeout(x)) }
    // While it waits for the rest, neither the time to connect counts nor that of an idle one.
    wheel.clear(&upstreams[u].timer)
    let c = exchanges[x].client
    setClientTimer(c, after: policy.clientBodyIdle)
    if mayHaveMore(client: c) { pumpRequest(x) }
  }

  /// Bytes of a request are here, or its end is known.
  @inline(__always)
  func mayHaveMore(client c: Int32) -> Bool {
    clients[c].stream.isReadable || clients[c].stream.input != nil || clients[c].stream.isEnding
  }

  // MARK: Reaching

  /// A pooled or new connection to the chosen backend; nil when it could not even be begun.
  private mutating func takeOrConnect(_ x: Int32) -> Int32? {
    let mustBeAlive = !exchanges[x].isReplayable
    let identity = exchanges[x].backendIdentity
    if exchanges[x].poolFlags.contains(.speaksHTTP2) { return takeLane(x) }
    if !exchanges[x].poolFlags.contains(.sendsProxyHeader), idle[Int(identity)].newest >= 0 {
      let snapshot = snapshots[exchanges[x].snapshot]
      let transport = snapshot.value.backends[Int(exchanges[x].backend)].transport
      if let u = takeIdle(identity, transport, mustBeAlive: mustBeAlive) { return u }
    }
    return beginConnection(x)
  }

  /// A new connection, if the backend may have one more.
  mutating func beginConnection(_ x: Int32) -> Int32? {
    let identity = exchanges[x].backendIdentity
    let snapshot = snapshots[exchanges[x].snapshot]
    var limit = snapshot.value.pools[Int(exchanges[x].pool)].capacity.connectionsPerBackend
    // Room was given by the newest config.
    if limit != .max {
      limit = balancers[Int32(exchanges[x].poolCounters)].capacity.connectionsPerBackend
    }
    guard setup.shared.backend(identity).beginConnection(upTo: limit) else {
      askForConnection(x)
      return nil
    }
    return connect(x)
  }

  mutating func connect(_ x: Int32) -> Int32? {
    let identity = exchanges[x].backendIdentity
    let snapshot = snapshots[exchanges[x].snapshot]
    guard let u = upstreams.take() else {
      setup.shared.backend(identity).endConnection()
      failExchange(x, status: 503, .overloaded, "too many connections")
      return nil
    }
    let row = snapshot.value.backends[Int(exchanges[x].backend)]
    let poolRow = snapshot.value.pools[Int(exchanges[x].pool)]
    switch Sockets.connect(row.address) {
    case .failure(let error):
      endedUpstreams.append(u)
      setup.shared.backend(identity).endConnection()
      connectRefused(x, error, isUnix: row.address.isUnix)
      return nil
    case .success(let (descriptor, inProgress)):
      upstreams[u].stream.open(descriptor)
      upstreams[u].state = inProgress || poolRow.tls >= 0 ? .connecting : .active
      upstreams[u].isHandshaking = false
      upstreams[u].transport = row.transport
      upstreams[u].isReused = false
      upstreams[u].session = -1
      upstreams[u].backend = identity
      upstreams[u].pool = exchanges[x].poolCounters
      upstreams[u].maxIdle = poolRow.maxIdlePerBackend
      upstreams[u].idleTimeout = poolRow.idleTimeout
      upstreams[u].expires = now &+ min(poolRow.maxAge, Instant.max &- now)
      setup.counters.backends[identity].add(.connectionsOpened)
      guard poolRow.tls < 0 || prepareTLS(x, u),
        poller.add(stream: descriptor, upstreamToken(u))
      else {
        closeUpstream(u)
        failExchange(x, status: 503, .overloaded, "out of memory for connections")
        return nil
      }
      if exchanges[x].poolFlags.contains(.sendsProxyHeader) {
        upstreams[u].idleTimeout = 0
        if !inProgress, let error = introduceClient(x, u) {
          closeUpstream(u)
          connectRefused(x, error, isUnix: false)
          return nil
        }
      }
      if upstreams[u].state == .connecting { setUpstreamTimer(u, after: connectTimeout(x)) }
      if !inProgress, poolRow.tls >= 0 { beginHandshake(upstream: u) }
      return u
    }
  }

  /// A connect that failed at once. What is wrong on this machine is not held against the backend.
  private mutating func connectRefused(_ x: Int32, _ error: SystemError, isUnix: Bool) {
    if isUnix, error == .wouldBlock {
      // The socket's backlog is full, and no edge will tell when it is not: ask again.
      if waitToConnect(x) { return }
      exchanges[x].failure = .connectTimeout
      judgeTry(x, .failed)
      return
    }
    if error.isLocal {
      exchanges[x].failure = .overloaded
    } else {
      exchanges[x].failure = .connectFailed
      setup.counters.backends[exchanges[x].backendIdentity].add(.connectFailures)
      judgeTry(x, .failed)
    }
    countConnectRetry(x)
  }

  /// The same backend again, in a moment. False when that went on for too long.
  private mutating func waitToConnect(_ x: Int32) -> Bool {
    if exchanges[x].connectUntil == .max {
      let limit = connectTimeout(x)
      exchanges[x].connectUntil = limit == .max ? .max &- 1 : now &+ limit
    }
    guard now < exchanges[x].connectUntil else { return false }
    forgetTry(x)
    exchanges[x].retryAt = now &+ 10_000_000
    setExchangeTimer(x)
    return true
  }

  /// The backend has as many connections as it may have, and this worker has none that is idle:
  /// one that is idle elsewhere is closed for this exchange, which keeps its permit meanwhile.
  private mutating func askForConnection(_ x: Int32) {
    guard waitToConnect(x) else {
      exchanges[x].failure = .connectTimeout
      return
    }
    exchanges[x].hasGrant = true
    let identity = exchanges[x].backendIdentity
    for (index, counters) in setup.allCounters.enumerated()
    where index != setup.index
      && (counters.backends[identity].load(.idleConnections) > 0
        || exchanges[x].poolFlags.contains(.speaksHTTP2))
    {
      setup.mailboxes[index].post(
        .closeIdle(backend: identity, worker: setup.index, exchange: exchangeToken(x).raw))
    }
  }

  /// Another worker wants to connect to a backend that may have no more connections.
  mutating func closeIdle(backend identity: UInt32, for worker: Int, _ exchange: UInt64) {
    guard Int(identity) < idle.count else { return }
    if idle[Int(identity)].newest >= 0 {
      closeUpstream(idle[Int(identity)].newest)
    } else if !giveUpSession(identity) {
      return
    }
    setup.mailboxes[worker].post(.resume(exchange: exchange))
  }

  /// There is room for the connection that this exchange waits for.
  mutating func resumed(_ token: Token) {
    let x = token.index
    guard exchanges.isUsed(x), exchanges[x].generation == token.generation,
      exchanges[x].hasGrant, exchanges[x].retryAt != .max
    else { return }
    resumeTry(x)
    if exchanges[x].step != .free { setExchangeTimer(x) }
  }

  private mutating func countConnectRetry(_ x: Int32) {
    setup.counters.pools[exchanges[x].poolCounters].add(.connectRetries)
  }

  mutating func attach(_ x: Int32, _ u: Int32) {
    exchanges[x].upstream = u
    exchanges[x].connectUntil = .max
    upstreams[u].exchange = x
    upstreams[u].stream.hasBlocked = false
    setup.counters.backends[exchanges[x].backendIdentity].add(.started)
  }

  /// The exchange lets go of its upstream connection, which is closed or pooled next.
  mutating func detach(_ x: Int32, _ u: Int32) {
    exchanges[x].upstream = -1
    upstreams[u].exchange = -1
    setup.counters.backends[upstreams[u].backend].add(.finished)
    releaseBackend(x)
  }

  // MARK: A connect in progress

  mutating func connectCompleted(_ u: Int32) {
    if let error = Sockets.connectError(upstreams[u].stream.descriptor) {
      connectFailed(u, error.isLocal ? .overloaded : .connectFailed)
      return
    }
    let x = upstreams[u].exchange
    if x >= 0, exchanges[x].poolFlags.contains(.sendsProxyHeader),
      let error = introduceClient(x, u)
    {
      connectFailed(u, error.isLocal ? .overloaded : .connectFailed)
      return
    }
    if upstreams[u].stream.kind == .tls { return beginHandshake(upstream: u) }
    connectionStands(u)
  }

  /// With TLS, where that is spoken: what was meant for it goes out.
  mutating func connectionStands(_ u: Int32) {
    if upstreams[u].session >= 0 { return sessionConnected(upstream: u) }
    upstreams[u].state = .active
    wheel.clear(&upstreams[u].timer)
    let x = upstreams[u].exchange
    guard let request = exchanges[x].unsent.take() else { return requestSent(x, u) }
    if let unsent = sendAgain(x, u, request) { notSent(x, u, unsent) }
  }

  /// The request was not sent: it goes to another backend with the bytes that were meant for this.
  mutating func connectFailed(_ u: Int32, _ reason: FailureReason) {
    if reason != .overloaded {
      setup.counters.backends[upstreams[u].backend].add(.connectFailures)
    }
    if upstreams[u].session >= 0 {
      // Each of its lanes goes another way.
      endSession(upstream: u, reason)
      return closeUpstream(u)
    }
    let x = upstreams[u].exchange
    let unsent = exchanges[x].unsent.take()
    if reason != .overloaded { judgeTry(x, .failed) }
    exchanges[x].failure = reason
    detach(x, u)
    closeUpstream(u)
    countConnectRetry(x)
    if let unsent { resend(x, unsent) }
  }

  /// The backend has done nothing for what was sent on this lane: the same goes out once more.
  ///
  /// - Parameter reason: `upstreamClosed` when the backend said so itself. It may be asked again
  ///   then, on another connection; that is a try, but no failure.
  mutating func sendAnew(
    _ x: Int32, _ u: Int32, _ request: consuming Block, _ reason: FailureReason
  ) {
    let isFailure = reason != .overloaded && reason != .upstreamClosed
    judgeTry(x, isFailure ? .failed : .abandoned)
    exchanges[x].failure = reason
    detach(x, u)
    closeUpstream(u)
    countConnectRetry(x)
    if reason == .upstreamClosed { forgetTry(x) }
    beginAnew(x)
    resend(x, request)
  }

  /// Sends what is ready; gives it back when the connection broke before a byte was taken.
  private mutating func sendAgain(_ x: Int32, _ u: Int32, _ request: consuming Block) -> Block? {
    var request = request
    if case .failed = send(&request, toUpstream: u) {
      return request
    }
    pool.give(request)
    requestSent(x, u)
    return nil
  }

  /// A new connection was reset before a byte was sent: as if it had been refused.
  private mutating func notSent(_ x: Int32, _ u: Int32, _ request: consuming Block) {
    exchanges[x].unsent = consume request
    connectFailed(u, .connectFailed)
  }

  /// Another try with bytes that are ready to be sent.
  mutating func resend(_ x: Int32, _ bytes: consuming Block) {
    var unsent: Block? = consume bytes
    search: while true {
      switch chooseBackend(x) {
      case .ended: break search
      case .waits:
        exchanges[x].unsent = unsent.take()
        return
      case .chosen: break
      }
      guard let u = takeOrConnect(x) else {
        if exchanges[x].step == .free { break }
        if exchanges[x].retryAt != .max {
          exchanges[x].unsent = unsent.take()
          return
        }
        continue
      }
      attach(x, u)
      guard let request = unsent.take() else { return requestSent(x, u) }
      if upstreams[u].state == .connecting {
        exchanges[x].unsent = consume request
        return
      }
      guard let refused = sendAgain(x, u, request) else { return }
      if !upstreams[u].isReused || upstreams[u].stream.kind == .lane {
        return notSent(x, u, refused)
      }
      dropStale(x, u)
      unsent = consume refused
    }
    if let left = unsent.take() { pool.give(left) }
  }

  /// Keeps what would have been sent, for later.
  private mutating func keepUnsent(_ x: Int32, _ bodyAt: Int, _ bodyCount: Int) {
    var block = pool.take(atLeast: outgoing.end &+ bodyCount)
    block.removeAll()
    block.append(outgoing, 0, outgoing.end)
    block.append(scratch, bodyAt, bodyCount)
    exchanges[x].unsent = consume block
  }
}
