/// The parts of a `Set-Cookie` field that a config may choose (RFC 6265 section 4.1.1).
enum CookieText {
  static func parseName(_ text: String) throws(Refusal) -> String {
    guard FieldText.isToken(text) else {
      throw Refusal(
        "must be a cookie's name of letters, digits and \"-\", \"_\" or \".\", not \(quoted(text))")
    }
    return text
  }

  static func parsePath(_ text: String) throws(Refusal) -> String {
    let isFine = text.utf8.allSatisfy { 0x21...0x7e ~= $0 && $0 != UInt8(ascii: ";") }
    guard text.hasPrefix("/"), isFine, text.utf8.count <= 256 else {
      throw Refusal(
        "must be a path such as / or /app, without blanks and \";\", not \(quoted(text))")
    }
    return text
  }

  static func parseDomain(_ text: String) throws(Refusal) -> String {
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    let isFine = labels.allSatisfy { label in
      (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
        && label.utf8.allSatisfy { byte in
          switch byte {
          case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
          case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
          default: false
          }
        }
    }
    guard isFine, text.utf8.count <= 253 else {
      throw Refusal("must be a domain such as example.com, not \(quoted(text))")
    }
    return text
  }
}
