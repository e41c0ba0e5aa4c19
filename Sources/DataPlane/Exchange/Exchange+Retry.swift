/// Another try for a request of which no response head was forwarded.
///
/// What failed before a byte was sent goes on at once and freely (`resend`, `retryStale`). What a
/// backend may have seen is sent again only if its method is idempotent and all of it is kept
/// (`tryFailed`): after a wait, and within the pool's retry budget.
extension Worker {
  /// No answer came of this try, or none that can be used: another one, or the client is told.
  mutating func tryFailed(
    _ x: Int32, status: Int, _ reason: FailureReason, _ explanation: StaticString
  ) {
    // A backend that is silent for that long is not asked the same again.
    let needsOther = reason == .firstByteTimeout
    let id = Int32(exchanges[x].poolCounters)
    guard !needsOther || balancers[id].hasUntried(exchanges[x].tried), planRetry(x) else {
      return failExchange(x, status: status, reason, explanation)
    }
    exchanges[x].failure = reason
    retryLater(x)
  }

  /// One try took too long; the request as a whole may still have time.
  mutating func tryTimedOut(_ x: Int32) {
    let u = exchanges[x].upstream
    guard u >= 0 else { return }
    switch exchanges[x].step {
    case .connect: connectTimedOut(u)
    case .awaitResponse:
      judgeTry(x, .failed)
      tryFailed(x, status: 504, .tryTimeout, "the backend did not answer in time")
    default: break
    }
  }

  /// A backend that says that it cannot serve: another one may. Its answer is dropped then.
  mutating func retriesAnswer(_ x: Int32) -> Bool {
    let id = Int32(exchanges[x].poolCounters)
    guard balancers[id].hasUntried(exchanges[x].tried), planRetry(x) else { return false }
    exchanges[x].failure = .badStatus
    retryLater(x)
    return true
  }

  /// Sets the moment of another try, if there may be one: the request may be sent again, has tries
  /// and time left, and the budget allows it.
  private mutating func planRetry(_ x: Int32) -> Bool {
    guard exchanges[x].step == .awaitResponse, exchanges[x].isReplayable else { return false }
    let snapshot = snapshots[exchanges[x].snapshot]
    let policy = snapshot.value.pools[Int(exchanges[x].pool)].retry
    guard Int(exchanges[x].tryCount) < Int(policy.tries) else { return false }
    let id = exchanges[x].poolCounters
    var totals = WindowTotals()
    for counters in setup.allCounters {
      counters.pools[id].addWindow(at: now, window: RetryPolicy.budgetWindow, to: &totals)
    }
    guard policy.allows(totals) else {
      setup.counters.pools[id].add(.retryBudgetSpent)
      return false
    }
    let delay = policy.delay(retry: Int(exchanges[x].tryCount), random: &random)
    // One that would begin after the request's end is of no use.
    guard exchanges[x].deadline == .max || now &+ delay < exchanges[x].deadline else {
      return false
    }
    exchanges[x].retryAt = now &+ delay
    return true
  }

  /// Lets go of the backend until the planned moment.
  private mutating func retryLater(_ x: Int32) {
    let counters = setup.counters.pools[exchanges[x].poolCounters]
    counters.add(.retries)
    counters.recordExtra(at: now, window: RetryPolicy.budgetWindow)
    dropUpstream(x)
    beginAnew(x)
    wheel.clear(&clients[exchanges[x].client].timer)
    setExchangeTimer(x)
  }

  /// Nothing of the last try counts any more.
  mutating func beginAnew(_ x: Int32) {
    exchanges[x].step = .connect
    exchanges[x].path = .relay
    exchanges[x].endsByClose = false
    exchanges[x].interimCount = 0
    exchanges[x].uploadBroken = false
    exchanges[x].tryDeadline = .max
  }

  /// The answer cannot be used for what was asked: asked once more, another way, at once.
  mutating func askAgain(_ x: Int32) {
    dropUpstream(x)
    forgetTry(x)
    beginAnew(x)
    replay(x)
  }

  /// All backends were tried, and it may be tried again: they get a moment.
  mutating func waitForAnotherRound(_ x: Int32, _ policy: RetryPolicy) {
    exchanges[x].tried = TriedBackends()
    let delay = policy.delay(retry: Int(exchanges[x].tryCount), random: &random)
    exchanges[x].retryAt = now &+ delay
    setExchangeTimer(x)
  }

