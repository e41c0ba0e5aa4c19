import Foundation
import Testing

@testable import DataPlane

/// The tables of docs/cache.md that show how the eviction was chosen: every candidate on the same
/// seeded traces. With `UPDATE_DOCS=1` they are written; without it the file must have them.
struct CacheDocumentTests {
  private static let file = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../../docs/cache.md").standardized
  private static let begin = "<!-- eviction: begin (UPDATE_DOCS=1) -->\n"
  private static let end = "<!-- eviction: end -->"
  private static let requests = 30_000

  @Test func tablesAreThoseOfTheSimulator() throws {
    let text = try String(contentsOf: Self.file, encoding: .utf8)
    let parts = text.components(separatedBy: Self.begin)
    try #require(parts.count == 2, "docs/cache.md lacks its marks")
    let rest = parts[1].components(separatedBy: Self.end)
    try #require(rest.count == 2, "docs/cache.md lacks its marks")
    let tables = Self.tables()
    if ProcessInfo.processInfo.environment["UPDATE_DOCS"] != nil {
      try (parts[0] + Self.begin + tables + Self.end + rest[1])
        .write(to: Self.file, atomically: true, encoding: .utf8)
    } else {
      #expect(rest[0] == tables, "run UPDATE_DOCS=1 swift test --filter CacheDocument")
    }
  }

  private static func tables() -> String {
    let traces = Trace.all(requests: requests)
    return [1, 10].map { table(traces, percent: $0) }.joined() + "\n"
  }

  private static func table(_ traces: [Trace], percent: Int) -> String {
    var text = "\n### Cache of \(percent) % of all bytes\n\n| policy |"
    for trace in traces { text += " \(trace.name) |" + (trace.isSized ? " bytes |" : "") }
    text += "\n|---|" + traces.map { $0.isSized ? "---|---|" : "---|" }.joined() + "\n"
    let policies: [(String, (Trace, Int) -> CacheSimulation.Ratios)] = [
      ("best possible", best),
      ("**Headrace**", { CacheSimulation.run(EvictionQueue.self, $0, capacity: $1) }),
      ("S3-FIFO as published", { CacheSimulation.run(S3FIFO.self, $0, capacity: $1) }),
      ("SIEVE", { CacheSimulation.run(Sieve.self, $0, capacity: $1) }),
      ("W-TinyLFU", { CacheSimulation.run(TinyLFU.self, $0, capacity: $1) }),
      ("LRU", { CacheSimulation.run(LRU.self, $0, capacity: $1) }),
    ]
    for (name, run) in policies {
      text += "| \(name) |"
      for trace in traces {
        let ratios = run(trace, trace.footprint.bytes * percent / 100)
        text += " \(cell(ratios.objects)) |"
        if trace.isSized { text += " \(cell(ratios.bytes)) |" }
      }
      text += "\n"
    }
    return text
  }

  private static func best(_ trace: Trace, _ capacity: Int) -> CacheSimulation.Ratios {
    guard !trace.isSized else { return CacheSimulation.bound(trace, capacity: capacity) }
    return .init(objects: CacheSimulation.optimum(trace, capacity: capacity))
  }

  private static func cell(_ ratio: Double) -> String { "\((ratio * 1_000).rounded() / 10)" }
}
