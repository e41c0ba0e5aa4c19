/// How often entries were hit since the queue last looked: counters of the entries themselves, that
/// readers raise without a lock and the queue lowers. A hit that is lost to a race does no harm.
package protocol VisitCounts: ~Copyable {
  /// 0...3.
  func visits(_ slot: UInt32) -> UInt8
  func setVisits(_ slot: UInt32, _ value: UInt8)
}

/// What a full cache gives up next: S3-FIFO (Yang et al., "FIFO queues are all you need for cache
/// eviction", SOSP 2023), in bytes, and with more proof asked of large entries. How it was chosen
/// is in docs/cache.md.
///
/// New entries wait in a small queue (a twentieth of the bytes) and are given up at its end unless
/// they were hit twice meanwhile: what is asked for once, or twice in a moment, does not get
/// further. The others go on to the main queue, where each hit, up to three, buys another round. A
/// key that comes back soon after the small queue gave it up goes to the main queue at once. A hit
/// moves nothing, it only counts.
///
/// An entry of more than twice the average size needs a hit more in both queues, because several
/// others would fit into its room: more requests hit, at a little cost in hit bytes.
///
/// Owned by one cache and used under its lock. Entries are slots that the store deals out, reused
/// after `remove` or `victim`; the store sets the visit count to 0 when it inserts one.
/// Every operation is O(1), `victim` on average and never more than `roundsMax` steps. Memory grows
/// by doubling: 32 bytes for each slot up to the highest, 16 to 32 for each of the most entries.
package struct EvictionQueue: Sendable {
  /// The small queue may hold this part of the capacity.
  private static var smallPart: Int { 20 }
  /// Hits that take an entry from the small queue to the main one.
  private static var smallPrice: UInt8 { 2 }
  /// Hits that a round in the main queue costs.
  private static var mainPrice: UInt8 { 1 }
  /// Entries that get another round within one `victim`, at most: the lock is held meanwhile.
  static var roundsMax: Int { 256 }
  /// Keys that are remembered at least, however few entries there are.
  private static var ghostsMin: Int { 64 }

  private var nodes = EvictionNodes()
  private var small = EvictionList()
  private var main = EvictionList()
  private var ghosts = EvictionGhosts()
  /// Entries.
  private(set) package var count = 0
  private(set) package var capacityBytes: Int

  package init(capacityBytes: Int) { self.capacityBytes = capacityBytes }

  /// Of all entries.
  package var bytes: Int { small.bytes + main.bytes }

  /// Gives up nothing by itself: the owner calls `victim` until `bytes` fits.
  package mutating func setCapacity(_ bytes: Int) { capacityBytes = bytes }

  /// Room for this many slots, so that memory need not grow under the lock.
  package mutating func reserve(_ count: Int) {
    nodes.reserve(count)
    ghosts.reserve(count)
  }

  // MARK: Entries

  package func contains(_ slot: UInt32) -> Bool { nodes.place(of: slot) != .none }

  /// 0 if the slot is not in use.
  package func bytes(of slot: UInt32) -> Int { contains(slot) ? nodes[slot].bytes : 0 }

  /// `key`: 64 bits of the key's hash, the same whenever the key comes back. The owner makes room
  /// first; an entry that is inserted before may be the next victim itself.
  package mutating func insert(_ slot: UInt32, bytes: Int, key: UInt64) {
    remove(slot)
    nodes.set(slot, bytes: bytes, key: key)
    count += 1
    ghosts.setWindow(max(count, Self.ghostsMin))
    if ghosts.take(key) {
      nodes.append(slot, to: &main, .main)
    } else {
      nodes.append(slot, to: &small, .small)
    }
  }

  /// `new` stands where `old` stood: the same key was stored anew, and what it has earned stays.
  /// The owner hands on the visit count. If `old` is not in, `new` is inserted.
  package mutating func replace(_ old: UInt32, with new: UInt32, bytes: Int, key: UInt64) {
    if old == new { return resize(old, bytes: bytes) }
    guard contains(old) else { return insert(new, bytes: bytes, key: key) }
    remove(new)
    nodes.set(new, bytes: bytes, key: key)
    switch nodes.place(of: old) {
    case .small: nodes.swap(old, for: new, in: &small)
    case .main: nodes.swap(old, for: new, in: &main)
    case .none: break
    }
  }

  /// Not remembered: who is purged is no early eviction. False if the slot was not in use.
  @discardableResult
  package mutating func remove(_ slot: UInt32) -> Bool {
    switch nodes.place(of: slot) {
    case .none: return false
    case .small: nodes.remove(slot, from: &small)
    case .main: nodes.remove(slot, from: &main)
    }
    count -= 1
    return true
  }

  package mutating func resize(_ slot: UInt32, bytes: Int) {
    switch nodes.place(of: slot) {
    case .none: return
    case .small: nodes.resize(slot, bytes: bytes, in: &small)
    case .main: nodes.resize(slot, bytes: bytes, in: &main)
    }
  }

  /// The first slot in use from `cursor` on and before `end`, for walks over all entries in slices
  /// (up to `slotEnd`, with the lock given back in between). What is inserted during a walk may be
  /// missed; nothing else is.
  package func slot(from cursor: UInt32, before end: UInt32) -> UInt32? {
    var slot = cursor
    let end = min(end, nodes.end)
    while slot < end {
      if nodes[slot].place != .none { return slot }
      slot += 1
    }
    return nil
  }

  /// One above the highest slot that was ever used.
  package var slotEnd: UInt32 { nodes.end }

  // MARK: Eviction

  /// Takes the next victim out and tells which it was; nil when there are no entries.
  package mutating func victim<Visits: VisitCounts & ~Copyable>(
    _ visits: borrowing Visits
  ) -> UInt32? {
    var roundsLeft = Self.roundsMax
    while count > 0 {
      let isSmall =
        main.oldest == EvictionNodes.none
        || (small.oldest != EvictionNodes.none
          && small.bytes > capacityBytes / Self.smallPart)
      let slot = isSmall ? small.oldest : main.oldest
      let price = (isSmall ? Self.smallPrice : Self.mainPrice) + (isLarge(slot) ? 1 : 0)
      let seen = visits.visits(slot)
      guard seen >= price, roundsLeft > 0 else {
        if isSmall { ghosts.add(nodes[slot].key) }
        remove(slot)
        return slot
      }
      roundsLeft -= 1
      if isSmall {
        visits.setVisits(slot, 0)
        nodes.remove(slot, from: &small)
      } else {
        visits.setVisits(slot, seen - price)
        nodes.remove(slot, from: &main)
      }
      nodes.append(slot, to: &main, .main)
    }
    return nil
  }

  @inline(__always) private func isLarge(_ slot: UInt32) -> Bool {
    nodes[slot].bytes / 2 > bytes / count
  }
}
