/// What changes a cache: all of it under its lock.
extension CacheStore {
  /// Variants of one key; of more the oldest goes.
  private static var mostVariants: Int { 64 }

  /// Kept free, so that what was evicted need not be waited for.
  private var headroom: Int { min(budget.limit / 16, 4 << 20) }

  // MARK: Room

  /// Makes it likely that `bytes` can be taken from the budget. The worker must hold nothing that
  /// it found and did not retain.
  func makeRoom(_ bytes: Int, worker: Int) {
    guard budget.used + bytes + headroom > budget.limit else { return }
    quiet.enter(worker)
    withLock { changes in
      sweep(&changes)
      let target = max(budget.limit - headroom - bytes, 0)
      while budget.used - changes.limboBytes > target {
        guard let slot = changes.nextVictim() else { break }
        guard let entry = changes.slots[Int(slot)] else { continue }
        changes.evicted += 1
        takeOut(entry, &changes, isInQueue: false)
      }
      quiet.enter(worker)
      sweep(&changes)
    }
  }

  /// Frees what nobody can see any more.
  package func sweep() { withLock { sweep(&$0) } }

  private func sweep(_ changes: inout CacheChanges) {
    guard !changes.limbo.isEmpty else { return }
    // In the order of their marks: the first that is not quiet ends it.
    var count = 0
    for item in changes.limbo {
      guard quiet.isQuiet(item.mark) else { break }
      changes.limboBytes -= item.bytes
      item.free(budget)
      count += 1
    }
    changes.limbo.removeFirst(count)
  }

  /// Bytes at most, from now on. A smaller cache evicts at once.
  package func setLimit(_ bytes: Int) {
    budget.setLimit(bytes)
    withLock { $0.eviction.setCapacity(bytes) }
    makeRoom(0, worker: -1)
  }

  // MARK: The chain

  /// - Parameter former: whose place in the queue of eviction it takes; its own visits count on.
  private func link(
    _ entry: CachedEntry, instead former: CachedEntry?, _ changes: inout CacheChanges
  ) {
    let bucket = bucket(entry.info.hash)
    entry.setNext(first(inBucket: bucket))
    let slot = changes.takeSlot(entry)
    entry.slot = slot
    if let former {
      entry.takeHits(of: former)
      changes.eviction.replace(
        former.slot, with: slot, bytes: entry.allocatedBytes, key: entry.queueKey)
    } else {
      changes.eviction.insert(slot, bytes: entry.allocatedBytes, key: entry.queueKey)
    }
    entry.retain()
    entry.setStored(true)
    setFirst(bucket, entry)
  }

  /// Those who found it before still see it until they are quiet.
  private func takeOut(
    _ entry: CachedEntry, _ changes: inout CacheChanges, isInQueue: Bool = true
  ) {
    guard entry.isStored else { return }
    let bucket = bucket(entry.info.hash)
    var previous: CachedEntry? = nil
    var current = first(inBucket: bucket)
    while let found = current, found != entry {
      previous = found
      current = found.next
    }
    guard current != nil else { return }
    if let previous { previous.setNext(entry.next) } else { setFirst(bucket, entry.next) }
    entry.setStored(false)
    let slot = entry.slot
    if isInQueue { changes.eviction.remove(slot) }
    changes.slots[Int(slot)] = nil
    changes.freeSlots.append(slot)
    let bytes = entry.allocatedBytes
    changes.limbo.append(Retired(entry: entry, body: nil, mark: quiet.retire(), bytes: bytes))
    changes.limboBytes += bytes
  }

  /// The first in the chain from `start` to `end` that the same requests would get.
  private func twin(
    of entry: CachedEntry, from start: CachedEntry?, to end: CachedEntry? = nil,
    isHere: Bool = false
  ) -> CachedEntry? {
    var current = start
    while let found = current, found != end {
      current = found.next
      if found.info.hash == entry.info.hash, found.info.kind == entry.info.kind,
        found.info.varyHash == entry.info.varyHash,
        !isHere || found.body == nil || found.body?.state == .complete
      {
        return found
      }
    }
    return nil
  }

