/// A request's first steps: from a complete head in the scratch block to a chosen backend.
extension Worker {
  /// `scratch[from..<bodyAt]` is a valid head, described by `head`; what follows may be its body.
  mutating func beginExchange(_ c: Int32, _ from: Int, _ bodyAt: Int) {
    guard let x = exchanges.take() else { return refuse(c, .headTooLong) }
    clients[c].state = .exchange
    clients[c].exchange = x
    clients[c].keepAlive = head.keepsAlive && !isDraining
    wheel.clear(&clients[c].timer)
    reset(x, c)
    exchanges[x].requestBody = BodyDecoder(
      framing: head.isChunked ? .chunked : head.contentLength > 0 ? .length : .none,
      length: max(head.contentLength, 0))

    // The body bytes that came along, checked before anybody hears of the request.
    let body = BodyScan.run(
      &exchanges[x].requestBody, &scratch, &trailers, from: bodyAt, to: scratch.end,
      dechunk: false, limits: policy.headLimits)
    exchanges[x].bodyBytes = Int64(body.content)
    exchanges[x].requestDone = body.outcome == .ended
    keepHead(x, from, bodyAt, body.sendEnd)
    if scratch.end > body.consumedEnd { keepPipelined(c, x, body.consumedEnd) }
    guard body.outcome != .failed else { return refuseExchange(x, .badChunk) }
    guard head.contentLength <= policy.maxBodyBytes,
      isWithinBodyLimit(x)
    else { return refuseExchange(x, .bodyTooLong) }
    guard route(x, from) else { return }
    if head.maxForwards >= 0, forwardsLeft(from) == 0 { return answerAsRecipient(x) }
    if policy.request != .max { exchanges[x].deadline = now &+ policy.request }
    if exchanges[x].awaitsContinue { exchanges[x].continueAt = now &+ 1_000_000_000 }
    if exchanges[x].awaitsContinue || policy.request != .max { setExchangeTimer(x) }
    writeRequestHead(x, from)
    exchanges[x].requestBytes = UInt64(bodyAt &- from &+ body.sendEnd &- bodyAt)
    dispatchFirst(x, bodyAt, body.sendEnd &- bodyAt)
  }

  /// Counts what has come and what the current chunk announces.
  func isWithinBodyLimit(_ x: Int32) -> Bool {
    if policy.maxBodyBytes == .max { return true }
    let (sum, overflow) = exchanges[x].bodyBytes.addingReportingOverflow(
      exchanges[x].requestBody.announced)
    return !overflow && sum <= policy.maxBodyBytes
  }

  /// What came behind the request waits for its turn; when memory is spent, the connection ends
  /// after this answer instead.
  private mutating func keepPipelined(_ c: Int32, _ x: Int32, _ from: Int) {
    if pool.heldBytes > policy.memoryBudget, exchanges[x].requestDone {
      clients[c].keepAlive = false
    } else {
      clients[c].stream.keepInput(scratch, from, scratch.end, &pool)
    }
  }

  @inline(__always)
  private mutating func reset(_ x: Int32, _ c: Int32) {
    exchanges[x].step = .connect
    exchanges[x].path = .relay
    exchanges[x].method = head.method
    exchanges[x].snapshot = snapshots.pin()
    exchanges[x].isOldClient = head.minorVersion == 0
    exchanges[x].wantsUpgrade = head.wantsUpgrade && head.minorVersion == 1
    exchanges[x].awaitsContinue = head.expectsContinue && head.minorVersion == 1
    exchanges[x].uploadBroken = false
    exchanges[x].endsByClose = false
    exchanges[x].hasRoute = false
    exchanges[x].interimCount = 0
    exchanges[x].tryCount = 0
    exchanges[x].status = 0
    exchanges[x].client = c
    exchanges[x].upstream = -1
    exchanges[x].tried = TriedBackends()
    exchanges[x].startedAt = now
    exchanges[x].responseBytes = 0
    exchanges[x].requestID = (random.next(), random.next())
    exchanges[x].failure = .none
    exchanges[x].continueAt = .max
    exchanges[x].deadline = .max
    exchanges[x].retryAt = .max
  }

  /// The received head stays with the exchange: for another try and for the log.
  @inline(__always)
  private mutating func keepHead(_ x: Int32, _ from: Int, _ bodyAt: Int, _ bodyEnd: Int) {
    let isWhole = exchanges[x].requestDone && bodyEnd &- from <= 16_384
    let end = isWhole ? bodyEnd : bodyAt
    var block = pool.take(atLeast: end &- from)
    block.removeAll()
    block.append(scratch, from, end &- from)
    exchanges[x].head = consume block
    exchanges[x].headLength = UInt16(truncatingIfNeeded: bodyAt &- from)
    exchanges[x].isReplayable = isWhole && head.method.isIdempotent && !head.wantsUpgrade
  }

  /// Finds the route and its pool; answers and says false when there is none.
  @inline(__always)
  private mutating func route(_ x: Int32, _ from: Int) -> Bool {
    guard
      let target = RequestTarget.parse(
        scratch.bytes, from &+ head.target, head.targetLength, method: head.method),
      normalize(target)
    else {
      refuseExchange(x, .badTarget)
      return false
    }
    requestTarget = target
    guard let index = matchRoute(from, target) else {
      failExchange(x, status: 404, .noRoute, "no route matches this request")
      return false
    }
    let snapshot = snapshots[exchanges[x].snapshot]
    let route = snapshot.value.routes[index]
    exchanges[x].hasRoute = true
    exchanges[x].route = UInt32(truncatingIfNeeded: index)
    exchanges[x].pool = route.pool
    exchanges[x].routeCounters = route.counters
    exchanges[x].poolCounters = snapshot.value.pools[Int(route.pool)].counters
    setup.counters.routes[route.counters].add(.started)
    setup.counters.pools[exchanges[x].poolCounters].add(.started)
    return true
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
  private mutating func matchRoute(_ from: Int, _ target: RequestTarget) -> Int? {
    var host = 0
    var hostLength = 0
    if target.authorityLength > 0 {
      host = target.authority
      hostLength = HostParser.nameLength(scratch.bytes, host, target.authorityLength)
    } else if head.host >= 0 {
      let field = head.fields[head.host]
      host = from &+ Int(field.value)
      hostLength = HostParser.nameLength(scratch.bytes, host, Int(field.valueLength))
    }
    let snapshot = snapshots[UInt8(truncatingIfNeeded: snapshots.current)]
    let hostBytes = scratch.bytes.extracting(host..<(host &+ hostLength))
    if target.needsNormalizing {
      return Router.match(
        snapshot.value, host: hostBytes, path: pathBuffer.bytes.extracting(0..<pathBuffer.end))
    }
    return Router.match(
      snapshot.value, host: hostBytes,
      path: scratch.bytes.extracting(target.path..<(target.path &+ target.pathLength)))
  }
}
