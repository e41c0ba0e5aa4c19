/// Fetches that many wait for, fetches without a client, and who is told of what.
extension Worker {
  // MARK: Lists of those that wait

  /// Puts the exchange among those of this worker that wait for the same fetch or body.
  mutating func join(_ x: Int32, _ list: CacheUse.List) {
    let first: Int32
    if list == .fetch {
      first = cacheLists.byFetch.updateValue(x, forKey: exchanges[x].cache.waitKey) ?? -1
    } else {
      first = cacheLists.byBody.updateValue(x, forKey: exchanges[x].cache.body) ?? -1
    }
    exchanges[x].cache.list = list
    exchanges[x].cache.previous = -1
    exchanges[x].cache.next = first
    if first >= 0 { exchanges[first].cache.previous = x }
  }

  mutating func leaveList(_ x: Int32) {
    let list = exchanges[x].cache.list
    guard list != .none else { return }
    exchanges[x].cache.list = .none
    let next = exchanges[x].cache.next
    let previous = exchanges[x].cache.previous
    if next >= 0 { exchanges[next].cache.previous = previous }
    if previous >= 0 {
      exchanges[previous].cache.next = next
    } else if list == .fetch {
      cacheLists.byFetch[exchanges[x].cache.waitKey] = next >= 0 ? next : nil
    } else {
      cacheLists.byBody[exchanges[x].cache.body] = next >= 0 ? next : nil
    }
  }

  /// Lets go of everything that the exchange holds of a cache; its end.
  mutating func leaveCache(_ x: Int32) {
    leaveList(x)
    if exchanges[x].cache.leads { settleFetch(x) }
    dropStaleEntry(x)
    if let block = exchanges[x].ownLines.take() { pool.give(block) }
    let budget = caches[Int(exchanges[x].cache.identity)].budget
    if let body = CachedBody(raw: exchanges[x].cache.body) {
      exchanges[x].cache.body = 0
      if exchanges[x].cache.isReader {
        exchanges[x].cache.isReader = false
        if body.leave(arrivedIn: exchanges[x].cache.round) { tellOwner(of: body) }
      }
      body.release(budget)
    }
    if let product = CachedBody(raw: exchanges[x].cache.product) {
      exchanges[x].cache.product = 0
      product.release(budget)
    }
    if let entry = CachedEntry(raw: exchanges[x].cache.filling) {
      exchanges[x].cache.filling = 0
      entry.release(budget)
    }
    exchanges[x].cache.role = .none
  }

  mutating func dropStaleEntry(_ x: Int32) {
    guard let entry = CachedEntry(raw: exchanges[x].cache.stale) else { return }
    exchanges[x].cache.stale = 0
    entry.release(caches[Int(exchanges[x].cache.identity)].budget)
  }

  // MARK: Telling

  /// The fetch has come to something that others can see, or to nothing.
  ///
  /// - Parameter failure: the status of what the client was told when no response came; else 0.
  mutating func settleFetch(_ x: Int32, failure: Int = 0) {
    guard exchanges[x].cache.leads else { return }
    exchanges[x].cache.leads = false
    let key = exchanges[x].cache.waitKey
    let identity = exchanges[x].cache.identity
    let waiting = caches[Int(identity)].settle(key)
    tell(waiting, .fetchSettled(key: key, failure: failure))
  }

  /// Readers of this worker are served at the end of its turn, those of others by their own.
  mutating func tellReaders(of body: CachedBody) {
    let waiting = body.takeWaiting()
    if waiting != 0 { tell(waiting, .bodyGrew(body.raw)) }
  }

  private mutating func tell(_ workers: UInt64, _ message: WorkerMessage) {
    guard workers != 0 else { return }
    for index in setup.mailboxes.indices where workers & (1 << UInt64(index & 63)) != 0 {
      guard index == setup.index else {
        setup.mailboxes[index].post(message)
        continue
      }
      switch message {
      case .fetchSettled(let key, let failure): cacheLists.work.settled.append((key, failure))
      case .bodyGrew(let body): cacheLists.work.grown.append(body)
      default: break
      }
    }
  }

  /// All readers have what there is.
  mutating func tellOwner(of body: CachedBody) {
    if body.owner == setup.index {
      cacheLists.work.drained.append(body.fill)
    } else {
      setup.mailboxes[body.owner].post(.fillDrained(exchange: body.fill))
    }
  }

  /// What was put off to the end of the turn.
  mutating func runCacheWork() {
    while !cacheLists.work.isEmpty {
      var work = CacheWork()
      swap(&work, &cacheLists.work)
      for body in work.grown { bodyGrew(body) }
      for (key, failure) in work.settled { fetchSettled(key, failure: failure) }
      for raw in work.drained { fillDrained(Token(raw: raw)) }
      for raw in work.starting { startFetch(Token(raw: raw)) }
    }
  }

