/// Names and values of header fields, and methods (RFC 9110 sections 5.1, 5.5 and 9.1).
enum FieldText {
  static let nameBytesMax = 256

  static func isToken(_ text: some StringProtocol) -> Bool {
    guard (1...nameBytesMax).contains(text.utf8.count) else { return false }
    let others = Array("!#$%&'*+-.^_`|~".utf8)
    return text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
      case UInt8(ascii: "0")...UInt8(ascii: "9"): true
      default: others.contains(byte)
      }
    }
  }

  static func parseName(_ text: String) throws(Refusal) -> String {
    guard isToken(text) else {
      throw Refusal("must be a field name such as X-Request-Id, not \(quoted(text))")
    }
    return text
  }

  static func checkValue(_ text: String) throws(Refusal) {
    if text.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) {
      throw Refusal("must be without line ends and control characters, not \(quoted(text))")
    }
    guard let first = text.utf8.first, let last = text.utf8.last else { return }
    if first == 0x20 || first == 0x09 || last == 0x20 || last == 0x09 {
      throw Refusal("must not start or end with a blank, not \(quoted(text))")
    }
  }

  static func parseValue(_ text: String, _ bytes: ClosedRange<Int>) throws(Refusal) -> String {
    try checkValue(text)
    return try PlainText.parse(text, bytes)
  }

  static let methods = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "PROPPATCH",
    "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "SEARCH", "REPORT", "QUERY", "PURGE", "LINK",
    "UNLINK", "MERGE", "BIND", "REBIND", "UNBIND", "ACL", "CHECKOUT", "MKACTIVITY",
    "MKCALENDAR", "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "SOURCE",
  ]

  /// Methods are case-sensitive; other ones than the registered are fine.
  static func parseMethod(_ text: String) throws(Refusal) -> String {
    guard isToken(text) else { throw Refusal("must be a method such as GET, not \(quoted(text))") }
    if text == "CONNECT" { throw Refusal("cannot be CONNECT, which is always answered with 501") }
    let upper = text.uppercased()
    guard upper == text else {
      throw Refusal("must be in upper case, not \(quoted(text)) (did you mean \(quoted(upper))?)")
    }
    if !methods.contains(text), let near = Suggestion.nearest(to: text, among: methods, exact: true)
    {
      throw Refusal("is not a method: \(quoted(text)) (did you mean \(quoted(near))?)")
    }
    return text
  }
}

/// Text that is sent or compared as it is.
enum PlainText {
  static func parse(_ text: String, _ bytes: ClosedRange<Int>) throws(Refusal) -> String {
    guard bytes.contains(text.utf8.count) else {
      throw Refusal(
        "must have \(bytes.lowerBound) to \(bytes.upperBound) bytes, not \(text.utf8.count)")
    }
    return text
  }
}
