@testable import DataPlane

/// What the cache simulator drives: the queue that the cache uses, and those that it was chosen
/// from.
protocol EvictionPolicy {
  init(capacityBytes: Int)
  var bytes: Int { get }
  /// What a hit may do beside its visit count. Only LRU does something: it would need a lock.
  mutating func hit(_ slot: UInt32)
  mutating func insert(_ slot: UInt32, bytes: Int, key: UInt64)
  mutating func victim(_ visits: borrowing VisitTable) -> UInt32?
}

extension EvictionPolicy {
  mutating func hit(_ slot: UInt32) {}
}

extension EvictionQueue: EvictionPolicy {}

/// The visit counts of a simulated cache: one thread, no atomics.
final class VisitTable: VisitCounts {
  private var counts: [UInt8]

  init(_ count: Int) { counts = [UInt8](repeating: 0, count: count) }

  func visits(_ slot: UInt32) -> UInt8 { counts[Int(slot)] }
  func setVisits(_ slot: UInt32, _ value: UInt8) { counts[Int(slot)] = value }
  func hit(_ slot: UInt32) { if counts[Int(slot)] < 3 { counts[Int(slot)] += 1 } }
}

/// Slots in a line, oldest first.
struct SlotList {
  private var older: [UInt32] = []
  private var newer: [UInt32] = []
  private var sizes: [Int] = []
  private(set) var oldest: UInt32 = .max
  private(set) var newest: UInt32 = .max
  private(set) var bytes = 0

  func next(_ slot: UInt32) -> UInt32 { newer[Int(slot)] }
  func size(_ slot: UInt32) -> Int { sizes[Int(slot)] }

  mutating func append(_ slot: UInt32, _ size: Int) {
    while older.count <= Int(slot) {
      older.append(.max)
      newer.append(.max)
      sizes.append(0)
    }
    older[Int(slot)] = newest
    newer[Int(slot)] = .max
    sizes[Int(slot)] = size
    if newest == .max { oldest = slot } else { newer[Int(newest)] = slot }
    newest = slot
    bytes += size
  }

  mutating func remove(_ slot: UInt32) {
    let before = older[Int(slot)]
    let after = newer[Int(slot)]
    if before == .max { oldest = after } else { newer[Int(before)] = after }
    if after == .max { newest = before } else { older[Int(after)] = before }
    bytes -= sizes[Int(slot)]
  }
}

/// Least recently used.
struct LRU: EvictionPolicy {
  private var list = SlotList()

  init(capacityBytes: Int) {}
  var bytes: Int { list.bytes }

  mutating func hit(_ slot: UInt32) {
    let size = list.size(slot)
    list.remove(slot)
    list.append(slot, size)
  }

  mutating func insert(_ slot: UInt32, bytes: Int, key: UInt64) { list.append(slot, bytes) }

  mutating func victim(_ visits: borrowing VisitTable) -> UInt32? {
    guard list.oldest != .max else { return nil }
    let slot = list.oldest
    list.remove(slot)
    return slot
  }
}

/// SIEVE (Zhang et al., NSDI 2024): one queue and a hand that goes from old to new, takes the marks
/// off what was visited and evicts the first that was not.
struct Sieve: EvictionPolicy {
  private var list = SlotList()
  private var hand: UInt32 = .max

  init(capacityBytes: Int) {}
  var bytes: Int { list.bytes }

  mutating func insert(_ slot: UInt32, bytes: Int, key: UInt64) { list.append(slot, bytes) }

  mutating func victim(_ visits: borrowing VisitTable) -> UInt32? {
    guard list.oldest != .max else { return nil }
    if hand == .max { hand = list.oldest }
    while visits.visits(hand) > 0 {
      visits.setVisits(hand, 0)
      hand = list.next(hand)
      if hand == .max { hand = list.oldest }
    }
    let slot = hand
    hand = list.next(slot)
    list.remove(slot)
    return slot
  }
}