  /// There is more of a body, or its end.
  mutating func bodyGrew(_ body: UInt64) {
    var x = cacheLists.byBody.removeValue(forKey: body) ?? -1
    while x >= 0 {
      let next = exchanges[x].cache.next
      if next >= 0 { exchanges[next].cache.previous = -1 }
      exchanges[x].cache.list = .none
      if exchanges[x].step == .compress { pumpCompression(x) } else { pumpServed(x) }
      x = next
    }
  }

  mutating func fetchSettled(_ key: Hash128, failure: Int) {
    var x = cacheLists.byFetch.removeValue(forKey: key) ?? -1
    while x >= 0 {
      let next = exchanges[x].cache.next
      if next >= 0 { exchanges[next].cache.previous = -1 }
      exchanges[x].cache.list = .none
      fetchSettled(x, failure: failure)
      x = next
    }
  }

  // MARK: Fetches without a client

  /// A client that is nobody, for an exchange that fetches for the cache alone. nil when there is
  /// no room for it.
  mutating func makeNobody(like c: Int32) -> Int32? {
    guard let v = clients.take() else { return nil }
    clients[v].state = .exchange
    clients[v].isNobody = true
    nobodies &+= 1
    clients[v].keepAlive = true
    clients[v].isInHead = false
    clients[v].isTrusted = clients[c].isTrusted
    clients[v].isTLS = clients[c].isTLS
    clients[v].isVerified = clients[c].isVerified
    clients[v].mayBeMisdirected = false
    clients[v].hasShutDown = false
    clients[v].address = clients[c].address
    clients[v].stream.open(-1)
    copyCertificate(from: carrier(c), to: v)
    return v
  }

  /// The backend hears the same of the certificate as in the client's own requests.
  private mutating func copyCertificate(from c: Int32, to v: Int32) {
    guard clients[c].certificate != nil, let lines = clients[c].certificate.take() else { return }
    var copy = pool.take(atLeast: lines.count)
    copy.removeAll()
    copy.append(lines, lines.start, lines.count)
    clients[v].certificate = consume copy
    clients[c].certificate = consume lines
  }

  /// The exchange's client goes its own way; the exchange goes on without one. False when there is
  /// no room for that.
  mutating func leaveClient(_ x: Int32) -> Bool {
    let c = exchanges[x].client
    guard let v = makeNobody(like: c) else { return false }
    clients[v].exchange = x
    clients[c].exchange = -1
    exchanges[x].client = v
    return true
  }

  /// The client is gone before its answer began: the fetch goes on for those who wait for it.
  mutating func orphan(_ x: Int32) -> Bool {
    guard exchanges[x].cache.leads,
      exchanges[x].step == .connect
        || exchanges[x].step == .awaitResponse, exchanges[x].requestDone
    else { return false }
    let c = exchanges[x].client
    guard !clients[c].isNobody, leaveClient(x) else { return false }
    setup.counters.caches[exchanges[x].cache.identity].add(.orphanedFetches)
    return true
  }

  /// Fetches what is stored anew, while the request of `x` is answered with it.
  mutating func refresh(_ x: Int32, _ entry: CachedEntry) {
    let identity = exchanges[x].cache.identity
    let store = caches[Int(identity)]
    // A client that says `no-store` brings nothing that may be kept.
    guard exchanges[x].method == .get, !exchanges[x].cache.directives.noStore,
      entry.body?.state == .complete || entry.body == nil,
      let y = exchanges.take()
    else { return }
    let waitKey = exchanges[x].cache.waitKey
    guard store.lead(waitKey, worker: setup.index, mayWait: false) == .leads else {
      return exchanges.release(y)
    }
    guard exchanges[x].head != nil, let v = makeNobody(like: exchanges[x].client),
      let kept = exchanges[x].head.take()
    else {
      tell(store.settle(waitKey), .fetchSettled(key: waitKey, failure: 0))
      return exchanges.release(y)
    }
    var copy = pool.take(atLeast: kept.count)
    copy.removeAll()
    copy.append(kept, kept.start, kept.count)
    exchanges[x].head = consume kept
    clients[v].exchange = y
    beginRefresh(y, like: x, client: v, copy)
    entry.retain()
    exchanges[y].cache.stale = entry.raw
    exchanges[y].cache.role = .fetch
    // It goes with the copied request, so what comes back may be for nobody else (RFC 9111 section
    // 3.5). The client's other directives are met by what it gets.
    exchanges[y].cache.directives.hasAuthorization =
      exchanges[x].cache.directives.hasAuthorization
    exchanges[y].cache.waitKey = waitKey
    exchanges[y].cache.leads = true
    exchanges[y].cache.forward = .stale
    exchanges[y].cache.sequence = store.beginFetch()
    setup.counters.caches[identity].add(.refreshes)
    cacheLists.work.starting.append(exchangeToken(y).raw)
  }

