/// One directive of `Cache-Control` (RFC 9111 section 5.2): a name, perhaps with a value.
struct CacheDirective: BitwiseCopyable {
  enum Form: UInt8 {
    /// Without a value.
    case bare
    case token
    /// What is between the quotes, escapes still in it.
    case quoted
    /// Not by the grammar: the name counts, its value is not known.
    case malformed
  }

  var name = 0
  var nameCount = 0
  var value = 0
  var valueCount = 0
  var form = Form.bare
}

/// Takes the value of a `Cache-Control` line apart, directive by directive.
///
/// A comma inside quotes separates nothing. Quotes that never end do not swallow the directives
/// behind them: the opening quote then counts as a byte like any other, the directive is malformed,
/// and the next comma ends it; `isBroken` says that it happened.
struct DirectiveReader: BitwiseCopyable {
  private var index: Int
  private let end: Int
  /// Quotes were opened and not closed: nothing behind them grants anything any more.
  private(set) var isBroken = false

  init(_ at: Int, _ count: Int) {
    index = at
    end = at &+ count
  }

  /// The next directive; nil at the end. Empty list elements are passed over.
  mutating func next(_ bytes: borrowing Bytes) -> CacheDirective? {
    while index < end, DirectiveReader.isBlank(bytes[index]) || bytes[index] == 0x2c { index &+= 1 }
    guard index < end else { return nil }
    var directive = CacheDirective()
    directive.name = index
    while index < end, ByteClass.isToken(bytes[index]) { index &+= 1 }
    directive.nameCount = index &- directive.name
    if index < end, bytes[index] == 0x3d { readValue(bytes, &directive) }
    finish(bytes, &directive)
    return directive
  }

  /// At the `=`.
  private mutating func readValue(_ bytes: borrowing Bytes, _ directive: inout CacheDirective) {
    index &+= 1
    directive.value = index
    if index < end, bytes[index] == 0x22 {
      guard let close = closingQuote(bytes, index) else {
        isBroken = true
        directive.form = .malformed
        return
      }
      directive.form = .quoted
      directive.value = index &+ 1
      directive.valueCount = close &- directive.value
      index = close &+ 1
      return
    }
    while index < end, ByteClass.isToken(bytes[index]) { index &+= 1 }
    directive.valueCount = index &- directive.value
    directive.form = directive.valueCount > 0 ? .token : .malformed
  }

  /// Up to the comma: only white space may be there.
  private mutating func finish(_ bytes: borrowing Bytes, _ directive: inout CacheDirective) {
    while index < end, bytes[index] != 0x2c {
      if bytes[index] == 0x22 {
        directive.form = .malformed
        if let close = closingQuote(bytes, index) {
          index = close
        } else {
          isBroken = true
        }
      } else if !DirectiveReader.isBlank(bytes[index]) {
        directive.form = .malformed
      }
      index &+= 1
    }
  }

  /// Looked for until it was missing once, so that a line is read in one pass.
  private func closingQuote(_ bytes: borrowing Bytes, _ open: Int) -> Int? {
    if isBroken { return nil }
    var at = open &+ 1
    while at < end {
      if bytes[at] == 0x22 { return at }
      at &+= bytes[at] == 0x5c ? 2 : 1
    }
    return nil
  }

  @inline(__always) static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}

extension CacheDirective {
  /// `delta-seconds` (RFC 9111 section 1.2.2), as token or quoted: 2^31 for anything larger, nil
  /// for what is not digits alone.
  func seconds(_ bytes: borrowing Bytes) -> Int64? {
    guard form == .token || form == .quoted, valueCount > 0 else { return nil }
    var result: Int64 = 0
    var index = value
    let end = value &+ valueCount
    while index < end {
      if form == .quoted, bytes[index] == 0x5c { index &+= 1 }
      guard index < end, ByteClass.isDigit(bytes[index]) else { return nil }
      result = min(result &* 10 &+ Int64(bytes[index] &- 0x30), CacheControl.secondsMax)
      index &+= 1
    }
    return result
  }
}

/// The field names that `no-cache="…"` and `private="…"` list, one by one.
struct FieldNameList: BitwiseCopyable {
  private var index: Int
  private let end: Int

  init(_ at: Int, _ count: Int) {
    index = at
    end = at &+ count
  }

  enum Item: Equatable {
    case name(at: Int, count: Int)
    /// Not a list of names: the directive counts as if it had none (RFC 9111 section 5.2.2.4).
    case malformed
    case end
  }

  /// An escape in a name, which nothing needs, makes the list malformed.
  mutating func next(_ bytes: borrowing Bytes) -> Item {
    while index < end, DirectiveReader.isBlank(bytes[index]) || bytes[index] == 0x2c { index &+= 1 }
    guard index < end else { return .end }
    let at = index
    while index < end, ByteClass.isToken(bytes[index]) { index &+= 1 }
    let count = index &- at
    while index < end, DirectiveReader.isBlank(bytes[index]) { index &+= 1 }
    guard count > 0, index == end || bytes[index] == 0x2c else { return .malformed }
    return .name(at: at, count: count)
  }

  /// At least one name, and nothing but names.
  static func isWellFormed(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Bool {
    var list = FieldNameList(at, count)
    var names = 0
    while true {
      switch list.next(bytes) {
      case .name: names &+= 1
      case .malformed: return false
      case .end: return names > 0
      }
    }
  }
}
