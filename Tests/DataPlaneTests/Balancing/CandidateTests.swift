import Testing

@testable import DataPlane

/// Who may be chosen, and in which order of precedence that is decided.
struct CandidateTests {
  private static let second: Instant = 1_000_000_000
  private static let now = 100 * second

  /// Statuses from letters: `.` available, `d` down, `o` open, `h` half-open, `m` maintenance,
  /// `w` drained by weight, `b` an available backup, `B` a backup that is down.
  private static func statuses(_ letters: String) -> [BackendStatus] {
    letters.map { letter in
      var status = BackendStatus()
      switch letter {
      case "d": status.health = .down
      case "o": status.breaker = .open(until: now + second)
      case "h": status.breaker = .halfOpen
      case "m": status.operatorState = .maintenance
      case "w": status.weight = 0
      case "b": status.isBackup = true
      case "B":
        status.isBackup = true
        status.health = .down
      default: break
      }
      return status
    }
  }

  private static func lists(
    _ letters: String, panicBelow: UInt32 = 10, maxOpen: UInt32 = 50
  ) -> CandidateLists {
    var policy = AvailabilityPolicy()
    policy.panicBelowPercent = panicBelow
    policy.maxOpenPercent = maxOpen
    return CandidateLists(statuses(letters), policy, now: now)
  }

  @Test(
    "operator, health and breaker take backends out",
    arguments: [
      ("...", [0, 1, 2]), (".d.", [0, 2]), (".m.", [0, 2]), (".w.", [0, 2]), (".o.", [0, 2]),
      (".h.", [0, 2]), ("", []), ("m", []), ("mw", []),
    ])
  func out(letters: String, active: [UInt32]) {
    let lists = Self.lists(letters)
    #expect(lists.active == active)
    #expect(!lists.isPanic)
  }

  @Test("when all start slowly, shares are relative to the one that is furthest")
  func evened() {
    let load = SharedState().backend(0).load
    func shares(_ shares: [UInt32]) -> [UInt32] {
      Candidate.evened(
        shares.map { Candidate(index: 0, weight: 1, share: $0, load: load) }
      ).map(\.share)
    }
    #expect(shares([16, 16]) == [1024, 1024])
    #expect(shares([512, 128]) == [1024, 256])
    #expect(shares([1024, 16]) == [1024, 16])
    #expect(shares([]) == [])
  }

  @Test("a pool that changes its strategy looks at its backends anew before it chooses")
  func strategyChange() {
    var rig = HashChoiceTests.Rig([1, 1, 1])
    rig.balancer.use(.hash, start: 0, breaker: BreakerPolicy())
    let isKept = rig.balancer.isCurrent(epoch: 1, snapshotSerial: 1, now: 2)
    #expect(isKept)
    for kind in StrategyKind.allCases where kind != .hash {
      rig.balancer.use(kind, start: 0, breaker: BreakerPolicy())
      let isCurrent = rig.balancer.isCurrent(epoch: rig.epoch, snapshotSerial: 1, now: 2)
      #expect(!isCurrent)
      rig.refresh()
      let plain = rig.place(nil)
      // Of an exchange that pins the snapshot in which the pool hashed.
      let keyed = rig.place(7)
      #expect(plain != nil && keyed != nil)
    }
  }

  @Test("a half-open breaker, or one whose time is over, wants trials")
  func trials() {
    #expect(Self.lists("h.").trials == [0])
    var statuses = Self.statuses("o.")
    statuses[0].breaker = .open(until: Self.now)
    #expect(CandidateLists(statuses, AvailabilityPolicy(), now: Self.now).trials == [0])
    #expect(Self.lists("o.").trials == [])
    #expect(Self.lists("o.").validUntil == Self.now + Self.second)
  }

  @Test("health is stronger than the breaker, and the operator stronger than both")
  func precedence() {
    var statuses = Self.statuses("h..")
    statuses[0].health = .down
    #expect(CandidateLists(statuses, AvailabilityPolicy(), now: Self.now).trials == [])
    statuses[0].health = .up
    statuses[0].operatorState = .drain
    #expect(CandidateLists(statuses, AvailabilityPolicy(), now: Self.now).trials == [])
  }

  @Test("breakers take out a share of the pool at most, but always one")
  func share() {
    #expect(Self.lists("oo..").active == [2, 3])
    #expect(Self.lists("ooo.").active == [0, 3])
    #expect(Self.lists("oooo").active == [0, 1])
    #expect(Self.lists("oo").active == [0])
    #expect(Self.lists("o").active == [])
    #expect(Self.lists("oooo", maxOpen: 100).active == [])
    #expect(Self.lists("oooo", maxOpen: 0).active == [0, 1, 2])
  }

