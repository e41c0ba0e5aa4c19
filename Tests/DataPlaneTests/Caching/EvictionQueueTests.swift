import Testing

@testable import DataPlane

/// What the queue gives up and when, by hand-made cases and against a naive model.
struct EvictionQueueTests {
  /// Keys that are not alike.
  static func key(_ number: Int) -> UInt64 {
    var random = RandomSource(seed: UInt64(number))
    return random.next()
  }

  /// Entries of one size, slot and key by their number.
  private static func filled(_ count: Int, capacity: Int = 100) -> EvictionQueue {
    var queue = EvictionQueue(capacityBytes: capacity)
    for number in 0..<count { queue.insert(UInt32(number), bytes: 1, key: key(number)) }
    return queue
  }

  private static func drain(_ queue: inout EvictionQueue, _ visits: VisitTable) -> [UInt32] {
    var victims: [UInt32] = []
    while let victim = queue.victim(visits) { victims.append(victim) }
    return victims
  }

  @Test func anEmptyQueueHasNoVictim() {
    var queue = EvictionQueue(capacityBytes: 100)
    #expect(queue.victim(VisitTable(1)) == nil)
    #expect(queue.count == 0)
    #expect(queue.bytes == 0)
  }

  @Test func withoutHitsTheOldestGoes() {
    var queue = Self.filled(10)
    #expect(Self.drain(&queue, VisitTable(10)) == Array(0..<10))
    #expect(queue.bytes == 0)
  }

  @Test func whatWasHitOutlivesWhatWasNot() {
    var queue = Self.filled(10, capacity: 20)
    let visits = VisitTable(10)
    // Once is not enough.
    for slot in [2, 2, 3, 3, 3, 4, 5, 5] as [UInt32] { visits.hit(slot) }
    // Down to 5 % the small queue gives; then the main queue does.
    #expect(Self.drain(&queue, visits) == [0, 1, 4, 6, 7, 8, 2, 3, 5, 9])
  }

  @Test func eachHitBuysARoundInTheMainQueue() {
    var queue = EvictionQueue(capacityBytes: 100)
    let visits = VisitTable(10)
    for slot in 0..<10 as Range<UInt32> {
      queue.insert(slot, bytes: 10, key: Self.key(Int(slot)))
      visits.setVisits(slot, 2)
    }
    // All leave the small queue; none was hit since.
    #expect(queue.victim(visits) == 0)
    visits.hit(1)
    visits.hit(1)
    visits.hit(2)
    #expect(Self.drain(&queue, visits).suffix(2) == [2, 1])
  }

  @Test func aKeyThatComesBackGoesToTheMainQueue() {
    var queue = Self.filled(20)
    let visits = VisitTable(64)
    #expect(queue.victim(visits) == 0)
    queue.insert(0, bytes: 1, key: Self.key(0))
    // A foreign key does not.
    queue.insert(40, bytes: 1, key: Self.key(40))
    let victims = Self.drain(&queue, visits)
    // The small queue gives first, down to five.
    #expect(victims.prefix(15) == ArraySlice((1...15).map { UInt32($0) }))
    #expect(victims[15] == 0)
    #expect(victims.last == 40)
  }

  @Test func whatWasRemovedIsNotRemembered() {
    var queue = Self.filled(20)
    #expect(queue.remove(0) == true)
    #expect(queue.remove(0) == false)
    #expect(queue.remove(1_000) == false)
    queue.insert(0, bytes: 1, key: Self.key(0))
    #expect(Self.drain(&queue, VisitTable(20)) == Array(1..<20) + [0])
  }

  @Test func aLargeEntryNeedsAHitMore() {
    var queue = EvictionQueue(capacityBytes: 100)
    let visits = VisitTable(6)
    for slot in 0..<6 as Range<UInt32> {
      queue.insert(slot, bytes: slot == 1 ? 60 : 10, key: Self.key(Int(slot)))
      visits.setVisits(slot, 2)
    }
    #expect(queue.victim(visits) == 1)
    queue.insert(1, bytes: 60, key: Self.key(6))
    visits.setVisits(1, 3)
    // All go on to the main queue.
    #expect(queue.victim(visits) == 0)
    for slot in 1..<6 as Range<UInt32> { visits.setVisits(slot, 1) }
    // The others may stay for one hit.
    #expect(queue.victim(visits) == 1)
  }

