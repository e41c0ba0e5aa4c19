/// The rules of a normalised path, which patterns, prefixes and templates share.
enum PathText {
  /// `written` is the whole value for the message, `tail` what it has behind the path.
  static func check(_ path: String, written: String, tail: String = "") throws(Refusal) {
    let not = "not \(quoted(written))"
    guard path.hasPrefix("/") else { throw Refusal("must start with \"/\", \(not)") }
    if path.contains("?") { throw Refusal("must be without a query (\"?\"), \(not)") }
    try checkBytes(path, not)
    let normal = try normalised(Array(path.utf8), not)
    try checkSegments(normal, not)
    guard normal == path else {
      throw Refusal("must be in normal form: \(quoted(normal + tail)), \(not)")
    }
  }

  static func checkBytes(_ path: String, _ not: String) throws(Refusal) {
    let forbidden = Array("\"<>#\\".utf8)
    guard let byte = path.utf8.first(where: { !(0x21...0x7E ~= $0) || forbidden.contains($0) })
    else { return }
    if byte >= 0x80 || byte == 0x20 {
      throw Refusal("must have spaces and characters beyond ASCII percent-encoded, \(not)")
    }
    let shown = quoted(String(Unicode.Scalar(byte)))
    throw Refusal("must not have \(shown) in it, \(not)")
  }

  private static func checkSegments(_ path: String, _ not: String) throws(Refusal) {
    let segments = path.split(separator: "/")
    guard let bad = segments.first(where: { $0 == "." || $0 == ".." }) else { return }
    throw Refusal("must be without \(quoted(String(bad))) segments, \(not)")
  }

  /// Unreserved characters decoded (RFC 3986 section 6.2.2), hex digits in upper case.
  private static func normalised(_ path: [UInt8], _ not: String) throws(Refusal) -> String {
    var result: [UInt8] = []
    var index = 0
    while index < path.count {
      guard path[index] == UInt8(ascii: "%") else {
        result.append(path[index])
        index += 1
        continue
      }
      let hex = String(decoding: path[index...].dropFirst().prefix(2), as: UTF8.self)
      guard hex.utf8.count == 2, hex.allSatisfy(\.isHexDigit), let byte = UInt8(hex, radix: 16),
        byte != 0
      else { throw Refusal("must have two hex digits behind each \"%\", and no %00, \(not)") }
      result += isUnreserved(byte) ? [byte] : Array("%\(hex.uppercased())".utf8)
      index += 3
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
    default: false
    }
  }
}
