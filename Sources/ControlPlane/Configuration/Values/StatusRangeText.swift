/// Statuses of answers: `503`, `500-599`.
enum StatusRangeText {
  static let allowed = 200...599

  static func parse(_ text: String) throws(Refusal) -> ClosedRange<Int> {
    let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    let numbers = parts.compactMap { IntegerText.digits($0) }
    guard numbers.count == parts.count, let low = numbers.first, let high = numbers.last,
      low <= high, allowed.contains(low), allowed.contains(high)
    else {
      throw Refusal(
        "must be a status, \(allowed.lowerBound) to \(allowed.upperBound), or a range such as "
          + "500-599, not \(quoted(text))")
    }
    return low...high
  }

  static func format(_ range: ClosedRange<Int>) -> String {
    range.count == 1
      ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
  }
}
