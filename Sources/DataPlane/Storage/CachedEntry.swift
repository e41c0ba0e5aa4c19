/// Where the texts of an entry are, and what is known of it; written once, before it is published.
package struct EntryInfo: BitwiseCopyable, Sendable {
  package enum Kind: UInt8, Sendable, BitwiseCopyable {
    case response
    /// No response: those of this key could not be stored lately, so requests do not wait for one
    /// another (hit-for-miss).
    case uncacheable
  }

  package var kind = Kind.response
  /// Why an `uncacheable` one is that.
  package var verdict: UInt8 = 0
  package var facts = CachedFacts()
  package var hash = Hash128(low: 0, high: 0)
  /// Of the values of the request's fields that `Vary` names; none: 0.
  package var varyHash = Hash128(low: 0, high: 0)
  /// Counts up with each fetch that begins: what was purged after that is not stored.
  package var sequence: UInt64 = 0
  package var keyLength: UInt32 = 0
  /// The part of the key that is a URL.
  package var urlLength: UInt32 = 0
  package var varyLength: UInt32 = 0
  /// The response's status line and fields, each with its line end, without an empty line.
  package var headLength: UInt32 = 0
  package var statusLineLength: UInt32 = 0
  /// The fields of a 304, likewise without a status line.
  package var validatedHeadLength: UInt32 = 0
  /// Lines that only the cache goes by: `CDN-Cache-Control`.
  package var hiddenLength: UInt32 = 0
  /// Of a compressible response: the lines that its compressed form does not have, behind the
  /// status line, and at the begin of the fields of a 304.
  package var identityLength: UInt32 = 0
  package var validatedIdentityLength: UInt32 = 0
  /// The `ETag` of the compressed form, as a line.
  package var gzipTagLength: UInt32 = 0
  package var tagsLength: UInt32 = 0
  /// Bytes of the texts together.
  package var textLength: Int {
    Int(keyLength) + Int(varyLength) + Int(headLength) + Int(validatedHeadLength)
      + Int(gzipTagLength) + Int(hiddenLength) + Int(tagsLength)
  }
  package init() {}
}

