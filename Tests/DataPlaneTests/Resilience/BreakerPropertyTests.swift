import Dispatch
import Testing

@testable import DataPlane

/// Random events against a model that is too simple to be wrong, and many threads on one word.
struct BreakerPropertyTests {
  private static let millisecond: Instant = 1_000_000

  /// A breaker with sets in place of bits.
  private struct Model {
    enum Phase: Equatable { case closed, open, halfOpen }
    var phase = Phase.closed
    var until: Instant = 0
    var renewAt: Instant = 0
    var openings = 0
    var running: Set<Int> = []
    var passed = 0
    var nextTrial = 0

    mutating func open(until: Instant) {
      self = Model(
        phase: .open, until: until, openings: openings + 1, nextTrial: nextTrial)
    }

    mutating func admit(at now: Instant, _ policy: BreakerPolicy) -> Int? {
      switch phase {
      case .closed: return nil
      case .open:
        guard now >= until else { return nil }
        phase = .halfOpen
        renewAt = now + policy.maxOpenFor
      case .halfOpen:
        if running.count + passed >= Int(policy.probes) {
          guard now >= renewAt else { return nil }
          running = []
          renewAt = now + policy.maxOpenFor
        }
      }
      running.insert(nextTrial)
      defer { nextTrial += 1 }
      return nextTrial
    }

    /// False when the trial comes too late.
    mutating func pass(_ trial: Int, _ policy: BreakerPolicy) -> Bool {
      guard phase == .halfOpen, running.remove(trial) != nil else { return false }
      passed += 1
      if passed == Int(policy.probes) { self = Model(nextTrial: nextTrial) }
      return true
    }
  }

  private static func policy(_ random: inout RandomSource) -> BreakerPolicy {
    var policy = BreakerPolicy()
    policy.openFor = (1 + random.next() % 50) * millisecond
    policy.maxOpenFor = policy.openFor + random.next() % 400 * millisecond
    policy.probes = 1 + random.next() % 5
    return policy
  }

  @Test("a word does what the model does, whatever comes", arguments: 1...60)
  func agrees(seed: UInt64) throws {
    var random = RandomSource(seed: seed)
    let policy = Self.policy(&random)
    var word = BreakerWord.closed
    var model = Model()
    var now: Instant = 77 * Self.millisecond
    var trials: [(id: Int, ticket: UInt64)] = []
    for _ in 0..<3000 {
      switch random.next() % 8 {
      case 0: now += random.next() % 60 * Self.millisecond
      case 1:
        if word.isClosed {
          let before = word.openings
          word = word.opened(at: now, policy, random: random.next())
          try Self.follow(&model, word, at: now, after: before, policy)
        }
      case 2...4:
        let next = word.trialAdmitted(at: now, policy)
        let trial = model.admit(at: now, policy)
        #expect((next == nil) == (trial == nil))
        guard let next, let trial else { break }
        word = next
        trials.append((trial, next.ticket))
      default:
        guard !trials.isEmpty else { break }
        let trial = trials.remove(at: Int(random.next() % UInt64(trials.count)))
        try Self.end(trial, &word, &model, at: now, policy, &random)
      }
      #expect(word.openings == min(UInt64(model.openings), 63))
      if model.phase == .halfOpen {
        #expect(word.passed == UInt64(model.passed))
        #expect(word.admitted == UInt64(model.passed + model.running.count))
        #expect(word.admitted <= policy.probes, "never more trials than probes")
      }
      #expect((word.phase == .halfOpen) == (model.phase == .halfOpen))
      #expect(word.isClosed == (model.phase == .closed))
    }
  }