  @Test("half-open ones are out as well, and get their trials also when they are used")
  func shareOfHalfOpen() {
    #expect(Self.lists("hhhh").active == [0, 1])
    #expect(Self.lists("hhhh").trials == [0, 1, 2, 3])
    #expect(Self.lists("hhhh").overriddenCount == 2)
    #expect(Self.lists("hoho").active == [1, 3], "open ones first")
    #expect(Self.lists("ho..").active == [2, 3])
    #expect(Self.lists("ho..").overriddenCount == 0)
    #expect(Self.lists("oob").active == [2], "a backup that is well comes first")
    #expect(Self.lists("oob").overriddenCount == 0)
    #expect(Self.lists("ooB").active == [0])
  }

  @Test("says until when breakers are why nobody is left")
  func blocked() {
    #expect(Self.lists("o").blockedUntil == Self.now + Self.second)
    #expect(Self.lists("h").blockedUntil == 0)
    #expect(Self.lists(".").blockedUntil == nil)
    #expect(Self.lists("m").blockedUntil == nil)
    #expect(Self.lists("d").blockedUntil == nil)
    #expect(Self.lists("mo").blockedUntil == Self.now + Self.second)
  }

  @Test("a pool that only its breakers leave empty fails fast; that is no panic")
  func failFast() {
    #expect(!Self.lists("o").isPanic)
    #expect(!Self.lists("oooo", maxOpen: 100).isPanic)
  }

  @Test("when health leaves too few, all that the operator wants are used")
  func panic() {
    #expect(Self.lists("dd").isPanic)
    #expect(Self.lists("dd").active == [0, 1])
    #expect(Self.lists("ddm").active == [0, 1])
    #expect(Self.lists("do").active == [0, 1])
    #expect(Self.lists("ddd.", panicBelow: 50).active == [0, 1, 2, 3])
    #expect(Self.lists("dd..", panicBelow: 50).active == [2, 3])
    #expect(!Self.lists("ddd.").isPanic)
    #expect(!Self.lists("mm").isPanic)
    #expect(Self.lists("dh").trials == [1])
  }

  @Test("a backend that waits for its first check is out, and no panic uses it")
  func unchecked() {
    var statuses = Self.statuses("...")
    for index in 0..<3 { statuses[index].health = .unchecked }
    var lists = CandidateLists(statuses, AvailabilityPolicy(), now: Self.now)
    #expect(lists.active == [] && !lists.isPanic)
    statuses[1].health = .down
    lists = CandidateLists(statuses, AvailabilityPolicy(), now: Self.now)
    #expect(lists.active == [1] && lists.isPanic)
    statuses[2].health = .up
    lists = CandidateLists(statuses, AvailabilityPolicy(), now: Self.now)
    #expect(lists.active == [2] && !lists.isPanic)
  }

  @Test("backups come in when the others are out, before panic does")
  func backups() {
    #expect(Self.lists("..b").active == [0, 1])
    #expect(Self.lists("..b").backups == [2])
    #expect(Self.lists("ddb").active == [2])
    #expect(!Self.lists("ddb").isPanic)
    #expect(Self.lists("ob").active == [1])
    #expect(Self.lists("mwb").active == [2])
    #expect(Self.lists("hb").active == [1])
    #expect(Self.lists("hb").trials == [0])
    #expect(Self.lists("dB").active == [0])
    #expect(Self.lists("dB").isPanic)
    #expect(Self.lists("mB").active == [1])
    #expect(Self.lists("ddd.b", panicBelow: 50).active == [3, 4])
  }

  @Test("a recovered backend's share grows in a straight line")
  func slowStart() {
    func share(_ elapsed: Instant) -> UInt32 {
      CandidateLists.share(
        recoveredAt: Self.now, slowStart: 10 * Self.second, now: Self.now + elapsed
      ).share
    }
    #expect(share(0) == 16)
    #expect((507...512).contains(share(5 * Self.second)))
    #expect(share(10 * Self.second) == Candidate.fullShare)
    for step in 1..<100 {
      #expect(
        share(Instant(step) * Self.second / 10) >= share(Instant(step - 1) * Self.second / 10))
    }
    let never = CandidateLists.share(recoveredAt: 0, slowStart: Self.second, now: Self.now)
    #expect(never.share == Candidate.fullShare && never.until == .max)
  }
}
