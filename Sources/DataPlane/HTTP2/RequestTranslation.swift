/// Makes the head of an HTTP/1.1 request of the fields of an HTTP/2 request (RFC 9113 section
/// 8.3.1, RFC 9112).
///
/// Pure. Strict: what would be another message behind the translation is refused, never repaired.
package enum RequestTranslation {
  /// Room that a head may take beyond the list's `size`.
  package static var overhead: Int { 128 }

  /// Appends the head to `head`, which needs room for `list.size + overhead` bytes.
  ///
  /// - Parameter endsStream: no content follows.
  package static func write(
    _ list: borrowing FieldList, endsStream: Bool, into head: inout Block
  ) -> TranslationOutcome {
    guard head.capacity &- head.end >= list.size &+ overhead else { return .noRoom }
    var facts = Facts()
    guard read(list, list.text.bytes, &facts), check(list, list.text.bytes, &facts) else {
      return .malformed
    }
    if facts.isConnect { return .connect }
    var framing = TranslatedFraming()
    framing.acceptsTrailers = facts.acceptsTrailers
    if endsStream {
      if facts.contentLength > 0 { return .malformed }
    } else {
      framing.body = facts.contentLength >= 0 ? .length(facts.contentLength) : .chunked
    }
    write(list, facts, &head)
    if framing.body == .chunked { head.append("transfer-encoding: chunked\r\n") }
    head.append("\r\n")
    return .written(framing)
  }

  /// What the fields say. Indices are -1 when the field is absent.
  private struct Facts: BitwiseCopyable {
    var method = -1
    var scheme = -1
    var authority = -1
    var path = -1
    var firstRegular = 0
    var host = -1
    var contentLength: Int64 = -1
    var contentLengthAt = -1
    var firstCookie = -1
    var acceptsTrailers = false
    var isConnect = false
  }

  // MARK: Reading

  private static func read(
    _ list: borrowing FieldList, _ bytes: borrowing Bytes, _ facts: inout Facts
  ) -> Bool {
    var index = 0
    while index < list.count {
      let entry = list[index]
      guard entry.nameLength > 0, bytes[Int(entry.name)] == 0x3a else { break }
      guard readPseudo(bytes, entry, index, &facts) else { return false }
      index &+= 1
    }
    facts.firstRegular = index
    while index < list.count {
      let entry = list[index]
      // A pseudo-field behind others is no token.
      guard FieldRules.isName(list, index), bytes[Int(entry.name)] != 0x3a,
        FieldRules.isValue(bytes, Int(entry.value), Int(entry.valueLength)),
        readField(bytes, entry, index, &facts)
      else { return false }
      index &+= 1
    }
    return true
  }

  @inline(__always)
  private static func readPseudo(
    _ bytes: borrowing Bytes, _ entry: FieldList.Entry, _ index: Int, _ facts: inout Facts
  ) -> Bool {
    switch PseudoField.classify(bytes, Int(entry.name), Int(entry.nameLength)) {
    case .method:
      guard facts.method < 0 else { return false }
      facts.method = index
    case .scheme:
      guard facts.scheme < 0 else { return false }
      facts.scheme = index
    case .authority:
      guard facts.authority < 0 else { return false }
      facts.authority = index
    case .path:
      guard facts.path < 0 else { return false }
      facts.path = index
    case .status, .unknown: return false
    }
    return true
  }

  @inline(__always)
  private static func readField(
    _ bytes: borrowing Bytes, _ entry: FieldList.Entry, _ index: Int, _ facts: inout Facts
  ) -> Bool {
    let value = Int(entry.value)
    let count = Int(entry.valueLength)
    let id = FieldID.classify(bytes, Int(entry.name), Int(entry.nameLength))
    if FieldRules.isOfConnection(id) { return false }
    switch id {
    case .host:
      guard facts.host < 0 else { return false }
      facts.host = index
    case .contentLength:
      guard let length = FieldParser.decimal(bytes, value, count),
        facts.contentLength < 0 || facts.contentLength == length
      else { return false }
      if facts.contentLengthAt < 0 { facts.contentLengthAt = index }
      facts.contentLength = length
    case .te:
      guard FieldParser.equals(bytes, value, count, "trailers") else { return false }
      facts.acceptsTrailers = true
    case .cookie: if facts.firstCookie < 0 { facts.firstCookie = index }
    default: break
    }
    return true
  }

  private static func check(
    _ list: borrowing FieldList, _ bytes: borrowing Bytes, _ facts: inout Facts
  ) -> Bool {
    guard facts.method >= 0 else { return false }
    let method = list[facts.method]
    guard FieldRules.isToken(bytes, Int(method.value), Int(method.valueLength)),
      isAuthority(list, bytes, facts)
    else { return false }
    if isText(bytes, method, "CONNECT") {
      facts.isConnect = true
      return facts.scheme < 0 && facts.path < 0 && facts.authority >= 0
    }
    guard facts.scheme >= 0, facts.path >= 0 else { return false }
    let scheme = list[facts.scheme]
    let length = Int(scheme.valueLength)
    guard
      FieldParser.equals(bytes, Int(scheme.value), length, "https")
        || FieldParser.equals(bytes, Int(scheme.value), length, "http")
    else { return false }
    return isPath(bytes, list[facts.path], isOptions: isText(bytes, method, "OPTIONS"))
  }

  /// There is one, and `host` says the same.
  private static func isAuthority(
    _ list: borrowing FieldList, _ bytes: borrowing Bytes, _ facts: Facts
  ) -> Bool {
    let index = facts.authority >= 0 ? facts.authority : facts.host
    guard index >= 0 else { return false }
    let authority = list[index]
    let count = Int(authority.valueLength)
    guard HostParser.isValid(bytes, Int(authority.value), count) else { return false }
    guard facts.host >= 0, facts.host != index else { return true }
    let host = list[facts.host]
    return Int(host.valueLength) == count
      && FieldRules.isSame(bytes, Int(host.value), Int(authority.value), count)
  }

  private static func isPath(
    _ bytes: borrowing Bytes, _ entry: FieldList.Entry, isOptions: Bool
  ) -> Bool {
    let at = Int(entry.value)
    let end = at &+ Int(entry.valueLength)
    guard end > at else { return false }
    if bytes[at] == 0x2a { return isOptions && entry.valueLength == 1 }
    guard bytes[at] == 0x2f, ByteClass.endOfVisible(bytes, at, end) == end else { return false }
    for index in at..<end where bytes[index] == 0x23 { return false }
    return true
  }

  private static func isText(
    _ bytes: borrowing Bytes, _ entry: FieldList.Entry, _ text: StaticString
  ) -> Bool {
    guard Int(entry.valueLength) == text.utf8CodeUnitCount else { return false }
    for index in 0..<Int(entry.valueLength)
    where bytes[Int(entry.value) &+ index] != text.byte(index) { return false }
    return true
  }

  // MARK: Writing

  private static func write(
    _ list: borrowing FieldList, _ facts: Facts, _ head: inout Block
  ) {
    head.append(value: list[facts.method], of: list)
    head.append(byte: 0x20)
    head.append(value: list[facts.path], of: list)
    head.append(" HTTP/1.1\r\nhost: ")
    head.append(value: list[facts.authority >= 0 ? facts.authority : facts.host], of: list)
    head.append("\r\n")
    var hasTE = false
    for index in facts.firstRegular..<list.count {
      if index == facts.host { continue }
      let entry = list[index]
      switch FieldID.classify(list.text.bytes, Int(entry.name), Int(entry.nameLength)) {
      case .cookie:
        // Joined into one, in the place of the first (RFC 9113 section 8.2.3).
        if index == facts.firstCookie { writeCookies(list, index, &head) }
      case .te:
        if !hasTE { head.append("TE: trailers\r\n") }
        hasTE = true
      case .contentLength:
        if index == facts.contentLengthAt { head.append(line: entry, of: list) }
      default: head.append(line: entry, of: list)
      }
    }
  }

  private static func writeCookies(
    _ list: borrowing FieldList, _ first: Int, _ head: inout Block
  ) {
    head.append("cookie: ")
    for index in first..<list.count {
      let entry = list[index]
      guard FieldID.classify(list.text.bytes, Int(entry.name), Int(entry.nameLength)) == .cookie
      else { continue }
      if index > first { head.append("; ") }
      head.append(value: entry, of: list)
    }
    head.append("\r\n")
  }
}

extension Block {
  @inline(__always)
  mutating func append(value entry: FieldList.Entry, of list: borrowing FieldList) {
    append(list.text, Int(entry.value), Int(entry.valueLength))
  }

  /// A field line; four bytes more than name and value.
  @inline(__always)
  mutating func append(line entry: FieldList.Entry, of list: borrowing FieldList) {
    append(list.text, Int(entry.name), Int(entry.nameLength))
    append(byte: 0x3a)
    append(byte: 0x20)
    append(list.text, Int(entry.value), Int(entry.valueLength))
    append(byte: 0x0d)
    append(byte: 0x0a)
  }
}
