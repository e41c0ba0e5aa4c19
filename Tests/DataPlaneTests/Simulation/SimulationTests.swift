import Testing

@testable import DataPlane

/// What each strategy promises, on the same seeded runs.
struct SimulationTests {
  typealias Backend = Simulation.Backend
  static let second: UInt64 = 1_000_000_000
  static let balanced: [StrategyKind] = [
    .roundRobin, .weightedRoundRobin, .random, .leastConnections, .twoChoices, .peakEWMA,
  ]

  static func alike(_ count: Int) -> [Backend] { (0..<count).map { _ in Backend() } }

  /// The last one takes ten times as long.
  static func oneSlow(_ count: Int) -> [Backend] {
    var backends = alike(count)
    backends[count - 1].slowness = 10
    return backends
  }

  private static func run(
    _ kind: StrategyKind, _ backends: [Backend], seconds: UInt64 = 4,
    _ change: (inout Simulation) -> Void = { _ in }
  ) -> Simulation.Outcome {
    var simulation = Simulation(kind, backends)
    simulation.duration = seconds * second
    change(&simulation)
    return simulation.run()
  }

  @Test("the same seed is the same run, another is not", arguments: balanced)
  func deterministic(kind: StrategyKind) {
    let runs = [7, 7, 8].map { seed in
      Self.run(kind, Self.oneSlow(5), seconds: 2) { $0.seed = seed }.requests.map(\.took)
    }
    #expect(runs[0] == runs[1])
    #expect(runs[0] != runs[2])
  }

  @Test("backends that are alike get the same", arguments: balanced, [3, 10, 100])
  func fairness(kind: StrategyKind, count: Int) {
    let outcome = Self.run(kind, Self.alike(count), seconds: count == 100 ? 1 : 4)
    #expect(outcome.refused == 0)
    let each = Double(outcome.counts.reduce(0, +)) / Double(count)
    // Four standard deviations of a plain draw are the most; by latency, chance counts twice.
    let most = (kind == .peakEWMA ? 800 : 400) / each.squareRoot()
    #expect(outcome.unfairness([UInt32](repeating: 1, count: count)) < most)
    if kind == .leastConnections {
      // No place in the list is better than another.
      let half = outcome.counts.prefix(count / 2).reduce(0, +)
      let part = Double(half) / Double(outcome.counts.reduce(0, +))
      #expect(abs(part - Double(count / 2) / Double(count)) < 0.02)
    }
    if kind == .roundRobin {
      #expect(outcome.counts.max()! - outcome.counts.min()! <= 4)
    }
  }

  @Test(
    "weights are followed", arguments: balanced.filter { $0 != .roundRobin },
    ServiceTime.allCases)
  func weights(kind: StrategyKind, service: ServiceTime) {
    let weights: [UInt32] = [1, 2, 3, 4]
    let backends = weights.map { Backend(weight: $0, parallel: 4 * Int($0)) }
    let outcome = Self.run(kind, backends) { $0.service = service }
    #expect(outcome.unfairness(weights) < (kind == .peakEWMA ? 40 : 25))
  }

  @Test(
    "a slow backend spoils the tail less than in turn",
    arguments: [StrategyKind.leastConnections, .twoChoices, .peakEWMA], ServiceTime.allCases)
  func slow(kind: StrategyKind, service: ServiceTime) {
    let inTurn = Self.run(.roundRobin, Self.oneSlow(10)) { $0.service = service }
    let better = Self.run(kind, Self.oneSlow(10)) { $0.service = service }
    #expect(better.percentile(0.99) < inTurn.percentile(0.99) / 2)
    #expect(better.counts[9] < inTurn.counts[9] / 2)
    // It is not given up.
    #expect(better.counts[9] > 0)
  }

  @Test("peak_ewma leaves a backend that fails fast; it draws others in")
  func failing() {
    var backends = Self.alike(10)
    backends[9].failures = 50
    let shares = [StrategyKind.leastConnections, .peakEWMA].map {
      Self.run($0, backends).share(of: 9)
    }
    #expect(shares[0] > 0.1)
    #expect(shares[1] < 0.03)
  }

  @Test(
    "a backend that comes back is not flooded, however many workers there are",
    arguments: balanced, [1, 16])
  func noHerd(kind: StrategyKind, workers: Int) {
    var backends = Self.alike(10)
    backends[9].downFrom = Self.second / 2
    backends[9].downUntil = Self.second
    for slowStart in [0, 2 * Self.second] {
      let outcome = Self.run(kind, backends, seconds: 5) {
        $0.workers = workers
        $0.slowStart = slowStart
      }
      let others = outcome.mostInFlight.dropLast().max() ?? 0
      #expect(outcome.mostInFlight[9] <= others + 4)
      #expect(outcome.share(of: 9, from: Self.second / 2, to: Self.second) == 0)
      // The first tenth of a second: no more than its part, and some more for being empty.
      let first = outcome.share(
        of: 9, from: Self.second, to: Self.second + Self.second / 10)
      #expect(first < (slowStart > 0 ? 0.05 : 0.2))
      // In the end it has its part again.
      let last = outcome.share(of: 9, from: 3 * Self.second)
      #expect(abs(last - 0.1) < 0.03)
    }
  }

  @Test("slow start grows in a straight line", arguments: [StrategyKind.roundRobin, .random])
  func ramp(kind: StrategyKind) {
    var backends = Self.alike(5)
    backends[4].downFrom = Self.second
    backends[4].downUntil = 2 * Self.second
    let outcome = Self.run(kind, backends, seconds: 8) { $0.slowStart = 5 * Self.second }
    for tenth in [1, 3, 5, 7, 9] as [UInt64] {
      let from = 2 * Self.second + (tenth - 1) * Self.second / 2 + Self.second / 4
      let share = outcome.share(of: 4, from: from, to: from + Self.second / 2)
      let ramp = Double(tenth) / 10
      #expect(abs(share - ramp / (4 + ramp)) < (kind == .random ? 0.06 : 0.03))
    }
  }

  @Test("nobody starves, whatever the load", arguments: balanced, [0.02, 0.9])
  func starvation(kind: StrategyKind, utilisation: Double) {
    let backends = (0..<12).map { Backend(weight: UInt32($0 % 3 + 1)) }
    let outcome = Self.run(kind, backends) { $0.utilisation = utilisation }
    #expect(!outcome.counts.contains(0))
  }

  @Test("a pool that hashes spreads random keys, and loses none while a backend is out")
  func hashing() {
    var backends = Self.alike(10)
    backends[3].downFrom = Self.second
    backends[3].downUntil = 2 * Self.second
    let outcome = Self.run(.hash, backends)
    #expect(outcome.refused == 0)
    #expect(outcome.share(of: 3, from: Self.second, to: 2 * Self.second) == 0)
    #expect(abs(outcome.share(of: 3, from: 2 * Self.second) - 0.1) < 0.03)
  }
}
