import Foundation
import Testing

@testable import DataPlane

/// The tables of docs/balancing.md: every strategy on the same seeded scenarios. With
/// `UPDATE_DOCS=1` they are written; without it the file must have them.
struct BalancingDocumentTests {
  private static let file = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../../docs/balancing.md").standardized
  private static let begin = "<!-- simulated: begin (UPDATE_DOCS=1) -->\n"
  private static let end = "<!-- simulated: end -->"
  private static let second: UInt64 = 1_000_000_000

  private static let names: [(StrategyKind, String)] = [
    (.roundRobin, "round_robin"), (.weightedRoundRobin, "weighted_round_robin"),
    (.random, "random"), (.leastConnections, "least_connections"),
    (.twoChoices, "two_choices"), (.peakEWMA, "peak_ewma"), (.hash, "hash, random keys"),
  ]

  @Test func tablesAreThoseOfTheSimulator() throws {
    let text = try String(contentsOf: Self.file, encoding: .utf8)
    let parts = text.components(separatedBy: Self.begin)
    try #require(parts.count == 2, "docs/balancing.md lacks its marks")
    let rest = parts[1].components(separatedBy: Self.end)
    try #require(rest.count == 2, "docs/balancing.md lacks its marks")
    let tables = Self.tables()
    if ProcessInfo.processInfo.environment["UPDATE_DOCS"] != nil {
      try (parts[0] + Self.begin + tables + Self.end + rest[1])
        .write(to: Self.file, atomically: true, encoding: .utf8)
    } else {
      #expect(rest[0] == tables, "run UPDATE_DOCS=1 swift test --filter BalancingDocument")
    }
  }

  private static func tables() -> String {
    var text = "\n### Ten backends that are alike\n\n"
    text += header(["unfairness %", "p50 ms", "p99 ms", "p99.9 ms"])
    for (kind, name) in names {
      let outcome = run(kind, SimulationTests.alike(10))
      let unfairness = outcome.unfairness([UInt32](repeating: 1, count: 10))
      text += row(name, [unfairness] + latencies(outcome))
    }
    text += "\n### Ten backends, one of them ten times slower\n\n"
    text += header(["its share %", "p50 ms", "p99 ms", "p99.9 ms"])
    for (kind, name) in names {
      let outcome = run(kind, SimulationTests.oneSlow(10))
      text += row(name, [100 * outcome.share(of: 9)] + latencies(outcome))
    }
    text += "\n### Ten backends, one of them fails half of its requests at once\n\n"
    text += header(["its share %"])
    for (kind, name) in names {
      var backends = SimulationTests.alike(10)
      backends[9].failures = 50
      text += row(name, [100 * run(kind, backends).share(of: 9)])
    }
    return text + recovery()
  }

  private static func recovery() -> String {
    var text = "\n### One of ten comes back after a second\n\n"
    text += header([
      "share in the first 0.1 s %", "with `slow_start: 2s`", "most in flight there", "elsewhere",
    ])
    for (kind, name) in names {
      var backends = SimulationTests.alike(10)
      backends[9].downFrom = second
      backends[9].downUntil = 2 * second
      let plain = run(kind, backends)
      let slow = run(kind, backends, slowStart: 2 * second)
      let to = 2 * second + second / 10
      text += row(
        name,
        [
          100 * plain.share(of: 9, from: 2 * second, to: to),
          100 * slow.share(of: 9, from: 2 * second, to: to), Double(plain.mostInFlight[9]),
          Double(plain.mostInFlight.dropLast().max() ?? 0),
        ])
    }
    return text + "\n"
  }

  private static func run(
    _ kind: StrategyKind, _ backends: [Simulation.Backend], slowStart: UInt64 = 0
  ) -> Simulation.Outcome {
    var simulation = Simulation(kind, backends)
    simulation.duration = 5 * second
    simulation.service = .lognormal
    simulation.slowStart = slowStart
    return simulation.run()
  }

  private static func latencies(_ outcome: Simulation.Outcome) -> [Double] {
    [0.5, 0.99, 0.999].map { outcome.percentile($0) }
  }

  private static func header(_ columns: [String]) -> String {
    "| strategy | " + columns.joined(separator: " | ") + " |\n|---|"
      + columns.map { _ in "---|" }.joined() + "\n"
  }

  private static func row(_ name: String, _ values: [Double]) -> String {
    let cells = values.map { "\(($0 * 10).rounded() / 10)" }
    return "| " + ([name] + cells).joined(separator: " | ") + " |\n"
  }
}