  /// An exchange for a request that another one received: the same route and the same use of the
  /// cache, nothing of a body and nothing of a connection.
  mutating func resetExchange(_ y: Int32, _ c: Int32, like x: Int32) {
    resetExchange(y, c)
    exchanges[y].isOldClient = false
    exchanges[y].wantsUpgrade = false
    exchanges[y].awaitsContinue = false
    exchanges[y].requestDone = true
    exchanges[y].route = exchanges[x].route
    exchanges[y].pattern = exchanges[x].pattern
    exchanges[y].routeFlags = exchanges[x].routeFlags
    exchanges[y].routeCounters = exchanges[x].routeCounters
    exchanges[y].headLength = exchanges[x].headLength
    exchanges[y].cache = CacheUse()
    exchanges[y].cache.identity = exchanges[x].cache.identity
    exchanges[y].cache.row = exchanges[x].cache.row
    exchanges[y].cache.hash = exchanges[x].cache.hash
  }

  private mutating func beginRefresh(
    _ y: Int32, like x: Int32, client v: Int32, _ kept: consuming Block
  ) {
    resetExchange(y, v, like: x)
    exchanges[y].method = .get
    exchanges[y].snapshot = snapshots.pin(exchanges[x].snapshot)
    exchanges[y].pool = exchanges[x].pool
    exchanges[y].timeouts = exchanges[x].timeouts
    exchanges[y].requestBody = BodyDecoder()
    exchanges[y].bodyBytes = 0
    exchanges[y].requestBytes = 0
    exchanges[y].isReplayable = true
    exchanges[y].head = consume kept
    let limit = requestTimeout(y)
    if limit != .max { exchanges[y].deadline = now &+ limit }
  }

  private mutating func startFetch(_ token: Token) {
    let y = token.index
    guard exchanges.isUsed(y), exchanges[y].generation == token.generation,
      exchanges[y].step == .connect
    else { return }
    guard let from = restoreRequest(y) else { return abortClient(exchanges[y].client) }
    goOn(y, from)
  }

  /// What an exchange without a client comes to when no response can be had.
  mutating func endWithoutClient(_ x: Int32, status: Int) {
    let v = exchanges[x].client
    exchanges[x].status = UInt16(truncatingIfNeeded: status)
    settleFetch(x, failure: status)
    dropUpstream(x)
    endExchange(x)
    closeClient(v)
  }
}

/// What a request and its answer say beside what they would without a cache.
extension Worker {
  /// The conditions that ask a backend whether the stored response is still good.
  mutating func writeValidators(_ x: Int32) {
    guard let stale = CachedEntry(raw: exchanges[x].cache.stale) else { return }
    _ = stale.writeConditions(into: &outgoing)
  }

  /// `CDN-Cache-Control` was for this cache, unless it is passed on.
  mutating func dropTargetedFields(_ x: Int32, _ from: Int) {
    guard !cacheRules[Int(exchanges[x].cache.identity)].passesTargeted else { return }
    StoredHead.dropTargeted(
      ResponseCacheFields.collect(&head, scratch, from), &head, scratch, from)
  }

  /// `Cache-Status` of an answer that is passed on as it comes.
  mutating func writeForwardStatus(_ x: Int32) {
    guard cacheRules[Int(exchanges[x].cache.identity)].addsStatus else { return }
    var status = CacheStatus(exchanges[x].cache.forward ?? .bypass)
    status.isCollapsed = exchanges[x].cache.hasWaited
    status.writeLine(into: &outgoing)
  }

  /// Frees what was taken out of caches since, at the end of a turn: nothing found in it is
  /// used any more. Where there is room, nobody else does it.
  mutating func sweepCaches() {
    guard !caches.isEmpty else { return }
    setup.caches.quiet.enter(setup.index)
    for store in caches { store.sweep() }
  }

  /// Stores and rules of the caches in a config that is adopted.
  mutating func adoptCaches(_ handle: SnapshotHandle) {
    for index in 0..<handle.value.caches.count {
      let row = handle.value.caches[index]
      let identity = Int(row.identity)
      while caches.count <= identity {
        caches.append(setup.caches.reserve(UInt32(caches.count), limit: nil))
        cacheRules.append(CacheRules())
      }
      cacheRules[identity] = row.rules
    }
  }
}
