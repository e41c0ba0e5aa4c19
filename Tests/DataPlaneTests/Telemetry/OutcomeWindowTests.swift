import Testing

@testable import DataPlane

/// The sliding window that breakers and retry budgets read.
struct OutcomeWindowTests {
  private static let length: Instant = 10_000_000_000
  private static let second: Instant = 1_000_000_000

  private static func totals(_ rows: [CounterRow], at now: Instant) -> WindowTotals {
    var totals = WindowTotals()
    for row in rows { row.addWindow(at: now, window: length, to: &totals) }
    return totals
  }

  @Test("what came within the window is counted, by its outcome")
  func counts() {
    let row = CounterBank()[0]
    let start = 1000 * Self.second
    for index in 0..<20 {
      row.record(
        at: start + Instant(index) * Self.second / 10, window: Self.length,
        failed: index % 4 == 0, slow: index % 5 == 0)
    }
    let found = Self.totals([row], at: start + 2 * Self.second)
    #expect(found.total == 20 && found.failed == 5 && found.slow == 4)
  }

  @Test("what is older than the window is forgotten, bucket by bucket")
  func forgets() {
    let row = CounterBank()[0]
    let start = 1000 * Self.second
    for index in 0..<10 {
      row.record(at: start + Instant(index) * Self.second, window: Self.length, failed: true)
    }
    for later in 0..<25 {
      let found = Self.totals([row], at: start + (9 + Instant(later)) * Self.second)
      #expect(found.total == UInt64(max(0, 10 - later)))
      #expect(found.failed == found.total)
    }
  }

  @Test("workers are summed, and other counters of the row are not touched")
  func sums() {
    let rows = (0..<3).map { _ in CounterBank()[0] }
    for row in rows {
      row.add(.started, 7)
      row.record(at: 5 * Self.second, window: Self.length, failed: true)
    }
    #expect(Self.totals(rows, at: 5 * Self.second).failed == 3)
    #expect(rows.allSatisfy { $0.load(.started) == 7 && $0.load(.finished) == 0 })
  }

  @Test("clearing forgets all")
  func clears() {
    let row = CounterBank()[0]
    row.record(at: 5 * Self.second, window: Self.length)
    row.clearWindow()
    #expect(Self.totals([row], at: 5 * Self.second) == WindowTotals())
  }
}
