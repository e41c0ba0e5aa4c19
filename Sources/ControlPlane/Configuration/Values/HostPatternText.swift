/// Host names by the rules of RFC 1123, with `_` allowed as container networks use it.
enum HostNameText {
  static func isName(_ text: some StringProtocol) -> Bool {
    guard (1...253).contains(text.utf8.count) else { return false }
    let labels = String(text).split(separator: ".", omittingEmptySubsequences: false)
    // A last label of digits alone is an IPv4 address with a fault in it (RFC 1123 section 2.1).
    guard labels.allSatisfy(isLabel), let last = labels.last else { return false }
    return IntegerText.digits(last) == nil
  }

  private static func isLabel(_ label: Substring) -> Bool {
    guard (1...63).contains(label.utf8.count), label.first != "-", label.last != "-" else {
      return false
    }
    return label.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
      default: false
      }
    }
  }
}

/// `example.com`, `*.example.com`, an address.
enum HostPatternText {
  static func parse(_ text: String) throws(Refusal) -> Config.HostPattern {
    let lower = text.lowercased()
    if lower.hasPrefix("*."), HostNameText.isName(lower.dropFirst(2)) {
      return .suffix(String(lower.dropFirst()))
    }
    if HostNameText.isName(lower) || AddressText.parse4(lower) != nil { return .exact(lower) }
    if lower.hasPrefix("["), lower.hasSuffix("]"),
      AddressText.parse6(lower.dropFirst().dropLast()) != nil
    {
      return .exact(lower)
    }
    throw refusal(text)
  }

  private static func refusal(_ text: String) -> Refusal {
    let not = "not \(quoted(text))"
    if text == "*" { return Refusal("must be left out to match every host, \(not)") }
    if text.contains("/") {
      return Refusal("must be a host without scheme and path, such as example.com, \(not)")
    }
    if text.contains("*") {
      return Refusal("can have a \"*\" only as its first part, as in *.example.com, \(not)")
    }
    if !text.utf8.allSatisfy({ $0 < 0x80 }) {
      return Refusal("must be in ASCII (the xn-- form of an international name), \(not)")
    }
    if let colon = text.lastIndex(of: ":"), HostNameText.isName(text[..<colon]) {
      return Refusal("must be without a port, \(not)")
    }
    if text.hasSuffix(".") { return Refusal("must not end with a dot, \(not)") }
    return Refusal("must be a host such as example.com or *.example.com, \(not)")
  }
}
