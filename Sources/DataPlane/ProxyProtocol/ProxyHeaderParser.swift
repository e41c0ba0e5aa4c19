/// Reads a PROXY header in front of a connection (HAProxy's doc/proxy-protocol.txt, section 2).
///
/// Strict: only what a sender may write is taken, since whoever can write here can claim any
/// address. What is behind `length` is the connection's own.
package enum ProxyHeaderParser {
  package enum Result: Equatable, Sendable {
    case complete(length: Int, ProxyHeader)
    /// A beginning of one: more bytes decide.
    case incomplete
    case failed
  }

  /// Bytes of the longest header that is taken: 16 and what the length field may say.
  package static var maxLength: Int { 16 &+ maxBlock }
  /// Addresses take up to 216 bytes; the rest is room for what balancers add (section 2.2).
  private static var maxBlock: Int { 4096 }

  package static func parse(_ bytes: borrowing Bytes, _ from: Int, _ to: Int) -> Result {
    guard to > from else { return .incomplete }
    return bytes[from] == 0x0d ? parseBinary(bytes, from, to) : parseLine(bytes, from, to)
  }
}

/// Version 2, section 2.2.
extension ProxyHeaderParser {
  private static func parseBinary(_ bytes: borrowing Bytes, _ from: Int, _ to: Int) -> Result {
    guard begins(bytes, from, to, ProxyHeader.signature) else { return .failed }
    let count = to &- from
    if count > 12, bytes[from &+ 12] & 0xfe != 0x20 { return .failed }
    guard count >= 16 else { return .incomplete }
    let length = number(bytes, from &+ 14)
    guard length <= maxBlock else { return .failed }
    let isLocal = bytes[from &+ 12] == 0x20
    let family = bytes[from &+ 13] >> 4
    let transport = bytes[from &+ 13] & 15
    let addresses = family == 1 ? 12 : family == 2 ? 36 : family == 3 ? 216 : 0
    if !isLocal, family > 3 || transport > 2 || length < addresses { return .failed }
    guard count &- 16 >= length else { return .incomplete }
    let end = from &+ 16 &+ length
    // Of the sender's own connections, and of families without a name, the block says nothing.
    if isLocal { return .complete(length: 16 &+ length, ProxyHeader(.local)) }
    if family == 0 { return .complete(length: 16 &+ length, ProxyHeader(.unknown)) }
    guard areExtensionsValid(bytes, from, from &+ 16 &+ addresses, end) else { return .failed }
    var header = ProxyHeader(transport == 1 ? (family == 3 ? .unix : .tcp) : .unknown)
    if header.kind == .tcp {
      let width = family == 1 ? 4 : 16
      header.source = address(bytes, from &+ 16, width)
      header.destination = address(bytes, from &+ 16 &+ width, width)
      header.sourcePort = UInt16(truncatingIfNeeded: number(bytes, from &+ 16 &+ 2 &* width))
      header.destinationPort = UInt16(truncatingIfNeeded: number(bytes, from &+ 18 &+ 2 &* width))
    }
    return .complete(length: 16 &+ length, header)
  }

  /// The type-length-value items behind the addresses: whole ones only, and a checksum among them
  /// is that of the header (sections 2.2 and 2.2.3).
  private static func areExtensionsValid(
    _ bytes: borrowing Bytes, _ from: Int, _ first: Int, _ end: Int
  ) -> Bool {
    var at = first
    while at < end {
      guard end &- at >= 3 else { return false }
      let length = number(bytes, at &+ 1)
      guard length <= end &- at &- 3 else { return false }
      if bytes[at] == 0x03 {
        guard length == 4 else { return false }
        let written = number(bytes, at &+ 3) << 16 | number(bytes, at &+ 5)
        guard checksum(bytes, from, end, field: at &+ 3) == written else { return false }
      }
      at &+= 3 &+ length
    }
    return true
  }