/// One stored response, or the memory of one that could not be stored: facts, texts, and its body.
///
/// Everything but the first words is written before it is published and never changes; what changes
/// it makes a new one. Found without a lock: what is found is good until the worker's turn ends;
/// `retain` keeps it longer.
@safe
package struct CachedEntry: BitwiseCopyable, Sendable, Equatable {
  enum Word {
    static var next: Int { 0 }
    static var references: Int { 1 }
    static var body: Int { 2 }
    static var size: Int { 3 }
    // On a cache line of their own: written by hits.
    static var visits: Int { 8 }
    static var hits: Int { 9 }
    static var lastHit: Int { 10 }
    // Rarely written.
    static var staleSince: Int { 11 }
    static var slot: Int { 12 }
    static var restsUntil: Int { 13 }
    static var isStored: Int { 14 }
    static var compressed: Int { 15 }
  }
  private static var infoOffset: Int { 128 }
  private static var textOffset: Int { infoOffset + MemoryLayout<EntryInfo>.stride }

  /// What the lists of slots and of eviction take for one entry.
  private static var placeOverhead: Int { 80 }

  let words: SharedWords

  /// - Parameter body: its reference is the entry's from now on.
  /// - Returns: nil when the budget has no room.
  static func make(_ info: EntryInfo, _ body: CachedBody?, _ budget: CacheBudget) -> CachedEntry? {
    // Room behind the texts for loads of sixteen bytes.
    let size = textOffset + info.textLength + Block.padding
    let bytes = size + CachedBody.pieceOverhead + placeOverhead
    guard budget.take(bytes) else { return nil }
    let words = SharedWords(byteCount: size, zeroedAtStart: textOffset, atEnd: Block.padding)
    words.store(Word.references, 1)
    words.store(Word.size, UInt64(bytes))
    words.store(Word.body, body?.raw ?? 0)
    unsafe (words.address + infoOffset).storeBytes(of: info, as: EntryInfo.self)
    return CachedEntry(words: words)
  }

  init(words: SharedWords) { self.words = words }

  package init?(raw: UInt64) {
    guard let words = SharedWords(raw: raw) else { return nil }
    self.words = words
  }
  package var raw: UInt64 { @inline(__always) get { words.raw } }

  // MARK: Holding

  @inline(__always) func retain() { words.add(Word.references, 1) }

  func release(_ budget: CacheBudget) {
    guard words.add(Word.references, .max) == 0 else { return }
    body?.release(budget)
    compressed?.release(budget)
    budget.give(Int(words.load(Word.size)))
    words.free()
  }

  // MARK: Reading

  package var info: EntryInfo {
    @inline(__always) unsafeAddress {
      unsafe UnsafePointer(
        (words.address + CachedEntry.infoOffset).assumingMemoryBound(to: EntryInfo.self))
    }
  }

  package var body: CachedBody? {
    @inline(__always) get { CachedBody(raw: words.load(Word.body)) }
  }

  /// The same content in other memory. The former body's reference is the caller's then.
  func replaceBody(_ body: CachedBody) { words.store(Word.body, body.raw) }

  /// The same content, compressed with gzip, once somebody wanted it.
  package var compressed: CachedBody? {
    @inline(__always) get { CachedBody(raw: words.load(Word.compressed)) }
  }

  /// - Parameter body: its reference is the entry's, unless somebody was faster: false then.
  func setCompressed(_ body: CachedBody?, instead former: CachedBody?) -> Bool {
    words.replace(Word.compressed, former?.raw ?? 0, with: body?.raw ?? 0)
  }

  var keyAt: Int { 0 }
  var varyAt: Int { Int(info.keyLength) }
  var headAt: Int { varyAt + Int(info.varyLength) }
  var validatedHeadAt: Int { headAt + Int(info.headLength) }
  var gzipTagAt: Int { validatedHeadAt + Int(info.validatedHeadLength) }
  var hiddenAt: Int { gzipTagAt + Int(info.gzipTagLength) }
  var tagsAt: Int { hiddenAt + Int(info.hiddenLength) }

  /// All texts, one behind the other: key, names of `Vary`, head, head of a 304, the compressed
  /// form's `ETag`, hidden lines, tags.
  package var text: Bytes {
    @_lifetime(borrow self) @inline(__always) get {
      let count = info.textLength + Block.padding
      let pointer = unsafe (words.address + CachedEntry.textOffset)
        .assumingMemoryBound(to: UInt8.self)
      let span = unsafe Span<UInt8>(_unsafeStart: pointer, count: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Copies one of the texts behind the end of `block`.
  @inline(__always)
  func append(_ at: Int, _ count: Int, to block: inout Block) {
    precondition(at >= 0 && count >= 0 && at + count <= info.textLength)
    block.check(block.end, count)
    unsafe (block.base + block.end).update(
      from: (words.address + (CachedEntry.textOffset + at)).assumingMemoryBound(to: UInt8.self),
      count: count)
    block.end += count
  }

  /// Writes one of the texts, before the entry is published.
  func setText(at: Int, _ block: borrowing Block, _ from: Int, _ count: Int) {
    precondition(at >= 0 && at + count <= info.textLength)
    block.check(from, count)
    unsafe (words.address + (CachedEntry.textOffset + at)).copyMemory(
      from: block.base + from, byteCount: count)
  }

  /// Its memory and that of its bodies.
  package var allocatedBytes: Int {
    Int(words.load(Word.size)) + (body?.allocatedBytes ?? 0) + (compressed?.allocatedBytes ?? 0)
  }

  // MARK: What changes

  var next: CachedEntry? { @inline(__always) get { CachedEntry(raw: words.load(Word.next)) } }
  func setNext(_ entry: CachedEntry?) { words.store(Word.next, entry?.raw ?? 0) }

  /// Served from the cache once more.
  @inline(__always) func countHit(at now: Instant) {
    if words.loadRelaxed(Word.visits) < 3 { words.count(Word.visits) }
    words.count(Word.hits)
    words.storeRelaxed(Word.lastHit, now)
  }
  package var hits: UInt64 { words.loadRelaxed(Word.hits) }
  package var lastHit: Instant { words.loadRelaxed(Word.lastHit) }

  /// Variants of a key are apart in the queue of eviction.
  var queueKey: UInt64 { info.hash.high ^ info.varyHash.high }

  /// It stands in the place of another one from now on.
  func takeHits(of other: CachedEntry) {
    words.storeRelaxed(Word.hits, other.hits)
    words.storeRelaxed(Word.lastHit, other.lastHit)
    words.storeRelaxed(Word.visits, UInt64(other.visits))
  }

  var visits: UInt8 {
    get { UInt8(truncatingIfNeeded: words.loadRelaxed(Word.visits)) }
    nonmutating set { words.storeRelaxed(Word.visits, UInt64(newValue)) }
  }

  /// When a soft purge made it stale; 0 if none did.
  package var staleSince: Instant { @inline(__always) get { words.loadRelaxed(Word.staleSince) } }
  /// What is stale for longer stays so.
  func makeStale(at now: Instant) {
    if staleSince == 0 { words.storeRelaxed(Word.staleSince, max(now, 1)) }
  }

  /// In the table: found by requests.
  package var isStored: Bool { words.load(Word.isStored) != 0 }
  func setStored(_ isStored: Bool) { words.store(Word.isStored, isStored ? 1 : 0) }

  /// Until then a stale response is used without another try: the last one failed.
  var restsUntil: Instant {
    get { words.loadRelaxed(Word.restsUntil) }
    nonmutating set { words.storeRelaxed(Word.restsUntil, newValue) }
  }

  var slot: UInt32 {
    get { UInt32(truncatingIfNeeded: words.loadRelaxed(Word.slot)) }
    nonmutating set { words.storeRelaxed(Word.slot, UInt64(newValue)) }
  }
}
