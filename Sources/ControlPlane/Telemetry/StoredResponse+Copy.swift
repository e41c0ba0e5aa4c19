import DataPlane

/// Copies out of a cache. An entry is looked at under the store's lock, so this copies bytes and
/// words and makes no text of them.
extension StoredResponse {
  /// What is copied under the lock.
  struct Copy {
    fileprivate let info: EntryInfo
    fileprivate let facts: CachedFacts
    /// Key, names of `Vary`, head, head of a 304, tags: of these key, names and tags are copied.
    fileprivate let key: [UInt8]
    fileprivate let vary: [UInt8]
    fileprivate let tags: [UInt8]
    fileprivate let length: Int
    fileprivate let compressed: Int?
    fileprivate let memory: Int
    fileprivate let hits: UInt64
    fileprivate let lastHit: Instant
    fileprivate let state: State

    init(_ entry: CachedEntry) {
      let info = entry.info
      self.info = info
      facts = entry.facts
      let varyAt = Int(info.keyLength)
      let tagsAt = info.textLength - Int(info.tagsLength)
      key = Self.bytes(entry, 0, Int(info.keyLength))
      vary = Self.bytes(entry, varyAt, Int(info.varyLength))
      tags = Self.bytes(entry, tagsAt, Int(info.tagsLength))
      let body = entry.body
      length = body?.length ?? 0
      compressed = entry.compressed.flatMap { $0.state == .complete ? $0.length : nil }
      memory = entry.allocatedBytes
      hits = entry.hits
      lastHit = entry.lastHit
      state =
        switch body?.state {
        case .growing: .filling
        case .failed: .cut
        case .complete, nil: .complete
        }
    }

    private static func bytes(_ entry: CachedEntry, _ at: Int, _ count: Int) -> [UInt8] {
      let text = entry.text
      var bytes: [UInt8] = []
      bytes.reserveCapacity(count)
      for index in at..<(at + count) { bytes.append(text[index]) }
      return bytes
    }
  }

  init(_ copy: Copy, cache: String, at now: Instant) {
    let info = copy.info
    self.cache = cache
    let urlLength = min(Int(info.urlLength), copy.key.count)
    url = String(decoding: copy.key[..<urlLength], as: UTF8.self)
    keyItems = Self.lines(copy.key[urlLength...])
    ageSeconds = copy.facts.age(at: now)
    ttlSeconds = copy.facts.lifetime - ageSeconds
    memoryBytes = copy.memory
    guard info.kind == .response else {
      refusal = StoreVerdict(rawValue: info.verdict).map { "\($0.text)" } ?? "unknown"
      return
    }
    status = Int(copy.facts.status)
    vary = copy.vary.split(separator: 0x2c).map { String(decoding: $0, as: UTF8.self) }
    tags = Self.lines(copy.tags[...]).map { $0 == "\u{01}" ? "(and more)" : $0 }
    sizeBytes = copy.length
    compressedBytes = copy.compressed
    hits = copy.hits
    if copy.hits > 0, copy.lastHit > 0 {
      lastHitSeconds = Int64(clamping: (max(now, copy.lastHit) - copy.lastHit) / 1_000_000_000)
    }
    state = copy.state
    flags = Self.words(copy.facts)
  }

  private static func lines(_ bytes: ArraySlice<UInt8>) -> [String] {
    bytes.split(separator: 0x0a).map { String(decoding: $0, as: UTF8.self) }
  }

  private static func words(_ facts: CachedFacts) -> [String] {
    let flags = facts.flags
    var words: [String] = []
    if flags.contains(.noCache) { words.append("no-cache") }
    if flags.contains(.mustRevalidate) { words.append("must-revalidate") }
    if flags.contains(.immutable) { words.append("immutable") }
    if flags.contains(.isHeuristic) { words.append("heuristic") }
    if flags.contains(.isMissedChance) { words.append("missed chance") }
    if facts.staleWhileRevalidate > 0 {
      words.append("stale-while-revalidate=\(facts.staleWhileRevalidate)")
    }
    if facts.staleIfError > 0 { words.append("stale-if-error=\(facts.staleIfError)") }
    return words
  }
}
