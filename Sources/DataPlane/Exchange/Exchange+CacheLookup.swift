/// The step between route and pool, on routes with a cache: is there a stored response, and may it
/// be used?
extension Worker {
  /// `head` and `scratch` hold the request.
  ///
  /// - Returns: true when the request goes to a backend now; false when it was answered, or waits.
  @inline(never)
  mutating func lookUp(_ x: Int32, _ from: Int) -> Bool {
    let snapshot = snapshots[exchanges[x].snapshot]
    let route = snapshot.value.routes[Int(exchanges[x].route)]
    exchanges[x].cache = CacheUse()
    exchanges[x].cache.role = .bypass
    exchanges[x].cache.row = route.cache
    exchanges[x].cache.identity = snapshot.value.caches[Int(route.cache)].identity
    guard exchanges[x].method == .get || exchanges[x].method == .head else {
      exchanges[x].cache.forward = .method
      countLookup(x, .bypasses)
      return true
    }
    let fields = RequestCacheFields.collect(&head, scratch, from)
    // A body, another protocol, or a condition that only the origin may judge.
    guard exchanges[x].requestDone, exchanges[x].requestBody.framing == .none,
      !exchanges[x].wantsUpgrade, !fields.hasPreconditionsForOrigin,
      // Fields that go with the connection do not reach the backend, whatever `Vary` says of them.
      !head.hasNominated,
      let hash = findCacheKey(x, from)
    else {
      exchanges[x].cache.forward = .bypass
      countLookup(x, .bypasses)
      return true
    }
    exchanges[x].cache.hash = hash
    exchanges[x].cache.directives = RequestDirectives.read(fields, &head, scratch, from)
    return useStored(x, from, fields)
  }

  /// The hash of the request's key, whose text is in `keyBuffer` then.
  @inline(__always)
  private mutating func findCacheKey(_ x: Int32, _ from: Int) -> Hash128? {
    let snapshot = snapshots[exchanges[x].snapshot]
    let row = snapshot.value.caches[Int(exchanges[x].cache.row)]
    let request = RouteRequest(
      scratch, from, &head, requestTarget, normalisedCount: pathBuffer.end)
    keyBuffer.removeAll()
    guard
      let key = CacheKey.write(
        row.key, snapshot.value, request, &head, scratch, normal: pathBuffer,
        isTLS: clients[exchanges[x].client].isTLS, route: keyedRoute(x), into: &keyBuffer)
    else { return nil }
    return CacheKey.hash(keyBuffer, key, seed: caches[Int(row.identity)].seed)
  }

  /// Routes that other conditions than host and path tell apart may lead the same URL to different
  /// pools: their names count.
  @inline(__always) func keyedRoute(_ x: Int32) -> TextReference? {
    guard exchanges[x].routeFlags.contains(.hasConditions) else { return nil }
    let snapshot = snapshots[exchanges[x].snapshot]
    return snapshot.value.routes[Int(exchanges[x].route)].name
  }

  /// What was found in the chain of a key.
  private struct Found {
    var entry: CachedEntry?
    /// A response of this key is there, for other requests.
    var hasOtherVariant = false
    /// The last responses of this key could not be stored.
    var isUncacheable = false
    var waitKey: Hash128
  }

  @inline(__always)
  private mutating func find(_ x: Int32, _ from: Int) -> Found {
    let hash = exchanges[x].cache.hash
    let store = caches[Int(exchanges[x].cache.identity)]
    var found = Found(waitKey: hash)
    var current = store.first(hash)
    while let entry = current {
      current = entry.next
      guard entry.info.hash == hash else { continue }
      if entry.info.kind == .uncacheable {
        if entry.age(at: now) < entry.info.facts.lifetime { found.isUncacheable = true }
        continue
      }
      if entry.info.varyLength > 0 {
        let vary = entry.varyHash(&head, scratch, from, seed: store.seed)
        if vary != entry.info.varyHash {
          if !found.hasOtherVariant { found.waitKey = hash.mixed(with: vary) }
          found.hasOtherVariant = true
          continue
        }
      }
      if entry.body?.state == .failed { continue }
      found.entry = entry
      found.waitKey = hash.mixed(with: entry.info.varyHash)
      break
    }
    return found
  }

