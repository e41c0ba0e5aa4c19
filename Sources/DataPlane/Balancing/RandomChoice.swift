/// Any, by weight: needs no memory of what went before, so workers cannot march in step. O(1).
struct RandomChoice: Sendable {
  private var draw = WeightedDraw()

  mutating func prepare(_ candidates: Span<Candidate>) { draw.prepare(candidates) }

  @inline(__always)
  func choose(
    _ candidates: borrowing Span<Candidate>, _ context: borrowing ChoiceContext,
    _ random: inout RandomSource
  ) -> Int? {
    draw.draw(candidates, context, &random)
  }
}
