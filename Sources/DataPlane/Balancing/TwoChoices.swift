/// The less busy of two that are drawn by weight: nearly as good as looking at all, in O(1)
/// (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001).
///
/// Busy is requests in flight, over all workers, for the weight. Workers that choose at the same
/// moment draw different pairs, so an idle backend is not overrun by all of them. One that starts
/// slowly is drawn less often, and its requests count for more.
struct TwoChoices: Sendable {
  private var pair = PairDraw()

  mutating func prepare(_ candidates: Span<Candidate>) { pair.prepare(candidates) }

  @inline(__always)
  func choose(
    _ candidates: borrowing Span<Candidate>, _ context: borrowing ChoiceContext,
    _ random: inout RandomSource
  ) -> Int? {
    guard let (first, second) = pair.choose(candidates, context, &random) else { return nil }
    // Equally busy: the first, so that shares follow the weights.
    let left = candidates[second].requests &* candidates[first].effectiveWeight
    let right = candidates[first].requests &* candidates[second].effectiveWeight
    return left < right ? second : first
  }
}

/// Two different backends, drawn by weight.
struct PairDraw: Sendable {
  private var draw = WeightedDraw()

  mutating func prepare(_ candidates: Span<Candidate>) { draw.prepare(candidates) }

  /// Nil when nobody may be chosen; twice the same where there is no second.
  @inline(__always)
  func choose(
    _ candidates: borrowing Span<Candidate>, _ context: borrowing ChoiceContext,
    _ random: inout RandomSource
  ) -> (first: Int, second: Int)? {
    guard let first = draw.draw(candidates, context, &random) else { return nil }
    return (first, second(than: first, candidates, context, &random) ?? first)
  }

  /// Nil when none was found: there is none, or its weight is so small beside the first's that a
  /// few draws did not meet it; then the first is right by weight anyhow.
  @inline(__always)
  private func second(
    than first: Int, _ candidates: borrowing Span<Candidate>,
    _ context: borrowing ChoiceContext,
    _ random: inout RandomSource
  ) -> Int? {
    let count = candidates.count
    guard count > 1 else { return nil }
    if draw.isEven, context.tried.count == 0 {
      let step = Int(((random.next() >> 32) &* UInt64(truncatingIfNeeded: count &- 1)) >> 32)
      let next = first &+ 1 &+ step
      let second = next < count ? next : next &- count
      if context.allows(candidates[second]) { return second }
    }
    for _ in 0..<8 {
      let second = draw.draw(&random)
      if second != first, context.allows(candidates[second]) { return second }
    }
    return nil
  }
}
