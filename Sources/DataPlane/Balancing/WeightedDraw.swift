/// Draws a backend by weight in O(1): the alias method of Walker (1977), built after Vose (1991).
struct WeightedDraw: Sendable {
  private struct Row: BitwiseCopyable, Sendable {
    /// Of 2^32: how often this place itself is meant.
    var threshold: UInt32
    var alias: UInt32
  }

  private var rows: [Row] = []
  /// All weights are the same.
  private(set) var isEven = true

  mutating func prepare(_ candidates: Span<Candidate>) {
    let count = candidates.count
    rows = (0..<count).map { Row(threshold: .max, alias: UInt32($0)) }
    isEven = true
    guard count > 0 else { return }
    var total = 0.0
    for index in 0..<count {
      total += Double(candidates[index].effectiveWeight)
      if candidates[index].effectiveWeight != candidates[0].effectiveWeight { isEven = false }
    }
    if isEven { return }
    var part = (0..<count).map {
      Double(candidates[$0].effectiveWeight) * Double(count) / total
    }
    var poor = (0..<count).filter { part[$0] < 1 }
    var rich = (0..<count).filter { part[$0] >= 1 }
    while let low = poor.popLast(), let high = rich.last {
      rows[low] = Row(
        threshold: UInt32(min(part[low] * 4_294_967_296, 4_294_967_295)), alias: UInt32(high))
      part[high] -= 1 - part[low]
      if part[high] < 1 {
        rich.removeLast()
        poor.append(high)
      }
    }
  }

  var count: Int { rows.count }

  /// - Precondition: there is one.
  @inline(__always)
  func draw(_ random: inout RandomSource) -> Int {
    let dice = random.next()
    let index = Int(((dice >> 32) &* UInt64(truncatingIfNeeded: rows.count)) >> 32)
    let row = rows[index]
    return UInt32(truncatingIfNeeded: dice) <= row.threshold ? index : Int(row.alias)
  }

  /// One that is allowed: drawn again a few times, then looked for exactly in O(n).
  @inline(__always)
  func draw(
    _ candidates: borrowing Span<Candidate>, _ context: borrowing ChoiceContext,
    _ random: inout RandomSource
  ) -> Int? {
    guard rows.count > 0 else { return nil }
    for _ in 0..<8 {
      let index = draw(&random)
      if context.allows(candidates[index]) { return index }
    }
    return drawExactly(candidates, context, &random)
  }

  @inline(never)
  private func drawExactly(
    _ candidates: borrowing Span<Candidate>, _ context: borrowing ChoiceContext,
    _ random: inout RandomSource
  ) -> Int? {
    var total: UInt64 = 0
    for index in 0..<candidates.count where context.allows(candidates[index]) {
      total &+= candidates[index].effectiveWeight
    }
    guard total > 0 else { return nil }
    var last: Int? = nil
    var rest = random.next() % total
    for index in 0..<candidates.count where context.allows(candidates[index]) {
      let weight = candidates[index].effectiveWeight
      if rest < weight { return index }
      rest &-= weight
      last = index
    }
    // Another worker took room between the two walks.
    return last
  }
}
