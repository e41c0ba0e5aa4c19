import Testing

@testable import DataPlane

/// Every transition of a breaker, step by step.
struct BreakerWordTests {
  static let second: Instant = 1_000_000_000
  private static let now = 1000 * second
  private let policy = BreakerPolicy()

  /// Open, and its time is over.
  private func opened(times: Int = 1) -> (BreakerWord, Instant) {
    var word = BreakerWord.closed
    var now = Self.now
    for _ in 0..<times {
      word = word.opened(at: now, policy, random: 7)
      guard case .open(let until) = word.phase else { break }
      now = until
    }
    return (word, now)
  }

  @Test("all zero is closed, and a closed one wants no trials")
  func closed() {
    #expect(BreakerWord(raw: 0) == .closed)
    #expect(BreakerWord.closed.phase == .closed && BreakerWord.closed.isClosed)
    #expect(BreakerWord.closed.trialAdmitted(at: Self.now, policy) == nil)
    #expect(BreakerWord.closed.trialPassed(0, policy) == nil)
    #expect(BreakerWord.closed.trialFailed(0, at: Self.now, policy, random: 1) == nil)
    #expect(BreakerWord.closed.trialReturned(0) == nil)
  }

  @Test("an open one admits nobody before its time, and is half-open with the first after it")
  func open() throws {
    let (word, until) = opened()
    #expect(word.phase == .open(until: until))
    #expect(word.trialAdmitted(at: until - 1, policy) == nil)
    #expect(word.trialAdmitted(at: Self.now, policy) == nil)
    let half = try #require(word.trialAdmitted(at: until, policy))
    #expect(half.phase == .halfOpen && half.admitted == 1 && half.passed == 0)
    #expect(half.ticket != 0 && half.openings == 1)
  }

  @Test("only so many trials as probes, and it closes when all have passed")
  func probes() throws {
    let (word, until) = opened()
    var half = word
    for _ in 0..<3 { half = try #require(half.trialAdmitted(at: until, policy)) }
    #expect(half.trialAdmitted(at: until, policy) == nil)
    let ticket = half.ticket
    half = try #require(half.trialPassed(ticket, policy))
    #expect(half.trialAdmitted(at: until, policy) == nil, "three in all, not three at once")
    half = try #require(half.trialPassed(ticket, policy))
    #expect(half.phase == .halfOpen)
    #expect(half.trialPassed(ticket, policy) == .closed)
  }

  @Test("one failed trial opens it again, for twice as long")
  func failed() throws {
    let (word, until) = opened()
    let half = try #require(word.trialAdmitted(at: until, policy))
    let again = try #require(half.trialFailed(half.ticket, at: until, policy, random: 0))
    #expect(again.openings == 2)
    #expect(again.phase == .open(until: until + 8 * Self.second))
    #expect(again.trialFailed(half.ticket, at: until, policy, random: 0) == nil, "too late")
    #expect(again.trialPassed(half.ticket, policy) == nil)
    #expect(again.trialReturned(half.ticket) == nil)
  }

  @Test("a trial that came to nothing gives its place back")
  func returned() throws {
    var policy = policy
    policy.probes = 1
    let (word, until) = opened()
    let half = try #require(word.trialAdmitted(at: until, policy))
    #expect(half.trialAdmitted(at: until, policy) == nil)
    let free = try #require(half.trialReturned(half.ticket))
    #expect(free.admitted == 0)
    #expect(free.trialReturned(half.ticket) == nil, "nothing is there to give back")
    #expect(free.trialAdmitted(at: until, policy) == half)
  }

  @Test("trials without an end make room after max_open_for, and count no more then")
  func renewed() throws {
    let (word, until) = opened()
    var half = word
    for _ in 0..<3 { half = try #require(half.trialAdmitted(at: until, policy)) }
    let lost = half.ticket
    half = try #require(half.trialPassed(lost, policy))
    #expect(half.trialAdmitted(at: until + 59 * Self.second, policy) == nil)
    let renewed = try #require(half.trialAdmitted(at: until + 60 * Self.second, policy))
    #expect(renewed.admitted == 2 && renewed.passed == 1 && renewed.ticket != lost)
    #expect(renewed.trialPassed(lost, policy) == nil)
    #expect(renewed.trialFailed(lost, at: until, policy, random: 1) == nil)
    #expect(renewed.trialReturned(lost) == nil)
  }

  @Test("overdue when trials are wanted for max_open_for")
  func overdue() throws {
    let (word, until) = opened()
    let later = until + policy.maxOpenFor
    #expect(!BreakerWord.closed.isOverdue(at: later, policy))
    #expect(!word.isOverdue(at: later - 1, policy) && word.isOverdue(at: later, policy))
    let half = try #require(word.trialAdmitted(at: until, policy))
    #expect(!half.isOverdue(at: later - 1, policy) && half.isOverdue(at: later, policy))
  }

  @Test("fewer probes than have passed, after a reload: one more trial, and it closes")
  func fewerProbes() throws {
    let (word, until) = opened()
    var half = try #require(word.trialAdmitted(at: until, policy))
    half = try #require(half.trialPassed(half.ticket, policy))
    var policy = policy
    policy.probes = 1
    half = try #require(half.trialAdmitted(at: until, policy))
    #expect(half.trialPassed(half.ticket, policy) == .closed)
  }

  @Test("the time doubles up to its cap, jittered by a fifth and never beyond the cap")
  func times() {
    let seconds = (0..<70).map { BreakerWord.openTime(after: UInt64($0), policy) }
    let low = seconds.prefix(5).map { $0.lowerBound / Self.second }
    let high = seconds.prefix(5).map { $0.upperBound / Self.second }
    #expect(low == [4, 8, 16, 32, 48])
    #expect(high == [6, 12, 24, 48, 60])
    #expect(seconds.dropFirst(4).allSatisfy { $0 == 48 * Self.second...60 * Self.second })
    var odd = policy
    odd.openFor = 90 * Self.second
    #expect(BreakerWord.openTime(after: 3, odd).upperBound == 90 * Self.second)
    odd.openFor = 10_000_000
    odd.maxOpenFor = 10_000_000
    #expect(BreakerWord.openTime(after: 63, odd) == 8_000_000...10_000_000)
  }

  @Test("jitter reaches both ends")
  func jitter() {
    var random = RandomSource(seed: 5)
    let lengths = (0..<2000).compactMap { _ -> Double? in
      let word = BreakerWord.closed.opened(at: Self.now, policy, random: random.next())
      guard case .open(let until) = word.phase else { return nil }
      return Double(until - Self.now) / 1e9
    }
    #expect(lengths.count == 2000)
    #expect(lengths.allSatisfy { (4...6.001).contains($0) })
    #expect(lengths.contains { $0 < 4.05 } && lengths.contains { $0 > 5.95 })
  }

  @Test("openings in a row are counted to 63 and stay there")
  func saturates() {
    let (word, _) = opened(times: 80)
    #expect(word.openings == 63)
  }
}
