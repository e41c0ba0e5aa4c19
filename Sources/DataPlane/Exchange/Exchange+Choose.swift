/// What became of the search for a backend.
enum BackendChoice {
  case chosen
  /// Later: for room, or for another round. The bytes that are ready to be sent are to be kept.
  case waits
  /// The client was answered.
  case ended
}

/// Choosing a backend, and a place at it.
extension Worker {
  mutating func chooseBackend(_ x: Int32) -> BackendChoice {
    if exchanges[x].isTrying { judgeTry(x, .abandoned) }
    if exchanges[x].holdsBackend, !exchanges[x].hasGrant { releaseBackend(x) }
    let snapshot = snapshots[exchanges[x].snapshot]
    let index = Int(exchanges[x].pool)
    guard Int(exchanges[x].tryCount) < Int(snapshot.value.pools[index].retry.tries) else {
      noBackendLeft(x)
      return .ended
    }
    if snapshot.value.pools[index].capacity.isLimited { return chooseWithin(x) }
    guard let place = choosePlace(x) else { return noneChosen(x) }
    begin(x, place)
    setup.shared.backend(exchanges[x].backendIdentity).begin()
    exchanges[x].holdsBackend = true
    return .chosen
  }

  /// A try at the backend at this place begins.
  @inline(__always)
  private mutating func begin(_ x: Int32, _ place: Int) {
    let snapshot = snapshots[exchanges[x].snapshot]
    let backend = Int(snapshot.value.pools[Int(exchanges[x].pool)].firstBackend) &+ place
    exchanges[x].tried.insert(place)
    exchanges[x].tryCount &+= 1
    exchanges[x].backend = UInt32(truncatingIfNeeded: backend)
    exchanges[x].backendIdentity = snapshot.value.backends[backend].identity
    exchanges[x].isTrying = true
    exchanges[x].triedAt = now
    if policy.tryTimeout != .max || exchanges[x].routeFlags.contains(.hasTimeouts) {
      limitTry(x)
    }
  }

  /// The time that one try may take to its response head.
  private mutating func limitTry(_ x: Int32) {
    let limit = tryTimeout(x)
    exchanges[x].tryDeadline = limit == .max ? .max : now &+ limit
    setExchangeTimer(x)
  }

  /// Nobody, or nobody that was not tried.
  private mutating func noneChosen(_ x: Int32) -> BackendChoice {
    // One that does not answer a connect in time will not do so a moment later, and a certificate
    // will not be another one.
    guard exchanges[x].tried.count > 0, exchanges[x].failure != .connectTimeout,
      exchanges[x].failure != .tlsFailed
    else {
      noBackendLeft(x)
      return .ended
    }
    let snapshot = snapshots[exchanges[x].snapshot]
    waitForAnotherRound(x, snapshot.value.pools[Int(exchanges[x].pool)].retry)
    return .waits
  }

  private mutating func noBackendLeft(_ x: Int32) {
    switch exchanges[x].failure {
    case _ where exchanges[x].tryCount == 0:
      if failFast(x) { return }
      setup.counters.pools[exchanges[x].poolCounters].add(.noBackend)
      failExchange(x, status: 503, .noBackend, "the pool has no backend")
    case .overloaded: failExchange(x, status: 503, .overloaded, "out of connections")
    case .connectTimeout:
      failExchange(x, status: 504, .connectTimeout, "no backend could be reached in time")
    case .connectFailed:
      failExchange(x, status: 502, .connectFailed, "no backend could be reached")
    case .tlsFailed:
      failExchange(x, status: 502, .tlsFailed, "no TLS connection to a backend could be made")
    case .firstByteTimeout, .tryTimeout:
      failExchange(x, status: 504, exchanges[x].failure, "no backend answered in time")
    default: failExchange(x, status: 502, exchanges[x].failure, "no backend answered")
    }
  }

  // MARK: Pools with bounds

  /// As `chooseBackend`, for a pool that may have only so much at work.
  @inline(never)
  private mutating func chooseWithin(_ x: Int32) -> BackendChoice {
    let id = exchanges[x].poolCounters
    // Of the newest config, so that those who wait since before it are not held to old bounds.
    let capacity = balancers[Int32(id)].capacity
    let hadGrant = exchanges[x].hasGrant
    if let place = takeGrant(x, capacity) {
      beginWithin(x, place)
      return .chosen
    }
    guard exchanges[x].isCalled else {
      if setup.shared.pool(id).waiters > 0 { return queue(x, capacity) }
      switch admit(x, capacity) {
      case .place(let place):
        beginWithin(x, place)
        return .chosen
      case .nobody: return noneChosen(x)
      case .full: return queue(x, capacity)
      }
    }
    // What it was called for and does not use is for the one behind it.
    exchanges[x].isCalled = false
    let place = Int(exchanges[x].queuePlace)
    switch admit(x, capacity) {
    case .place(let chosen):
      callNext(id, at: place)
      beginWithin(x, chosen)
      return .chosen
    case .nobody:
      callNext(id, at: place)
      exchanges[x].queueUntil = .max
      return noneChosen(x)
    case .full(let othersHaveRoom):
      let choice = queue(x, capacity, at: place)
      if hadGrant || othersHaveRoom { callNext(id, at: place &+ 1) }
      return choice
    }
  }

