import Foundation
import Synchronization
import Testing

@testable import DataPlane

/// The table of buckets: exact for the keys that are in it, bounded, fair when it is full.
@Suite("Rate table") struct RateTableTests {
  private static let second: Instant = 1_000_000_000
  private static let now: Instant = 1_000 * second
  private static let seed = HashSeed(first: 1, second: 2)
  private static let limit = RateLimit(count: 10, per: second, burst: 3)

  private func demand(_ keys: Hash128..., limits: [RateLimit] = []) -> RateDemand {
    var demand = RateDemand()
    for (index, key) in keys.enumerated() {
      demand.append(key, limits.isEmpty ? Self.limit : limits[index])
    }
    return demand
  }

  /// A key of a set, in a table of one set.
  private func key(_ number: Int) -> Hash128 { Hash128(low: UInt64(number), high: 77) }

  @Test("many threads at one instant get exactly the burst")
  func exactness() {
    let table = RateTable(keys: 100, seed: Self.seed)
    let limit = RateLimit(count: 1, per: Self.second, burst: 5000)
    let allowed = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      var mine = 0
      for _ in 0..<2000 {
        let ruling = table.decide(
          self.demand(self.key(1), limits: [limit]), route: 1, now: Self.now)
        if ruling.isAllowed { mine += 1 }
      }
      allowed.add(mine, ordering: .relaxed)
    }
    #expect(allowed.load(ordering: .relaxed) == 5000)
  }

  @Test("so do many threads with several rates and sets, and none waits for ever")
  func severalLocks() {
    let table = RateTable(keys: 200, seed: Self.seed)
    let wide = RateLimit(count: 1, per: Self.second, burst: 100_000)
    let narrow = RateLimit(count: 1, per: Self.second, burst: 700)
    let allowed = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: 8) { thread in
      var random = RandomSource(seed: UInt64(thread))
      var mine = 0
      for _ in 0..<1000 {
        let others = (0..<3).map { _ in
          Hash128(low: 9, high: UInt64.random(in: 0...(.max), using: &random))
        }
        let narrowKey = Hash128(low: 5, high: .max / 2)
        let ruling = table.decide(
          self.demand(
            others[0], narrowKey, others[1], others[2], limits: [wide, narrow, wide, wide]),
          route: 1, now: Self.now)
        if ruling.isAllowed { mine += 1 }
      }
      allowed.add(mine, ordering: .relaxed)
    }
    #expect(allowed.load(ordering: .relaxed) == 700)
  }

  @Test("a refusal by one rate takes nothing from the others")
  func allOrNothing() {
    let table = RateTable(keys: 1, seed: Self.seed)
    let wide = RateLimit(count: 1, per: Self.second, burst: 10)
    let both = demand(key(1), key(2), limits: [wide, Self.limit])
    for left in [2, 1, 0] {
      let ruling = table.decide(both, route: 1, now: Self.now)
      #expect(ruling.isAllowed && ruling.place == 1 && ruling.remaining == UInt32(left))
    }
    for _ in 0..<20 {
      let ruling = table.decide(both, route: 1, now: Self.now)
      #expect(!ruling.isAllowed && ruling.place == 1 && ruling.wait == Self.second / 10)
    }
    let alone = table.decide(demand(key(1), limits: [wide]), route: 1, now: Self.now)
    #expect(alone.isAllowed && alone.remaining == 6, "three of ten were taken, then this one")
  }

  @Test("of several refusals the longest wait is said, of several rests the fewest left")
  func strictest() {
    let table = RateTable(keys: 1, seed: Self.seed)
    let slow = RateLimit(count: 1, per: 60 * Self.second, burst: 1)
    let fast = RateLimit(count: 1, per: Self.second, burst: 1)
    let all = demand(key(1), key(2), key(3), limits: [fast, slow, fast])
    #expect(table.decide(all, route: 1, now: Self.now).place == 1, "rests longest")
    let ruling = table.decide(all, route: 1, now: Self.now)
    #expect(!ruling.isAllowed && ruling.place == 1 && ruling.wait == 60 * Self.second)
    #expect(ruling.seconds == 60)
  }

  @Test("seconds are rounded up, and a refusal is never told to come back at once")
  func seconds() {
    var ruling = RateRuling()
    #expect(ruling.seconds == 0)
    ruling.wait = 1
    #expect(ruling.seconds == 1)
    ruling.wait = 2 * Self.second
    #expect(ruling.seconds == 2)
    ruling.isAllowed = false
    ruling.wait = 0
    #expect(ruling.seconds == 1)
    ruling.wait = .max
    #expect(ruling.seconds == 18_446_744_074)
  }

  @Test("a full set: rested keys go first, then the overflow bucket; nobody's state is lost")
  func overflow() {
    let table = RateTable(keys: 1, seed: Self.seed)
    #expect(table.setCount == 1)
    let victim = key(1)
    for _ in 0..<3 { _ = table.decide(demand(victim), route: 1, now: Self.now) }
    for number in 2...RateTable.slotsPerSet {
      let ruling = table.decide(demand(key(number)), route: 1, now: Self.now)
      #expect(ruling.isAllowed && !ruling.usedOverflow)
    }
    // The attacker's further keys have three requests between them.
    var allowed = 0
    for number in 100..<200 {
      let ruling = table.decide(demand(key(number)), route: 1, now: Self.now)
      #expect(ruling.usedOverflow)
      if ruling.isAllowed { allowed += 1 }
    }
    #expect(allowed == 3)
    #expect(!table.decide(demand(victim), route: 1, now: Self.now).isAllowed, "still known")
    let other = table.decide(demand(key(300)), route: 2, now: Self.now)
    #expect(other.usedOverflow && other.isAllowed, "another route has an overflow of its own")
    // Keys with one request have rested after a tenth of a second; the victim has not.
    let later = Self.now + Self.second / 10
    for number in 100..<(100 + RateTable.slotsPerSet - 1) {
      let ruling = table.decide(demand(key(number)), route: 1, now: later)
      #expect(ruling.isAllowed && !ruling.usedOverflow, "\(number) has the place of a rested key")
    }
    #expect(table.decide(demand(key(400)), route: 1, now: later).usedOverflow)
    let known = table.decide(demand(victim), route: 1, now: later)
    #expect(known.isAllowed && known.remaining == 0)
  }

  @Test("two rates with overflow have a bucket each, and refuse together")
  func overflowOfTwo() {
    let table = RateTable(keys: 1, seed: Self.seed)
    for number in 1...RateTable.slotsPerSet {
      _ = table.decide(demand(key(number)), route: 1, now: Self.now)
    }
    let tight = RateLimit(count: 1, per: Self.second, burst: 2)
    let both = demand(key(50), key(51), limits: [Self.limit, tight])
    #expect(table.decide(both, route: 1, now: Self.now).remaining == 1)
    #expect(table.decide(both, route: 1, now: Self.now).remaining == 0)
    #expect(!table.decide(both, route: 1, now: Self.now).isAllowed)
    let first = table.decide(demand(key(60)), route: 1, now: Self.now)
    #expect(first.isAllowed && first.remaining == 0, "the third of three")
  }

  @Test("two new keys of one request do not get the same slot")
  func oneSlotLeft() {
    let table = RateTable(keys: 1, seed: Self.seed)
    for number in 1..<RateTable.slotsPerSet {
      _ = table.decide(demand(key(number)), route: 1, now: Self.now)
    }
    let ruling = table.decide(demand(key(90), key(91)), route: 1, now: Self.now)
    #expect(ruling.isAllowed && ruling.usedOverflow)
    let known = table.decide(demand(key(90)), route: 1, now: Self.now)
    #expect(!known.usedOverflow && known.remaining == 1)
  }

  @Test("memory is fixed, and as many keys as were asked for find room")
  func capacity() {
    let count = 50_000
    let table = RateTable(keys: count)
    #expect(table.bytes < count * 50)
    var overflows = 0
    var random = RandomSource(seed: 4)
    for _ in 0..<count {
      let key = Hash128(low: random.next(), high: random.next())
      if table.decide(demand(key), route: 1, now: Self.now).usedOverflow { overflows += 1 }
    }
    #expect(overflows < count / 1000, "\(overflows) of \(count) had no room")
  }

  @Test("tables have secrets of their own")
  func seeds() {
    let seeds = (0..<4).map { _ in RateTable(keys: 1).seed.first }
    #expect(Set(seeds).count == 4)
  }
}
