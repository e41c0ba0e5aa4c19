import Testing

@testable import DataPlane

@Suite("Health machine") struct HealthMachineTests {
  private static let second: Instant = 1_000_000_000
  private static let start: Instant = 5_000 * second

  /// A machine, its clock and its randomness: runs checks one after the other.
  private struct Bench {
    var rules = HealthRules()
    var machine: HealthMachine
    var now = HealthMachineTests.start
    var random: RandomSource

    init(
      _ rules: HealthRules = HealthRules(), state: HealthState = .up, others: Int = 0,
      seed: UInt64 = 1
    ) {
      self.rules = rules
      random = RandomSource(seed: seed)
      machine = HealthMachine(rules, state: state, others: others, now: now, random: &random)
    }

    /// The next check at its moment, after `taking`. Returns what it changed, and the time from
    /// its beginning to that of the next one.
    mutating func check(
      _ passed: Bool, taking: Instant = 0
    ) -> (verdict: HealthMachine.Verdict, gap: Instant) {
      now = machine.nextAt
      let began = now
      machine.begin(now: now)
      now += taking
      let verdict = machine.record(passed: passed, rules, now: now, random: &random)
      return (verdict, machine.nextAt - began)
    }
  }

  @Test("a healthy one is out after exactly so many failures in a row", arguments: 1...5)
  func unhealthyAfter(count: Int) {
    var rules = HealthRules()
    rules.unhealthyAfter = UInt32(count)
    var bench = Bench(rules)
    for _ in 1..<count { #expect(bench.check(false).verdict == .none) }
    #expect(bench.machine.state == .up)
    #expect(bench.check(false).verdict == .wentDown)
    #expect(bench.machine.state == .down)
    for _ in 1...5 { #expect(bench.check(false).verdict == .none) }
  }

  @Test("one that is out is back after exactly so many passes in a row", arguments: 1...5)
  func healthyAfter(count: Int) {
    var rules = HealthRules()
    rules.healthyAfter = UInt32(count)
    var bench = Bench(rules)
    _ = bench.check(false)
    _ = bench.check(false)
    #expect(bench.machine.state == .down)
    for _ in 1..<count { #expect(bench.check(true).verdict == .none) }
    #expect(bench.machine.state == .down)
    #expect(bench.check(true).verdict == .cameUp)
    #expect(bench.machine.state == .up)
    #expect(bench.check(true).verdict == .none)
  }

  @Test("flapping below the threshold changes nothing, in either state")
  func flapping() {
    var bench = Bench()
    for _ in 1...50 {
      #expect(bench.check(false).verdict == .none)
      #expect(bench.check(true).verdict == .none)
    }
    #expect(bench.machine.state == .up)
    _ = bench.check(false)
    #expect(bench.check(false).verdict == .wentDown)
    for _ in 1...50 {
      #expect(bench.check(true).verdict == .none)
      #expect(bench.check(true).verdict == .none)
      #expect(bench.check(false).verdict == .none)
    }
    #expect(bench.machine.state == .down)
  }

  @Test("a random sequence of results agrees with counting by hand")
  func model() {
    var random = RandomSource(seed: 99)
    for round in 0..<200 {
      var rules = HealthRules()
      rules.unhealthyAfter = UInt32.random(in: 1...4, using: &random)
      rules.healthyAfter = UInt32.random(in: 1...4, using: &random)
      var bench = Bench(rules, seed: UInt64(round))
      var history: [Bool] = []
      var isUp = true
      for _ in 0..<200 {
        let passed = Bool.random(using: &random)
        history.append(passed)
        let verdict = bench.check(passed).verdict
        let needed = Int(isUp ? rules.unhealthyAfter : rules.healthyAfter)
        let tail = history.suffix(needed)
        let turns = tail.count == needed && tail.allSatisfy { $0 != isUp }
        #expect(verdict == (turns ? (isUp ? .wentDown : .cameUp) : .none))
        if turns {
          isUp.toggle()
          history = []
        }
        #expect((bench.machine.state == .up) == isUp)
      }
    }
  }

  @Test("one that starts unhealthy is up after one pass, however many failed before")
  func startsUnhealthy() {
    for failures in 0...6 {
      var bench = Bench(state: .down)
      #expect(bench.machine.state == .down)
      for number in 1...7 where number <= failures {
        #expect(bench.check(false).verdict == (number == 2 ? .staysDown : .none))
      }
      #expect(bench.check(true).verdict == .cameUp)
      // From then on as any other.
      #expect(bench.check(false).verdict == .none)
      #expect(bench.check(false).verdict == .wentDown)
      #expect(bench.check(true).verdict == .none)
      #expect(bench.check(true).verdict == .none)
      #expect(bench.check(true).verdict == .cameUp)
    }
  }

  @Test("a booting backend is asked soon again, a dead one at the interval")
  func rhythmOfNew() {
    var bench = Bench(state: .down)
    #expect(bench.check(false).gap == 2 * Self.second)
    for _ in 1...5 { #expect(bench.check(false).gap >= 3 * Self.second) }
  }

  @Test("the first check comes within a second, spread, and at once where there are few")
  func firstSecond() {
    var latest: Instant = 0
    var tenths: Set<Instant> = []
    for seed in 0..<1000 {
      let bench = Bench(others: 999, seed: UInt64(seed))
      let delay = bench.machine.nextAt - Self.start
      #expect(delay <= 900_000_000)
      latest = max(latest, delay)
      tenths.insert(delay / 100_000_000)
    }
    #expect(latest > 850_000_000 && tenths.count >= 9)
    for seed in 0..<100 {
      let bench = Bench(others: 0, seed: UInt64(seed))
      #expect(bench.machine.nextAt - Self.start <= 10_000_000)
    }
    var rules = HealthRules()
    rules.interval = 20_000_000
    for seed in 0..<100 {
      let bench = Bench(rules, others: 999, seed: UInt64(seed))
      #expect(bench.machine.nextAt - Self.start <= 20_000_000)
    }
  }

  @Test("after their first check a thousand backends are spread over the interval")
  func spreadOverInterval() {
    var perSecond = [Int](repeating: 0, count: 31)
    for seed in 0..<1000 {
      var bench = Bench(others: 999, seed: UInt64(seed))
      _ = bench.check(true)
      perSecond[Int((bench.machine.nextAt - Self.start) / Self.second)] += 1
    }
    #expect(perSecond.max()! < 80, "\(perSecond)")
    #expect(perSecond[4..<29].allSatisfy { $0 > 10 }, "\(perSecond)")
  }

  @Test("intervals vary by the jitter and no more", arguments: [0, 1, 10, 50] as [UInt32])
  func jitter(percent: UInt32) {
    var rules = HealthRules()
    rules.jitterPercent = percent
    var bench = Bench(rules)
    _ = bench.check(true)
    let part = rules.interval / 100 * UInt64(percent)
    var shortest = Instant.max
    var longest: Instant = 0
    for _ in 1...2000 {
      let gap = bench.check(true, taking: 3_000_000).gap
      #expect(gap >= rules.interval - part && gap <= rules.interval + part)
      shortest = min(shortest, gap)
      longest = max(longest, gap)
    }
    #expect(shortest <= rules.interval - part * 9 / 10)
    #expect(longest >= rules.interval + part * 9 / 10)
  }

  @Test("while a decision is open the checks come every two seconds, then at the interval")
  func soonRhythm() {
    var bench = Bench()
    _ = bench.check(true)
    let normal = 27 * Self.second...33 * Self.second
    #expect(normal.contains(bench.check(true).gap))
    #expect(bench.check(false).gap == 2 * Self.second)
    #expect(normal.contains(bench.check(true).gap), "it was nothing")
    #expect(bench.check(false, taking: Self.second).gap == 2 * Self.second)
    let down = bench.check(false)
    #expect(down.verdict == .wentDown && normal.contains(down.gap))
    #expect(bench.check(true).gap == 2 * Self.second)
    #expect(bench.check(true).gap == 2 * Self.second)
    let up = bench.check(true)
    #expect(up.verdict == .cameUp && normal.contains(up.gap))
  }

  @Test("an interval below two seconds is kept")
  func shortInterval() {
    var rules = HealthRules()
    rules.interval = 100_000_000
    var bench = Bench(rules)
    _ = bench.check(true)
    #expect(bench.check(false).gap == 100_000_000)
  }

  @Test("a check that takes longer than the interval is followed by the next, never overlapped")
  func longCheck() {
    var rules = HealthRules()
    rules.interval = Self.second
    var bench = Bench(rules)
    for _ in 1...10 {
      let gap = bench.check(false, taking: 5 * Self.second).gap
      #expect(gap == 5 * Self.second)
      #expect(bench.machine.nextAt == bench.now)
    }
  }

  @Test("a check that could not be made counts nowhere and comes again at the interval")
  func skipped() {
    var bench = Bench()
    _ = bench.check(true)
    #expect(bench.check(false).verdict == .none)
    for _ in 1...5 {
      bench.now = bench.machine.nextAt
      bench.machine.begin(now: bench.now)
      bench.machine.skip(bench.rules, now: bench.now, random: &bench.random)
      let gap = bench.machine.nextAt - bench.now
      #expect(gap >= 27 * Self.second && gap <= 33 * Self.second)
      #expect(bench.machine.state == .up && bench.machine.streak == 1)
    }
    #expect(bench.check(false).verdict == .wentDown)
  }

  @Test("every backend has exactly one worker")
  func oneWorker() {
    for workers in 1...7 {
      for backend in 0..<100 as Range<UInt32> {
        let address = SocketAddress(ip: "127.0.0.1", port: 1)
        guard let address else { continue }
        let check = HealthCheck(backend: backend, pool: 1, address: address)
        #expect((0..<workers).filter { check.isProbed(by: $0, of: workers) }.count == 1)
      }
    }
  }

  @Test("the last check fits into a word")
  func lastCheck() {
    for outcome in HealthResult.Outcome.allCases {
      for detail in [0, 1, 111, 200, 599, 4095] {
        for time in [0, 1, 1_800_000_000_000] as [Int64] {
          let last = LastCheck(HealthResult(outcome, detail: detail), wallMilliseconds: time)
          #expect(LastCheck(raw: last.raw) == last)
          #expect(!last.result.description.isEmpty)
        }
      }
    }
    #expect(LastCheck(raw: .max).result.outcome == .none)
  }
}