  private static func end(
    _ trial: (id: Int, ticket: UInt64), _ word: inout BreakerWord, _ model: inout Model,
    at now: Instant, _ policy: BreakerPolicy, _ random: inout RandomSource
  ) throws {
    let next: BreakerWord?
    let isKnown = model.phase == .halfOpen && model.running.contains(trial.id)
    switch random.next() % 6 {
    case 0:
      next = word.trialFailed(trial.ticket, at: now, policy, random: random.next())
      if let next { try follow(&model, next, at: now, after: word.openings, policy) }
    case 1:
      next = word.trialReturned(trial.ticket)
      if isKnown { model.running.remove(trial.id) }
    default:
      next = word.trialPassed(trial.ticket, policy)
      #expect(model.pass(trial.id, policy) == (next != nil))
    }
    #expect((next != nil) == isKnown)
    if let next { word = next }
  }

  /// The model opens with the word, whose time must be within its bounds.
  private static func follow(
    _ model: inout Model, _ word: BreakerWord, at now: Instant, after openings: UInt64,
    _ policy: BreakerPolicy
  ) throws {
    guard case .open(let until) = word.phase else {
      Issue.record("not open")
      return
    }
    let bounds = BreakerWord.openTime(after: openings, policy)
    #expect(bounds.upperBound <= policy.maxOpenFor)
    // Rounded up to a millisecond.
    #expect((bounds.lowerBound...bounds.upperBound + millisecond).contains(until - now))
    model.open(until: until)
  }

  @Test("whatever happened, it closes when trials pass", arguments: 1...40)
  func heals(seed: UInt64) throws {
    var random = RandomSource(seed: seed)
    let policy = Self.policy(&random)
    var word = BreakerWord.closed
    var now: Instant = Self.millisecond
    for _ in 0..<Int(random.next() % 200) {
      now += random.next() % 100 * Self.millisecond
      if word.isClosed { word = word.opened(at: now, policy, random: random.next()) }
      if let next = word.trialAdmitted(at: now, policy) { word = next }
      if random.next() % 3 == 0,
        let next = word.trialFailed(word.ticket, at: now, policy, random: random.next())
      {
        word = next
      }
    }
    for _ in 0...policy.probes * 2 + 2 where !word.isClosed {
      now += policy.maxOpenFor + Self.millisecond
      word = word.trialAdmitted(at: now, policy) ?? word
      word = word.trialPassed(word.ticket, policy) ?? word
    }
    #expect(word.isClosed)
  }

  @Test("many threads on one word: no place is lost, none is given twice")
  func threads() {
    var policy = BreakerPolicy()
    policy.openFor = Self.millisecond
    policy.maxOpenFor = 1 << 50
    policy.probes = 5
    let settings = policy
    let state = BackendState(SharedBank()[0])
    let running = Locked<[UInt64: Int]>([:])
    let most = Locked(0)
    let passes = Locked(0)
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      var random = RandomSource(seed: UInt64(thread))
      var now: Instant = Self.millisecond
      for _ in 0..<20_000 {
        // Clocks of workers differ a little; each goes on.
        now += random.next() % 3 * Self.millisecond
        let word = state.breaker
        if word.isClosed {
          _ = state.replaceBreaker(
            word, with: word.opened(at: now, settings, random: random.next()))
          continue
        }
        guard let admitted = word.trialAdmitted(at: now, settings),
          state.replaceBreaker(word, with: admitted)
        else { continue }
        let ticket = admitted.ticket
        let count = running.withLock { all in
          all[ticket, default: 0] += 1
          return all[ticket, default: 0]
        }
        most.withLock { $0 = max($0, count) }
        let dice = random.next() % 10
        running.withLock { $0[ticket, default: 0] -= 1 }
        while true {
          let word = state.breaker
          let next =
            dice == 0
            ? word.trialFailed(ticket, at: now, settings, random: random.next())
            : dice < 4 ? word.trialReturned(ticket) : word.trialPassed(ticket, settings)
          guard let next else { break }
          if state.replaceBreaker(word, with: next) {
            if next.isClosed { passes.withLock { $0 += 1 } }
            break
          }
        }
      }
    }
    #expect((1...5).contains(most.withLock { $0 }))
    #expect(passes.withLock { $0 } > 10)
    let word = state.breaker
    #expect(word.phase != .halfOpen || word.admitted == word.passed, "a place was lost")
  }
}
