/// What becomes of a final response in the cache: whether it is stored, and with which facts.
/// Pure: time and random number are passed in.
package struct StoreRuling: BitwiseCopyable, Sendable {
  /// What a decision needs beside the response.
  package struct Context: BitwiseCopyable, Sendable {
    package var method = Method.get
    package var directives = RequestDirectives()
    package var rules = CacheRules()
    /// The request's path ends with a name that has a content hash in it.
    package var hasHashedName = false
    /// From the request to the response, in seconds (RFC 9111 section 4.2.3: `response_delay`).
    package var delaySeconds: Int64 = 0
    /// The wall clock, in seconds since 1970.
    package var wallSeconds: Int64 = 0
    package var now: Instant = 0
    package var random: UInt64 = 0
    package var fetchNanoseconds: UInt64 = 0
    /// Of a 304 whose fields were merged into a stored head, which has no `Age`; -1: the response's
    /// own `Age` counts.
    package var age: Int64 = -1

    package init() {}
  }

  package var verdict = StoreVerdict.store
  /// Whole even if the response is not stored, as far as it was read.
  package var facts = CachedFacts()
  /// `private="…"` or `no-cache="…"` name fields that do not belong into the store: call
  /// `dropUnstored` on the head before it is written there. Not before it is forwarded: the client
  /// that asked gets them.
  package var hasUnstoredFields = false
  /// The name's hash made it immutable for a year (`immutable_assets`).
  package var isPinned = false
  /// `CDN-Cache-Control` counted in place of `Cache-Control` and `Expires`.
  package var isTargeted: Bool { facts.flags.contains(.isTargeted) }

  package static func decide(
    _ context: Context, _ fields: ResponseCacheFields, _ head: inout MessageHead,
    _ bytes: borrowing Bytes, _ origin: Int
  ) -> StoreRuling {
    var ruling = StoreRuling()
    var control = CacheControl()
    ruling.readControl(&control, fields, &head, bytes, origin)
    ruling.readFacts(context, control, fields, &head, bytes, origin)
    ruling.verdict = ruling.judge(context, control, fields, &head, bytes, origin)
    return ruling
  }

  /// Marks the fields that `private="…"` and `no-cache="…"` name as dropped (RFC 9111 sections
  /// 5.2.2.4 and 5.2.2.7).
  package static func dropUnstored(
    _ fields: ResponseCacheFields, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    _ origin: Int
  ) {
    UnstoredFields(fields, &head, bytes, origin).drop(&head, bytes, origin)
  }

  /// Appends the lines that `dropUnstored` would mark, for the client that asked. There must be
  /// room for the whole head.
  package static func appendUnstored(
    _ fields: ResponseCacheFields, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    _ origin: Int, to block: inout Block
  ) {
    let unstored = UnstoredFields(fields, &head, bytes, origin)
    for index in 0..<head.fieldCount {
      let field = head.fields[index]
      let at = origin &+ Int(field.name)
      if !field.isDropped,
        unstored.names(Int16(truncatingIfNeeded: index), &head, bytes, origin)
      {
        block.append(bytes, at, Int(field.end) &- Int(field.name))
      }
    }
  }

  // MARK: What the response says

  private mutating func readControl(
    _ control: inout CacheControl, _ fields: ResponseCacheFields, _ head: inout MessageHead,
    _ bytes: borrowing Bytes, _ origin: Int
  ) {
    if fields.cdnCacheControl >= 0,
      let targeted = CacheControl.readTargeted(
        fields.cdnCacheControl, isRepeated: fields.repeated.contains(.cdnCacheControl), &head,
        bytes, origin)
    {
      control = targeted
      facts.flags.insert(.isTargeted)
    } else if fields.cacheControl >= 0 {
      control = CacheControl.read(
        fields.cacheControl, isRepeated: fields.repeated.contains(.cacheControl), &head, bytes,
        origin)
    }
    hasUnstoredFields = !control.flags.isDisjoint(with: [.privateFields, .noCacheFields])
  }

  private mutating func readFacts(
    _ context: Context, _ control: CacheControl, _ fields: ResponseCacheFields,
    _ head: inout MessageHead, _ bytes: borrowing Bytes, _ origin: Int
  ) {
    facts.status = UInt16(truncatingIfNeeded: head.status)
    facts.storedAt = context.now
    facts.fetchNanoseconds = context.fetchNanoseconds
    let wall = context.wallSeconds
    facts.date =
      FieldValues.date(fields.date, &head, bytes, origin, wall) ?? CachedFacts.noDate
    let hasOneModified = !fields.repeated.contains(.lastModified)
    facts.lastModified =
      (hasOneModified ? FieldValues.date(fields.lastModified, &head, bytes, origin, wall) : nil)
      ?? CachedFacts.noDate
    readEntityTag(fields, &head, bytes, origin)
    if hasUnstoredFields {
      let unstored = UnstoredFields(fields, &head, bytes, origin)
      if unstored.names(fields.etag, &head, bytes, origin) {
        facts.flags.subtract([.hasETag, .hasWeakETag])
      }
      if unstored.names(fields.lastModified, &head, bytes, origin) {
        facts.lastModified = CachedFacts.noDate
      }
    }
    let age =
      context.age >= 0 ? context.age : FieldValues.age(fields.age, &head, bytes, origin) ?? 0
    let hasMaxAge = control.maxAge >= 0 || control.sharedMaxAge >= 0
    let countsDate = !hasMaxAge || fields.age < 0 && Freshness.wasForwarded(&head)
    facts.initialAge = Freshness.initialAge(
      age: age, date: countsDate ? facts.date : CachedFacts.noDate, delay: context.delaySeconds,
      received: wall)
    if control.flags.contains(.noCache) { facts.flags.insert(.noCache) }
    if control.flags.contains(.immutable) { facts.flags.insert(.immutable) }
    if control.flags.contains(.noTransform) { facts.flags.insert(.noTransform) }
    // RFC 9111 section 5.2.2.10: `s-maxage` has the semantics of `proxy-revalidate`.
    if control.sharedMaxAge >= 0
      || !control.flags.isDisjoint(with: [.mustRevalidate, .proxyRevalidate, .noCache])
    {
      facts.flags.insert(.mustRevalidate)
    }
  }

  private mutating func readEntityTag(
    _ fields: ResponseCacheFields, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    _ origin: Int
  ) {
    // Two tags are none.
    guard fields.etag >= 0, !fields.repeated.contains(.etag) else { return }
    let field = head.fields[Int(fields.etag)]
    let tag = EntityTag(bytes, origin &+ Int(field.value), Int(field.valueLength))
    guard let tag else { return }
    facts.flags.insert(tag.isWeak ? [.hasETag, .hasWeakETag] : .hasETag)
  }

  // MARK: The verdict

  private mutating func judge(
    _ context: Context, _ control: CacheControl, _ fields: ResponseCacheFields,
    _ head: inout MessageHead, _ bytes: borrowing Bytes, _ origin: Int
  ) -> StoreVerdict {
    let status = head.status
    if context.method != .get { return .method }
    if status < 200 { return .interim }
    if status == 206 || fields.contentRange >= 0 { return .partialContent }
    if status == 304 { return .notModified }
    if context.directives.noStore { return .requestNoStore }
    let isUnderstood = Freshness.isUnderstood(status)
    // RFC 9111 section 5.2.2.3: who understands the status ignores the `no-store` beside it.
    let mustUnderstand = control.flags.contains(.mustUnderstand)
    if mustUnderstand, !isUnderstood { return .notUnderstood }
    if control.flags.contains(.noStore), !mustUnderstand { return .noStore }
    if control.flags.contains(.isPrivate) { return .isPrivate }
    // RFC 9111 section 3.5.
    if context.directives.hasAuthorization, control.sharedMaxAge < 0,
      control.flags.isDisjoint(with: [.isPublic, .mustRevalidate])
    {
      return .authorization
    }
    if fields.setCookie >= 0, !context.rules.storesSetCookie,
      !(hasUnstoredFields
        && UnstoredFields(fields, &head, bytes, origin)
          .names(fields.setCookie, &head, bytes, origin))
    {
      return .setCookie
    }
    switch VaryFields.inspect(fields, &head, bytes, origin) {
    case .star: return .varyStar
    case .tooLong: return .varyTooLong
    case .none, .names: break
    }
    if head.contentLength > context.rules.maxObjectBytes { return .tooLong }
    return settleFreshness(context, control, fields, &head, bytes, origin)
  }

  private mutating func settleFreshness(
    _ context: Context, _ control: CacheControl, _ fields: ResponseCacheFields,
    _ head: inout MessageHead, _ bytes: borrowing Bytes, _ origin: Int
  ) -> StoreVerdict {
    let rules = context.rules
    let freshness = Freshness.of(
      context, control, isTargeted: isTargeted, facts, fields, &head, bytes, origin)
    var lifetime = freshness.seconds
    if freshness.isHeuristic { facts.flags.insert(.isHeuristic) }
    settleHashedName(context, control, &lifetime, isExplicit: freshness.isExplicit)
    if !facts.flags.contains(.mustRevalidate) {
      facts.staleWhileRevalidate =
        control.staleWhileRevalidate >= 0
        ? control.staleWhileRevalidate : rules.staleWhileRevalidate
      facts.staleIfError =
        control.staleIfError >= 0 ? control.staleIfError : rules.staleIfError
    }
    facts.lifetime = Freshness.jittered(
      lifetime, age: facts.initialAge, percent: rules.jitterPercent, context.random)
    let mayBeHeuristic =
      Freshness.isHeuristicallyCacheable(head.status) || control.flags.contains(.isPublic)
    if !freshness.isExplicit, !mayBeHeuristic, !isPinned { return .statusNeedsFreshness }
    if !facts.flags.contains(.noCache), facts.lifetime > facts.initialAge { return .store }
    let isNoCache = facts.flags.contains(.noCache)
    // Nobody said that it may be kept, and there is nothing to guess from: 0 keeps none.
    if !freshness.isExplicit, !freshness.isHeuristic, !isNoCache,
      !control.flags.contains(.isPublic)
    {
      return .noFreshness
    }
    // From here on it is of use only if something lets it be validated, or be used stale.
    let hasValidator =
      facts.flags.contains(.hasETag) || facts.lastModified != CachedFacts.noDate
    if hasValidator { return .store }
    let staleness = facts.initialAge &- facts.lifetime
    if !isNoCache, staleness < max(facts.staleWhileRevalidate, facts.staleIfError) {
      return .store
    }
    return .staleAtOnce
  }

  /// A name with a hash of its content never means other content (docs: asset awareness).
  private mutating func settleHashedName(
    _ context: Context, _ control: CacheControl, _ lifetime: inout Int64, isExplicit: Bool
  ) {
    // Error pages under such a name are those of a release that is not there yet.
    guard context.hasHashedName, facts.status == 200 || facts.status == 203,
      control.flags.isDisjoint(with: [.immutable, .noCache]),
      !isExplicit || lifetime < Freshness.weakSeconds
    else { return }
    guard context.rules.pinsHashedNames else {
      facts.flags.insert(.isMissedChance)
      return
    }
    isPinned = true
    lifetime = max(lifetime, Freshness.yearSeconds)
    facts.flags.insert(.immutable)
    facts.flags.remove(.isHeuristic)
  }
}
