import Glibc

/// Choosing a backend, reaching it, and another one when that fails.
extension Worker {
  private static var maxTries: Int { 3 }

  /// The first try: the head is in `outgoing`, the body that came along in `scratch`.
  mutating func dispatchFirst(_ x: Int32, _ bodyAt: Int, _ bodyCount: Int) {
    while chooseBackend(x) {
      guard let u = takeOrConnect(x) else {
        if exchanges[x].step == .free { return }
        if exchanges[x].retryAt != .max {
          keepUnsent(x, bodyAt, bodyCount)
          return
        }
        continue
      }
      attach(x, u)
      if upstreams[u].state == .connecting {
        _ = upstreams[u].stream.enqueue(outgoing, 0, outgoing.end, &pool)
        _ = upstreams[u].stream.enqueue(scratch, bodyAt, bodyCount, &pool)
        return
      }
      if sendRequest(x, u, bodyAt, bodyCount) { return }
      // Nothing of it was sent: the pooled connection was dead already, whatever the method.
      setup.counters.pools[exchanges[x].poolCounters].add(.staleRetries)
      setup.counters.backends[exchanges[x].backendIdentity].add(.staleRetries)
      detach(x, u)
      closeUpstream(u)
      exchanges[x].tryCount &-= 1
      exchanges[x].tried = TriedBackends()
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
      result = upstreams[u].stream.send(&scratch, at, outgoing.end &+ bodyCount, &pool)
    } else {
      result = upstreams[u].stream.send(&outgoing, 0, outgoing.end, &pool)
      if bodyCount > 0 {
        if case .failed = result {
        } else {
          result = upstreams[u].stream.send(&scratch, bodyAt, bodyCount, &pool)
        }
      }
    }
    if case .failed = result {
      if upstreams[u].isReused { return false }
      upstreamLost(u)
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
    let c = exchanges[x].client
    setClientTimer(c, after: policy.clientBodyIdle)
    if clients[c].stream.isReadable || clients[c].stream.input != nil { pumpRequest(x) }
  }

  // MARK: Choosing

  /// False when there is nobody left: then the client has been answered.
  private mutating func chooseBackend(_ x: Int32) -> Bool {
    if exchanges[x].isTrying { judgeTry(x, .abandoned) }
    let snapshot = snapshots[exchanges[x].snapshot]
    let row = snapshot.value.pools[Int(exchanges[x].pool)]
    let first = Int(row.firstBackend)
    var choice: Int? = nil
    if Int(exchanges[x].tryCount) < Worker.maxTries { choice = choosePlace(x) }
    guard let choice else {
      noBackendLeft(x)
      return false
    }
    exchanges[x].tried.insert(choice)
    if exchanges[x].tryCount > 0 { setup.counters.pools[row.counters].add(.connectRetries) }
    exchanges[x].tryCount &+= 1
    exchanges[x].backend = UInt32(truncatingIfNeeded: first &+ choice)
    exchanges[x].backendIdentity = snapshot.value.backends[first &+ choice].identity
    exchanges[x].isTrying = true
    exchanges[x].triedAt = now
    return true
  }

  private mutating func noBackendLeft(_ x: Int32) {
    if exchanges[x].tryCount == 0 {
      if failFast(x) { return }
      setup.counters.pools[exchanges[x].poolCounters].add(.noBackend)
      failExchange(x, status: 503, .noBackend, "the pool has no backend")
    } else if exchanges[x].failure == .overloaded {
      failExchange(x, status: 503, .overloaded, "out of connections")
    } else if exchanges[x].failure == .connectTimeout {
      failExchange(x, status: 504, .connectTimeout, "no backend could be reached in time")
    } else {
      failExchange(x, status: 502, .connectFailed, "no backend could be reached")
    }
  }

  // MARK: Reaching

  /// A pooled or new connection to the chosen backend; nil when it could not even be begun.
  private mutating func takeOrConnect(_ x: Int32) -> Int32? {
    let mustBeAlive = !exchanges[x].isReplayable
    if let u = takeIdle(exchanges[x].backendIdentity, mustBeAlive: mustBeAlive) { return u }
    return connect(x)
  }

  mutating func connect(_ x: Int32) -> Int32? {
    let identity = exchanges[x].backendIdentity
    let snapshot = snapshots[exchanges[x].snapshot]
    guard let u = upstreams.take() else {
      failExchange(x, status: 503, .overloaded, "too many connections")
      return nil
    }
    let row = snapshot.value.backends[Int(exchanges[x].backend)]
    let poolRow = snapshot.value.pools[Int(exchanges[x].pool)]
    switch Sockets.connect(row.address) {
    case .failure(let error):
      endedUpstreams.append(u)
      connectRefused(x, error, isUnix: row.address.isUnix)
      return nil
    case .success(let (descriptor, inProgress)):
      upstreams[u].stream.open(descriptor)
      upstreams[u].state = inProgress ? .connecting : .active
      upstreams[u].isReused = false
      upstreams[u].backend = identity
      upstreams[u].maxIdle = poolRow.maxIdlePerBackend
      upstreams[u].idleTimeout = poolRow.idleTimeout
      upstreams[u].expires = now &+ min(poolRow.maxAge, Instant.max &- now)
      setup.counters.backends[identity].add(.connectionsOpened)
      guard poller.add(stream: descriptor, upstreamToken(u)) else {
        closeUpstream(u)
        failExchange(x, status: 503, .overloaded, "out of memory for connections")
        return nil
      }
      if inProgress { setUpstreamTimer(u, after: connectTimeout(x)) }
      return u
    }
  }

  /// A connect that failed at once. What is wrong on this machine is not held against the backend.
  private mutating func connectRefused(_ x: Int32, _ error: SystemError, isUnix: Bool) {
    if isUnix, error == .wouldBlock {
      // The socket's backlog is full, and no edge will tell when it is not: ask again.
      if now &- exchanges[x].startedAt < connectTimeout(x) {
        exchanges[x].tryCount &-= 1
        exchanges[x].tried = TriedBackends()
        exchanges[x].retryAt = now &+ 10_000_000
        setExchangeTimer(x)
        return
      }
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
  }

  mutating func attach(_ x: Int32, _ u: Int32) {
    exchanges[x].upstream = u
    upstreams[u].exchange = x
    upstreams[u].stream.hasBlocked = false
    setup.counters.backends[exchanges[x].backendIdentity].add(.started)
    setup.shared.backend(exchanges[x].backendIdentity).begin()
  }

  /// The exchange lets go of its upstream connection, which is closed or pooled next.
  mutating func detach(_ x: Int32, _ u: Int32) {
    exchanges[x].upstream = -1
    upstreams[u].exchange = -1
    setup.counters.backends[upstreams[u].backend].add(.finished)
    setup.shared.backend(upstreams[u].backend).end()
  }

  // MARK: A connect in progress

  mutating func connectCompleted(_ u: Int32) {
    if let error = Sockets.connectError(upstreams[u].stream.descriptor) {
      connectFailed(u, error.isLocal ? .overloaded : .connectFailed)
      return
    }
    upstreams[u].state = .active
    wheel.clear(&upstreams[u].timer)
    let x = upstreams[u].exchange
    switch upstreams[u].stream.flush(&pool) {
    case .failed: upstreamLost(u)
    case .sent, .blocked: requestSent(x, u)
    }
  }

  /// The request was not sent: it goes to another backend with the bytes that were meant for this.
  mutating func connectFailed(_ u: Int32, _ reason: FailureReason) {
    let x = upstreams[u].exchange
    let unsent = upstreams[u].stream.output.take()
    if reason != .overloaded {
      setup.counters.backends[upstreams[u].backend].add(.connectFailures)
      judgeTry(x, .failed)
    }
    exchanges[x].failure = reason
    detach(x, u)
    closeUpstream(u)
    if let unsent { resend(x, unsent) }
  }

  /// Another try with bytes that are ready to be sent.
  mutating func resend(_ x: Int32, _ bytes: consuming Block) {
    var unsent: Block? = consume bytes
    while chooseBackend(x) {
      guard let u = takeOrConnect(x) else {
        if exchanges[x].step == .free { break }
        if exchanges[x].retryAt != .max {
          exchanges[x].unsent = unsent.take()
          return
        }
        continue
      }
      attach(x, u)
      upstreams[u].stream.output = unsent.take()
      if upstreams[u].state == .connecting { return }
      switch upstreams[u].stream.flush(&pool) {
      case .failed: upstreamLost(u)
      case .sent, .blocked: requestSent(x, u)
      }
      return
    }
    if let left = unsent.take() { pool.give(left) }
  }

  /// Keeps what would have been sent, for when the backlog has room.
  private mutating func keepUnsent(_ x: Int32, _ bodyAt: Int, _ bodyCount: Int) {
    var block = pool.take(atLeast: outgoing.end &+ bodyCount)
    block.removeAll()
    block.append(outgoing, 0, outgoing.end)
    block.append(scratch, bodyAt, bodyCount)
    exchanges[x].unsent = consume block
  }

  // MARK: A connection that broke before the response

  /// The whole request again, on a connection of its own: the pooled one was dead.
  ///
  /// - Returns: false when it may not be sent twice.
  mutating func retryStale(_ x: Int32, _ u: Int32) -> Bool {
    guard upstreams[u].isReused, exchanges[x].isReplayable, exchanges[x].interimCount == 0,
      let kept = exchanges[x].head.take()
    else { return false }
    setup.counters.pools[exchanges[x].poolCounters].add(.staleRetries)
    setup.counters.backends[exchanges[x].backendIdentity].add(.staleRetries)
    detach(x, u)
    closeUpstream(u)
    // The kept bytes take the place of freshly received ones and are read again.
    scratch.reset(room: BlockPool.headroom)
    scratch.append(kept, kept.start, kept.count)
    exchanges[x].head = consume kept
    let from = scratch.start
    let length = Int(exchanges[x].headLength)
    guard
      RequestParser.parse(
        scratch, from, scratch.end, limits: policy.headLimits, into: &head)
        == .complete(length: length),
      let target = RequestTarget.parse(
        scratch.bytes, from &+ head.target, head.targetLength, method: head.method)
    else {
      failExchange(x, status: 502, .upstreamClosed, "the backend closed the connection")
      return true
    }
    requestTarget = target
    pathBuffer.removeAll()
    if target.needsNormalizing {
      let snapshot = snapshots[exchanges[x].snapshot]
      _ = PathNormalizer.normalize(
        scratch, target, mergeSlashes: snapshot.value.policy.mergesSlashes, into: &pathBuffer)
    }
    exchanges[x].step = .connect
    exchanges[x].tryCount &-= 1
    exchanges[x].tried = TriedBackends()
    guard writeHead(x, from) else { return true }
    dispatchFirst(x, from &+ length, scratch.end &- from &- length)
    return true
  }
}
