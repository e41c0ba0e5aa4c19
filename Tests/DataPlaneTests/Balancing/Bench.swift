@testable import DataPlane

/// A pool on a table: candidates whose loads a test sets, and one strategy that chooses.
struct Bench {
  let shared = SharedState()
  var candidates: [Candidate] = []
  var strategy: Strategy
  var random: RandomSource
  var context = ChoiceContext()

  init(
    _ kind: StrategyKind, weights: [UInt32], shares: [UInt32] = [], start: UInt64 = 0,
    seed: UInt64 = 1
  ) {
    strategy = Strategy(kind, start: start)
    random = RandomSource(seed: seed)
    context.now = 1_000_000_000_000
    for (index, weight) in weights.enumerated() {
      shared.reserveBackend(UInt32(index))
      let share = index < shares.count ? shares[index] : Candidate.fullShare
      candidates.append(
        Candidate(
          index: UInt32(index), weight: weight, share: share,
          load: shared.backend(UInt32(index)).load))
    }
    let list = candidates
    strategy.prepare(list.span)
  }

  mutating func choose() -> Int? {
    let list = candidates
    let context = context
    return strategy.choose(list.span, context, random: &random)
  }

  /// Chooses and keeps the request in flight.
  mutating func begin() -> Int? {
    let choice = choose()
    if let choice { shared.backend(UInt32(choice)).begin() }
    return choice
  }

  func begin(_ index: Int, _ count: Int = 1) {
    for _ in 0..<count { shared.backend(UInt32(index)).begin() }
  }

  func end(_ index: Int) { shared.backend(UInt32(index)).end() }

  func inFlight(_ index: Int) -> Int { Int(candidates[index].load.inFlight) }

  /// How often each was chosen, with nothing in flight.
  mutating func counts(_ choices: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: candidates.count)
    for _ in 0..<choices { if let choice = choose() { counts[choice] += 1 } }
    return counts
  }
}
