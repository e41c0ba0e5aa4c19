/// The upstream side of a fill: an exchange without a client that puts a response into a cache.
extension Worker {
  /// Of a body that goes on in rounds before any of it came.
  private static var firstRoundBytes: Int { 16_384 }

  /// As fast as the backend gives.
  mutating func pumpFill(_ u: Int32) {
    let x = upstreams[u].exchange
    guard let entry = CachedEntry(raw: exchanges[x].cache.filling), let body = entry.body else {
      return cutFill(x)
    }
    for _ in 0..<Worker.receivesPerTurn {
      // What its readers have not taken yet comes first.
      if exchanges[x].unsent != nil { return }
      let kept = upstreams[u].stream.restoreInput(&scratch, &pool)
      guard upstreams[u].stream.isReadable else {
        if kept { upstreams[u].stream.keepInput(scratch, scratch.start, scratch.end, &pool) }
        return
      }
      let from = scratch.start
      switch receive(fromUpstream: u, receiveLimit(false)) {
      case .bytes: break
      case .wouldBlock:
        if kept { upstreams[u].stream.keepInput(scratch, scratch.start, scratch.end, &pool) }
        return
      case .endOfStream:
        guard exchanges[x].responseBody.endOfStream() else { return cutFill(x) }
        return completeFill(x, u, entry, body)
      case .failed: return cutFill(x)
      }
      let scan = BodyScan.run(
        &exchanges[x].responseBody, &scratch, &trailers, from: from, to: scratch.end,
        dechunk: true, limits: .widest)
      if scan.outcome == .failed { return cutFill(x) }
      let count = scan.sendEnd &- from
      keepRest(u, scan)
      if !append(x, body, from, count) {
        exchanges[x].cache.isFillEnded = scan.outcome == .ended
        continueRounds(x, u, body)
        if exchanges[x].step == .free { return }
        continue
      }
      if scan.outcome == .ended { return completeFill(x, u, entry, body) }
      tellReaders(of: body)
      setUpstreamTimer(u, after: responseIdleTimeout(x))
    }
    if upstreams[u].stream.isReadable { queueUpstream(u) }
  }

  /// False when the content does not fit, or may not: it waits in `unsent` then.
  private mutating func append(_ x: Int32, _ body: CachedBody, _ from: Int, _ count: Int) -> Bool {
    let identity = Int(exchanges[x].cache.identity)
    let store = caches[identity]
    if !exchanges[x].cache.isInRounds {
      // One of known length has its memory, and was judged by its length when it began.
      let isKnown = body.expectedLength != nil
      if body.room < count { store.makeRoom(count, worker: setup.index) }
      if isKnown || Int64(body.length &+ count) <= cacheRules[identity].maxObjectBytes,
        body.append(scratch, from, count, store.budget)
      {
        return true
      }
      beginRounds(x, body)
    }
    guard count > 0 else { return true }
    var block = pool.take(atLeast: count)
    block.removeAll()
    block.append(scratch, from, count)
    exchanges[x].unsent = consume block
    return false
  }

  private mutating func completeFill(
    _ x: Int32, _ u: Int32, _ entry: CachedEntry, _ body: CachedBody
  ) {
    let store = caches[Int(exchanges[x].cache.identity)]
    // What came with the head may have been too long already.
    if !exchanges[x].cache.isInRounds, isTooLong(x, body) {
      store.remove(entry)
      rememberTooLong(x, entry)
    }
    body.finish(.complete)
    tellReaders(of: body)
    store.complete(entry)
    endFill(x, u, -1)
  }

  private mutating func endFill(
    _ x: Int32, _ u: Int32, _ keepAliveSeconds: Int, isWhole: Bool = true
  ) {
    let v = exchanges[x].client
    if let entry = CachedEntry(raw: exchanges[x].cache.filling), let body = entry.body {
      exchanges[x].responseBytes = UInt64(body.length)
    }
    if isWhole { releaseUpstream(x, u, keepAliveSeconds) } else { dropUpstream(x) }
    endExchange(x)
    closeClient(v)
  }

