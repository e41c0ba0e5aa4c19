/// An entity tag (RFC 9110 section 8.8.3), as positions of what is between its quotes.
package struct EntityTag: BitwiseCopyable, Sendable {
  package let isWeak: Bool
  let at: Int
  let count: Int

  private init(isWeak: Bool, at: Int, count: Int) {
    self.isWeak = isWeak
    self.at = at
    self.count = count
  }

  /// A field's whole value; nil when it is not one tag.
  package init?(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) {
    var index = at
    guard let tag = EntityTag.read(bytes, &index, at &+ count), index == at &+ count else {
      return nil
    }
    self = tag
  }

  /// The tag at `index`, which moves behind it.
  static func read(_ bytes: borrowing Bytes, _ index: inout Int, _ end: Int) -> EntityTag? {
    var start = index
    // `W` is case-sensitive.
    let isWeak = start &+ 1 < end && bytes[start] == 0x57 && bytes[start &+ 1] == 0x2f
    if isWeak { start &+= 2 }
    guard start < end, bytes[start] == 0x22 else { return nil }
    start &+= 1
    var close = start
    while close < end, bytes[close] != 0x22 {
      guard bytes[close] > 0x20, bytes[close] != 0x7f else { return nil }
      close &+= 1
    }
    guard close < end else { return nil }
    index = close &+ 1
    return EntityTag(isWeak: isWeak, at: start, count: close &- start)
  }

  /// Weak comparison (RFC 9110 section 8.8.3.2): the same text.
  func isSameText(
    _ bytes: borrowing Bytes, _ other: EntityTag, _ others: borrowing Bytes
  ) -> Bool {
    guard count == other.count else { return false }
    for index in 0..<count where bytes[at &+ index] != others[other.at &+ index] { return false }
    return true
  }

  /// Strong comparison: the same text, and neither is weak.
  func isStronglySame(
    _ bytes: borrowing Bytes, _ other: EntityTag, _ others: borrowing Bytes
  ) -> Bool {
    !isWeak && !other.isWeak && isSameText(bytes, other, others)
  }
}
