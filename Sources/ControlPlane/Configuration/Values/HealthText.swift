/// The target of a health check: a path as it goes over the wire, with a query or without.
enum RequestPathText {
  private static let bytesMax = 2048

  static func parse(_ text: String) throws(Refusal) -> String {
    guard text.hasPrefix("/") else {
      throw Refusal("must be a path such as /health, not \(quoted(text))")
    }
    guard text.utf8.count <= bytesMax else {
      throw Refusal("must have at most \(bytesMax) bytes, not \(text.utf8.count)")
    }
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw Refusal("must be without blanks, write them and others as %20, not \(quoted(text))")
    }
    guard !text.utf8.contains(UInt8(ascii: "#")) else {
      throw Refusal("must be without \"#\", which is not sent, not \(quoted(text))")
    }
    return text
  }
}

/// `200` or `200-299`.
enum StatusesText {
  static func parse(_ text: String) throws(Refusal) -> ClosedRange<Int> {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { IntegerText.digits($0) }
    guard (1...2).contains(parts.count), numbers.count == parts.count, let low = numbers.first,
      let high = numbers.last
    else {
      throw Refusal("must be a status such as 200 or a range such as 200-299, not \(quoted(text))")
    }
    guard (200...599).contains(low), (200...599).contains(high) else {
      throw Refusal("must be 200 to 599, not \(quoted(text))")
    }
    guard low <= high else { throw Refusal("must begin with the lower one, not \(quoted(text))") }
    return low...high
  }

  static func format(_ range: ClosedRange<Int>) -> String {
    range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
  }
}
