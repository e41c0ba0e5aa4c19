/// Makes the head of an HTTP/1.1 response of the fields of an HTTP/2 response (RFC 9113 section
/// 8.3.2, RFC 9112). Pure and strict, as `RequestTranslation`.
package enum ResponseTranslation {
  /// Room that a head may take beyond the list's `size`.
  package static var overhead: Int { 128 }

  /// Appends the head to `head`, which needs room for `list.size + overhead` bytes. Interim
  /// responses have a status below 200; the final one follows in another block.
  ///
  /// - Parameter endsStream: no content follows.
  package static func write(
    _ list: borrowing FieldList, endsStream: Bool, isHeadRequest: Bool, into head: inout Block
  ) -> TranslationOutcome {
    guard head.capacity &- head.end >= list.size &+ overhead else { return .noRoom }
    guard list.count > 0, let status = status(list.text.bytes, list[0]) else { return .malformed }
    if status == 101 || status < 200 && endsStream { return .malformed }
    var facts = Facts()
    guard read(list, list.text.bytes, &facts) else { return .malformed }
    // RFC 9112 section 6.3: these have no content, whatever the fields say.
    let hasContent = !isHeadRequest && status >= 200 && status != 204 && status != 304
    var framing = TranslatedFraming()
    framing.status = status
    if hasContent {
      if endsStream {
        if facts.contentLength > 0 { return .malformed }
      } else {
        framing.body = facts.contentLength >= 0 ? .length(facts.contentLength) : .chunked
      }
    }
    writeStatusLine(status, &head)
    // RFC 9110 section 8.6: no length in a 1xx or a 204.
    let keepsLength = status >= 200 && status != 204
    for index in 1..<max(list.count, 1) {
      let entry = list[index]
      switch FieldID.classify(list.text.bytes, Int(entry.name), Int(entry.nameLength)) {
      case .contentLength:
        if keepsLength, index == facts.contentLengthAt { head.append(line: entry, of: list) }
      case .te: continue
      default: head.append(line: entry, of: list)
      }
    }
    if framing.body == .chunked { head.append("transfer-encoding: chunked\r\n") }
    if hasContent, endsStream, facts.contentLength < 0 { head.append("content-length: 0\r\n") }
    head.append("\r\n")
    return .written(framing)
  }

  private struct Facts: BitwiseCopyable {
    var contentLength: Int64 = -1
    var contentLengthAt = -1
  }

  /// 100 to 599, or nil.
  private static func status(_ bytes: borrowing Bytes, _ entry: FieldList.Entry) -> Int? {
    guard entry.nameLength > 0,
      PseudoField.classify(bytes, Int(entry.name), Int(entry.nameLength)) == .status,
      entry.valueLength == 3
    else { return nil }
    let status = FieldParser.decimal(bytes, Int(entry.value), 3) ?? 0
    return status >= 100 && status <= 599 ? Int(status) : nil
  }

  /// The fields behind `:status`.
  private static func read(
    _ list: borrowing FieldList, _ bytes: borrowing Bytes, _ facts: inout Facts
  ) -> Bool {
    for index in 1..<max(list.count, 1) {
      let entry = list[index]
      let value = Int(entry.value)
      let count = Int(entry.valueLength)
      guard FieldRules.isName(list, index), bytes[Int(entry.name)] != 0x3a,
        FieldRules.isValue(bytes, value, count)
      else { return false }
      let id = FieldID.classify(bytes, Int(entry.name), Int(entry.nameLength))
      if FieldRules.isOfConnection(id) { return false }
      if id == .te {
        guard FieldParser.equals(bytes, value, count, "trailers") else { return false }
      }
      guard id == .contentLength else { continue }
      guard let length = FieldParser.decimal(bytes, value, count),
        facts.contentLength < 0 || facts.contentLength == length
      else { return false }
      if facts.contentLengthAt < 0 { facts.contentLengthAt = index }
      facts.contentLength = length
    }
    return true
  }

  private static func writeStatusLine(_ status: Int, _ head: inout Block) {
    head.append("HTTP/1.1 ")
    head.append(decimal: status)
    head.append(byte: 0x20)
    head.append(reason(status))
    head.append("\r\n")
  }

  /// HTTP/2 has no reason phrase; an HTTP/1.1 client may show one.
  private static func reason(_ status: Int) -> StaticString {
    switch status {
    case 100: return "Continue"
    case 103: return "Early Hints"
    case 200...202, 204, 206, 301...304, 307, 308, 400...: return ReasonPhrase.of(status)
    default: return ""
    }
  }
}

/// Makes a trailer section of HTTP/1.1 of the fields behind the content of an HTTP/2 message
/// (RFC 9113 section 8.1), for both directions.
package enum TrailerTranslation {
  /// Appends the lines and the empty line to `out`, which needs room for `list.size + 2` bytes.
  /// Fields that may not be trailers are left to the reader, which drops them.
  package static func write(
    _ list: borrowing FieldList, into out: inout Block
  ) -> TranslationOutcome {
    guard out.capacity &- out.end >= list.size &+ 2 else { return .noRoom }
    guard areTrailers(list, list.text.bytes) else { return .malformed }
    for index in 0..<list.count { out.append(line: list[index], of: list) }
    out.append("\r\n")
    return .written(TranslatedFraming())
  }

  private static func areTrailers(
    _ list: borrowing FieldList, _ bytes: borrowing Bytes
  ) -> Bool {
    for index in 0..<list.count {
      let entry = list[index]
      guard FieldRules.isName(list, index), bytes[Int(entry.name)] != 0x3a,
        FieldRules.isValue(bytes, Int(entry.value), Int(entry.valueLength))
      else { return false }
      let id = FieldID.classify(bytes, Int(entry.name), Int(entry.nameLength))
      if FieldRules.isOfConnection(id) || id == .te { return false }
    }
    return true
  }
}
