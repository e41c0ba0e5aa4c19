/// One after the other. Workers start at different places, so that they do not march in step.
package struct RoundRobin: BitwiseCopyable, Sendable {
  private var next: UInt64

  package init(start: UInt64) { next = start }

  package mutating func choose(
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
