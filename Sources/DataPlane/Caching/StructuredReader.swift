/// Reads a dictionary of structured fields (RFC 9651 section 4.2.2) member by member, strictly.
///
/// All lines of the field are read as one, joined by a comma and a space (section 4.2), without
/// copying. Members are reported in their order; of a key that comes again the last counts, which
/// is the caller's to do. Parameters are checked and passed over.
package struct StructuredReader: BitwiseCopyable {
  /// A member: what a cache directive can be, or anything else.
  package enum Value: Equatable, Sendable, BitwiseCopyable {
    case boolean(Bool)
    case integer(Int64)
    /// Where it is, without its quotes, with its escapes.
    case string(at: Int, count: Int)
    /// A string that runs on in another line, a token, a decimal, a date, bytes, a list.
    case other
  }

  package enum Step: Equatable, Sendable, BitwiseCopyable {
    case member(Value)
    case end
    /// The whole field is to be ignored.
    case failed
  }

  /// The longest key that is told apart from others.
  static var keyMax: Int { 24 }

  /// Of the last member, cut at `keyMax`, and its whole length.
  private(set) var key = InlineArray<24, UInt8>(repeating: 0)
  private(set) var keyCount = 0

  private var lines: FieldLines
  private let origin: Int
  /// The next byte, or -1 at the end; bytes of the comma between lines have no place of their own.
  private var byte: Int16 = -1
  private var index = 0
  private var lineEnd = 0
  private var following = -1
  /// Bytes of ", " that are still to come.
  private var joint = 0
  private var lineNumber = 0
  private var isFirst = true

  package init(
    first: Int16, isRepeated: Bool, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    _ origin: Int
  ) {
    lines = FieldLines(first: first, isRepeated: isRepeated)
    self.origin = origin
    let line = lines.next(&head, bytes, origin)
    following = lines.next(&head, bytes, origin)
    open(line, &head)
    load(&head, bytes)
    skipSpaces(&head, bytes)
  }

  package mutating func next(_ head: inout MessageHead, _ bytes: borrowing Bytes) -> Step {
    if isFirst {
      isFirst = false
      if byte < 0 { return .end }
    } else {
      skipBlanks(&head, bytes)
      if byte < 0 { return .end }
      guard byte == 0x2c else { return .failed }
      advance(&head, bytes)
      skipBlanks(&head, bytes)
      // A comma at the end.
      if byte < 0 { return .failed }
    }
    guard readKey(&head, bytes, keeping: true) else { return .failed }
    var value = Value.boolean(true)
    if byte == 0x3d {
      advance(&head, bytes)
      guard let read = readMember(&head, bytes) else { return .failed }
      value = read
    }
    guard skipParameters(&head, bytes) else { return .failed }
    return .member(value)
  }

  // MARK: Members

  private mutating func readMember(
    _ head: inout MessageHead, _ bytes: borrowing Bytes
  ) -> Value? {
    guard byte == 0x28 else { return readItem(&head, bytes) }
    advance(&head, bytes)
    while true {
      skipSpaces(&head, bytes)
      if byte == 0x29 {
        advance(&head, bytes)
        return .other
      }
      guard readItem(&head, bytes) != nil, skipParameters(&head, bytes),
        byte == 0x20 || byte == 0x29
      else { return nil }
    }
  }

  private mutating func skipParameters(
    _ head: inout MessageHead, _ bytes: borrowing Bytes
  ) -> Bool {
    while byte == 0x3b {
      advance(&head, bytes)
      skipSpaces(&head, bytes)
      guard readKey(&head, bytes, keeping: false) else { return false }
      if byte == 0x3d {
        advance(&head, bytes)
        guard readItem(&head, bytes) != nil else { return false }
      }
    }
    return true
  }

  /// `lcalpha` or `*`, then also digits, `_`, `-`, `.`.
  private mutating func readKey(
    _ head: inout MessageHead, _ bytes: borrowing Bytes, keeping: Bool
  ) -> Bool {
    guard isLower(byte) || byte == 0x2a else { return false }
    if keeping { keyCount = 0 }
    while isLower(byte) || isDigit(byte) || byte == 0x5f || byte == 0x2d || byte == 0x2e
      || byte == 0x2a
    {
      if keeping {
        if keyCount < StructuredReader.keyMax { key[keyCount] = UInt8(truncatingIfNeeded: byte) }
        keyCount &+= 1
      }
      advance(&head, bytes)
    }
    return true
  }

  package func isKey(_ text: StaticString) -> Bool {
    guard keyCount == text.utf8CodeUnitCount, keyCount <= StructuredReader.keyMax else {
      return false
    }
    for index in 0..<keyCount where key[index] != text.byte(index) { return false }
    return true
  }

  // MARK: Bare items (RFC 9651 section 4.2.3.1)

  private mutating func readItem(_ head: inout MessageHead, _ bytes: borrowing Bytes) -> Value? {
    if byte == 0x2d || isDigit(byte) { return readNumber(&head, bytes) }
    if byte == 0x22 { return readString(&head, bytes) }
    if byte == 0x2a || isLetter(byte) { return readToken(&head, bytes) }
    switch byte {
    case 0x3a: return readBytes(&head, bytes)
    case 0x3f:
      advance(&head, bytes)
      guard byte == 0x30 || byte == 0x31 else { return nil }
      let isTrue = byte == 0x31
      advance(&head, bytes)
      return .boolean(isTrue)
    case 0x40:
      advance(&head, bytes)
      guard byte == 0x2d || isDigit(byte), case .integer = readNumber(&head, bytes) else {
        return nil
      }
      return .other
    case 0x25: return readDisplayString(&head, bytes)
    default: return nil
    }
  }

  /// An integer of up to 15 digits, or a decimal of up to 12 and 3.
  private mutating func readNumber(
    _ head: inout MessageHead, _ bytes: borrowing Bytes
  ) -> Value? {
    let isNegative = byte == 0x2d
    if isNegative { advance(&head, bytes) }
    guard isDigit(byte) else { return nil }
    var value: Int64 = 0
    var digits = 0
    while isDigit(byte) {
      digits &+= 1
      guard digits <= 15 else { return nil }
      value = value &* 10 &+ Int64(byte &- 0x30)
      advance(&head, bytes)
    }
    guard byte == 0x2e else { return .integer(isNegative ? 0 &- value : value) }
    guard digits <= 12 else { return nil }
    advance(&head, bytes)
    var fraction = 0
    while isDigit(byte) {
      fraction &+= 1
      guard fraction <= 3 else { return nil }
      advance(&head, bytes)
    }
    return fraction > 0 ? .other : nil
  }

  private mutating func readString(
    _ head: inout MessageHead, _ bytes: borrowing Bytes
  ) -> Value? {
    advance(&head, bytes)
    let (line, at) = (lineNumber, index)
    while byte >= 0x20, byte < 0x7f {
      if byte == 0x22 {
        let value: Value =
          line == lineNumber && joint == 0 ? .string(at: at, count: index &- at) : .other
        advance(&head, bytes)
        return value
      }
      if byte == 0x5c {
        advance(&head, bytes)
        guard byte == 0x22 || byte == 0x5c else { return nil }
      }
      advance(&head, bytes)
    }
    return nil
  }

  private mutating func readToken(
    _ head: inout MessageHead, _ bytes: borrowing Bytes
  ) -> Value? {
    while byte >= 0,
      ByteClass.isToken(UInt8(truncatingIfNeeded: byte)) || byte == 0x3a || byte == 0x2f
    {
      advance(&head, bytes)
    }
    return .other
  }

  /// Base64 between colons; padding is not insisted on (RFC 9651 section 4.2.7).
  private mutating func readBytes(
    _ head: inout MessageHead, _ bytes: borrowing Bytes
  ) -> Value? {
    advance(&head, bytes)
    while isLetter(byte) || isDigit(byte) || byte == 0x2b || byte == 0x2f || byte == 0x3d {
      advance(&head, bytes)
    }
    guard byte == 0x3a else { return nil }
    advance(&head, bytes)
    return .other
  }

  /// `%"…"` with lower-case percent-escapes (RFC 9651 section 4.2.10). Whether they are UTF-8 is
  /// not looked at: no directive takes one.
  private mutating func readDisplayString(
    _ head: inout MessageHead, _ bytes: borrowing Bytes
  ) -> Value? {
    advance(&head, bytes)
    guard byte == 0x22 else { return nil }
    advance(&head, bytes)
    while byte >= 0x20, byte < 0x7f {
      if byte == 0x22 {
        advance(&head, bytes)
        return .other
      }
      if byte == 0x25 {
        for _ in 0..<2 {
          advance(&head, bytes)
          guard isDigit(byte) || byte >= 0x61 && byte <= 0x66 else { return nil }
        }
      }
      advance(&head, bytes)
    }
    return nil
  }

  // MARK: Bytes

  private mutating func open(_ line: Int, _ head: inout MessageHead) {
    guard line >= 0 else { return }
    index = origin &+ Int(head.fields[line].value)
    lineEnd = index &+ Int(head.fields[line].valueLength)
  }

  private mutating func load(_ head: inout MessageHead, _ bytes: borrowing Bytes) {
    if joint > 0 {
      byte = joint == 2 ? 0x2c : 0x20
    } else if index < lineEnd {
      byte = Int16(bytes[index])
    } else if following >= 0 {
      joint = 2
      byte = 0x2c
    } else {
      byte = -1
    }
  }

  private mutating func advance(_ head: inout MessageHead, _ bytes: borrowing Bytes) {
    if joint == 2 {
      joint = 1
    } else if joint == 1 {
      joint = 0
      let line = following
      following = lines.next(&head, bytes, origin)
      lineNumber &+= 1
      open(line, &head)
    } else {
      index &+= 1
    }
    load(&head, bytes)
  }

  private mutating func skipSpaces(_ head: inout MessageHead, _ bytes: borrowing Bytes) {
    while byte == 0x20 { advance(&head, bytes) }
  }

  private mutating func skipBlanks(_ head: inout MessageHead, _ bytes: borrowing Bytes) {
    while byte == 0x20 || byte == 0x09 { advance(&head, bytes) }
  }

  @inline(__always) private func isLower(_ byte: Int16) -> Bool { byte >= 0x61 && byte <= 0x7a }
  @inline(__always) private func isDigit(_ byte: Int16) -> Bool { byte >= 0x30 && byte <= 0x39 }
  @inline(__always) private func isLetter(_ byte: Int16) -> Bool {
    isLower(byte | 0x20) && byte > 0
  }
}
