extension Worker {
  /// Accepts a batch. A full slab or a lack of descriptors stops listening until something closes.
  mutating func acceptAll(_ index: Int) {
    guard index < listeners.count, !isAcceptPaused else { return }
    let listener = listeners[index]
    for _ in 0..<64 {
      guard hasRoomForClient else {
        setup.counters.worker.add(.clientConnectionsRefused)
        pauseAccepting()
        return
      }
      guard acceptOne(listener) else { return }
    }
  }

  /// False when there is nothing more to accept for now.
  private mutating func acceptOne(_ listener: WorkerListener) -> Bool {
    switch ListeningSocket.accept(listener.descriptor) {
    case .success(let (descriptor, peer)):
      openClient(descriptor, peer, listener.identity)
      return true
    case .failure(let error):
      if error.isResourceShortage { pauseAccepting() }
      // A connection that was reset while it waited is not the listener's end.
      return error == .connectionAborted || error == .interrupted
    }
  }

  private mutating func openClient(
    _ descriptor: Int32, _ peer: PeerAddress, _ listener: UInt32
  ) {
    guard let c = clients.take() else {
      Sockets.close(descriptor)
      return
    }
    let isTrusted = isTrustedPeer(peer)
    clients[c].keepAlive = true
    clients[c].isInHead = false
    clients[c].isTrusted = isTrusted
    clients[c].hasShutDown = false
    clients[c].skippedBytes = 0
    clients[c].exchange = -1
    clients[c].session = -1
    clients[c].mayBeginSession = speaksHTTP2(listener)
    clients[c].isTLS = false
    clients[c].address = peer
    clients[c].proxied = ProxyHeader(.local)
    clients[c].listener = listener
    clients[c].isTLS = false
    clients[c].isVerified = false
    clients[c].mayBeMisdirected = false
    clients[c].stream.open(descriptor)
    clients[c].state = .proxyHeader
    guard poller.add(stream: descriptor, clientToken(c)) else {
      closeClient(c)
      return
    }
    setup.counters.worker.add(.clientConnectionsAccepted)
    if expectsProxyHeader(listener, peer) {
      setClientTimer(c, after: policy.clientHeader)
    } else {
      beginClient(c)
    }
  }

  /// What the client itself sends begins here: behind the header of a balancer in front, if any.
  mutating func beginClient(_ c: Int32) {
    if beginTLS(c) { return }
    clients[c].state = .waiting
    awaitRequest(c)
  }

  /// Of a connection that is idle while the worker drains: a request may be on its way.
  static var drainGrace: Instant { 500_000_000 }

  /// The time for a connection's first request begins.
  mutating func awaitRequest(_ c: Int32) {
    setClientTimer(c, after: isDraining ? Worker.drainGrace : policy.keepAliveIdle)
  }

  private mutating func expectsProxyHeader(_ listener: UInt32, _ peer: PeerAddress) -> Bool {
    guard snapshots.hasCurrent else { return false }
    let snapshot = snapshots[UInt8(truncatingIfNeeded: snapshots.current)]
    let row = snapshot.value.listener(listener)
    return row.takesProxyHeaders && snapshot.value.expectsProxyHeader(row, from: peer)
  }

  private mutating func speaksHTTP2(_ listener: UInt32) -> Bool {
    guard snapshots.hasCurrent else { return false }
    return snapshots[UInt8(truncatingIfNeeded: snapshots.current)].value.listener(listener)
      .speaksHTTP2
  }

  func isTrustedPeer(_ peer: PeerAddress) -> Bool {
    guard snapshots.hasCurrent else { return false }
    let snapshot = snapshots[UInt8(truncatingIfNeeded: snapshots.current)]
    if snapshot.value.trusted.count == 0 { return false }
    guard let mapped = peer.mapped else { return false }
    for index in 0..<snapshot.value.trusted.count
    where snapshot.value.trusted[index].contains(mapped) { return true }
    return false
  }

  // MARK: Pausing

  mutating func watch(_ index: Int) {
    let token = Token(.worker, Int32(index), 0)
    let listener = listeners[index]
    _ =
      listener.isShared
      ? poller.add(exclusive: listener.descriptor, token)
      : poller.add(level: listener.descriptor, token)
  }

  private mutating func pauseAccepting() {
    guard !isAcceptPaused else { return }
    isAcceptPaused = true
    for listener in listeners { poller.remove(listener.descriptor) }
    wheel.set(&acceptTimer, now &+ 100_000_000, token: Worker.acceptToken.raw)
  }

  mutating func resumeAccepting() {
    guard isAcceptPaused else { return }
    guard hasRoomForClient else {
      wheel.set(&acceptTimer, now &+ 100_000_000, token: Worker.acceptToken.raw)
      return
    }
    isAcceptPaused = false
    for index in listeners.indices { watch(index) }
  }

  /// Closing resets what is still queued, so that is accepted first.
  mutating func stopListening(_ descriptor: Int32) {
    guard let index = listeners.firstIndex(where: { $0.descriptor == descriptor }) else { return }
    let listener = listeners[index]
    if !isAcceptPaused { for other in listeners { poller.remove(other.descriptor) } }
    while hasRoomForClient, acceptOne(listener) {}
    ListeningSocket.close(listener.descriptor)
    listeners.remove(at: index)
    if !isAcceptPaused { for index in listeners.indices { watch(index) } }
  }
}