  @Test func oneGiantEntryIsGivenUpWhateverItsHits() {
    var queue = EvictionQueue(capacityBytes: 100)
    let visits = VisitTable(1)
    queue.insert(0, bytes: 1 << 40, key: 1)
    for _ in 0..<5 { visits.hit(0) }
    #expect(queue.bytes == 1 << 40)
    #expect(queue.victim(visits) == 0)
    #expect(queue.bytes == 0)
    #expect(queue.victim(visits) == nil)
  }

  @Test func aVictimIsFoundInBoundedSteps() {
    // A counter that always says three, as if hits came faster than the queue walks.
    final class Restless: VisitCounts {
      var looks = 0
      func visits(_ slot: UInt32) -> UInt8 {
        looks += 1
        return 3
      }
      func setVisits(_ slot: UInt32, _ value: UInt8) {}
    }
    var queue = Self.filled(5_000)
    let visits = Restless()
    for left in (0..<5_000).reversed() {
      visits.looks = 0
      #expect(queue.victim(visits) != nil)
      #expect(visits.looks <= EvictionQueue.roundsMax + 1)
      #expect(queue.count == left)
    }
  }

  @Test func aSlotIsReusedAfterItWasGivenUp() {
    var queue = Self.filled(3)
    let visits = VisitTable(3)
    #expect(queue.victim(visits) == 0)
    queue.insert(0, bytes: 7, key: Self.key(9))
    #expect(queue.count == 3)
    #expect(queue.bytes == 9)
    // A slot that is inserted twice is there once.
    queue.insert(0, bytes: 5, key: Self.key(10))
    #expect(queue.count == 3)
    #expect(queue.bytes == 7)
    #expect(Self.drain(&queue, visits) == [1, 2, 0])
  }

  @Test func aReplacementStandsWhereTheFormerStood() {
    var queue = Self.filled(4)
    queue.replace(1, with: 9, bytes: 3, key: Self.key(1))
    queue.replace(2, with: 2, bytes: 2, key: Self.key(2))
    queue.replace(70, with: 8, bytes: 1, key: Self.key(8))
    #expect(queue.count == 5)
    #expect(queue.bytes == 8)
    #expect(!queue.contains(1))
    #expect(queue.bytes(of: 9) == 3)
    #expect(Self.drain(&queue, VisitTable(10)) == [0, 9, 2, 3, 8])
  }

  @Test func lessCapacityTakesEffectAtTheNextVictim() {
    var queue = Self.filled(100)
    let visits = VisitTable(100)
    for slot in 50..<100 as Range<UInt32> { visits.setVisits(slot, 2) }
    queue.setCapacity(20)
    #expect(queue.bytes == 100)
    while queue.bytes > queue.capacityBytes { #expect(queue.victim(visits) != nil) }
    #expect(queue.count == 20)
    #expect((0..<50).allSatisfy { !queue.contains($0) })
    queue.setCapacity(0)
    #expect(Self.drain(&queue, visits).count == 20)
  }

  @Test func aWalkInSlicesSeesAllThatStay() {
    var queue = Self.filled(1_000)
    for slot in stride(from: 0, to: 1_000, by: 3) as StrideTo<Int> { queue.remove(UInt32(slot)) }
    var seen: [UInt32] = []
    var cursor: UInt32 = 0
    while cursor < queue.slotEnd {
      let end = min(cursor + 64, queue.slotEnd)
      while let slot = queue.slot(from: cursor, before: end) {
        seen.append(slot)
        // What is purged on the way does not disturb it.
        if slot.isMultiple(of: 2) { queue.remove(slot) }
        cursor = slot + 1
      }
      cursor = end
    }
    #expect(seen == (0..<1_000).filter { !$0.isMultiple(of: 3) }.map { UInt32($0) })
    #expect(queue.slot(from: 0, before: .max) == 1)
    #expect(queue.slot(from: 5_000, before: .max) == nil)
  }
}