  private enum Admission {
    case place(Int)
    /// No room for this one; perhaps for others, who may go where it may not.
    case full(othersHaveRoom: Bool)
    /// No backend may be chosen, however much room there is.
    case nobody
  }

  /// A backend and a permit for it and for the pool.
  private mutating func admit(_ x: Int32, _ capacity: CapacityPolicy) -> Admission {
    let id = exchanges[x].poolCounters
    let state = setup.shared.pool(id)
    guard state.begin(upTo: capacity.inFlight) else { return .full(othersHaveRoom: false) }
    // Others may be faster at the one that was chosen; then there is one less with room.
    for _ in 0..<16 {
      guard let place = choosePlace(x, inFlightBelow: capacity.perBackend) else { break }
      let identity = identity(x, place)
      guard setup.shared.backend(identity).begin(upTo: capacity.perBackend) else {
        returnTrial(x, identity)
        continue
      }
      exchanges[x].holdsPool = true
      exchanges[x].holdsBackend = true
      return .place(place)
    }
    // One that is full, and that only those go to that are bound to it, is in no list.
    let hasMore = exchanges[x].keepsBinding || balancers[Int32(id)].hasUntried(exchanges[x].tried)
    state.end()
    if !hasMore { return .nobody }
    // An exchange of an older config does not know what room there is now.
    let isOld = Int(exchanges[x].snapshot) != snapshots.current
    let limit = capacity.perBackend
    return .full(
      othersHaveRoom: isOld || balancers[Int32(id)].hasRoom(below: limit)
        || hasFreeTrial(x, below: limit))
  }

  /// - Parameter place: where it stood before; nil for one that comes.
  private mutating func queue(
    _ x: Int32, _ capacity: CapacityPolicy, at place: Int? = nil
  ) -> BackendChoice {
    let id = exchanges[x].poolCounters
    let state = setup.shared.pool(id)
    let waiter = Waiter(worker: setup.index, token: exchangeToken(x).raw)
    guard
      let isFirst = setup.queues.add(
        waiter, to: id, state, limit: capacity.queueLength, at: place)
    else {
      setup.counters.pools[id].add(.queueOverflows)
      refuseForNow(x, .queueFull, "too many requests are waiting")
      return .ended
    }
    exchanges[x].isQueued = true
    if exchanges[x].queueUntil == .max {
      setup.counters.pools[id].add(.queued)
      exchanges[x].queueUntil = now &+ capacity.queueTimeout
    }
    // Room that was given back before we stood in the queue called nobody; and backends come back.
    if isFirst || place == nil, case .place(let place) = admit(x, capacity) {
      if isFirst, setup.queues.remove(waiter, from: id, state) {
        exchanges[x].isQueued = false
        beginWithin(x, place)
        return .chosen
      }
      // For the first; or this one was called just now, and that call brings a permit of its own.
      let identity = identity(x, place)
      returnTrial(x, identity)
      releasePermits(x, identity: identity)
    }
    setExchangeTimer(x)
    return .waits
  }

  /// Of the backend at this place of the exchange's pool.
  mutating func identity(_ x: Int32, _ place: Int) -> UInt32 {
    let snapshot = snapshots[exchanges[x].snapshot]
    let first = Int(snapshot.value.pools[Int(exchanges[x].pool)].firstBackend)
    return snapshot.value.backends[first &+ place].identity
  }

  private mutating func beginWithin(_ x: Int32, _ place: Int) {
    exchanges[x].queueUntil = .max
    begin(x, place)
  }

  /// 503, with a word on when to come again.
  mutating func refuseForNow(
    _ x: Int32, _ reason: FailureReason, _ explanation: StaticString, seconds: Int = 1
  ) {
    failExchange(x, status: 503, reason, explanation, retryAfter: seconds)
  }

  mutating func queueTimedOut(_ x: Int32) {
    leaveQueue(x)
    setup.counters.pools[exchanges[x].poolCounters].add(.queueTimeouts)
    refuseForNow(x, .queueTimeout, "no backend had room in time")
  }

  mutating func leaveQueue(_ x: Int32) {
    let id = exchanges[x].poolCounters
    let waiter = Waiter(worker: setup.index, token: exchangeToken(x).raw)
    setup.queues.remove(waiter, from: id, setup.shared.pool(id))
    exchanges[x].isQueued = false
  }

  // MARK: Giving room back

