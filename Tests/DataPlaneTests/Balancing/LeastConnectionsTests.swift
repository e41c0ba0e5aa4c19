import Testing

@testable import DataPlane

struct LeastConnectionsTests {
  @Test("the one with the fewest requests in flight")
  func fewest() {
    var bench = Bench(.leastConnections, weights: [1, 1, 1])
    bench.begin(0, 3)
    bench.begin(1, 1)
    bench.begin(2, 2)
    #expect(bench.begin() == 1)
    bench.end(0)
    bench.end(0)
    bench.end(0)
    #expect(bench.begin() == 0)
  }

  @Test("equally busy ones take turns", arguments: [3, 10, 100])
  func ties(count: Int) {
    var bench = Bench(.leastConnections, weights: [UInt32](repeating: 1, count: count))
    for round in 1...5 {
      #expect(Set(bench.counts(count)) == [1], "round \(round)")
    }
  }

  @Test("an idle pool is shared by weight: the light ones do not starve")
  func idle() {
    var bench = Bench(.leastConnections, weights: [5, 1])
    let counts = bench.counts(600)
    #expect(abs(counts[1] - 100) <= 1)
  }

  @Test("what is in flight follows the weights", arguments: [2, 50])
  func busy(count: Int) {
    let weights = (0..<count).map { $0 % 2 == 0 ? UInt32(3) : 1 }
    var bench = Bench(.leastConnections, weights: weights)
    for _ in 0..<(count * 20) { _ = bench.begin() }
    for (index, weight) in weights.enumerated() {
      #expect(abs(bench.inFlight(index) - 10 * Int(weight)) <= 1)
    }
  }

  @Test("one that was busy while others took turns does not catch up on them")
  func noCatchingUp() {
    var bench = Bench(.leastConnections, weights: [1, 1, 1])
    bench.begin(0, 5)
    _ = bench.counts(1_000)
    for _ in 0..<5 { bench.end(0) }
    #expect(bench.counts(30)[0] <= 11)
  }

  @Test("a large pool: levels stay together however requests end", arguments: [33, 100, 1000])
  func levels(count: Int) {
    var bench = Bench(.leastConnections, weights: [UInt32](repeating: 1, count: count))
    var dice = Dice(seed: 3)
    var running: [Int] = []
    var worst = 0
    for turn in 0..<(count * 40) {
      if let choice = bench.begin() { running.append(choice) }
      if running.count > count * 4 {
        bench.end(running.remove(at: dice.below(running.count)))
      }
      if turn > count * 8 { worst = max(worst, bench.inFlight(running[running.count - 1])) }
    }
    // A perfect one would never begin a fifth or sixth while another has four.
    #expect(worst <= 6)
  }

  @Test("a large pool finds one that became idle, though nobody says so")
  func findsIdle() {
    var bench = Bench(.leastConnections, weights: [UInt32](repeating: 1, count: 200))
    for index in 0..<200 { bench.begin(index, 10) }
    _ = bench.counts(100)
    for _ in 0..<10 { bench.end(137) }
    #expect(bench.counts(50)[137] > 0)
  }

  @Test("counts of other workers are seen before one is chosen")
  func others() {
    var bench = Bench(.leastConnections, weights: [UInt32](repeating: 1, count: 64))
    // Another worker fills all but one behind this one's back.
    for index in 0..<64 where index != 20 { bench.begin(index, 2) }
    var late = 0
    for _ in 0..<16 where bench.choose() != 20 { late += 1 }
    #expect(late <= 8)
  }

  @Test("an empty backend that starts slowly is not given everything", arguments: [3, 40])
  func slowStart(count: Int) {
    let shares = [UInt32](repeating: 1024, count: count - 1) + [102]
    var bench = Bench(
      .leastConnections, weights: [UInt32](repeating: 1, count: count), shares: shares)
    for index in 0..<(count - 1) { bench.begin(index, 10) }
    for _ in 0..<(5 * count) { _ = bench.begin() }
    #expect(bench.inFlight(count - 1) <= 3)
  }

  @Test("when all left start slowly, one of them is chosen all the same")
  func allSlow() {
    var bench = Bench(.leastConnections, weights: [1, 1, 1], shares: [1024, 16, 16])
    bench.context.tried.insert(0)
    for _ in 0..<50 { #expect(bench.choose() != nil) }
  }
}
