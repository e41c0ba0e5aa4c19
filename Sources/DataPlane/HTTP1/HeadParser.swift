/// Parses the head of a request (RFC 9112 section 3) in place.
///
/// Pure: bytes in, a table of offsets out. Strict: each line ends with CR LF; no line folding; no
/// space before a colon; no control bytes; what is ambiguous is refused, never repaired.
/// `from..<to` of `bytes` is the data; 64 bytes behind `to` may be read, not used.
package enum RequestParser {
  package static func parse(
    _ bytes: borrowing Bytes, _ from: Int, _ to: Int, limits: HeadLimits,
    into head: inout MessageHead
  ) -> ParseResult {
    head.reset()
    // Judged on what a head may be at most, so that offsets fit whatever came behind it.
    let end = min(to, from &+ limits.headBytes)
    let isCut = end < to || to &- from >= limits.headBytes
    var lines = 0
    switch parseRequestLine(bytes, from, end, isCut: isCut, limits, &head) {
    case .complete(let length): lines = length
    case let other: return other
    }
    head.firstField = lines
    let result = FieldParser.parse(
      bytes, from, from &+ lines, end, limits.fieldCount, .request, &head)
    switch result {
    case .complete(let length):
      head.length = length
      if let failure = checkRequest(bytes, from, &head) { return .failed(failure) }
      return result
    case .incomplete: return isCut ? .failed(.headTooLong) : .incomplete
    case .failed: return result
    }
  }

  @inline(__always)
  private static func parseRequestLine(
    _ bytes: borrowing Bytes, _ from: Int, _ end: Int, isCut: Bool, _ limits: HeadLimits,
    _ head: inout MessageHead
  ) -> ParseResult {
    let lineEnd = min(end, from &+ limits.requestLineBytes)
    func ranOut() -> ParseResult {
      if end &- from >= limits.requestLineBytes { return .failed(.requestLineTooLong) }
      return isCut ? .failed(.headTooLong) : .incomplete
    }
    var space = ByteClass.endOfPlainName(bytes, from, lineEnd)
    while space < lineEnd, ByteClass.isToken(bytes[space]) { space &+= 1 }
    if space >= lineEnd { return ranOut() }
    guard bytes[space] == 0x20, space > from else { return .failed(.badMethod) }
    head.methodLength = space &- from
    head.method = method(bytes, from, head.methodLength)
    let target = space &+ 1
    let targetEnd = ByteClass.endOfVisible(bytes, target, lineEnd)
    if targetEnd >= lineEnd { return ranOut() }
    guard bytes[targetEnd] == 0x20, targetEnd > target else { return .failed(.badTarget) }
    head.target = target &- from
    head.targetLength = targetEnd &- target
    // "HTTP/1.1" CR LF: eight bytes and two.
    let version = targetEnd &+ 1
    if version &+ 10 > lineEnd { return checkedPrefix(bytes, version, lineEnd) ?? ranOut() }
    let word = load8(bytes, version)
    guard word & 0x00ff_00ff_ffff_ffff == 0x002e_002f_5054_5448 & 0x00ff_00ff_ffff_ffff,
      ByteClass.isDigit(bytes[version &+ 5]), ByteClass.isDigit(bytes[version &+ 7])
    else { return .failed(.badVersion) }
    guard bytes[version &+ 8] == 0x0d, bytes[version &+ 9] == 0x0a else {
      return .failed(ByteClass.isToken(bytes[version &+ 8]) ? .badVersion : .badLineEnd)
    }
    guard bytes[version &+ 5] == 0x31 else { return .failed(.unsupportedVersion) }
    head.minorVersion = bytes[version &+ 7] == 0x30 ? 0 : 1
    head.hasOtherVersion = bytes[version &+ 7] != 0x31
    return .complete(length: version &+ 10 &- from)
  }

  /// An incomplete version that can no longer become one is refused at once.
  private static func checkedPrefix(_ bytes: borrowing Bytes, _ at: Int, _ end: Int) -> ParseResult?
  {
    let expected: InlineArray<5, UInt8> = [0x48, 0x54, 0x54, 0x50, 0x2f]
    for index in 0..<min(5, end &- at) where bytes[at &+ index] != expected[index] {
      return .failed(.badVersion)
    }
    return nil
  }

  @inline(__always)
  private static func method(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Method {
    let word = load8(bytes, at)
    switch count {
    case 3:
      switch word & 0xff_ffff {
      case 0x54_4547: return .get
      case 0x54_5550: return .put
      default: return .other
      }
    case 4: return word & 0xffff_ffff == 0x4441_4548 ? .head : .other
    case 5: return word & 0xff_ffff_ffff == 0x45_4341_5254 ? .trace : .other
    case 6: return word & 0xffff_ffff_ffff == 0x4554_454c_4544 ? .delete : .other
    case 7:
      switch word & 0xff_ffff_ffff_ffff {
      case 0x53_4e4f_4954_504f: return .options
      case 0x54_4345_4e4e_4f43: return .connect
      default: return .other
      }
    default: return .other
    }
  }

  @inline(__always)
  private static func checkRequest(
    _ bytes: borrowing Bytes, _ from: Int, _ head: inout MessageHead
  ) -> ParseFailure? {
    if head.isChunked {
      if head.contentLength >= 0 { return .lengthAndCoding }
      if head.minorVersion == 0 { return .codingInOldVersion }
    }
    if head.host < 0, head.minorVersion == 1 { return .missingHost }
    if head.method == .connect { return .unsupportedMethod }
    if head.upgrade >= 0 { settleUpgrade(bytes, from, &head) }
    return nil
  }
}

/// Whether there is an upgrade that may pass, of a head with an `Upgrade`.
@inline(never)
private func settleUpgrade(
  _ bytes: borrowing Bytes, _ from: Int, _ head: inout MessageHead
) {
  let field = head.fields[head.upgrade]
  head.settleUpgrade(
    offersProtocol: FieldParser.offersProtocol(
      bytes, from &+ Int(field.value), Int(field.valueLength)))
}

/// Parses the head of a response (RFC 9112 section 4) in place, as strictly.
package enum ResponseParser {
  package static func parse(
    _ bytes: borrowing Bytes, _ from: Int, _ to: Int, limits: HeadLimits,
    into head: inout MessageHead
  ) -> ParseResult {
    head.reset()
    let end = min(to, from &+ limits.headBytes)
    let isCut = to &- from >= limits.headBytes
    guard end &- from >= 14 else {
      let expected: InlineArray<7, UInt8> = [0x48, 0x54, 0x54, 0x50, 0x2f, 0x31, 0x2e]
      for index in 0..<min(7, end &- from) where bytes[from &+ index] != expected[index] {
        return .failed(.badStatusLine)
      }
      return .incomplete
    }
    guard load8(bytes, from) & 0x00ff_ffff_ffff_ffff == 0x002e_312f_5054_5448,
      ByteClass.isDigit(bytes[from &+ 7]), bytes[from &+ 8] == 0x20,
      bytes[from &+ 12] == 0x20 || bytes[from &+ 12] == 0x0d
    else { return .failed(.badStatusLine) }
    let hundreds = bytes[from &+ 9] &- 0x30
    let tens = bytes[from &+ 10] &- 0x30
    let ones = bytes[from &+ 11] &- 0x30
    guard hundreds >= 1, hundreds <= 5, tens <= 9, ones <= 9 else {
      return .failed(.badStatusLine)
    }
    head.minorVersion = bytes[from &+ 7] == 0x30 ? 0 : 1
    head.status = Int(hundreds) &* 100 &+ Int(tens) &* 10 &+ Int(ones)
    let lineEnd = ByteClass.endOfValue(bytes, from &+ 12, end)
    if lineEnd &+ 1 >= end { return isCut ? .failed(.headTooLong) : .incomplete }
    guard bytes[lineEnd] == 0x0d, bytes[lineEnd &+ 1] == 0x0a else { return .failed(.badLineEnd) }
    head.firstField = lineEnd &+ 2 &- from
    let result = FieldParser.parse(
      bytes, from, lineEnd &+ 2, end, limits.fieldCount, .response, &head)
    switch result {
    case .complete(let length):
      head.length = length
      if head.isChunked {
        if head.contentLength >= 0 { return .failed(.lengthAndCoding) }
        if head.minorVersion == 0 { return .failed(.codingInOldVersion) }
      }
      if head.upgrade >= 0 { settleUpgrade(bytes, from, &head) }
      return result
    case .incomplete: return isCut ? .failed(.headTooLong) : .incomplete
    case .failed: return result
    }
  }
}

/// Parses the trailer section behind a last chunk (RFC 9112 section 7.1.2).
package enum TrailerParser {
  package static func parse(
    _ bytes: borrowing Bytes, _ from: Int, _ to: Int, limits: HeadLimits,
    into head: inout MessageHead
  ) -> ParseResult {
    head.reset()
    head.firstField = 0
    let end = min(to, from &+ limits.headBytes)
    let result = FieldParser.parse(bytes, from, from, end, limits.fieldCount, .trailers, &head)
    if result == .incomplete, to &- from >= limits.headBytes { return .failed(.headTooLong) }
    return result
  }
}