  /// Whether a fetch that began later has already brought what the same requests would get: the
  /// most recent one is to be used (RFC 9111 section 4). This one is more recent only if its `Date`
  /// says so.
  private func isOvertaken(_ entry: CachedEntry) -> Bool {
    let date = entry.info.facts.date
    var current = first(entry.info.hash)
    while let found = current {
      current = found.next
      guard found.info.hash == entry.info.hash, found.info.kind == .response,
        found.info.varyHash == entry.info.varyHash, entry.info.kind == .response,
        found.info.sequence > entry.info.sequence, found.body?.state != .failed
      else { continue }
      let other = found.info.facts.date
      if date == CachedFacts.noDate || other == CachedFacts.noDate || date <= other { return true }
    }
    return false
  }

  /// Takes out what the entry stands in place of: older ones that the same requests would get.
  private func takeOutOlder(than entry: CachedEntry, _ changes: inout CacheChanges) {
    var variants = 0
    var current = entry.next
    while let found = current {
      current = found.next
      guard found.info.hash == entry.info.hash else { continue }
      // That one request's response could not be stored says nothing of the others' stored ones.
      if entry.info.kind == .uncacheable, found.info.kind == .response { continue }
      if entry.info.varyLength == 0 || found.info.kind == .uncacheable
        || found.info.varyHash == entry.info.varyHash
      {
        takeOut(found, &changes)
      } else {
        variants += 1
        if variants >= CacheStore.mostVariants { takeOut(found, &changes) }
      }
    }
  }

  // MARK: Storing

  /// Makes an entry findable, as the newest of its key. The caller keeps its own reference.
  ///
  /// - Returns: false when it was purged since its fetch began, or a newer one is there.
  func publish(_ entry: CachedEntry) -> Bool {
    withLock { changes in
      guard !changes.purges.hasPurged(entry, since: entry.info.sequence), !isOvertaken(entry)
      else { return false }
      // One that still comes takes the place of others only when all of it is here.
      guard entry.body?.state != .growing else {
        link(entry, instead: nil, &changes)
        return true
      }
      let former = twin(of: entry, from: first(entry.info.hash))
      link(entry, instead: former, &changes)
      if let former { takeOut(former, &changes, isInQueue: false) }
      takeOutOlder(than: entry, &changes)
      return true
    }
  }

  /// All of the entry's body came.
  func complete(_ entry: CachedEntry) {
    guard let body = entry.body else { return }
    let smaller = smaller(body, of: entry)
    withLock { changes in
      if let smaller {
        if entry.isStored {
          entry.replaceBody(smaller)
          retire(body, &changes)
        } else {
          smaller.release(budget)
        }
      }
      guard entry.isStored else { return }
      // A newer one came faster: it stays.
      if twin(of: entry, from: first(entry.info.hash), to: entry, isHere: true) != nil {
        return takeOut(entry, &changes)
      }
      if let former = twin(of: entry, from: entry.next) {
        changes.eviction.remove(entry.slot)
        changes.eviction.replace(
          former.slot, with: entry.slot, bytes: entry.allocatedBytes, key: entry.queueKey)
        takeOut(former, &changes, isInQueue: false)
      } else {
        changes.eviction.resize(entry.slot, bytes: entry.allocatedBytes)
      }
      takeOutOlder(than: entry, &changes)
    }
  }

  /// The content in as much memory as it needs, where that is worth it; nil where it is not, or
  /// there is no room.
  func smaller(_ body: CachedBody, of entry: CachedEntry) -> CachedBody? {
    guard body.slack > body.length / 8, body.length <= 1 << 20, entry.isStored else { return nil }
    return body.compacted(budget)
  }