  @inline(__always)
  private mutating func useStored(
    _ x: Int32, _ from: Int, _ fields: RequestCacheFields
  ) -> Bool {
    let found = find(x, from)
    exchanges[x].cache.waitKey = found.waitKey
    guard let entry = found.entry else {
      exchanges[x].cache.forward = found.hasOtherVariant ? .varyMiss : .uriMiss
      // What is not stored is between client and backend: a fetch would take out what the client
      // knows or wants of it, and have it get the whole each time.
      if found.isUncacheable, fields.hasPreconditionsForCache || fields.range >= 0,
        !exchanges[x].cache.directives.onlyIfCached
      {
        return true
      }
      // A response to somebody's credentials is hardly ever for others: nobody waits for it.
      return fetch(
        x, from, fields, seen: nil, mayWait: !found.isUncacheable && fields.authorization < 0)
    }
    switch reuse(x, entry) {
    case .fresh, .staleAccepted: break
    case .refreshEarly, .stale: if entry.restsUntil <= now { refresh(x, entry) }
    case .reload:
      // Who waited would have to ask again all the same.
      exchanges[x].cache.forward = .request
      return validate(x, from, fields, entry, mayWait: false)
    case .validate:
      exchanges[x].cache.forward = .stale
      let facts = entry.info.facts
      let isEverFresh = !facts.flags.contains(.noCache) && facts.lifetime > facts.initialAge
      return validate(
        x, from, fields, entry, mayWait: isEverFresh && !found.isUncacheable)
    }
    serve(x, from, entry, fields)
    return false
  }

  /// A reload that the client asks for is one only as long as clients have some left.
  @inline(__always)
  private mutating func reuse(_ x: Int32, _ entry: CachedEntry) -> Reuse {
    let snapshot = snapshots[exchanges[x].snapshot]
    let rules = snapshot.value.caches[Int(exchanges[x].cache.row)].rules
    let directives = exchanges[x].cache.directives
    let reuse = Reuse.decide(
      entry.facts, now: now, directives, rules, random: random.next())
    let store = caches[Int(exchanges[x].cache.identity)]
    guard reuse == .reload,
      !store.takeReload(perSecond: rules.clientReloadsPerSecond, at: now)
    else { return reuse }
    return Reuse.decide(
      entry.facts, now: now, directives.withoutReload, rules, random: random.next())
  }

  /// A stored response that may not be used as it is.
  ///
  /// - Parameter mayWait: what comes of another request's fetch could be used for this one.
  private mutating func validate(
    _ x: Int32, _ from: Int, _ fields: RequestCacheFields, _ entry: CachedEntry, mayWait: Bool
  ) -> Bool {
    // The last try has just failed: the next one may wait.
    if entry.restsUntil > now, mayServeOnError(x, entry) {
      exchanges[x].cache.forward = nil
      serve(x, from, entry, fields)
      return false
    }
    // One that still comes is not known whole: it cannot be said to be the same.
    if entry.body?.state != .growing {
      entry.retain()
      exchanges[x].cache.stale = entry.raw
    }
    return fetch(x, from, fields, seen: entry, mayWait: mayWait)
  }

  mutating func mayServeOnError(_ x: Int32, _ entry: CachedEntry) -> Bool {
    Reuse.mayServeOnError(
      entry.facts, age: entry.age(at: now), exchanges[x].cache.directives)
  }

  // MARK: One fetch for all

