/// What a backend's answer means for the cache: stored, validated, forgotten, or only passed on.
extension Worker {
  /// `scratch[from..<bodyAt]` is the final head, described by `head`, of a request on a route with
  /// a cache.
  ///
  /// - Returns: true when the exchange needs nothing more of the caller.
  @inline(never)
  mutating func cacheAnswer(_ x: Int32, _ u: Int32, _ from: Int, _ bodyAt: Int) -> Bool {
    let stale = CachedEntry(raw: exchanges[x].cache.stale)
    guard exchanges[x].cache.role == .fetch else {
      let isHead = exchanges[x].method == .head && !exchanges[x].cache.directives.noStore
      // A HEAD for what is stale gets it instead of an error, as a GET does.
      if isHead, Reuse.isError(status: head.status), answerStale(x) { return true }
      invalidateTargets(x, from)
      guard isHead, head.status == 200, let stale else { return false }
      if validated(x, u, from, stale) { return true }
      stale.makeStale(at: now)
      return false
    }
    if head.status == 304 {
      if let stale {
        if validated(x, u, from, stale) { return true }
        // Nothing that is stored is meant (RFC 9111 section 4.3.4): as if nothing were.
        caches[Int(exchanges[x].cache.identity)].remove(stale)
        dropStaleEntry(x)
        askAgain(x)
        return true
      }
      // The client's conditions were taken out: nobody asked for this one.
      judgeTry(x, .failed)
      tryFailed(x, status: 502, .badResponse, "a 304 that nobody asked for")
      return true
    }
    if Reuse.isError(status: head.status) {
      if answerStale(x) { return true }
      restAfterError(x)
    }
    return store(x, u, from, bodyAt)
  }

  // MARK: Storing

  /// The response goes into the cache and from there to whoever wants it; or is passed on as it
  /// comes, if it may not be stored.
  private mutating func store(_ x: Int32, _ u: Int32, _ from: Int, _ bodyAt: Int) -> Bool {
    guard let kept = exchanges[x].head.take() else { return false }
    let plan = planStored(x, from, kept)
    exchanges[x].head = consume kept
    var verdict = StoreVerdict.noRoom
    switch plan {
    case .store(let info):
      // Room for the exchange that goes on without a client, too.
      if clients.count < clients.limit, exchanges.count < exchanges.limit,
        let entry = makeEntry(x, info, scratch.end &- bodyAt)
      {
        return fill(x, u, bodyAt, entry)
      }
      // Planning marked what is not stored: it is passed on with all of its lines.
      _ = ResponseParser.parse(scratch, from, bodyAt, limits: .widest, into: &head)
      if let block = exchanges[x].ownLines.take() { pool.give(block) }
    case .pass(let reason): verdict = reason
    }
    notStored(x, verdict)
    return dropIfNobody(x)
  }

  enum StorePlan {
    /// With the texts in `keyBuffer` (key), `routeBuffer` (names of `Vary`), `outgoing` (head, head
    /// of a 304) and `tagBuffer`.
    case store(EntryInfo)
    case pass(StoreVerdict)
  }

  /// - Parameters:
  ///   - kept: the request's head.
  ///   - age: of a 304 whose fields are in the head at `from`; -1: the head's own counts.
  ///   - former: what that 304 is about. What may not be stored is planned then as well:
  ///     `EntryInfo.verdict` says so.
  mutating func planStored(
    _ x: Int32, _ from: Int, _ kept: borrowing Block, age: Int64 = -1, former: CachedEntry? = nil
  ) -> StorePlan {
    let snapshot = snapshots[exchanges[x].snapshot]
    let row = snapshot.value.caches[Int(exchanges[x].cache.row)]
    guard let request = describeKept(x, kept), let key = writeKey(x, request, kept) else {
      return .pass(.noKey)
    }
    let fields = ResponseCacheFields.collect(&head, scratch, from)
    var context = StoreRuling.Context()
    context.directives = exchanges[x].cache.directives
    context.rules = row.rules
    context.hasHashedName = HashedName.isHashed(request, kept, normal: pathBuffer)
    context.delaySeconds = Int64((now &- exchanges[x].triedAt) / 1_000_000_000)
    context.wallSeconds = date.second
    context.now = now
    context.random = random.next()
    context.fetchNanoseconds = now &- exchanges[x].triedAt
    context.age = age
    let ruling = StoreRuling.decide(context, fields, &head, scratch, from)
    if former == nil, ruling.facts.flags.contains(.isMissedChance) {
      setup.counters.caches[row.identity].add(.missedChances)
    }
    guard ruling.verdict == .store || former != nil else { return .pass(ruling.verdict) }
    var info = EntryInfo()
    info.verdict = ruling.verdict.rawValue
    info.facts = ruling.facts
    info.hash = exchanges[x].cache.hash
    info.sequence = exchanges[x].cache.sequence
    info.keyLength = UInt32(key.length)
    info.urlLength = UInt32(key.urlLength)
    routeBuffer.removeAll()
    if case .names(_, let count) = VaryFields.read(
      fields, &head, scratch, from, into: &routeBuffer)
    {
      info.varyLength = UInt32(count)
      info.varyHash = VaryHash.of(
        routeBuffer, &trailers, kept, 0, seed: caches[Int(row.identity)].seed)
    }
    tagBuffer.removeAll()
    info.tagsLength = UInt32(CacheTags.append(&head, scratch, from, to: &tagBuffer))
    if exchanges[x].routeFlags.contains(.compresses) {
      markCompressible(x, from, fields, former, &info)
    }
    if let block = exchanges[x].ownLines.take() { pool.give(block) }
    if ruling.hasUnstoredFields {
      if former == nil { keepOwnLines(x, from, fields) }
      StoreRuling.dropUnstored(fields, &head, scratch, from)
    }
    writeStoredHead(x, from, row.rules, fields, isPinned: ruling.isPinned, &info)
    return .store(info)
  }