  /// CRC32c (RFC 9260 appendix A) with the four bytes at `field` taken as zeros.
  private static func checksum(
    _ bytes: borrowing Bytes, _ from: Int, _ end: Int, field: Int
  ) -> Int {
    var sum = UInt32.max
    for index in from..<end {
      let isField = index >= field && index < field &+ 4
      sum ^= isField ? 0 : UInt32(bytes[index])
      for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 0 ? 0 : 0x82f6_3b78) }
    }
    return Int(~sum)
  }

  private static func number(_ bytes: borrowing Bytes, _ at: Int) -> Int {
    Int(bytes[at]) << 8 | Int(bytes[at &+ 1])
  }

  private static func address(_ bytes: borrowing Bytes, _ at: Int, _ width: Int) -> PeerAddress {
    var copy = InlineArray<16, UInt8>(repeating: 0)
    for index in 0..<width { copy[index] = bytes[at &+ index] }
    return PeerAddress(family: width == 4 ? 4 : 6, bytes: copy)
  }
}

/// Version 1, section 2.1: a line of text, at most 107 bytes with its CR LF.
extension ProxyHeaderParser {
  private static var maxLine: Int { 107 }

  private static func parseLine(_ bytes: borrowing Bytes, _ from: Int, _ to: Int) -> Result {
    guard begins(bytes, from, to, "PROXY ") else { return .failed }
    let limit = min(to, from &+ maxLine)
    var end = from
    while end &+ 1 < limit, bytes[end] != 0x0d || bytes[end &+ 1] != 0x0a { end &+= 1 }
    guard end &+ 1 < limit else { return to &- from < maxLine ? .incomplete : .failed }
    guard end &- from > 6 else { return .failed }
    let length = end &+ 2 &- from
    let at = from &+ 6
    if begins(bytes, at, end, "UNKNOWN"), end &- at >= 7 {
      // What follows the word, up to the line's end, is to be ignored.
      guard end == at &+ 7 || bytes[at &+ 7] == 0x20 else { return .failed }
      return .complete(length: length, ProxyHeader(.unknown))
    }
    guard end &- at > 5, begins(bytes, at, end, "TCP"), bytes[at &+ 4] == 0x20 else {
      return .failed
    }
    let family = bytes[at &+ 3] &- 0x30
    guard family == 4 || family == 6 else { return .failed }
    guard let header = readEnds(bytes, at &+ 5, end, family) else { return .failed }
    return .complete(length: length, header)
  }

  /// Two addresses and two ports, a single space between each.
  private static func readEnds(
    _ bytes: borrowing Bytes, _ from: Int, _ end: Int, _ family: UInt8
  ) -> ProxyHeader? {
    let second = nextWord(bytes, from, end)
    let third = nextWord(bytes, second, end)
    let fourth = nextWord(bytes, third, end)
    guard fourth < end,
      let source = AddressReader.read(bytes, from, second &- 1, family),
      let destination = AddressReader.read(bytes, second, third &- 1, family),
      let sourcePort = port(bytes, third, fourth &- 1),
      let destinationPort = port(bytes, fourth, end)
    else { return nil }
    var header = ProxyHeader(.tcp)
    header.source = source
    header.destination = destination
    header.sourcePort = sourcePort
    header.destinationPort = destinationPort
    return header
  }

  /// Behind the next space; `end` when there is none.
  private static func nextWord(_ bytes: borrowing Bytes, _ at: Int, _ end: Int) -> Int {
    var index = at
    while index < end, bytes[index] != 0x20 { index &+= 1 }
    return min(index &+ 1, end)
  }

  /// Decimal without leading zeros.
  private static func port(_ bytes: borrowing Bytes, _ at: Int, _ end: Int) -> UInt16? {
    guard end > at, end &- at <= 5, bytes[at] != 0x30 || end &- at == 1 else { return nil }
    var value = 0
    for index in at..<end {
      guard bytes[index] &- 0x30 <= 9 else { return nil }
      value = value &* 10 &+ Int(bytes[index] &- 0x30)
    }
    return UInt16(exactly: value)
  }

  /// Whether `text` and the bytes agree as far as both go.
  private static func begins(
    _ bytes: borrowing Bytes, _ at: Int, _ end: Int, _ text: StaticString
  ) -> Bool {
    for index in 0..<min(text.utf8CodeUnitCount, end &- at)
    where bytes[at &+ index] != text.byte(index) { return false }
    return true
  }
}
