import Testing

@testable import DataPlane

struct TwoChoicesTests {
  @Test("of two it is the less busy one")
  func lessBusy() {
    var bench = Bench(.twoChoices, weights: [1, 1])
    bench.begin(0, 2)
    #expect(bench.counts(50) == [0, 50])
    bench.begin(1, 4)
    #expect(bench.counts(50) == [50, 0])
  }

  @Test("the busiest of many is never chosen, the others are")
  func busiest() {
    var bench = Bench(.twoChoices, weights: [1, 1, 1, 1, 1])
    bench.begin(2, 1)
    let counts = bench.counts(1_000)
    #expect(counts[2] == 0)
    #expect(counts.filter { $0 > 150 }.count == 4)
  }

  @Test("an idle pool is shared by weight")
  func idle() {
    var bench = Bench(.twoChoices, weights: [3, 1])
    #expect(abs(bench.counts(20_000)[1] - 5_000) < 300)
  }

  @Test("what is in flight stays together")
  func levels() {
    var bench = Bench(.twoChoices, weights: [UInt32](repeating: 1, count: 100))
    for _ in 0..<1_000 { _ = bench.begin() }
    // Random alone would have about 20 somewhere.
    #expect((0..<100).map { bench.inFlight($0) }.max() ?? 0 <= 14)
  }

  @Test("one that starts slowly is drawn as often as its share says")
  func slowStart() {
    var bench = Bench(.twoChoices, weights: [1, 1, 1], shares: [1024, 1024, 64])
    for index in 0..<2 { bench.begin(index, 10) }
    let count = bench.counts(10_000)[2]
    #expect(count > 0 && count < 900)
  }
}