  /// The fields that `private="…"` and `no-cache="…"` name are not stored; the client that asked
  /// gets them.
  private mutating func keepOwnLines(_ x: Int32, _ from: Int, _ fields: ResponseCacheFields) {
    guard !clients[exchanges[x].client].isNobody else { return }
    var lines = pool.take(atLeast: head.length)
    lines.removeAll()
    StoreRuling.appendUnstored(fields, &head, scratch, from, to: &lines)
    exchanges[x].ownLines = consume lines
  }

  /// Leaves both stored heads in `outgoing`, one behind the other, then the `ETag` of the
  /// compressed form and hidden lines.
  private mutating func writeStoredHead(
    _ x: Int32, _ from: Int, _ rules: CacheRules, _ fields: ResponseCacheFields, isPinned: Bool,
    _ info: inout EntryInfo
  ) {
    outgoing.removeAll()
    writeStatusLine(from)
    info.statusLineLength = UInt32(outgoing.end)
    if head.hasNominated { dropNominated(from) }
    StoredHead.dropUnstored(fields, &head, scratch, from, keepsTargeted: rules.passesTargeted)
    if isPinned { StoredHead.dropFreshness(fields, &head, scratch, from) }
    let isCompressible = info.facts.flags.contains(.isCompressible)
    let tag = isCompressible ? keptTag(fields) : -1
    if isCompressible { info.identityLength = UInt32(moveIdentityLines(from)) }
    copyKeptFields(from)
    let needsDate = head.date < 0 || head.fields[head.date].isDropped
    if needsDate { writeDate() }
    if isPinned { outgoing.append(StoredHead.pinned) }
    writeVia(ofUpstream: exchanges[x].upstream)
    info.headLength = UInt32(outgoing.end)
    StoredHead.dropForValidated(fields, &head, scratch, from)
    if tag >= 0 { info.validatedIdentityLength = UInt32(copyLine(from, tag)) }
    copyKeptFields(from)
    if needsDate { writeDate() }
    if isPinned { outgoing.append(StoredHead.pinned) }
    info.validatedHeadLength = UInt32(outgoing.end) - info.headLength
    if tag >= 0 {
      let start = outgoing.end
      CompressedHead.appendWeakTag(head.fields[tag], of: scratch, from, to: &outgoing)
      info.gzipTagLength = UInt32(outgoing.end - start)
    }
    if !rules.passesTargeted {
      // For the cache alone, and to be judged again after a 304.
      let start = outgoing.end
      StoredHead.appendTargeted(fields, &head, scratch, from, to: &outgoing)
      info.hiddenLength = UInt32(outgoing.end - start)
    }
  }

  /// The entry with its texts, and an empty body of the size that is announced.
  ///
  /// - Parameter count: bytes of the body that are here.
  private mutating func makeEntry(_ x: Int32, _ info: EntryInfo, _ count: Int) -> CachedEntry? {
    let store = caches[Int(exchanges[x].cache.identity)]
    let length: Int? =
      head.status == 204 ? 0 : head.contentLength >= 0 ? Int(head.contentLength) : nil
    store.makeRoom(info.textLength + 1024 + (length ?? max(count, 65_536)), worker: setup.index)
    guard let body = CachedBody.make(length: length, first: count, store.budget) else { return nil }
    guard let entry = CachedEntry.make(info, body, store.budget) else {
      body.release(store.budget)
      return nil
    }
    writeTexts(of: entry, info)
    return entry
  }

