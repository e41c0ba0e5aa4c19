/// The snapshots that a worker runs by: the newest, and older ones that exchanges still pin.
struct SnapshotSlots: ~Copyable {
  static var capacity: Int { 8 }
  private var handles = InlineArray<8, SnapshotHandle?>(repeating: nil)
  private var pins = InlineArray<8, Int>(repeating: 0)
  /// Which snapshot is in a slot, counted as they come.
  private var serials = InlineArray<8, UInt64>(repeating: 0)
  private var adoptions: UInt64 = 0
  private(set) var current = 0

  /// False when every slot is pinned: try again later.
  mutating func adopt(_ handle: SnapshotHandle) -> Bool {
    for slot in 0..<SnapshotSlots.capacity where handles[slot] == nil {
      let old = current
      handles[slot] = handle
      pins[slot] = 0
      adoptions &+= 1
      serials[slot] = adoptions
      current = slot
      if old != slot { retire(old) }
      return true
    }
    return false
  }

  @inline(__always) mutating func pin() -> UInt8 {
    pins[current] &+= 1
    return UInt8(truncatingIfNeeded: current)
  }

  /// The same one that another exchange pins.
  mutating func pin(_ slot: UInt8) -> UInt8 {
    pins[Int(slot)] &+= 1
    return slot
  }

  @inline(__always) mutating func unpin(_ slot: UInt8) {
    pins[Int(slot)] &-= 1
    if Int(slot) != current { retire(Int(slot)) }
  }

  private mutating func retire(_ slot: Int) {
    guard pins[slot] == 0, let handle = handles[slot] else { return }
    handles[slot] = nil
    handle.value.release()
  }

  mutating func releaseAll() {
    for slot in 0..<SnapshotSlots.capacity {
      if let handle = handles[slot] { handle.value.release() }
      handles[slot] = nil
    }
  }

  @inline(__always) subscript(slot: UInt8) -> SnapshotHandle {
    guard let handle = handles[Int(slot)] else { preconditionFailure("snapshot not held") }
    return handle
  }

  @inline(__always) func serial(_ slot: UInt8) -> UInt64 { serials[Int(slot)] }

  var hasCurrent: Bool { handles[current] != nil }
}

extension Worker {
  mutating func readMail() {
    setup.mailbox.wakeUp.clear()
    for message in setup.mailbox.takeAll() {
      switch message {
      case .adopt(let handle):
        if let skipped = pendingSnapshot { skipped.value.release() }
        pendingSnapshot = handle
        adoptPending()
      case .listen(let descriptor, let isShared, let identity):
        listeners.append(
          WorkerListener(descriptor: descriptor, isShared: isShared, identity: identity))
        if !isAcceptPaused { watch(listeners.count - 1) }
      case .stopListening(let descriptor): stopListening(descriptor)
      case .drain(let deadline): beginDrain(deadline)
      case .grant(let exchange, let pool, let backend, let place):
        granted(Token(raw: exchange), pool: pool, backend: backend, place: place)
      case .closeIdle(let backend, let worker, let exchange):
        closeIdle(backend: backend, for: worker, exchange)
      case .resume(let exchange): resumed(Token(raw: exchange))
      case .keepIdle(let backend, let isKept): keepIdle(backend, isKept)
      case .fetchSettled(let key, let failure): fetchSettled(key, failure: failure)
      case .bodyGrew(let body): bodyGrew(body)
      case .fillDrained(let exchange): fillDrained(Token(raw: exchange))
      }
    }
  }

  mutating func adoptPending() {
    guard let handle = pendingSnapshot, snapshots.adopt(handle) else { return }
    pendingSnapshot = nil
    policy = handle.value.policy
    for index in 0..<handle.value.pools.count {
      let row = handle.value.pools[index]
      while balancers.usedSlots <= Int(row.counters) { _ = balancers.take() }
      balancers[Int32(row.counters)].use(
        row.strategy, start: UInt64(setup.index), breaker: row.breaker, capacity: row.capacity)
    }
    adoptCaches(handle)
    for index in 0..<handle.value.backends.count {
      let row = handle.value.backends[index]
      while idle.count <= Int(row.identity) { idle.append(IdleList()) }
      closeIdle(row.identity, otherThan: row.transport)
    }
    retireSessions(notIn: handle)
    reconcileProbes()
    callAllFirst()
  }

  // MARK: Drain

  private mutating func beginDrain(_ deadline: Instant) {
    drainDeadline = deadline
    guard !isDraining else { return }
    isDraining = true
    while let listener = listeners.last { stopListening(listener.descriptor) }
    stopProbes()
    // Idle connections get a short grace: a request may be on its way.
    for c in 0..<Int32(clientSlots)
    where clients[c].state == .waiting || clients[c].state == .proxyHeader
      || clients[c].state == .handshake
    {
      setClientTimer(c, after: min(policy.keepAliveIdle, Worker.drainGrace))
    }
    for c in 0..<Int32(clientSlots) where clients[c].state == .session {
      announceEnd(client: c)
      if sessions[clients[c].session].lanes == 0 { setClientTimer(c, after: Worker.drainGrace) }
    }
  }

  mutating func checkDrain() {
    if clients.count == 0 {
      hasEnded = true
    } else if now >= drainDeadline {
      for c in 0..<Int32(clientSlots) where clients[c].state != .free {
        let x = clients[c].exchange
        if x >= 0 { exchanges[x].failure = .drained }
        abortClient(c)
      }
      hasEnded = true
    }
  }

  private var clientSlots: Int { clients.usedSlots }

  /// Closes what is left when the loop has ended.
  mutating func finish() {
    stopProbes()
    for u in 0..<Int32(upstreams.usedSlots) where upstreams[u].state != .free { closeUpstream(u) }
    snapshots.releaseAll()
    if let pending = pendingSnapshot { pending.value.release() }
    setup.onEnd()
  }
}
