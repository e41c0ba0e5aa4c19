/// Idle connections of each backend: last in, first out, so that the surplus grows old and ends.
extension Worker {
  /// A connection that was just found open, or nil.
  ///
  /// - Parameters:
  ///   - transport: one that was made in another way is closed.
  ///   - mustBeAlive: the request cannot be sent twice, so a connection that was idle for a second
  ///     or more is asked first whether it still stands.
  mutating func takeIdle(
    _ identity: UInt32, _ transport: UInt64, mustBeAlive: Bool
  ) -> Int32? {
    while true {
      let u = idle[Int(identity)].newest
      guard u >= 0 else { return nil }
      let isOld = now &- upstreams[u].idleSince >= 1_000_000_000
      if now >= upstreams[u].expires || upstreams[u].transport != transport
        || mustBeAlive && isOld && !isAlive(upstream: u)
      {
        closeUpstream(u)
        continue
      }
      unlinkIdle(u)
      // The time for being idle is not one for the request.
      wheel.clear(&upstreams[u].timer)
      upstreams[u].state = .active
      upstreams[u].isReused = true
      return u
    }
  }

  /// Puts a connection that ended its response cleanly into the pool, or closes it.
  @inline(__always)
  mutating func giveIdle(_ u: Int32, keepAliveSeconds: Int) {
    let identity = upstreams[u].backend
    var lifetime = upstreams[u].idleTimeout
    if keepAliveSeconds >= 0 {
      // Half a second of margin: the backend's clock started earlier.
      let promised = UInt64(keepAliveSeconds) &* 1_000_000_000
      lifetime = min(lifetime, promised > 500_000_000 ? promised &- 500_000_000 : 0)
    }
    // Backends beyond the registry's room share the identity 0, but not each other's connections.
    guard lifetime > 0, identity != 0, now < upstreams[u].expires, !isDraining,
      hasRoomForIdle(identity, upstreams[u].maxIdle)
    else { return closeUpstream(u) }
    upstreams[u].state = .idle
    upstreams[u].exchange = -1
    upstreams[u].idleSince = now
    upstreams[u].stream.hasBlocked = false
    let newest = idle[Int(identity)].newest
    upstreams[u].next = newest
    upstreams[u].previous = -1
    if newest >= 0 { upstreams[newest].previous = u }
    idle[Int(identity)].newest = u
    idle[Int(identity)].count &+= 1
    setup.counters.backends[identity].add(.idleConnections)
    setUpstreamTimer(u, after: lifetime)
  }

  /// The bound is per backend over all workers; a worker below its share need not ask the others.
  @inline(__always)
  private func hasRoomForIdle(_ identity: UInt32, _ most: UInt32) -> Bool {
    guard !idle[Int(identity)].isClosed else { return false }
    let share = max(1, Int(most) / setup.allCounters.count)
    if most > 0, Int(idle[Int(identity)].count) < share { return true }
    var sum: UInt64 = 0
    for counters in setup.allCounters { sum &+= counters.backends[identity].load(.idleConnections) }
    return sum < UInt64(most)
  }

  /// The backend was out until `moment`: connections that were idle before are as good as dead.
  mutating func closeIdle(_ identity: UInt32, since moment: Instant) {
    guard moment > 0 else { return }
    var u = idle[Int(identity)].newest
    while u >= 0 {
      let next = upstreams[u].next
      if upstreams[u].idleSince <= moment { closeUpstream(u) }
      u = next
    }
    retireSessions(identity)
  }

  /// By a new config the backend is spoken to in that way.
  mutating func closeIdle(_ identity: UInt32, otherThan transport: UInt64) {
    var u = idle[Int(identity)].newest
    while u >= 0 {
      let next = upstreams[u].next
      if upstreams[u].transport != transport { closeUpstream(u) }
      u = next
    }
    retireSessions(identity, otherThan: transport)
  }

  private mutating func unlinkIdle(_ u: Int32) {
    let identity = upstreams[u].backend
    let next = upstreams[u].next
    let previous = upstreams[u].previous
    if previous >= 0 { upstreams[previous].next = next } else { idle[Int(identity)].newest = next }
    if next >= 0 { upstreams[next].previous = previous }
    upstreams[u].next = -1
    upstreams[u].previous = -1
    idle[Int(identity)].count &-= 1
    setup.counters.backends[identity].subtract(.idleConnections)
  }

  mutating func closeUpstream(_ u: Int32) {
    guard upstreams[u].state != .free else { return }
    if upstreams[u].state == .idle { unlinkIdle(u) }
    upstreams[u].state = .free
    upstreams[u].exchange = -1
    upstreams[u].generation &+= 1
    endSession(upstream: u)
    let isLane = upstreams[u].stream.kind == .lane
    if isLane { leaveLane(upstream: u) }
    if upstreams[u].stream.kind == .tls { upstreams[u].stream.sayEndTLS(&tls, &pool) }
    upstreams[u].stream.close(&pool)
    wheel.remove(&upstreams[u].timer)
    if isLane { return endedUpstreams.append(u) }
    setup.counters.backends[upstreams[u].backend].add(.connectionsClosed)
    setup.shared.backend(upstreams[u].backend).endConnection()
    endedUpstreams.append(u)
  }
}
