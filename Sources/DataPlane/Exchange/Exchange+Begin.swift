/// A request's first steps: from a complete head in the scratch block to a chosen backend.
extension Worker {
  /// `scratch[from..<bodyAt]` is a valid head, described by `head`; what follows may be its body.
  mutating func beginExchange(_ c: Int32, _ from: Int, _ bodyAt: Int) {
    guard let x = exchanges.take() else { return refuse(c, .headTooLong) }
    clients[c].state = .exchange
    clients[c].exchange = x
    clients[c].keepAlive = head.keepsAlive && !isDraining
    wheel.clear(&clients[c].timer)
    resetExchange(x, c)
    describeRequest(x)
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
    exchanges[x].requestBytes = UInt64(bodyAt &- from &+ body.sendEnd &- bodyAt)
    if policy.sendsToHTTPS, isSentToHTTPS(x, from) { return redirectToHTTPS(x, from) }
    guard route(x, from) else { return }
    if head.maxForwards >= 0, forwardsLeft(from) == 0 { return answerAsRecipient(x) }
    let limit = requestTimeout(x)
    if limit != .max { exchanges[x].deadline = now &+ limit }
    if exchanges[x].awaitsContinue { exchanges[x].continueAt = now &+ 1_000_000_000 }
    if exchanges[x].awaitsContinue || limit != .max { setExchangeTimer(x) }
    if exchanges[x].routeFlags.contains(.isCached), !lookUp(x, from) { return }
    enterPool(x, from)
    guard writeHead(x, from) else { return }
    dispatchFirst(x, bodyAt, body.sendEnd &- bodyAt)
  }

  /// Counts what has come and what the current chunk announces.
  mutating func isWithinBodyLimit(_ x: Int32) -> Bool {
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
  private mutating func describeRequest(_ x: Int32) {
    exchanges[x].method = head.method
    exchanges[x].snapshot = snapshots.pin()
    exchanges[x].isOldClient = head.minorVersion == 0
    exchanges[x].wantsUpgrade = head.wantsUpgrade && head.minorVersion == 1
    exchanges[x].awaitsContinue = head.expectsContinue && head.minorVersion == 1
  }

  /// A slot as an exchange finds it that begins.
  @inline(__always)
  mutating func resetExchange(_ x: Int32, _ c: Int32) {
    exchanges[x].step = .connect
    exchanges[x].path = .relay
    exchanges[x].uploadBroken = false
    exchanges[x].endsByClose = false
    exchanges[x].hasRoute = false
    exchanges[x].hasPool = false
    exchanges[x].routeFlags = []
    exchanges[x].interimCount = 0
    exchanges[x].tryCount = 0
    exchanges[x].refusals = 0
    exchanges[x].status = 0
    exchanges[x].client = c
    exchanges[x].upstream = -1
    exchanges[x].tried = TriedBackends()
    exchanges[x].isTrying = false
    exchanges[x].holdsBackend = false
    exchanges[x].holdsPool = false
    exchanges[x].isQueued = false
    exchanges[x].isCalled = false
    exchanges[x].hasGrant = false
    exchanges[x].boundPlace = Exchange.bindingUnread
    exchanges[x].keepsBinding = false
    exchanges[x].cache.role = .none
    exchanges[x].startedAt = now
    exchanges[x].responseBytes = 0
    exchanges[x].requestID = (random.next(), random.next())
    exchanges[x].failure = .none
    exchanges[x].continueAt = .max
    exchanges[x].deadline = .max
    exchanges[x].retryAt = .max
    exchanges[x].tryDeadline = .max
    exchanges[x].queueUntil = .max
    exchanges[x].connectUntil = .max
  }

  /// The received head stays with the exchange: for another try and for the log.
  @inline(__always)
  private mutating func keepHead(_ x: Int32, _ from: Int, _ bodyAt: Int, _ bodyEnd: Int) {
    let mayRepeat = head.method.isIdempotent && !head.wantsUpgrade
    let end = mayRepeat ? bodyEnd : bodyAt
    var block = pool.take(atLeast: end &- from)
    block.removeAll()
    block.append(scratch, from, end &- from)
    exchanges[x].head = consume block
    exchanges[x].headLength = UInt16(truncatingIfNeeded: bodyAt &- from)
    exchanges[x].isReplayable = mayRepeat
  }
}
