/// The memory tier of one cache: a table that is read without locks, and what changes it under one.
///
/// Everything that it holds counts against `budget`, also what was evicted while somebody still
/// reads it. Lives as long as the process, as its identity does.
///
/// A second tier would fit at three places: a request for which `first` finds nothing (ask it
/// before a fetch begins), `makeRoom` (give it what leaves), `purge` (tell it).
@safe
package struct CacheStore: BitwiseCopyable, @unchecked Sendable {
  package let budget: CacheBudget
  package let seed: HashSeed
  private let buckets: SharedWords
  private let mask: Int
  /// Counts fetches and purges, in one order.
  private let counters = SharedWords(byteCount: 64)
  let quiet: QuietPoints
  /// Never freed, never counted: stores live as long as the process.
  private let changes: Unmanaged<Locked<CacheChanges>>

  /// - Parameter limit: bytes, at least 1 MiB. The table has a bucket for every 4 KiB of it.
  package init(limit: Int, quiet: QuietPoints, seed: HashSeed? = nil) {
    var random = RandomSource()
    self.seed = seed ?? HashSeed(first: random.next(), second: random.next())
    self.quiet = quiet
    budget = CacheBudget(limit: limit)
    var count = 1024
    while count < 1 << 22, count < limit / 4096 { count *= 2 }
    mask = count - 1
    buckets = SharedWords(byteCount: count * 8)
    _ = budget.take(count * 8)
    unsafe changes = Unmanaged.passRetained(Locked(CacheChanges(capacity: limit)))
  }

  func withLock<Result>(_ work: (inout CacheChanges) -> Result) -> Result {
    unsafe changes._withUnsafeGuaranteedRef { $0.withLock(work) }
  }

  // MARK: Finding, without a lock

  @inline(__always) func bucket(_ hash: Hash128) -> Int {
    Int(truncatingIfNeeded: hash.low) & mask
  }

  /// The newest entry in the hash's chain; others follow by `next`. Good for this turn.
  @inline(__always) func first(_ hash: Hash128) -> CachedEntry? {
    CachedEntry(raw: buckets.load(bucket(hash)))
  }

  /// Under the lock, or where it does not matter.
  func setFirst(_ bucket: Int, _ entry: CachedEntry?) { buckets.store(bucket, entry?.raw ?? 0) }
  func first(inBucket bucket: Int) -> CachedEntry? { CachedEntry(raw: buckets.load(bucket)) }

  // MARK: The order of fetches and purges

  /// A fetch begins now: what is purged later is not stored by it.
  package func beginFetch() -> UInt64 { nextMoment() }

  /// One of the validations that clients may force: GCRA (ITU-T I.371) with a burst of a second.
  func takeReload(perSecond rate: Int64, at now: Instant) -> Bool {
    guard rate > 0 else { return false }
    let interval = 1_000_000_000 / UInt64(rate)
    while true {
      let arrival = counters.load(1)
      let next = max(arrival, now) &+ interval
      guard next &- now <= 1_000_000_000 else { return false }
      if counters.replace(1, arrival, with: next) { return true }
    }
  }

  /// A moment that no fetch or purge shares.
  func nextMoment() -> UInt64 { counters.add(0, 1) }
}
