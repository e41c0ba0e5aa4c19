import Testing

@testable import DataPlane

struct RandomChoiceTests {
  @Test(
    "shares follow weights",
    arguments: [[1, 1, 1], [5, 1, 1], [1000, 1], [1, 2, 3, 4, 5, 6, 7, 8]])
  func shares(weights: [UInt32]) {
    var bench = Bench(.random, weights: weights)
    let counts = bench.counts(100_000)
    let total = Double(weights.reduce(0, +))
    for (count, weight) in zip(counts, weights) {
      let expected = 100_000 * Double(weight) / total
      // Four standard deviations.
      #expect(abs(Double(count) - expected) < 4 * expected.squareRoot() + 1)
    }
  }

  @Test("those that were tried are passed over, and the rest share by weight")
  func exclusion() {
    var bench = Bench(.random, weights: [100_000, 3, 1])
    bench.context.tried.insert(0)
    let counts = bench.counts(4_000)
    #expect(counts[0] == 0)
    #expect(abs(counts[1] - 3_000) < 150)
    bench.context.tried.insert(1)
    bench.context.tried.insert(2)
    #expect(bench.choose() == nil)
  }

  @Test("a backend that starts slowly gets its share of its weight")
  func slowStart() {
    var bench = Bench(.random, weights: [1, 1], shares: [1024, 256])
    #expect(abs(bench.counts(100_000)[1] - 20_000) < 600)
  }

  @Test("an empty pool has nobody", arguments: StrategyKind.allCases)
  func empty(kind: StrategyKind) {
    var bench = Bench(kind, weights: [])
    #expect(bench.choose() == nil)
  }

  @Test("every strategy chooses the only one, and not twice", arguments: StrategyKind.allCases)
  func one(kind: StrategyKind) {
    var bench = Bench(kind, weights: [7], shares: [16])
    #expect(bench.choose() == 0)
    bench.context.tried.insert(0)
    #expect(bench.choose() == nil)
  }

  @Test(
    "every strategy passes over what was tried, in small and large pools",
    arguments: StrategyKind.allCases, [2, 9, 40, 200])
  func tried(kind: StrategyKind, count: Int) {
    var bench = Bench(kind, weights: [UInt32](repeating: 1, count: count))
    let out = min(count - 1, 8)
    for place in 0..<out { bench.context.tried.insert(place) }
    for _ in 0..<300 {
      let choice = bench.choose()
      #expect(choice.map { $0 >= out } == true)
    }
  }

  @Test(
    "every strategy passes over those that have no room",
    arguments: StrategyKind.allCases, [2, 9, 40, 200])
  func full(kind: StrategyKind, count: Int) {
    var bench = Bench(kind, weights: (0..<count).map { UInt32($0 % 2 + 1) })
    bench.context.inFlightLimit = 3
    for _ in 0..<(3 * count) { #expect(bench.begin() != nil) }
    #expect(bench.choose() == nil)
    for place in 0..<count { #expect(bench.inFlight(place) == 3) }
    bench.end(count / 2)
    #expect(bench.begin() == count / 2)
  }

  @Test("nobody starves while all are idle", arguments: StrategyKind.allCases, [3, 100])
  func starvation(kind: StrategyKind, count: Int) {
    let weights = (0..<count).map { UInt32($0 % 3 + 1) }
    var bench = Bench(kind, weights: weights)
    #expect(!bench.counts(count * 60).contains(0))
  }
}