  mutating func writeTexts(of entry: CachedEntry, _ info: EntryInfo) {
    entry.setText(at: entry.keyAt, keyBuffer, 0, Int(info.keyLength))
    entry.setText(at: entry.varyAt, routeBuffer, 0, Int(info.varyLength))
    entry.setText(
      at: entry.headAt, outgoing, 0,
      Int(info.headLength) + Int(info.validatedHeadLength) + Int(info.gzipTagLength)
        + Int(info.hiddenLength))
    entry.setText(at: entry.tagsAt, tagBuffer, 0, Int(info.tagsLength))
  }

  /// The response may not be stored: requests for it do not wait for one another for a while.
  private mutating func notStored(_ x: Int32, _ verdict: StoreVerdict) {
    exchanges[x].cache.role = .bypass
    if head.status < 500 { removeStale(x) }
    let use = exchanges[x].cache
    let store = caches[Int(use.identity)]
    setup.counters.caches[use.identity].add(.uncacheable)
    guard use.leads else { return }
    // An error, or a moment without room, is no reason to believe that the next response cannot be
    // stored either.
    let seconds =
      head.status >= 500 || verdict == .noRoom
      ? 1 : uncacheableSeconds(use.identity)
    remember(verdict, use.hash, sequence: use.sequence, seconds: seconds, store)
    settleFetch(x)
  }

  /// Whole ones, as ages are: at least 1, or those who wait now would ask one after the other.
  mutating func uncacheableSeconds(_ identity: UInt32) -> Int64 {
    max(1, Int64(cacheRules[Int(identity)].uncacheableFor / 1_000_000_000))
  }

  /// Requests of this key do not wait for one another for so long. Its text is in `keyBuffer`.
  mutating func remember(
    _ verdict: StoreVerdict, _ hash: Hash128, sequence: UInt64, seconds: Int64, _ store: CacheStore
  ) {
    var info = EntryInfo()
    info.kind = .uncacheable
    info.verdict = verdict.rawValue
    info.hash = hash
    info.sequence = sequence
    info.facts.storedAt = now
    info.facts.lifetime = seconds
    info.keyLength = UInt32(keyBuffer.end)
    info.urlLength = UInt32(CacheKey.urlLength(keyBuffer))
    store.makeRoom(info.textLength + 1024, worker: setup.index)
    guard let entry = CachedEntry.make(info, nil, store.budget) else { return }
    entry.setText(at: 0, keyBuffer, 0, Int(info.keyLength))
    _ = store.publish(entry)
    entry.release(store.budget)
  }

  /// Nobody wants a response that cannot be stored, if there is no client.
  private mutating func dropIfNobody(_ x: Int32) -> Bool {
    guard clients[exchanges[x].client].isNobody else { return false }
    endWithoutClient(x, status: head.status)
    return true
  }

  // MARK: Filling

  /// What has come of the body goes into the entry; the rest follows, if there is more to come.
  private mutating func fill(
    _ x: Int32, _ u: Int32, _ bodyAt: Int, _ entry: CachedEntry
  ) -> Bool {
    let store = caches[Int(exchanges[x].cache.identity)]
    guard let body = entry.body else { return false }
    let framing = (exchanges[x].path, exchanges[x].responseBody, exchanges[x].endsByClose)
    settleFraming(x)
    exchanges[x].endsByClose = false
    upstreams[u].keepAlive = head.keepsAlive && exchanges[x].responseBody.framing != .untilClose
    let keepAliveSeconds = head.keepAliveTimeout
    let scan = BodyScan.run(
      &exchanges[x].responseBody, &scratch, &trailers, from: bodyAt, to: scratch.end,
      dechunk: true, limits: .widest)
    guard scan.outcome != .failed,
      body.append(scratch, bodyAt, scan.sendEnd &- bodyAt, store.budget)
    else {
      // Nobody has seen anything of it yet.
      body.finish(.failed)
      entry.release(store.budget)
      (exchanges[x].path, exchanges[x].responseBody, exchanges[x].endsByClose) = framing
      judgeTry(x, .cut)
      tryFailed(x, status: 502, .badResponse, "malformed chunk")
      return true
    }
    keepRest(u, scan)
    exchanges[x].cache.isStored = true
    exchanges[x].status = UInt16(truncatingIfNeeded: head.status)
    setup.counters.caches[exchanges[x].cache.identity].add(.stored)
    guard scan.outcome == .ended else {
      beginFill(x, u, entry)
      return true
    }
    let isTooLong = isTooLong(x, body)
    body.finish(.complete)
    if isTooLong {
      exchanges[x].cache.isStored = false
      rememberTooLong(x, entry)
    } else if !store.publish(entry) {
      exchanges[x].cache.isStored = false
    } else if body.slack > 0 {
      store.complete(entry)
    }
    settleFetch(x)
    releaseUpstream(x, u, keepAliveSeconds)
    serveAgain(x, entry)
    entry.release(store.budget)
    return true
  }

