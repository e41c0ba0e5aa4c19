/// A set of statuses, 100...599: a bit for each.
package struct StatusSet: Equatable, BitwiseCopyable, Sendable {
  private static var allowed: ClosedRange<Int> { 100...599 }
  private var words = InlineArray<8, UInt64>(repeating: 0)

  /// What is outside of 100...599 is left out.
  package init(_ ranges: [ClosedRange<Int>]) {
    for range in ranges where range.overlaps(StatusSet.allowed) {
      for status in range.clamped(to: StatusSet.allowed) {
        let bit = status - StatusSet.allowed.lowerBound
        words[bit / 64] |= 1 << UInt64(bit % 64)
      }
    }
  }

  @inline(__always) package func contains(_ status: Int) -> Bool {
    guard StatusSet.allowed.contains(status) else { return false }
    let bit = status &- StatusSet.allowed.lowerBound
    return words[bit / 64] >> UInt64(bit % 64) & 1 != 0
  }

  package static func == (left: StatusSet, right: StatusSet) -> Bool {
    left.words.indices.allSatisfy { left.words[$0] == right.words[$0] }
  }
}
