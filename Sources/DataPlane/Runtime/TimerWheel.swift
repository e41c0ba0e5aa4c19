/// A moment in nanoseconds of the monotonic clock.
package typealias Instant = UInt64

/// One deadline of a connection or exchange, embedded in it.
///
/// Moving the deadline later is one store: the wheel looks again when the entry fires.
struct Timer {
  static var never: Instant { .max }

  fileprivate(set) var deadline: Instant = Timer.never
  /// When the wheel will look at it; `never` while it is not in the wheel.
  fileprivate var scheduled: Instant = Timer.never
  fileprivate var entry: Int32 = -1
}

/// Deadlines in slots of 16 ms, two seconds around; a later deadline is looked at again each turn.
///
/// Pure: time is passed in. Fires never early and at most one tick (plus the loop turn) late.
/// Owned by one worker. Hashed wheel after Varghese and Lauck, "Hashed and Hierarchical Timing
/// Wheels" (1987), scheme 5, with lazy updates.
struct TimerWheel {
  static var tick: Instant { 16_000_000 }
  private static var slotCount: Int { 128 }

  private struct Entry {
    var token: UInt64 = 0
    var next: Int32 = -1
    var previous: Int32 = -1
    var slot: Int32 = -1
  }

  private var slots = InlineArray<128, Int32>(repeating: -1)
  /// A bit for each slot that holds something, 64 slots in each word.
  private var occupied = InlineArray<2, UInt64>(repeating: 0)
  private var entries: [Entry] = []
  private var freeEntries: [Int32] = []
  /// The tick up to which all was fired.
  private var current: UInt64
  private(set) var count = 0
  /// Tokens that fired in the last `advance`.
  private(set) var due: [UInt64] = []

  init(now: Instant) {
    current = now / TimerWheel.tick
    due.reserveCapacity(1024)
    freeEntries.reserveCapacity(1024)
  }

  /// Sets the deadline. `token` tells who it was when it fires.
  @inline(__always)
  mutating func set(_ timer: inout Timer, _ deadline: Instant, token: UInt64) {
    timer.deadline = deadline
    if deadline < timer.scheduled { schedule(&timer, token: token) }
  }

  /// Nothing fires any more for this timer; the wheel forgets it when it comes by.
  @inline(__always) mutating func clear(_ timer: inout Timer) { timer.deadline = Timer.never }

  /// Takes the timer out at once: its owner goes away.
  mutating func remove(_ timer: inout Timer) {
    timer.deadline = Timer.never
    guard timer.entry >= 0 else { return }
    unlink(timer.entry)
    freeEntries.append(timer.entry)
    timer.entry = -1
    timer.scheduled = Timer.never
  }

  /// Called by the owner of a fired token: true when its deadline has passed; otherwise the timer
  /// is put back for later (or forgotten, when there is none).
  mutating func fired(_ timer: inout Timer, token: UInt64, now: Instant) -> Bool {
    // Removed, or set anew by somebody who fired in the same turn.
    guard timer.entry >= 0, entries[Int(timer.entry)].slot < 0 else { return false }
    freeEntries.append(timer.entry)
    timer.entry = -1
    timer.scheduled = Timer.never
    if timer.deadline <= now {
      timer.deadline = Timer.never
      return true
    }
    if timer.deadline != Timer.never { schedule(&timer, token: token) }
    return false
  }

  /// Collects into `due` the tokens whose slot has come.
  mutating func advance(to now: Instant) {
    if !due.isEmpty { due.removeAll(keepingCapacity: true) }
    let target = now / TimerWheel.tick
    guard target > current else { return }
    if count == 0 {
      current = target
      return
    }
    let steps = min(target - current, UInt64(TimerWheel.slotCount))
    for step in 1...steps {
      let slot = Int((current &+ step) % UInt64(TimerWheel.slotCount))
      while slots[slot] >= 0 {
        let index = slots[slot]
        due.append(entries[Int(index)].token)
        unlink(index)
      }
    }
    current = target
  }

  /// Milliseconds until the next slot that holds something; -1 when there is none.
  mutating func millisecondsToNext(now: Instant) -> Int32 {
    guard count > 0 else { return -1 }
    let at = (current &+ 1 &+ stepsToNext(after: current &+ 1)) &* TimerWheel.tick
    return at <= now ? 0 : Int32((at &- now &+ 999_999) / 1_000_000)
  }

  /// From the slot of this tick to the first that holds something; some slot does.
  @inline(__always)
  private func stepsToNext(after tick: UInt64) -> UInt64 {
    let slot = Int(tick % UInt64(TimerWheel.slotCount))
    let word = slot >> 6
    let bit = UInt64(slot & 63)
    // From here to the end of this word, then the other word, then the beginning of this one.
    let ahead = occupied[word] >> bit
    if ahead != 0 { return UInt64(ahead.trailingZeroBitCount) }
    let other = occupied[1 &- word]
    if other != 0 { return 64 &- bit &+ UInt64(other.trailingZeroBitCount) }
    return 128 &- bit &+ UInt64(occupied[word].trailingZeroBitCount)
  }

  private mutating func schedule(_ timer: inout Timer, token: UInt64) {
    if timer.entry >= 0 { unlink(timer.entry) } else { timer.entry = takeEntry() }
    // Rounded up, so that it never fires early; at most one turn of the wheel ahead.
    let wanted =
      timer.deadline > Timer.never - TimerWheel.tick
      ? UInt64.max : (timer.deadline &+ TimerWheel.tick &- 1) / TimerWheel.tick
    let at = min(max(wanted, current &+ 1), current &+ UInt64(TimerWheel.slotCount) &- 1)
    let slot = Int32(at % UInt64(TimerWheel.slotCount))
    let index = timer.entry
    let head = slots[Int(slot)]
    entries[Int(index)] = Entry(token: token, next: head, previous: -1, slot: slot)
    if head >= 0 { entries[Int(head)].previous = index }
    slots[Int(slot)] = index
    occupied[Int(slot) >> 6] |= 1 << UInt64(slot & 63)
    count += 1
    timer.scheduled = at &* TimerWheel.tick
  }

  private mutating func takeEntry() -> Int32 {
    if let index = freeEntries.popLast() { return index }
    entries.append(Entry())
    return Int32(entries.count - 1)
  }

  private mutating func unlink(_ index: Int32) {
    let entry = entries[Int(index)]
    guard entry.slot >= 0 else { return }
    if entry.previous >= 0 {
      entries[Int(entry.previous)].next = entry.next
    } else {
      slots[Int(entry.slot)] = entry.next
      if entry.next < 0 { occupied[Int(entry.slot) >> 6] &= ~(1 << UInt64(entry.slot & 63)) }
    }
    if entry.next >= 0 { entries[Int(entry.next)].previous = entry.previous }
    entries[Int(index)].slot = -1
    count -= 1
  }
}
