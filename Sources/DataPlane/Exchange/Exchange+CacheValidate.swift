/// Answers that change what is stored: a 304, an error behind which a stale response stands, an
/// unsafe method's success, a HEAD.
extension Worker {
  /// For how long a stale response is used without another try, once one has failed.
  private static var errorRest: Instant { 1_000_000_000 }

  // MARK: 304

  /// A 304, or the 200 to a HEAD: the stored response is good again, with the fields of this one
  /// (RFC 9111 sections 4.3.4 and 4.3.5), and answers the request.
  ///
  /// - Returns: false when it is about another response than the stored one.
  mutating func validated(_ x: Int32, _ u: Int32, _ from: Int, _ stale: CachedEntry) -> Bool {
    let fields = ResponseCacheFields.collect(&head, scratch, from)
    guard stale.isMeant(by: fields, &head, scratch, from, wallSeconds: date.second) else {
      return false
    }
    let store = caches[Int(exchanges[x].cache.identity)]
    setup.counters.caches[exchanges[x].cache.identity].add(.validated)
    exchanges[x].cache.isValidated = head.status == 304
    exchanges[x].responseBody = BodyDecoder()
    upstreams[u].keepAlive = head.keepsAlive && scratch.end == from &+ head.length
    let keepAliveSeconds = head.keepAliveTimeout
    let entry = freshen(x, from, stale, fields)
    releaseUpstream(x, u, keepAliveSeconds)
    if let entry, entry.info.verdict == StoreVerdict.store.rawValue {
      _ = store.publish(entry)
      // A `Vary` that names more than before: the former one would be for too many.
      if entry.info.varyHash != stale.info.varyHash { store.remove(stale) }
    } else {
      // It may not be stored any more; for this request it is good, with its new fields.
      store.remove(stale)
    }
    settleFetch(x)
    serveAgain(x, entry ?? stale)
    entry?.release(store.budget)
    return true
  }

  /// A new entry with the stored body and the merged head, which is left in `scratch`; nil when
  /// there is no room for it. Its verdict says whether it may be stored.
  private mutating func freshen(
    _ x: Int32, _ from: Int, _ stale: CachedEntry, _ fields: ResponseCacheFields
  ) -> CachedEntry? {
    let snapshot = snapshots[exchanges[x].snapshot]
    let rules = snapshot.value.caches[Int(exchanges[x].cache.row)].rules
    let age = FieldValues.age(fields, &head, scratch, from)
    routeBuffer.removeAll()
    stale.append(stale.headAt, Int(stale.info.headLength), to: &routeBuffer)
    stale.append(stale.hiddenAt, Int(stale.info.hiddenLength), to: &routeBuffer)
    routeBuffer.append("\r\n")
    let length = routeBuffer.end
    guard
      ResponseParser.parse(routeBuffer, 0, length, limits: .widest, into: &trailers)
        == .complete(length: length)
    else { return nil }
    if head.hasNominated { dropNominated(from) }
    outgoing.removeAll()
    outgoing.append(routeBuffer, 0, trailers.firstField)
    guard
      FieldUpdate.merge(
        &trailers, routeBuffer, with: &head, fields, scratch, from,
        storesSetCookie: rules.storesSetCookie, into: &outgoing)
    else { return nil }
    outgoing.append("\r\n")
    // It is judged like one that has just come.
    scratch.reset(room: BlockPool.headroom)
    scratch.append(outgoing, 0, outgoing.end)
    let merged = scratch.end &- scratch.start
    guard
      ResponseParser.parse(scratch, scratch.start, scratch.end, limits: .widest, into: &head)
        == .complete(length: merged),
      let kept = exchanges[x].head.take()
    else { return nil }
    let former = stale.info.facts
    let plan = planStored(x, scratch.start, kept, age: age, former: stale)
    exchanges[x].head = consume kept
    guard case .store(var info) = plan else { return nil }
    info.facts.fetchNanoseconds = max(info.facts.fetchNanoseconds, former.fetchNanoseconds)
    return entry(like: stale, info, caches[Int(exchanges[x].cache.identity)])
  }

  private mutating func entry(
    like stale: CachedEntry, _ info: EntryInfo, _ store: CacheStore
  ) -> CachedEntry? {
    store.makeRoom(info.textLength + 1024, worker: setup.index)
    // Read once: its end may put a smaller one in its place meanwhile.
    let body = stale.body
    body?.retain()
    guard let entry = CachedEntry.make(info, body, store.budget) else {
      body?.release(store.budget)
      return nil
    }
    if info.facts.flags.contains(.isCompressible), let compressed = stale.compressed,
      compressed.isWhole
    {
      compressed.retain()
      _ = entry.setCompressed(compressed, instead: nil)
    }
    writeTexts(of: entry, info)
    return entry
  }

  // MARK: Errors

  /// The stored response instead of an error, if it may be used so (RFC 5861 section 4).
  mutating func answerStale(_ x: Int32) -> Bool {
    guard let stale = CachedEntry(raw: exchanges[x].cache.stale), mayServeOnError(x, stale) else {
      return false
    }
    restAfterError(x)
    setup.counters.caches[exchanges[x].cache.identity].add(.staleOnError)
    dropUpstream(x)
    settleFetch(x)
    serveAgain(x, stale)
    return true
  }

