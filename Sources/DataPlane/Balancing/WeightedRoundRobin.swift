/// Smooth weighted round-robin, as nginx does it since 1.3.1 (Maxim Dounin's commit 52327e0):
/// 5:1:1 gives a a b a c a a, not a a a a a b c.
///
/// Each backend gains its weight every turn; the richest is chosen and pays the total.
package struct WeightedRoundRobin: Sendable {
  private var credit: [Int64] = []

  package init() {}

  package mutating func choose(
    _ candidates: borrowing Span<Candidate>, _ context: borrowing ChoiceContext
  ) -> Int? {
    if credit.count != candidates.count {
      credit = [Int64](repeating: 0, count: candidates.count)
    }
    var total: Int64 = 0
    var best = -1
    for index in 0..<candidates.count {
      if !context.allows(candidates[index]) { continue }
      let weight = Int64(candidates[index].weight)
      credit[index] += weight
      total += weight
      if best < 0 || credit[index] > credit[best] { best = index }
    }
    guard best >= 0 else { return nil }
    credit[best] -= total
    return best
  }
}
