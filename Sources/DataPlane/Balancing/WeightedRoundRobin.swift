/// Each as often as its weight says, evenly spread.
///
/// Pools of up to 64: smooth weighted round-robin, as nginx does it since 1.3.1 (Maxim Dounin's
/// commit 52327e0): 5:1:1 gives a a b a c a a, not a a a a a b c. Each backend gains its weight
/// every turn; the richest is chosen and pays the total. Larger pools: `DeadlineHeap`, O(log n).
package struct WeightedRoundRobin: Sendable {
  package static var smallPool: Int { 64 }

  private var places: [UInt32] = []
  private var weights: [Int64] = []
  private var credit: [Int64] = []
  private var heap = DeadlineHeap()
  private let start: UInt64
  private var isNew = true

  package init(start: UInt64 = 0) { self.start = start }

  /// Backends that stay keep their credit; new ones begin without debts.
  mutating func prepare(_ candidates: Span<Candidate>) {
    prepare(candidates) { $0.effectiveWeight }
  }

  mutating func prepare(_ candidates: Span<Candidate>, weight: (Candidate) -> UInt64) {
    guard candidates.count <= WeightedRoundRobin.smallPool else {
      credit = []
      places = []
      heap.prepare(candidates, start: start, weight: weight)
      return
    }
    let kept = Dictionary(zip(places, credit), uniquingKeysWith: { first, _ in first })
    heap = DeadlineHeap()
    places = []
    weights = []
    credit = []
    for index in 0..<candidates.count {
      places.append(candidates[index].index)
      weights.append(Int64(weight(candidates[index])))
      credit.append(kept[candidates[index].index] ?? 0)
    }
    if isNew { skipTurns(candidates) }
    isNew = false
  }

  /// So that workers do not march in step.
  private mutating func skipTurns(_ candidates: Span<Candidate>) {
    for _ in 0..<min(start, 1024) { _ = chooseSmooth(candidates, ChoiceContext()) }
  }

  package mutating func choose(
    _ candidates: borrowing Span<Candidate>, _ context: borrowing ChoiceContext
  ) -> Int? {
    credit.isEmpty ? heap.choose(candidates, context) : chooseSmooth(candidates, context)
  }

  private mutating func chooseSmooth(
    _ candidates: borrowing Span<Candidate>, _ context: borrowing ChoiceContext
  ) -> Int? {
    var total: Int64 = 0
    var best = -1
    for index in 0..<min(candidates.count, credit.count) {
      if !context.allows(candidates[index]) { continue }
      let weight = weights[index]
      credit[index] &+= weight
      total &+= weight
      if best < 0 || credit[index] > credit[best] { best = index }
    }
    guard best >= 0 else { return nil }
    credit[best] &-= total
    return best
  }
}
