/// The end of an exchange: counted, logged, its slot given back.
extension Worker {
  /// Called once, when its answer is with the client's socket or nobody wants one any more.
  @inline(__always)
  mutating func endExchange(_ x: Int32) {
    if exchanges[x].isTrying { judgeTry(x, .abandoned) }
    if exchanges[x].holdsBackend { releaseBackend(x) }
    if exchanges[x].isQueued { leaveQueue(x) }
    if exchanges[x].cache.role != .none { leaveCache(x) }
    let duration = now &- exchanges[x].startedAt
    if exchanges[x].hasRoute || exchanges[x].hasPool { count(x, duration) }
    if policy.accessLog != .off, !clients[exchanges[x].client].isNobody { log(x, duration) }
    if let block = exchanges[x].head.take() { pool.give(block) }
    if let block = exchanges[x].unsent.take() { pool.give(block) }
    if exchanges[x].path == .compress { giveDeflater(x) }
    if exchanges[x].snapshot != UInt8.max { snapshots.unpin(exchanges[x].snapshot) }
    exchanges[x].snapshot = UInt8.max
    wheel.remove(&exchanges[x].timer)
    exchanges[x].step = .free
    exchanges[x].generation &+= 1
    clients[exchanges[x].client].exchange = -1
    endedExchanges.append(x)
  }

  @inline(__always)
  private mutating func count(_ x: Int32, _ duration: Instant) {
    let statusClass = Int(exchanges[x].status) / 100
    let up = exchanges[x].requestBytes
    let down = exchanges[x].responseBytes
    // A fetch for a cache alone is the pool's, but no request of a client.
    if exchanges[x].hasRoute {
      setup.counters.routes[exchanges[x].routeCounters].finish(
        statusClass: statusClass, nanoseconds: duration, requestBytes: up, responseBytes: down)
    }
    if exchanges[x].hasPool {
      setup.counters.pools[exchanges[x].poolCounters].finish(
        statusClass: statusClass, nanoseconds: duration, requestBytes: up, responseBytes: down)
    }
    if exchanges[x].tryCount > 0 {
      setup.counters.backends[exchanges[x].backendIdentity].count(
        statusClass: statusClass, nanoseconds: duration)
    }
  }

  // MARK: The access log

  private mutating func log(_ x: Int32, _ duration: Instant) {
    guard let kept = exchanges[x].head.take() else { return }
    let length = Int(exchanges[x].headLength)
    _ = RequestParser.parse(kept, 0, length, limits: policy.headLimits, into: &trailers)
    var record = AccessRecord()
    record.wallMilliseconds = Clock.wallMilliseconds()
    record.durationNanoseconds = duration
    record.requestBytes = exchanges[x].requestBytes
    record.responseBytes = exchanges[x].responseBytes
    record.requestID = exchanges[x].requestID
    record.status = exchanges[x].status
    record.tries = exchanges[x].tryCount
    record.failure = exchanges[x].failure.rawValue
    record.hasRoute = exchanges[x].hasRoute
    record.hasPool = exchanges[x].hasPool
    record.hasBackend = exchanges[x].tryCount > 0
    record.route = exchanges[x].routeCounters
    record.pool = exchanges[x].poolCounters
    record.backend = exchanges[x].backendIdentity
    let isLane = clients[exchanges[x].client].stream.kind == .lane
    record.version = isLane ? .http2 : exchanges[x].isOldClient ? .http10 : .http11
    record.methodLength = UInt16(truncatingIfNeeded: trailers.methodLength)
    record.targetLength = UInt16(truncatingIfNeeded: trailers.targetLength)
    let isTrusted = clients[exchanges[x].client].isTrusted
    var address = clients[exchanges[x].client].address
    if isTrusted { address = forwardedAddress(kept, trailers) ?? address }
    record.family = address.family
    record.address = address.bytes
    var host = Field()
    if trailers.host >= 0 { host = trailers.fields[trailers.host] }
    record.hostLength = host.valueLength
    var id = Field()
    if isTrusted, trailers.requestID >= 0 { id = trailers.fields[trailers.requestID] }
    record.givenIDLength = id.valueLength
    if setup.log.canAppend(record) {
      var position = setup.log.begin()
      setup.log.append(record, at: &position)
      setup.log.append(kept, 0, trailers.methodLength, at: &position)
      setup.log.append(kept, trailers.target, trailers.targetLength, at: &position)
      setup.log.append(kept, Int(host.value), Int(host.valueLength), at: &position)
      setup.log.append(kept, Int(id.value), Int(id.valueLength), at: &position)
      setup.log.commit(position)
    } else {
      setup.counters.worker.add(.accessLogDropped)
    }
    exchanges[x].head = consume kept
  }

  /// Of a head at the beginning of a block.
  func forwardedAddress(
    _ block: borrowing Block, _ head: borrowing MessageHead
  ) -> PeerAddress? {
    forwardedAddress(block.bytes, 0, head)
  }

  /// The rightmost address of `X-Forwarded-For` that is not a trusted proxy's; the leftmost when
  /// all are. `head` describes the head that begins at `origin`.
  func forwardedAddress(
    _ bytes: borrowing Bytes, _ origin: Int, _ head: borrowing MessageHead
  ) -> PeerAddress? {
    var found: PeerAddress? = nil
    var index = head.fieldCount
    while index > 0 {
      index -= 1
      let field = head.fields[index]
      guard field.id == .forwardedFor else { continue }
      let value = origin + Int(field.value)
      var end = value + Int(field.valueLength)
      while end > value {
        var start = end
        while start > value, bytes[start - 1] != 0x2c { start -= 1 }
        var first = start
        var last = end
        while first < last, bytes[first] == 0x20 || bytes[first] == 0x09 { first += 1 }
        while last > first, bytes[last - 1] == 0x20 || bytes[last - 1] == 0x09 { last -= 1 }
        guard let address = PeerAddress.parse(bytes, first, last - first) else { return found }
        found = address
        if !isTrustedPeer(address) { return found }
        end = start - 1
      }
    }
    return found
  }

  /// A request that came to no exchange.
  mutating func logRefusal(_ c: Int32, status: Int) {
    guard policy.accessLog != .off else { return }
    var record = AccessRecord()
    record.wallMilliseconds = Clock.wallMilliseconds()
    record.status = UInt16(truncatingIfNeeded: status)
    record.failure = (status == 408 ? FailureReason.clientTimeout : .badRequest).rawValue
    record.family = clients[c].address.family
    record.address = clients[c].address.bytes
    guard setup.log.canAppend(record) else {
      return setup.counters.worker.add(.accessLogDropped)
    }
    var position = setup.log.begin()
    setup.log.append(record, at: &position)
    setup.log.commit(position)
  }
}
