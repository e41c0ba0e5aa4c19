import Testing

@testable import DataPlane

/// Deadlines: never early, at most a tick late, each once.
struct TimerWheelTests {
  static let ms: Instant = 1_000_000
  static var tick: Instant { TimerWheel.tick }

  /// A wheel with its owners: what fires is asked of the timer, as workers do.
  struct Owners {
    var wheel: TimerWheel
    var timers: [Timer]
    var now: Instant

    init(count: Int, now: Instant) {
      wheel = TimerWheel(now: now)
      timers = [Timer](repeating: Timer(), count: count)
      self.now = now
    }

    mutating func set(_ index: Int, _ deadline: Instant) {
      wheel.set(&timers[index], deadline, token: UInt64(index))
    }

    /// Who fired.
    mutating func advance(to time: Instant) -> [Int] {
      now = time
      wheel.advance(to: time)
      return wheel.due.map { Int($0) }.filter {
        wheel.fired(&timers[$0], token: UInt64($0), now: time)
      }
    }
  }

  @Test("a timer fires at its deadline, not before, at most one tick later")
  func once() {
    for start in [0, 1, 16 * Self.ms, 1_000_000_007] as [Instant] {
      for delay in [
        1, Self.ms, Self.tick, Self.tick + 1, 100 * Self.ms, 1999 * Self.ms,
        2040 * Self.ms, 2048 * Self.ms, 5000 * Self.ms, 61_000 * Self.ms,
      ] as [Instant] {
        var owners = Owners(count: 1, now: start)
        owners.set(0, start + delay)
        var fired: Instant?
        var time = start
        while time <= start + delay + 2 * Self.tick {
          time += Self.ms * 3
          if owners.advance(to: time) == [0] {
            #expect(fired == nil)
            fired = time
          }
        }
        let at = fired ?? 0
        #expect(at >= start + delay, "early: \(start) \(delay)")
        #expect(at <= start + delay + Self.tick + Self.ms * 3, "late: \(start) \(delay)")
        #expect(owners.wheel.count == 0)
        #expect(owners.timers[0].deadline == Timer.never)
      }
    }
  }

  @Test("a deadline that has passed fires at the next tick")
  func past() {
    var owners = Owners(count: 1, now: 100 * Self.ms)
    owners.set(0, 5)
    #expect(owners.advance(to: 100 * Self.ms).isEmpty)
    #expect(owners.advance(to: 100 * Self.ms + Self.tick) == [0])
  }

  @Test("a long sleep finds everything that is due")
  func sleep() {
    var owners = Owners(count: 200, now: 0)
    for index in 0..<200 { owners.set(index, Instant(index) * 20 * Self.ms) }
    #expect(Set(owners.advance(to: 10_000 * Self.ms)) == Set(0..<200))
    #expect(owners.wheel.count == 0)
    #expect(owners.wheel.millisecondsToNext(now: owners.now) == -1)
  }

  @Test("a later deadline costs nothing and holds")
  func later() {
    var owners = Owners(count: 1, now: 0)
    owners.set(0, 100 * Self.ms)
    for step in 1...50 {
      owners.set(0, Instant(step) * 10 * Self.ms + 100 * Self.ms)
      #expect(owners.wheel.count == 1)
      #expect(owners.advance(to: Instant(step) * 10 * Self.ms).isEmpty)
    }
    #expect(owners.advance(to: 599 * Self.ms).isEmpty)
    #expect(owners.advance(to: 600 * Self.ms + Self.tick) == [0])
  }

  @Test("an earlier deadline takes the timer's place")
  func earlier() {
    var owners = Owners(count: 2, now: 0)
    owners.set(0, 1500 * Self.ms)
    owners.set(1, 1500 * Self.ms)
    owners.set(0, 50 * Self.ms)
    #expect(owners.wheel.count == 2)
    #expect(owners.advance(to: 70 * Self.ms) == [0])
    #expect(owners.advance(to: 1520 * Self.ms) == [1])
    #expect(owners.wheel.count == 0)
  }

  @Test("a cleared timer does not fire, and may be set again")
  func clear() {
    var owners = Owners(count: 1, now: 0)
    owners.set(0, 50 * Self.ms)
    owners.wheel.clear(&owners.timers[0])
    #expect(owners.advance(to: 100 * Self.ms).isEmpty)
    #expect(owners.wheel.count == 0)
    owners.set(0, 200 * Self.ms)
    owners.wheel.clear(&owners.timers[0])
    owners.set(0, 250 * Self.ms)
    #expect(owners.advance(to: 220 * Self.ms).isEmpty)
    #expect(owners.advance(to: 270 * Self.ms) == [0])
  }

