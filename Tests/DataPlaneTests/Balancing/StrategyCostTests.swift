import DataPlane
import Testing

/// A choice among 1,000 costs little more than one among 10. `Benchmarks/Balancing` shows the
/// nanoseconds of a release build.
@Suite("Strategies: cost", .serialized) struct StrategyCostTests {
  /// A walk over all would be a hundred times dearer. Trees and heaps are ten levels deep, and
  /// small pools are scanned, so a factor of ten has room for both.
  @Test(
    "1,000 backends cost at most ten times what 10 cost",
    arguments: StrategyKind.allCases)
  func ratio(kind: StrategyKind) {
    // The machine is shared: the best of several attempts counts.
    var best = Double.infinity
    for _ in 0..<10 where best > 10 {
      best = min(best, measure(kind, 1_000) / measure(kind, 10))
    }
    #expect(best <= 10)
  }

  private func measure(_ kind: StrategyKind, _ count: Int) -> Double {
    let shared = SharedState()
    let candidates = (0..<count).map { index in
      shared.reserveBackend(UInt32(index))
      return Candidate(
        index: UInt32(index), weight: UInt32(index % 3 + 1),
        load: shared.backend(UInt32(index)).load)
    }
    var strategy = Strategy(kind, start: 0)
    var random = RandomSource(seed: 1)
    strategy.prepare(candidates.span)
    let context = ChoiceContext()
    var best = Double.infinity
    for _ in 0..<8 {
      let start = Clock.now()
      for _ in 0..<300 {
        if let choice = strategy.choose(candidates.span, context, random: &random) {
          shared.backend(UInt32(choice)).begin()
        }
      }
      best = min(best, Double(Clock.now() - start))
    }
    return best
  }
}