  /// Others may just have found it in its entry: it lives until they are quiet.
  func retire(_ body: CachedBody, _ changes: inout CacheChanges) {
    let bytes = body.allocatedBytes
    changes.limbo.append(Retired(entry: nil, body: body, mark: quiet.retire(), bytes: bytes))
    changes.limboBytes += bytes
  }

  /// It is not found any more.
  func remove(_ entry: CachedEntry) { withLock { takeOut(entry, &$0) } }

  /// A compressed body was added, or it grew.
  func resized(_ entry: CachedEntry) {
    withLock { changes in
      if entry.isStored { changes.eviction.resize(entry.slot, bytes: entry.allocatedBytes) }
    }
  }

  /// Takes out all entries of this hash, as after an unsafe request (RFC 9111 section 4.4). What is
  /// being fetched for it is not stored.
  func invalidate(_ hash: Hash128) {
    withLock { changes in
      changes.purges.add(hash, at: nextMoment())
      var current = first(hash)
      while let found = current {
        current = found.next
        if found.info.hash == hash { takeOut(found, &changes) }
      }
    }
  }

  // MARK: One fetch for all

  enum Lead { case leads, waits }

  /// Who asks first fetches; the others' workers are told when there is something to see.
  func lead(_ key: Hash128, worker: Int, mayWait: Bool = true) -> Lead {
    withLock { changes in
      guard let waiting = changes.pending[key] else {
        changes.pending[key] = 0
        return .leads
      }
      if mayWait { changes.pending[key] = waiting | 1 << UInt64(worker & 63) }
      return .waits
    }
  }

  /// The fetch has come to something. Bits of the workers that wait.
  func settle(_ key: Hash128) -> UInt64 {
    withLock { $0.pending.removeValue(forKey: key) ?? 0 }
  }

  // MARK: Purging

  /// Takes out, or makes stale, everything that the rule names. What is being fetched now goes to
  /// those who wait for it and is not stored.
  ///
  /// - Returns: how many responses.
  package func purge(_ rule: PurgeRule, at now: Instant) -> Int {
    // Counted under the lock, so that the log is in order.
    let sequence = withLock { changes in
      let sequence = nextMoment()
      changes.purges.add(rule, at: sequence)
      return sequence
    }
    var count = 0
    walk { entry, changes in
      guard entry.info.sequence < sequence, entry.matches(rule) else { return }
      if entry.info.kind == .response { count += 1 }
      if rule.isHard || entry.info.kind == .uncacheable {
        takeOut(entry, &changes)
      } else {
        entry.makeStale(at: now)
      }
    }
    sweep()
    return count
  }

  // MARK: Looking

  package struct Statistics: Sendable {
    package var entries = 0
    package var usedBytes = 0
    package var limitBytes = 0
    package var evictions: UInt64 = 0
    package var waitingToBeFreedBytes = 0
    package init() {}
  }

  package var statistics: Statistics {
    var result = Statistics()
    result.usedBytes = budget.used
    result.limitBytes = budget.limit
    withLock { changes in
      result.entries = changes.slots.count - changes.freeSlots.count
      result.evictions = changes.evicted
      result.waitingToBeFreedBytes = changes.limboBytes
    }
    return result
  }

  /// Looks at every entry, in slices under the lock; `look` must be quick and not touch the cache.
  package func forEach(_ look: (CachedEntry) -> Void) { walk { entry, _ in look(entry) } }

  /// Every entry, in slices, each under the lock; `work` may take out the one that it is given.
  private func walk(_ work: (CachedEntry, inout CacheChanges) -> Void) {
    var cursor = 0
    var isDone = false
    while !isDone {
      withLock { changes in
        let end = min(cursor + 1024, changes.slots.count)
        for slot in cursor..<max(end, cursor) {
          if let entry = changes.slots[slot] { work(entry, &changes) }
        }
        cursor = end
        isDone = end >= changes.slots.count
      }
    }
  }
}
