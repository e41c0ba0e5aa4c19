/// The step that finds the route, and what an exchange keeps of it.
extension Worker {
  /// Finds the route and its pool. Answers and says false when there is no route, when
  /// its rates refuse, or when it answers itself.
  @inline(__always)
  mutating func route(_ x: Int32, _ from: Int) -> Bool {
    guard
      let target = RequestTarget.parse(
        scratch.bytes, from &+ head.target, head.targetLength, method: head.method),
      normalize(target)
    else {
      refuseExchange(x, .badTarget)
      return false
    }
    requestTarget = target
    guard let decision = decide(x, from) else {
      failExchange(x, status: 404, .noRoute, "no route matches this request")
      return false
    }
    let snapshot = snapshots[exchanges[x].snapshot]
    let route = snapshot.value.routes[Int(decision.route)]
    exchanges[x].hasRoute = true
    exchanges[x].route = decision.route
    exchanges[x].pattern = decision.path
    exchanges[x].routeFlags = route.flags
    exchanges[x].routeCounters = route.counters
    setup.counters.routes[route.counters].add(.started)
    let isDoubtful =
      clients[exchanges[x].client].mayBeMisdirected || route.flags.contains(.needsClientCertificate)
    if isDoubtful, !isRightConnection(x, from) {
      failExchange(
        x, status: 421, .misdirected, "this connection may not be used for this host or path")
      return false
    }
    if route.flags.contains(.hasRates), !admit(x, from) { return false }
    if route.action != .pool {
      answerByRoute(x, from)
      return false
    }
    if route.flags.contains(.hasTimeouts) {
      exchanges[x].timeouts = snapshot.value.routing.details[Int(route.detail)].timeouts
    }
    exchanges[x].pool = route.pool
    return true
  }

  /// RFC 9110 section 15.5.20: the client's certificate, if the route needs one, and ours, for the
  /// host, are those of this connection.
  @inline(never)
  private mutating func isRightConnection(_ x: Int32, _ from: Int) -> Bool {
    let c = exchanges[x].client
    if exchanges[x].routeFlags.contains(.needsClientCertificate), !clients[c].isVerified {
      return false
    }
    guard clients[c].mayBeMisdirected else { return true }
    let request = RouteRequest(
      scratch, from, &head, requestTarget, normalisedCount: pathBuffer.end)
    let holder = carrier(c)
    guard request.hostLength > 0, clients[holder].stream.tls != nil else { return true }
    return clients[holder].stream.tls?.isMisdirected(
      scratch.bytes, request.host, request.hostLength) != true
  }

  /// The request goes to the route's pool.
  @inline(__always)
  mutating func enterPool(_ x: Int32, _ from: Int) {
    let snapshot = snapshots[exchanges[x].snapshot]
    exchanges[x].hasPool = true
    exchanges[x].poolCounters = snapshot.value.pools[Int(exchanges[x].pool)].counters
    let counters = setup.counters.pools[exchanges[x].poolCounters]
    counters.add(.started)
    counters.record(at: now, window: RetryPolicy.budgetWindow)
    exchanges[x].poolFlags = snapshot.value.pools[Int(exchanges[x].pool)].flags
    if exchanges[x].poolFlags.contains(.hashes) { findBalanceKey(x, from) }
  }

  /// Leaves the path's one form in `pathBuffer` when it is not the received one.
  @inline(__always)
  private mutating func normalize(_ target: RequestTarget) -> Bool {
    pathBuffer.removeAll()
    guard target.needsNormalizing else { return true }
    return PathNormalizer.normalize(
      scratch, target, mergeSlashes: policy.mergesSlashes, into: &pathBuffer)
  }

  @inline(__always)
  private mutating func decide(_ x: Int32, _ from: Int) -> RouteDecision? {
    let snapshot = snapshots[exchanges[x].snapshot]
    if snapshot.value.index.isTrivial { return RouteDecision(route: 0, path: 0) }
    var request = RouteRequest(
      scratch, from, &head, requestTarget, normalisedCount: pathBuffer.end)
    request.isTrusted = clients[exchanges[x].client].isTrusted
    if snapshot.value.routing.usesAddress {
      request.address = clients[exchanges[x].client].address
      if request.isTrusted { request.address = clientAddress(x, from) }
    }
    return Router.decide(snapshot.value, request, &head, scratch, normal: pathBuffer)
  }

  /// The request in `head` and `scratch`, as templates see it.
  mutating func describedRequest(_ x: Int32, _ from: Int) -> RouteRequest {
    var request = RouteRequest(
      scratch, from, &head, requestTarget, normalisedCount: pathBuffer.end)
    request.isTrusted = clients[exchanges[x].client].isTrusted
    request.requestID = exchanges[x].requestID
    request.isTLS = clients[exchanges[x].client].isTLS
    request.address = clientAddress(x, from)
    let end = exchanges[x].deadline
    if end != .max { request.remainingMilliseconds = Int((max(end, now) &- now) / 1_000_000) }
    return request
  }

  /// Behind trusted proxies: the forwarded one.
  @inline(never)
  private mutating func clientAddress(_ x: Int32, _ from: Int) -> PeerAddress {
    let c = exchanges[x].client
    guard clients[c].isTrusted else { return clients[c].address }
    return forwardedAddress(scratch.bytes, from, head) ?? clients[c].address
  }

  // MARK: Timeouts: the route's, or the policy's

  @inline(__always) func requestTimeout(_ x: Int32) -> Instant {
    exchanges[x].routeFlags.contains(.hasTimeouts)
      ? exchanges[x].timeouts.request : policy.request
  }

  @inline(__always) func connectTimeout(_ x: Int32) -> Instant {
    exchanges[x].routeFlags.contains(.hasTimeouts)
      ? exchanges[x].timeouts.connect : policy.connect
  }

  @inline(__always) func firstByteTimeout(_ x: Int32) -> Instant {
    exchanges[x].routeFlags.contains(.hasTimeouts)
      ? exchanges[x].timeouts.firstByte : policy.firstByte
  }

  @inline(__always) func tryTimeout(_ x: Int32) -> Instant {
    exchanges[x].routeFlags.contains(.hasTimeouts)
      ? exchanges[x].timeouts.singleTry : policy.tryTimeout
  }

  @inline(__always) func responseIdleTimeout(_ x: Int32) -> Instant {
    exchanges[x].routeFlags.contains(.hasTimeouts)
      ? exchanges[x].timeouts.responseIdle : policy.responseIdle
  }
}
