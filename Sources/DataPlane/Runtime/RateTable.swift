import CLinux
import Glibc

/// The buckets of all routes' rates: fixed memory that every worker decides in.
///
/// A hash table of sets. A set is 512 bytes: a word that locks it and 21 slots of key (128 bits)
/// and theoretical arrival time. A key lives in its set or nowhere, so a decision takes its sets'
/// locks and is exact whichever worker makes it. A new key takes a slot that is free or whose key
/// is fully rested (nothing is lost with it: a rested key and a new one are the same). When its set
/// has none, the route's overflow bucket decides in its place: one for each rate of the route, with
/// the same limit, for all such keys together. So a flood of keys neither grows the memory nor
/// pushes others' states out, and is not unlimited itself.
///
/// There is room for twice the keys that were asked for: with as many in use as asked for, about
/// one set in a thousand overflows. Memory comes from the kernel as it is used. A value that names
/// memory, made at the start and never freed; used by any thread.
@safe
package struct RateTable: BitwiseCopyable, @unchecked Sendable {
  package static var slotsPerSet: Int { 21 }
  private static var wordsPerSet: Int { 64 }
  /// A lock and an arrival time for each rate of a route, on a cache line of their own.
  private static var wordsPerOverflow: Int { 8 }

  /// The sets, behind them the overflow buckets.
  private let words: UnsafeMutablePointer<UInt64>
  private let wordCount: Int
  package let setCount: Int
  package let seed: HashSeed

  /// - Parameters:
  ///   - keys: how many may be in use at a time, of all routes and rates together.
  ///   - seed: nil takes one from the kernel.
  package init(keys: Int, seed: HashSeed? = nil) {
    precondition(keys > 0 && keys <= 1 << 32)
    setCount = (keys * 2 + RateTable.slotsPerSet - 1) / RateTable.slotsPerSet
    wordCount =
      setCount * RateTable.wordsPerSet + CounterBank.capacity * RateTable.wordsPerOverflow
    // Zeros that cost nothing before they are touched; from the beginning of a cache line on.
    guard let memory = unsafe calloc(wordCount + 8, 8) else { fatalError("out of memory") }
    let aligned = unsafe memory.alignedUp(toMultipleOf: 64)
    unsafe words = aligned.bindMemory(to: UInt64.self, capacity: wordCount)
    var random = RandomSource()
    self.seed = seed ?? HashSeed(first: random.next(), second: random.next())
  }

  /// Bytes for the sets.
  package var bytes: Int { setCount * RateTable.wordsPerSet * 8 }

  /// Where a key's set begins. Which one is decided by the top of the key's high half, so any
  /// number of sets will do.
  @inline(__always) private func set(of key: Hash128) -> Int {
    let product = key.high.multipliedFullWidth(by: UInt64(setCount))
    return Int(product.high) &* RateTable.wordsPerSet
  }

  @inline(__always) private func overflow(of route: UInt32) -> Int {
    precondition(Int(route) < CounterBank.capacity)
    return setCount &* RateTable.wordsPerSet &+ Int(route) &* RateTable.wordsPerOverflow
  }

  /// Where a word is; the index is checked, so the pointer stays inside the memory.
  @inline(__always) private func place(_ at: Int) -> UnsafeMutablePointer<UInt64> {
    precondition(UInt(bitPattern: at) < UInt(bitPattern: wordCount))
    return unsafe words + at
  }

  @inline(__always) private func load(_ at: Int) -> UInt64 { unsafe hr_counter_load(place(at)) }
  @inline(__always) private func store(_ at: Int, _ value: UInt64) {
    unsafe hr_counter_set(place(at), value)
  }

  // MARK: Deciding

  /// Takes one from each key's bucket if all allow it, else from none, in one step for all threads.
  ///
  /// - Parameter route: its identity: whose overflow buckets they are.
  package func decide(_ demand: RateDemand, route: UInt32, now: Instant) -> RateRuling {
    let overflow = overflow(of: route)
    let held = lock(demand)
    var slots = InlineArray<4, Int>(repeating: -1)
    var arrivals = InlineArray<4, Instant>(repeating: 0)
    var ruling = RateRuling()
    for index in 0..<demand.count {
      let slot = find(demand[index].key, slots, index, now)
      slots[index] = slot.at
      if slot.at < 0, !ruling.usedOverflow {
        ruling.usedOverflow = true
        lock(overflow)
      }
      let arrival = slot.at < 0 ? load(overflow &+ 1 &+ index) : slot.arrival
      let verdict = GCRA.decide(demand[index].limit, arrival: arrival, now: now)
      arrivals[index] = verdict.arrival
      // Only a state that is healed is another one: it is written though nothing is taken.
      if !verdict.isAllowed, verdict.arrival != arrival {
        store(slot.at < 0 ? overflow &+ 1 &+ index : slot.at &+ 42, verdict.arrival)
      }
      ruling.take(verdict, place: index)
    }
    if ruling.isAllowed {
      for index in 0..<demand.count {
        if slots[index] < 0 {
          store(overflow &+ 1 &+ index, arrivals[index])
        } else {
          write(demand[index].key, slots[index], arrivals[index])
        }
      }
    }
    if ruling.usedOverflow { unlock(overflow) }
    for index in 0..<held.count { unlock(held.sets[index]) }
    return ruling
  }

  private struct Slot {
    /// The word of the key's low half; the high half is 21 words behind it, the arrival time 42.
    /// -1 when the set is full.
    var at: Int
    var arrival: Instant
  }

  /// The key's slot, or one that it may have. What earlier rates of the request have is not free.
  @inline(__always)
  private func find(
    _ key: Hash128, _ taken: InlineArray<4, Int>, _ takenCount: Int, _ now: Instant
  ) -> Slot {
    let first = set(of: key) &+ 1
    var free = -1
    for at in first..<(first &+ RateTable.slotsPerSet) {
      let isKey = load(at) == key.low && load(at &+ 21) == key.high
      guard isKey || free < 0 else { continue }
      let arrival = load(at &+ 42)
      guard isKey || arrival <= now, !isTaken(at, taken, takenCount) else { continue }
      if isKey { return Slot(at: at, arrival: arrival) }
      free = at
    }
    return Slot(at: free, arrival: 0)
  }

  @inline(__always)
  private func isTaken(_ at: Int, _ taken: InlineArray<4, Int>, _ count: Int) -> Bool {
    for index in 0..<count where taken[index] == at { return true }
    return false
  }

  @inline(__always) private func write(_ key: Hash128, _ at: Int, _ arrival: Instant) {
    store(at, key.low)
    store(at &+ 21, key.high)
    store(at &+ 42, arrival)
  }

  // MARK: Locks

  /// The sets of a request, each once, in ascending order: so two workers never wait for each
  /// other.
  private struct Held {
    var sets = InlineArray<4, Int>(repeating: -1)
    var count = 0
  }

  @inline(__always) private func lock(_ demand: RateDemand) -> Held {
    var held = Held()
    for index in 0..<demand.count {
      let set = set(of: demand[index].key)
      var place = held.count
      while place > 0, held.sets[place &- 1] > set { place &-= 1 }
      if place > 0, held.sets[place &- 1] == set { continue }
      var move = held.count
      while move > place {
        held.sets[move] = held.sets[move &- 1]
        move &-= 1
      }
      held.sets[place] = set
      held.count &+= 1
    }
    for index in 0..<held.count { lock(held.sets[index]) }
    return held
  }

  /// Held for some tens of nanoseconds; whoever lost its core while holding it is let run.
  @inline(__always) private func lock(_ at: Int) {
    var spins = 0
    while unsafe load(at) != 0 || !hr_shared_replace(place(at), 0, 1) {
      spins &+= 1
      if spins & 127 == 0 { sched_yield() }
    }
  }

  @inline(__always) private func unlock(_ at: Int) { unsafe hr_shared_store(place(at), 0) }
}
