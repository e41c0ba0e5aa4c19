import Glibc

/// Literal IP addresses, as bytes.
enum AddressText {
  /// Four bytes; only four decimal numbers, as `inet_pton` takes them.
  static func parse4(_ text: some StringProtocol) -> [UInt8]? { parse(text, AF_INET, 4) }

  /// Sixteen bytes; without brackets or a zone.
  static func parse6(_ text: some StringProtocol) -> [UInt8]? { parse(text, AF_INET6, 16) }

  static func isAddress(_ text: some StringProtocol) -> Bool {
    parse4(text) != nil || parse6(text) != nil
  }

  private static func parse(
    _ text: some StringProtocol, _ family: Int32, _ count: Int
  ) -> [UInt8]? {
    // A NUL would end the C string early.
    guard !text.utf8.contains(0) else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    return inet_pton(family, String(text), &bytes) == 1 ? bytes : nil
  }

  /// The shortest usual spelling of 4 or 16 bytes.
  static func format(_ bytes: [UInt8]) -> String {
    var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let family = bytes.count == 4 ? AF_INET : AF_INET6
    guard inet_ntop(family, bytes, &buffer, socklen_t(buffer.count)) != nil else { return "" }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

/// `10.0.0.0/8`, `2001:db8::/32`, `127.0.0.1`.
enum AddressRangeText {
  private static let example = "must be an address or a CIDR block such as 10.0.0.0/8 or ::1"

  static func parse(_ text: String) throws(Refusal) -> AddressRange {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = AddressText.parse4(parts[0]) ?? AddressText.parse6(parts[0]) else {
      throw Refusal("\(example), not \(quoted(text))")
    }
    let bits = address.count * 8
    var prefix = bits
    if parts.count == 2 {
      guard let written = IntegerText.digits(parts[1]), written <= bits else {
        throw Refusal("must have a prefix of 0 to \(bits) behind the \"/\", not \(quoted(text))")
      }
      prefix = written
    }
    let network = masked(address, prefix)
    guard network == address else {
      let better = "\(AddressText.format(network))/\(prefix)"
      throw Refusal(
        "must not have bits set behind its prefix; write \(quoted(better)), not \(quoted(text))")
    }
    if bits == 128 { return AddressRange(bytes: address, prefixLength: prefix) }
    let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + address
    return AddressRange(bytes: mapped, prefixLength: prefix + 96)
  }

  private static func masked(_ address: [UInt8], _ prefix: Int) -> [UInt8] {
    address.enumerated().map { index, byte in
      let kept = min(8, max(0, prefix - index * 8))
      return byte & UInt8(truncatingIfNeeded: 0xFF00 >> kept)
    }
  }
}
