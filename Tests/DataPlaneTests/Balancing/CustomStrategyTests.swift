import Testing

@testable import DataPlane

@Suite("Custom strategies") struct CustomStrategyTests {
  /// Says what it has seen and chooses what it is told.
  private struct Recorder: CustomStrategy {
    final class Notes: Sendable {
      let choice = Locked<Int?>(nil)
      let seen = Locked<[BackendView]>([])
      let request = Locked(RequestView())
      let prepared = Locked<[Int]>([])
      let turns = Locked<[Int]>([])
      let made = Locked(0)
    }

    let notes: Notes
    private var turn = 0

    init(_ notes: Notes) {
      self.notes = notes
      notes.made.withLock { $0 += 1 }
    }

    mutating func prepare(_ backends: Span<BackendView>) {
      let count = backends.count
      notes.prepared.withLock { $0.append(count) }
    }

    mutating func choose(
      _ backends: Span<BackendView>, for request: RequestView, random: inout RandomSource
    ) -> Int? {
      turn += 1
      let all = backends.indices.map { backends[$0] }
      notes.turns.withLock { [turn] in $0.append(turn) }
      notes.seen.withLock { $0 = all }
      notes.request.withLock { $0 = request }
      return notes.choice.withLock { $0 }
    }
  }

  private func bench(_ weights: [UInt32], shares: [UInt32] = []) -> (Bench, Recorder.Notes) {
    let notes = Recorder.Notes()
    let kind = CustomStrategies.add { Recorder(notes) }
    return (Bench(kind, weights: weights, shares: shares), notes)
  }

  @Test("it sees weight, share, requests, latency and what may be chosen")
  func views() {
    var (bench, notes) = bench([1, 7, 3], shares: [1024, 256, 1024])
    bench.begin(1, 2)
    bench.candidates[2].load.storeAverage(5000, at: 1)
    bench.context.tried.insert(0)
    bench.context.inFlightLimit = 2
    bench.context.key = 99
    _ = bench.choose()
    let seen = notes.seen.withLock { $0 }
    #expect(seen.map(\.weight) == [1, 7, 3])
    #expect(seen.map(\.share) == [1, 0.25, 1])
    #expect(seen.map(\.inFlight) == [0, 2, 0])
    #expect(seen.map(\.averageLatency) == [nil, nil, 5000])
    #expect(seen.map(\.mayBeChosen) == [false, false, true])
    let request = notes.request.withLock { $0 }
    #expect(request.clientKey == 99)
    #expect(request.now == bench.context.now)
  }

  @Test("what it chooses is taken, and nil is nobody")
  func choice() {
    var (bench, notes) = bench([1, 1, 1])
    for index in [2, 0, 1] {
      notes.choice.withLock { $0 = index }
      #expect(bench.choose() == index)
    }
    notes.choice.withLock { $0 = nil }
    #expect(bench.choose() == nil)
  }

  @Test(
    "an index that may not be chosen or is out of bounds is the next one that may be",
    arguments: [Int.min, -1, 0, 1, 2, 3, 1_000_000, .max])
  func badChoice(index: Int) {
    var (bench, notes) = bench([1, 1, 1])
    notes.choice.withLock { $0 = index }
    bench.context.tried.insert(0)
    bench.context.tried.insert(2)
    #expect(bench.choose() == 1)
    bench.context.tried.insert(1)
    #expect(bench.choose() == nil)
  }

  @Test("the next one is the next in the list, and behind the last the first")
  func nextChoice() {
    var (bench, notes) = bench([1, 1, 1, 1])
    bench.context.tried.insert(1)
    bench.context.tried.insert(3)
    for (choice, next) in [(1, 2), (3, 0), (4, 0), (-1, 0)] {
      notes.choice.withLock { $0 = choice }
      #expect(bench.choose() == next)
    }
  }

  @Test("whatever it says, nobody is chosen who may not be")
  func anyChoice() {
    var random = RandomSource(seed: 7)
    var (bench, notes) = bench([1, 1, 1, 1, 1])
    for _ in 0..<2000 {
      bench.context.tried = TriedBackends()
      for index in 0..<5 where random.next() % 2 == 0 { bench.context.tried.insert(index) }
      let choice = Int.random(in: -2...7, using: &random)
      notes.choice.withLock { $0 = choice }
      let result = bench.choose()
      #expect((result == nil) == (bench.context.tried.count == 5))
      if let result { #expect(!bench.context.tried.contains(result)) }
    }
  }

  @Test("each worker and pool has one of its own, with its own state")
  func ownState() {
    let notes = Recorder.Notes()
    let kind = CustomStrategies.add { Recorder(notes) }
    var benches = (0..<2).map { _ in Bench(kind, weights: [1, 1]) }
    for index in [0, 0, 0, 1] { _ = benches[index].choose() }
    #expect(notes.turns.withLock { $0 } == [1, 2, 3, 1])
    #expect(notes.made.withLock { $0 } == 2)
  }

  @Test("an empty list is not shown to choose")
  func empty() {
    var (bench, notes) = bench([])
    notes.choice.withLock { $0 = 0 }
    #expect(bench.choose() == nil)
    #expect(notes.turns.withLock(\.isEmpty))
  }

  @Test("a pool keeps its strategy over reloads; identities are told; backups serve after nil")
  func balancer() {
    let notes = Recorder.Notes()
    let kind = CustomStrategies.add { Recorder(notes) }
    let shared = SharedState()
    var random = RandomSource(seed: 1)
    var balancer = Balancer()
    var statuses = [BackendStatus](repeating: BackendStatus(), count: 3)
    statuses[2].isBackup = true
    let places = [70, 50, 60].map { (identity: UInt32) in
      shared.reserveBackend(identity)
      return BackendPlace(identity: identity, load: shared.backend(identity).load)
    }
    for serial in 1...2 as ClosedRange<UInt64> {
      balancer.use(kind, start: 0, breaker: BreakerPolicy())
      balancer.refresh(
        statuses, places, AvailabilityPolicy(), epoch: 1, snapshotSerial: serial, now: 1)
      notes.choice.withLock { $0 = 1 }
      #expect(balancer.choose(ChoiceContext(), random: &random) == 1)
      #expect(notes.seen.withLock { $0.map(\.id) } == [70, 50])
    }
    #expect(notes.made.withLock { $0 } == 1)
    #expect(notes.prepared.withLock { $0 } == [2, 2])
    #expect(notes.turns.withLock { $0 } == [1, 2])
    notes.choice.withLock { $0 = nil }
    #expect(balancer.choose(ChoiceContext(), random: &random) == 2)
    // Another strategy and back: a new state.
    for other in [.roundRobin, kind] as [StrategyKind] {
      balancer.use(other, start: 0, breaker: BreakerPolicy())
      balancer.refresh(
        statuses, places, AvailabilityPolicy(), epoch: 1, snapshotSerial: 3, now: 1)
    }
    #expect(notes.made.withLock { $0 } == 2)
  }

  @Test("its pools find the client's key and time answers, as it is promised")
  func flags() {
    let kind = CustomStrategies.add { Recorder(Recorder.Notes()) }
    let row = PoolRow(
      name: TextReference(offset: 0, count: 0), strategy: kind, firstBackend: 0, backendCount: 0,
      counters: 0, maxIdlePerBackend: 0, idleTimeout: 0, maxAge: 0)
    #expect(row.flags == [.hashes, .samplesLatency])
    #expect(row.hash.source == .clientAddress)
  }
}