  /// One of unknown length came to more than the cache takes.
  mutating func isTooLong(_ x: Int32, _ body: CachedBody) -> Bool {
    body.expectedLength == nil
      && Int64(body.length) > cacheRules[Int(exchanges[x].cache.identity)].maxObjectBytes
  }

  /// What was stored before is not the newest any more.
  private mutating func removeStale(_ x: Int32) {
    guard let stale = CachedEntry(raw: exchanges[x].cache.stale) else { return }
    caches[Int(exchanges[x].cache.identity)].remove(stale)
  }

  /// Requests of the entry's key do not wait for one another for a while.
  mutating func rememberTooLong(_ x: Int32, _ entry: CachedEntry) {
    removeStale(x)
    let identity = exchanges[x].cache.identity
    setup.counters.caches[identity].add(.overflows)
    keyBuffer.removeAll()
    entry.append(entry.keyAt, Int(entry.info.keyLength), to: &keyBuffer)
    remember(
      .tooLong, entry.info.hash, sequence: entry.info.sequence,
      seconds: uncacheableSeconds(identity), caches[Int(identity)])
  }

  /// There is more to come: the exchange goes on with it alone, its client becomes the first
  /// reader.
  private mutating func beginFill(_ x: Int32, _ u: Int32, _ entry: CachedEntry) {
    exchanges[x].tryDeadline = .max
    exchanges[x].deadline = .max
    setExchangeTimer(x)
    exchanges[x].step = .respond
    exchanges[x].path = .store
    exchanges[x].cache.filling = entry.raw
    let isStored = caches[Int(exchanges[x].cache.identity)].publish(entry)
    exchanges[x].cache.isStored = isStored
    settleFetch(x)
    setUpstreamTimer(u, after: responseIdleTimeout(x))
    if upstreams[u].stream.isReadable { queueUpstream(u) }
    guard let r = readerOfFill(x) else {
      if exchanges[x].snapshot != UInt8.max { snapshots.unpin(exchanges[x].snapshot) }
      exchanges[x].snapshot = UInt8.max
      return
    }
    guard let from = restoreRequest(r) else { return cannotRead(r) }
    serve(r, from, entry, RequestCacheFields.collect(&head, scratch, from))
  }

  /// A new exchange that serves the client, if there is one, while `x` goes on without it.
  private mutating func readerOfFill(_ x: Int32) -> Int32? {
    let c = exchanges[x].client
    guard !clients[c].isNobody, let r = exchanges.take() else { return nil }
    guard leaveClient(x) else {
      exchanges.release(r)
      return nil
    }
    clients[c].exchange = r
    resetExchange(r, c, like: x)
    exchanges[r].method = exchanges[x].method
    exchanges[r].snapshot = exchanges[x].snapshot
    exchanges[x].snapshot = UInt8.max
    exchanges[r].isOldClient = exchanges[x].isOldClient
    exchanges[r].isReplayable = false
    exchanges[r].hasRoute = exchanges[x].hasRoute
    exchanges[x].hasRoute = false
    exchanges[r].backendIdentity = exchanges[x].backendIdentity
    exchanges[r].tryCount = 0
    exchanges[r].head = exchanges[x].head.take()
    exchanges[r].ownLines = exchanges[x].ownLines.take()
    exchanges[r].rate = exchanges[x].rate
    exchanges[r].startedAt = exchanges[x].startedAt
    exchanges[r].requestBytes = exchanges[x].requestBytes
    exchanges[r].requestID = exchanges[x].requestID
    exchanges[r].cache.role = .read
    exchanges[r].cache.forward = exchanges[x].cache.forward
    exchanges[r].cache.isStored = exchanges[x].cache.isStored
    exchanges[r].cache.hasWaited = exchanges[x].cache.hasWaited
    exchanges[r].cache.directives = exchanges[x].cache.directives
    return r
  }
}