  /// Nobody asks again for a moment, as long as the stored response may be used: the backend has
  /// enough to do.
  mutating func restAfterError(_ x: Int32) {
    CachedEntry(raw: exchanges[x].cache.stale)?.restsUntil = now &+ Worker.errorRest
  }

  /// No response could be had. True when the exchange was ended here.
  mutating func fetchFailed(_ x: Int32, status: Int) -> Bool {
    if Reuse.isError(status: status) {
      if answerStale(x) { return true }
      restAfterError(x)
    }
    if clients[exchanges[x].client].isNobody {
      endWithoutClient(x, status: status)
      return true
    }
    settleFetch(x, failure: status)
    return false
  }

  /// Serves an entry to the exchange's client, if it has one; ends the exchange if not. The request
  /// is read again: `head` and `scratch` held the response.
  mutating func serveAgain(_ x: Int32, _ entry: CachedEntry) {
    leaveBackends(x)
    let c = exchanges[x].client
    if clients[c].isNobody {
      endExchange(x)
      return closeClient(c)
    }
    guard let from = restoreRequest(x) else { return cannotRead(x) }
    serve(x, from, entry, RequestCacheFields.collect(&head, scratch, from))
  }

  /// It wants nothing of a backend any more, wherever it stood: in a queue, with a permit, before
  /// another try.
  private mutating func leaveBackends(_ x: Int32) {
    if exchanges[x].isTrying { judgeTry(x, .abandoned) }
    if exchanges[x].isQueued { leaveQueue(x) }
    if exchanges[x].holdsBackend { releaseBackend(x) }
    exchanges[x].hasGrant = false
    if let unsent = exchanges[x].unsent.take() { pool.give(unsent) }
    exchanges[x].step = .connect
    exchanges[x].retryAt = .max
    exchanges[x].tryDeadline = .max
    exchanges[x].queueUntil = .max
  }

  // MARK: Requests that are not answered from the cache

  /// An unsafe method that succeeded makes what is stored for its targets useless (RFC 9111
  /// section 4.4): the request's own URI, and those of the same origin that the answer names.
  mutating func invalidateTargets(_ x: Int32, _ from: Int) {
    guard Invalidation.isDue(exchanges[x].method, status: head.status),
      let kept = exchanges[x].head.take()
    else { return }
    let fields = ResponseCacheFields.collect(&head, scratch, from)
    if let request = describeKept(x, kept), let key = writeKey(x, request, kept) {
      invalidate(x, keyBuffer, key)
      invalidate(x, from, fields.location, key, request, kept)
      invalidate(x, from, fields.contentLocation, key, request, kept)
    }
    exchanges[x].head = consume kept
  }

  /// The key of the kept request, in `keyBuffer`.
  mutating func writeKey(
    _ x: Int32, _ request: RouteRequest, _ kept: borrowing Block
  ) -> CacheKeyText? {
    let snapshot = snapshots[exchanges[x].snapshot]
    let row = snapshot.value.caches[Int(exchanges[x].cache.row)]
    keyBuffer.removeAll()
    return CacheKey.write(
      row.key, snapshot.value, request, &trailers, kept, normal: pathBuffer,
      isTLS: clients[exchanges[x].client].isTLS, route: keyedRoute(x), into: &keyBuffer)
  }

  /// What a field of the answer names: the request's key with another path and query.
  private mutating func invalidate(
    _ x: Int32, _ from: Int, _ index: Int16, _ key: CacheKeyText, _ request: RouteRequest,
    _ kept: borrowing Block
  ) {
    guard index >= 0 else { return }
    let field = head.fields[Int(index)]
    routeBuffer.removeAll()
    guard
      Invalidation.resolve(
        scratch, from &+ Int(field.value), Int(field.valueLength), request, kept,
        normal: pathBuffer, mergeSlashes: policy.mergesSlashes, scratch: &tagBuffer,
        into: &routeBuffer)
    else { return }
    let pathAt = CacheKey.pathStart(keyBuffer, key)
    outgoing.removeAll()
    outgoing.append(keyBuffer, key.at, pathAt &- key.at)
    outgoing.append(routeBuffer, 0, routeBuffer.end)
    outgoing.append(keyBuffer, key.at &+ key.urlLength, key.length &- key.urlLength)
    let text = CacheKeyText(
      at: 0, urlLength: outgoing.end &- key.length &+ key.urlLength, length: outgoing.end)
    invalidate(x, outgoing, text)
  }

  /// The key, and that of the same URL without items: an unsafe request often has a field with one
  /// of its own, such as `X-HTTP-Method-Override`, or another spelling of the host.
  private func invalidate(_ x: Int32, _ block: borrowing Block, _ key: CacheKeyText) {
    let store = caches[Int(exchanges[x].cache.identity)]
    store.invalidate(CacheKey.hash(block, key, seed: store.seed))
    if key.length > key.urlLength {
      let url = CacheKeyText(at: key.at, urlLength: key.urlLength, length: key.urlLength)
      store.invalidate(CacheKey.hash(block, url, seed: store.seed))
    }
  }
}