  /// The moment has come.
  mutating func resumeTry(_ x: Int32) {
    exchanges[x].retryAt = .max
    if let unsent = exchanges[x].unsent.take() { resend(x, unsent) } else { replay(x) }
  }

  /// The whole request again, on a connection of its own: the pooled one was dead.
  ///
  /// - Returns: false when it may not be sent twice.
  mutating func retryStale(_ x: Int32, _ u: Int32) -> Bool {
    guard upstreams[u].isReused, exchanges[x].isReplayable, exchanges[x].step == .awaitResponse
    else { return false }
    dropStale(x, u)
    beginAnew(x)
    replay(x)
    return true
  }

  /// The kept connection was closed already: the choice of its backend does not count as a try.
  mutating func dropStale(_ x: Int32, _ u: Int32) {
    setup.counters.pools[exchanges[x].poolCounters].add(.staleRetries)
    setup.counters.backends[exchanges[x].backendIdentity].add(.staleRetries)
    detach(x, u)
    closeUpstream(u)
    forgetTry(x)
  }

  /// The last choice does not count as a try.
  mutating func forgetTry(_ x: Int32) {
    exchanges[x].tryCount &-= 1
    exchanges[x].tried.removeLast()
  }

  /// Sends the kept request to a backend that is chosen now.
  private mutating func replay(_ x: Int32) {
    let count = exchanges[x].head?.count ?? 0
    let needed = BlockPool.headroom &+ count &+ BlockPool.tailroom
    guard needed > scratch.capacity else { return replayFromScratch(x) }
    // `retry.body` may be more than the scratch block holds: a larger one takes its place.
    var larger = pool.take(atLeast: needed)
    swap(&scratch, &larger)
    replayFromScratch(x)
    swap(&scratch, &larger)
    pool.give(larger)
  }

  private mutating func replayFromScratch(_ x: Int32) {
    guard let from = restoreRequest(x) else {
      return failExchange(x, status: 502, .upstreamClosed, "the backend closed the connection")
    }
    guard writeHead(x, from) else { return }
    let bodyAt = from &+ Int(exchanges[x].headLength)
    dispatchFirst(x, bodyAt, scratch.end &- bodyAt)
  }

  /// The kept bytes take the place of freshly received ones and are read again.
  ///
  /// - Returns: where the head begins in `scratch`.
  mutating func restoreRequest(_ x: Int32) -> Int? {
    guard let kept = exchanges[x].head.take() else { return nil }
    scratch.reset(room: BlockPool.headroom)
    scratch.append(kept, kept.start, kept.count)
    exchanges[x].head = consume kept
    let from = scratch.start
    let length = Int(exchanges[x].headLength)
    guard
      RequestParser.parse(scratch, from, scratch.end, limits: .widest, into: &head)
        == .complete(length: length),
      let target = RequestTarget.parse(
        scratch.bytes, from &+ head.target, head.targetLength, method: head.method)
    else { return nil }
    requestTarget = target
    pathBuffer.removeAll()
    if target.needsNormalizing {
      let snapshot = snapshots[exchanges[x].snapshot]
      guard
        PathNormalizer.normalize(
          scratch, target, mergeSlashes: snapshot.value.policy.mergesSlashes, into: &pathBuffer)
      else { return nil }
    }
    return from
  }

  // MARK: Keeping the body

  /// Keeps what goes up beside the head, as long as there is room: else the request cannot be sent
  /// again.
  mutating func keepBody(_ x: Int32, _ from: Int, _ count: Int) {
    // Once a response head was forwarded there is no other try, and no snapshot.
    guard exchanges[x].step == .awaitResponse, exchanges[x].isReplayable, count > 0,
      var kept = exchanges[x].head.take()
    else { return }
    let snapshot = snapshots[exchanges[x].snapshot]
    let most = Int(snapshot.value.pools[Int(exchanges[x].pool)].retry.maxKeptBytes)
    if kept.count &+ count > most || pool.heldBytes > policy.memoryBudget {
      exchanges[x].isReplayable = false
    } else {
      if kept.capacity &- kept.end < count {
        var larger = pool.take(atLeast: kept.count &+ count)
        larger.removeAll()
        larger.append(kept, kept.start, kept.count)
        pool.give(kept)
        kept = larger
      }
      kept.append(scratch, from, count)
    }
    exchanges[x].head = consume kept
  }
}