  @Test("a removed timer is out at once; its neighbours stay")
  func remove() {
    var owners = Owners(count: 5, now: 0)
    for index in 0..<5 { owners.set(index, 50 * Self.ms) }
    for index in [2, 0, 4] { owners.wheel.remove(&owners.timers[index]) }
    #expect(owners.wheel.count == 2)
    owners.wheel.remove(&owners.timers[2])
    #expect(owners.wheel.count == 2)
    #expect(Set(owners.advance(to: 100 * Self.ms)) == [1, 3])
    var unused = Timer()
    owners.wheel.remove(&unused)
    #expect(owners.wheel.count == 0)
  }

  @Test("who is removed or set anew in the turn in which it is due does not fire in it")
  func sameTurn() {
    var owners = Owners(count: 3, now: 0)
    for index in 0..<3 { owners.set(index, 10 * Self.ms) }
    owners.wheel.advance(to: 40 * Self.ms)
    #expect(Set(owners.wheel.due) == [0, 1, 2])
    owners.wheel.remove(&owners.timers[0])
    owners.wheel.set(&owners.timers[1], 60 * Self.ms, token: 1)
    let first = owners.wheel.fired(&owners.timers[0], token: 0, now: 40 * Self.ms)
    let second = owners.wheel.fired(&owners.timers[1], token: 1, now: 40 * Self.ms)
    let third = owners.wheel.fired(&owners.timers[2], token: 2, now: 40 * Self.ms)
    #expect(!first && !second && third)
    let again = owners.wheel.fired(&owners.timers[2], token: 2, now: 40 * Self.ms)
    #expect(!again, "fired twice")
    #expect(owners.advance(to: 80 * Self.ms) == [1])
  }

  @Test("a deadline of never is none")
  func never() {
    var owners = Owners(count: 1, now: 0)
    owners.set(0, Timer.never)
    #expect(owners.wheel.count == 0)
    owners.set(0, Timer.never - 1)
    #expect(owners.wheel.count == 1)
    #expect(owners.advance(to: 1 << 60).isEmpty)
    #expect(owners.wheel.count == 1)
    owners.set(0, (1 << 60) + 5 * Self.ms)
    #expect(owners.advance(to: (1 << 60) + 40 * Self.ms) == [0])
  }

  @Test("sleeping for as long as the wheel says finds a timer, and none is overslept")
  func toNext() {
    var dice = Dice(seed: 14)
    for _ in 0..<200 {
      let start = Instant(dice.below(1 << 40))
      var owners = Owners(count: 4, now: start)
      #expect(owners.wheel.millisecondsToNext(now: start) == -1)
      var first = Instant.max
      for index in 0..<4 {
        let deadline = start + Instant(dice.below(1_500_000_000))
        first = min(first, deadline)
        owners.set(index, deadline)
      }
      let wait = owners.wheel.millisecondsToNext(now: start)
      let time = start + Instant(wait) * Self.ms
      #expect(wait >= 0)
      #expect(time <= first + Self.tick + Self.ms)
      let fired = owners.advance(to: time)
      #expect(!fired.isEmpty)
    }
  }

  @Test("many timers in random use behave as a plain table of deadlines", arguments: 1...6)
  func random(_ seed: UInt64) {
    var dice = Dice(seed: seed)
    var now = Instant(dice.below(1 << 40))
    var owners = Owners(count: 60, now: now)
    // What holds for each timer: its deadline and when that was set; nil when there is none.
    var model = [(deadline: Instant, setAt: Instant)?](repeating: nil, count: 60)
    func delay(_ dice: inout Dice) -> Instant {
      let longest = dice.pick([1, 20, 300, 1900, 2100, 9000])
      return Instant(dice.below(longest * 1_000_000 + 1))
    }
    for turn in 0..<1500 {
      for _ in 0..<dice.below(8) {
        let index = dice.below(60)
        switch dice.below(8) {
        case 0:
          owners.wheel.clear(&owners.timers[index])
          model[index] = nil
        case 1:
          owners.wheel.remove(&owners.timers[index])
          model[index] = nil
        default:
          let deadline = now + delay(&dice)
          owners.set(index, deadline)
          model[index] = (deadline, now)
        }
      }
      now += dice.chance(30) ? Instant(dice.below(4_000_000_000)) : Instant(dice.below(40_000_000))
      let fired = owners.advance(to: now)
      #expect(Set(fired).count == fired.count, "turn \(turn)")
      for index in fired {
        let known = model[index]
        #expect(known != nil, "turn \(turn): \(index) fired without a deadline")
        if let known { #expect(known.deadline <= now, "turn \(turn): \(index) early") }
        model[index] = nil
      }
      for (index, known) in model.enumerated() {
        guard let known else { continue }
        let latest = max(known.deadline, known.setAt) + Self.tick
        if latest <= now { Issue.record("turn \(turn): \(index) is late") }
      }
      let set = model.filter { $0 != nil }.count
      #expect(owners.wheel.count >= set)
    }
    for index in 0..<60 { owners.wheel.remove(&owners.timers[index]) }
    #expect(owners.wheel.count == 0)
  }
}