  /// The backend cut the response: it is no longer found, and readers see that it was cut.
  mutating func cutFill(_ x: Int32) {
    let v = exchanges[x].client
    if let entry = CachedEntry(raw: exchanges[x].cache.filling) {
      if exchanges[x].failure == .none { exchanges[x].failure = .upstreamClosed }
      entry.body?.finish(.failed)
      caches[Int(exchanges[x].cache.identity)].remove(entry)
      if let body = entry.body { tellReaders(of: body) }
    }
    judgeTry(x, .cut)
    dropUpstream(x)
    endExchange(x)
    closeClient(v)
  }

  /// The worker gives it up: nobody hears of it any more.
  mutating func abandonFill(_ x: Int32) {
    guard let entry = CachedEntry(raw: exchanges[x].cache.filling), let body = entry.body else {
      return
    }
    body.finish(.failed)
    caches[Int(exchanges[x].cache.identity)].remove(entry)
    tellReaders(of: body)
  }

  // MARK: Longer than the cache takes

  /// It is no longer found; those who read it already get it to its end.
  private mutating func beginRounds(_ x: Int32, _ body: CachedBody) {
    exchanges[x].cache.isInRounds = true
    let identity = exchanges[x].cache.identity
    let store = caches[Int(identity)]
    // The head may have come alone, and then at once more than the cache takes.
    if body.room == 0 { _ = body.reserve(store.budget) }
    body.setOwner(setup.index, fill: exchangeToken(x).raw)
    // First it is no longer found: who finds that it cannot be read looks again at once.
    let filling = CachedEntry(raw: exchanges[x].cache.filling)
    if let filling { store.remove(filling) }
    body.beginRounds()
    if let filling { rememberTooLong(x, filling) }
    tellReaders(of: body)
  }

  /// Readers have all that there is: the next round.
  mutating func fillDrained(_ token: Token) {
    let x = token.index
    guard exchanges.isUsed(x), exchanges[x].generation == token.generation,
      exchanges[x].cache.isInRounds
    else { return }
    if exchanges[x].step == .compress { return continueCompressed(x) }
    guard exchanges[x].upstream >= 0,
      let entry = CachedEntry(raw: exchanges[x].cache.filling), let body = entry.body
    else { return }
    let u = exchanges[x].upstream
    continueRounds(x, u, body)
    if exchanges[x].step != .free, exchanges[x].unsent == nil,
      upstreams[u].stream.isReadable || upstreams[u].stream.input != nil
    {
      queueUpstream(u)
    }
  }

  /// What waits goes to the readers, as much as fits, when they have the last round.
  private mutating func continueRounds(_ x: Int32, _ u: Int32, _ body: CachedBody) {
    switch writeRound(x, body) {
    case .nothing: return
    case .nobody:
      // The backend did nothing wrong: nobody is left who wants the rest.
      abandonFill(x)
      endFill(x, u, -1, isWhole: false)
    case .waits: wheel.clear(&upstreams[u].timer)
    case .failed: cutFill(x)
    case .part: tellReaders(of: body)
    case .all where exchanges[x].cache.isFillEnded:
      body.finish(.complete)
      tellReaders(of: body)
      endFill(x, u, -1)
    case .all:
      setUpstreamTimer(u, after: responseIdleTimeout(x))
      tellReaders(of: body)
    }
  }

  /// What came of the next round of a body.
  enum Round {
    /// Nothing waited for one.
    case nothing
    /// Nobody reads any more.
    case nobody
    /// Some have not taken the last one.
    case waits
    /// There was no memory for it.
    case failed
    /// It holds a part of what waited, or all of that.
    case part, all
  }

  /// Puts what waits in `unsent` into the next round, as much as fits, if there may be one.
  mutating func writeRound(_ x: Int32, _ body: CachedBody) -> Round {
    guard var block = exchanges[x].unsent.take() else { return .nothing }
    switch body.nextRound() {
    case .nobody:
      pool.give(block)
      return .nobody
    case .notYet:
      exchanges[x].unsent = consume block
      return .waits
    case .ready: break
    }
    // Nothing had come of it when it began: it has no memory yet.
    let count = min(block.count, body.room > 0 ? body.room : Worker.firstRoundBytes)
    let budget = caches[Int(exchanges[x].cache.identity)].budget
    guard body.append(block, block.start, count, budget) else {
      pool.give(block)
      return .failed
    }
    body.beginRound()
    block.start &+= count
    if block.count > 0 {
      exchanges[x].unsent = consume block
      return .part
    }
    pool.give(block)
    return .all
  }
}
