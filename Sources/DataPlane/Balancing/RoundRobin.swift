/// One after the other. Workers start at different places, so that they do not march in step.
///
/// While some backends start slowly, turns are dealt out by share, evenly spread.
package struct RoundRobin: Sendable {
  private var next: UInt64
  private var byShare: WeightedRoundRobin
  private var isEven = true

  package init(start: UInt64) {
    next = start
    byShare = WeightedRoundRobin(start: start)
  }

  mutating func prepare(_ candidates: Span<Candidate>) {
    isEven = true
    for index in 0..<candidates.count where candidates[index].share != candidates[0].share {
      isEven = false
    }
    if !isEven { byShare.prepare(candidates) { UInt64($0.share) } }
  }

  package mutating func choose(
    _ candidates: borrowing Span<Candidate>, _ context: borrowing ChoiceContext
  ) -> Int? {
    isEven ? chooseNext(candidates, context) : byShare.choose(candidates, context)
  }

  private mutating func chooseNext(
    _ candidates: borrowing Span<Candidate>, _ context: borrowing ChoiceContext
  ) -> Int? {
    let count = UInt64(candidates.count)
    guard count > 0 else { return nil }
    if next >= count { next %= count }
    for _ in 0..<count {
      let index = Int(next)
      next &+= 1
      if next == count { next = 0 }
      if context.allows(candidates[index]) { return index }
    }
    return nil
  }
}
