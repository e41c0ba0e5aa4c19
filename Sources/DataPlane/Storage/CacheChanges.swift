/// Something that was taken out of a cache and may still be seen.
struct Retired {
  let entry: CachedEntry?
  let body: CachedBody?
  let mark: UInt64
  let bytes: Int

  func free(_ budget: CacheBudget) {
    entry?.release(budget)
    body?.release(budget)
  }
}

/// What is behind the lock of a cache.
struct CacheChanges {
  var eviction: EvictionQueue
  /// By slot; nil in free ones.
  var slots: [CachedEntry?] = []
  var freeSlots: [UInt32] = []
  /// Taken out, and perhaps still looked at by somebody who found it before: freed after the mark.
  var limbo: [Retired] = []
  /// Bytes in `limbo` that its end will give back.
  var limboBytes = 0
  /// The keys that somebody fetches for all: bits of the workers with requests that wait.
  var pending: [Hash128: UInt64] = [:]
  var purges = PurgeLog()
  var evicted: UInt64 = 0

  init(capacity: Int) { eviction = EvictionQueue(capacityBytes: capacity) }

  /// The counters that hits write, as the eviction sees them.
  struct Visits: VisitCounts {
    let slots: [CachedEntry?]
    func visits(_ slot: UInt32) -> UInt8 { slots[Int(slot)]?.visits ?? 0 }
    func setVisits(_ slot: UInt32, _ value: UInt8) { slots[Int(slot)]?.visits = value }
  }

  /// The slot that the eviction gives up. The view of the counters ends with the call: it would
  /// make the next change of `slots` copy them all.
  mutating func nextVictim() -> UInt32? { eviction.victim(Visits(slots: slots)) }

  mutating func takeSlot(_ entry: CachedEntry) -> UInt32 {
    if let slot = freeSlots.popLast() {
      slots[Int(slot)] = entry
      return slot
    }
    slots.append(entry)
    return UInt32(slots.count - 1)
  }
}

/// What was purged lately: a fetch that began before must not store what it matches.
struct PurgeLog {
  private static var most: Int { 1024 }
  private enum Subject {
    case rule(PurgeRule)
    /// One key, after an unsafe request.
    case hash(Hash128)
  }
  private var purges: [(subject: Subject, sequence: UInt64)] = []
  /// Purges up to this are forgotten: fetches that began before store nothing.
  private var forgottenUpTo: UInt64 = 0

  mutating func add(_ rule: PurgeRule, at sequence: UInt64) { add(.rule(rule), sequence) }
  mutating func add(_ hash: Hash128, at sequence: UInt64) { add(.hash(hash), sequence) }

  private mutating func add(_ subject: Subject, _ sequence: UInt64) {
    if purges.count == PurgeLog.most {
      forgottenUpTo = purges[PurgeLog.most / 2 - 1].sequence
      purges.removeFirst(PurgeLog.most / 2)
    }
    purges.append((subject, sequence))
  }

  /// Whether something that a fetch brought, which began at `sequence`, was purged meanwhile.
  func hasPurged(_ entry: CachedEntry, since sequence: UInt64) -> Bool {
    if sequence <= forgottenUpTo { return true }
    for purge in purges.reversed() {
      if purge.sequence <= sequence { return false }
      switch purge.subject {
      case .rule(let rule): if entry.matches(rule) { return true }
      case .hash(let hash): if entry.info.hash == hash { return true }
      }
    }
    return false
  }
}
