/// What the rules of caching say of an entry: they see spans, which its texts lend them here.
extension CachedEntry {
  /// RFC 9111 section 4.2.3, in seconds.
  @inline(__always) package func age(at now: Instant) -> Int64 { info.facts.age(at: now) }

  /// The facts by which it is reused: after a soft purge its freshness ended then.
  @inline(__always) package var facts: CachedFacts {
    var facts = info.facts
    let since = staleSince
    if since != 0 { facts.lifetime = min(facts.lifetime, facts.age(at: since)) }
    return facts
  }

  private var etag: ValueRange {
    guard info.facts.flags.contains(.hasETag) else { return .none }
    return StoredLines.find("etag", text, headAt, headAt + Int(info.headLength))
  }

  /// Whether it is for the request in `block`.
  @inline(__always)
  func varyHash(
    _ head: inout MessageHead, _ block: borrowing Block, _ origin: Int, seed: HashSeed
  ) -> Hash128 {
    VaryHash.of(text, varyAt, Int(info.varyLength), &head, block.bytes, origin, seed: seed)
  }

  func preconditions(
    _ fields: RequestCacheFields, _ head: inout MessageHead, _ block: borrowing Block,
    _ origin: Int, wallSeconds: Int64, now: Instant
  ) -> Preconditions {
    Preconditions.evaluate(
      info.facts, etag, text, fields, &head, block.bytes, origin, wallSeconds: wallSeconds,
      now: now)
  }

  func range(
    _ fields: RequestCacheFields, _ head: inout MessageHead, _ block: borrowing Block,
    _ origin: Int, length: Int, wallSeconds: Int64
  ) -> RangeRequest {
    RangeRequest.decide(
      length: Int64(length), info.facts, etag, text, fields, &head, block.bytes, origin,
      wallSeconds: wallSeconds)
  }

  /// Appends the conditions that ask whether it is still good. False when there are none.
  func writeConditions(into block: inout Block) -> Bool {
    Validators.writeConditions(
      info.facts, text, headAt, headAt + Int(info.headLength), into: &block)
  }

  /// Whether the 304, or the 200 to a HEAD, in `block` speaks of it.
  func isMeant(
    by fields: ResponseCacheFields, _ head: inout MessageHead, _ block: borrowing Block,
    _ origin: Int, wallSeconds: Int64
  ) -> Bool {
    if head.status == 304 {
      return Validators.match(
        info.facts, etag, text, fields, &head, block.bytes, origin, wallSeconds: wallSeconds)
        == .same
    }
    return Validators.matchHead(
      info.facts, length: Int64(body?.length ?? 0), etag, text, fields, &head, block.bytes,
      origin, wallSeconds: wallSeconds) == .same
  }

  /// Whether a purge names it.
  package func matches(_ rule: PurgeRule) -> Bool {
    rule.matches(
      text, keyAt, urlLength: Int(info.urlLength), tags: text, tagsAt, Int(info.tagsLength))
  }
}