  /// This request fetches, or waits for the one that does. True when it goes to a backend.
  ///
  /// - Parameter seen: what was found, which may not be used as it is.
  private mutating func fetch(
    _ x: Int32, _ from: Int, _ fields: RequestCacheFields, seen: CachedEntry?, mayWait: Bool
  ) -> Bool {
    let directives = exchanges[x].cache.directives
    if directives.onlyIfCached {
      // RFC 9111 section 5.2.1.7.
      countLookup(x, .misses)
      failExchange(x, status: 504, .notCached, "nothing is stored that may be used")
      return false
    }
    let store = caches[Int(exchanges[x].cache.identity)]
    exchanges[x].cache.sequence = store.beginFetch()
    if exchanges[x].method == .head {
      countFetch(x)
      return true
    }
    guard !directives.noStore else {
      dropStaleEntry(x)
      countFetch(x)
      return true
    }
    exchanges[x].cache.role = .fetch
    guard mayWait else {
      countFetch(x)
      return true
    }
    switch store.lead(exchanges[x].cache.waitKey, worker: setup.index) {
    case .leads:
      exchanges[x].cache.leads = true
      // Another's fetch may have come to its end between the look and this: look again.
      guard let entry = find(x, from).entry, entry != seen else {
        countFetch(x)
        return true
      }
      settleFetch(x)
      dropStaleEntry(x)
      exchanges[x].cache.role = .bypass
      exchanges[x].cache.forward = nil
      return useStored(x, from, fields)
    case .waits:
      waitForFetch(x)
      return false
    }
  }

  /// What came of looking: once for each request, however often it waited.
  private mutating func countLookup(_ x: Int32, _ counter: CacheCounter) {
    setup.counters.caches[exchanges[x].cache.identity].add(counter)
  }

  private mutating func countFetch(_ x: Int32) {
    countLookup(x, exchanges[x].cache.stale == 0 ? .misses : .revalidations)
  }

  private mutating func waitForFetch(_ x: Int32) {
    let snapshot = snapshots[exchanges[x].snapshot]
    let rules = snapshot.value.caches[Int(exchanges[x].cache.row)].rules
    dropStaleEntry(x)
    exchanges[x].step = .waitForFetch
    if exchanges[x].retryAt == .max { exchanges[x].retryAt = now &+ rules.collapseTimeout }
    exchanges[x].cache.hasWaited = true
    setup.counters.caches[exchanges[x].cache.identity].add(.collapsed)
    join(x, .fetch)
    setExchangeTimer(x)
  }

  /// Something has come of the fetch that this one waits for: it looks again.
  ///
  /// - Parameter status: of the failure that it came to; 0 for none. Those who waited in vain
  ///   before get it too: a third fetch would hardly fare better, and there may be thousands.
  mutating func fetchSettled(_ x: Int32, failure status: Int) {
    exchanges[x].step = .connect
    if status != 0, exchanges[x].cache.failedWaits > 0 {
      countLookup(x, .misses)
      return failExchange(
        x, status: status, .fetchFailed, "the backend did not answer this request in time")
    }
    guard let from = restoreRequest(x) else { return cannotRead(x) }
    let fields = RequestCacheFields.collect(&head, scratch, from)
    dropStaleEntry(x)
    var use = CacheUse()
    use.role = .bypass
    use.row = exchanges[x].cache.row
    use.identity = exchanges[x].cache.identity
    use.hash = exchanges[x].cache.hash
    use.directives = exchanges[x].cache.directives
    use.hasWaited = true
    use.failedWaits = exchanges[x].cache.failedWaits &+ (status != 0 ? 1 : 0)
    exchanges[x].cache = use
    if useStored(x, from, fields) { goOn(x, from) }
  }

  /// It waited long enough: a fetch of its own.
  mutating func waitedTooLong(_ x: Int32) {
    leaveList(x)
    setup.counters.caches[exchanges[x].cache.identity].add(.collapseTimeouts)
    countLookup(x, .misses)
    exchanges[x].step = .connect
    guard let from = restoreRequest(x) else { return cannotRead(x) }
    goOn(x, from)
  }

  /// A kept head that was read before.
  mutating func cannotRead(_ x: Int32) {
    failExchange(x, status: 502, .badRequest, "the request cannot be read again")
  }

  /// To a backend, with the request in `head` and `scratch`.
  mutating func goOn(_ x: Int32, _ from: Int) {
    exchanges[x].retryAt = .max
    setExchangeTimer(x)
    enterPool(x, from)
    guard writeHead(x, from) else { return }
    dispatchFirst(x, from &+ Int(exchanges[x].headLength), 0)
  }
}