  /// The exchange is done with its backend, for now or for good.
  @inline(__always)
  mutating func releaseBackend(_ x: Int32) {
    guard exchanges[x].holdsBackend else { return }
    if exchanges[x].holdsPool {
      releasePermits(x, identity: exchanges[x].backendIdentity)
    } else {
      exchanges[x].holdsBackend = false
      setup.shared.backend(exchanges[x].backendIdentity).end()
      // Bounds may have come with a reload since.
      callFirst(exchanges[x].poolCounters)
    }
  }

  /// To the one that waits longest, or back to all.
  @inline(never)
  private mutating func releasePermits(_ x: Int32, identity: UInt32) {
    exchanges[x].holdsBackend = false
    exchanges[x].holdsPool = false
    passOn(pool: exchanges[x].poolCounters, identity: identity)
  }

  private mutating func passOn(pool id: UInt32, identity: UInt32, at place: Int = 0) {
    let state = setup.shared.pool(id)
    if state.waiters > 0, let waiter = setup.queues.take(place, of: id, state) {
      setup.mailboxes[waiter.worker].post(
        .grant(exchange: waiter.token, pool: id, backend: identity, place: place))
      return
    }
    setup.shared.backend(identity).end()
    state.end()
    // Somebody may have begun to wait just before that.
    callFirst(id)
  }

  /// Tells the first that waits to look for itself: there may be room.
  @inline(__always)
  mutating func callFirst(_ id: UInt32) {
    if setup.shared.pool(id).waiters > 0 { callNext(id) }
  }

  /// As `callFirst`, when those before `place` were called already. Ends at the end of the queue.
  @inline(never)
  mutating func callNext(_ id: UInt32, at place: Int = 0) {
    guard let waiter = setup.queues.take(place, of: id, setup.shared.pool(id)) else { return }
    setup.mailboxes[waiter.worker].post(
      .grant(exchange: waiter.token, pool: id, backend: nil, place: place))
  }

  /// Of all pools: what is possible has changed, or some time has passed.
  mutating func callAllFirst() {
    guard snapshots.hasCurrent else { return }
    let snapshot = snapshots[UInt8(truncatingIfNeeded: snapshots.current)]
    for index in 0..<snapshot.value.pools.count { callFirst(snapshot.value.pools[index].counters) }
  }

  // MARK: Being called

  /// - Parameters:
  ///   - identity: of a backend at which this exchange has a permit now; nil when it has to look
  ///     for itself.
  ///   - place: where it stood in the queue.
  mutating func granted(_ token: Token, pool id: UInt32, backend identity: UInt32?, place: Int) {
    let x = token.index
    guard exchanges.isUsed(x), exchanges[x].generation == token.generation, exchanges[x].isQueued
    else {
      // It ended, or its time was over: the next one.
      if let identity {
        passOn(pool: id, identity: identity, at: place)
      } else {
        callNext(id, at: place)
      }
      return
    }
    exchanges[x].isQueued = false
    exchanges[x].queuePlace = Int32(truncatingIfNeeded: place)
    exchanges[x].isCalled = true
    if let identity {
      exchanges[x].holdsBackend = true
      exchanges[x].holdsPool = true
      exchanges[x].backendIdentity = identity
      exchanges[x].hasGrant = true
    }
    resumeTry(x)
    if exchanges[x].step != .free { setExchangeTimer(x) }
  }

  /// The place of the backend at which this exchange was given a permit.
  private mutating func takeGrant(_ x: Int32, _ capacity: CapacityPolicy) -> Int? {
    guard exchanges[x].hasGrant else { return nil }
    exchanges[x].hasGrant = false
    exchanges[x].trial = 0
    exchanges[x].isTimed = exchanges[x].requestDone
    let snapshot = snapshots[exchanges[x].snapshot]
    let row = snapshot.value.pools[Int(exchanges[x].pool)]
    refreshIfStale(x)
    if exchanges[x].routeFlags.contains(.isSticky), let place = exchangeGrant(x, capacity) {
      exchanges[x].isCalled = false
      return place
    }
    for place in 0..<Int(row.backendCount)
    where snapshot.value.backends[Int(row.firstBackend) &+ place].identity
      == exchanges[x].backendIdentity
    {
      let isOver =
        setup.shared.backend(exchanges[x].backendIdentity).load.inFlight > capacity.perBackend
      if !isOver, balancers[Int32(row.counters)].mayChoose(place, exchanges[x].tried) {
        exchanges[x].isCalled = false
        return place
      }
    }
    // Not for this one (any more): it looks for itself.
    if !exchanges[x].isCalled {
      exchanges[x].isCalled = true
      exchanges[x].queuePlace = 0
    }
    exchanges[x].holdsBackend = false
    exchanges[x].holdsPool = false
    setup.shared.backend(exchanges[x].backendIdentity).end()
    setup.shared.pool(row.counters).end()
    return nil
  }
}
