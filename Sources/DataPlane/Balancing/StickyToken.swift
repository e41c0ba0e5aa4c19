/// What names a backend in a sticky cookie: 24 characters of base64url (RFC 4648 section 5), which
/// are 18 bytes of a keyed hash over the pool's name and the backend's address.
///
/// It says nothing of the backend, and nobody makes one without the key. The control plane makes
/// the token of each backend when it builds a snapshot; checking one is to find it among those, so
/// the data plane needs neither key nor hash.
package struct StickyToken: BitwiseCopyable, Sendable, Equatable, Comparable {
  /// Of every token, in characters.
  package static var length: Int { 24 }

  private let first: UInt64
  private let second: UInt64
  private let third: UInt64

  /// - Returns: nil when the text has another length.
  package init?(_ text: [UInt8]) { self.init(text.span, 0, text.count) }

  /// `bytes[at..<at + count]`, which are compared as they are: what is not the exact text of a
  /// token equals none.
  init?(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) {
    guard count == StickyToken.length, at >= 0, at <= bytes.count &- count else { return nil }
    first = StickyToken.word(bytes, at)
    second = StickyToken.word(bytes, at &+ 8)
    third = StickyToken.word(bytes, at &+ 16)
  }

  private static func word(_ bytes: borrowing Bytes, _ at: Int) -> UInt64 {
    var word: UInt64 = 0
    for index in 0..<8 { word = word << 8 | UInt64(bytes[at &+ index]) }
    return word
  }

  /// One of the characters, 0..<length.
  func character(_ index: Int) -> UInt8 {
    let word = index < 8 ? first : index < 16 ? second : third
    return UInt8(truncatingIfNeeded: word >> UInt64((7 &- index & 7) &* 8))
  }

  package static func < (left: StickyToken, right: StickyToken) -> Bool {
    if left.first != right.first { return left.first < right.first }
    if left.second != right.second { return left.second < right.second }
    return left.third < right.third
  }
}

extension BackendStatus {
  /// Whether requests that are bound to it still go there: also when it is drained, by weight or
  /// by the operator; never in maintenance, when checks fail, or while its breaker is not closed.
  package var keepsSessions: Bool {
    operatorState != .maintenance && health == .up && breaker == .closed
  }
}

extension StickyToken: CustomStringConvertible {
  package var description: String {
    String(decoding: (0..<StickyToken.length).map { character($0) }, as: UTF8.self)
  }
}
