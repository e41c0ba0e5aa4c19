import CLinux
import Glibc

/// A client's address: what it is matched and logged by.
@safe
package struct PeerAddress: BitwiseCopyable, Sendable {
  /// 4, 6, or 1 for a unix socket.
  let family: UInt8
  /// IPv4 in the first four.
  let bytes: InlineArray<16, UInt8>

  init(family: UInt8, bytes: InlineArray<16, UInt8>) {
    self.family = family
    self.bytes = bytes
  }

  init(
    family: UInt8,
    bytes tuple: (
      UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8,
      UInt8, UInt8, UInt8
    )
  ) {
    self.family = family
    var copy = InlineArray<16, UInt8>(repeating: 0)
    unsafe withUnsafeBytes(of: tuple) { source in
      for index in 0..<16 { unsafe copy[index] = source[index] }
    }
    bytes = copy
  }

  /// Of nobody; as a unix socket it is in no range.
  static var none: PeerAddress {
    PeerAddress(family: 1, bytes: InlineArray<16, UInt8>(repeating: 0))
  }

  init(_ peer: hr_peer) { self.init(family: peer.family, bytes: peer.address) }

  /// The address as 16 bytes, IPv4 mapped into IPv6; nil for a unix socket.
  var mapped: InlineArray<16, UInt8>? {
    if family == 6 { return bytes }
    if family != 4 { return nil }
    var result = InlineArray<16, UInt8>(repeating: 0)
    result[10] = 0xff
    result[11] = 0xff
    for index in 0..<4 { result[12 + index] = bytes[index] }
    return result
  }

  /// An address literal; nil when the text is none.
  package init?(text: String) {
    var block = Block(capacity: max(text.utf8.count, 64))
    block.append(Array(text.utf8))
    guard let address = PeerAddress.parse(block.bytes, 0, block.end) else { return nil }
    self = address
  }

  /// An IPv4 address that came in its IPv6 form (`::ffff:10.1.2.3`) as what it is.
  var unmapped: PeerAddress {
    guard family == 6 else { return self }
    for index in 0..<10 where bytes[index] != 0 { return self }
    guard bytes[10] == 0xff, bytes[11] == 0xff else { return self }
    var plain = InlineArray<16, UInt8>(repeating: 0)
    for index in 0..<4 { plain[index] = bytes[12 + index] }
    return PeerAddress(family: 4, bytes: plain)
  }

  /// As text, without a port; `unix` for a unix socket.
  var text: String {
    var block = Block(capacity: 64)
    block.append(address: self)
    return String(decoding: (0..<block.end).map { block.bytes[$0] }, as: UTF8.self)
  }

  /// Parses the literal at `at..<at + count`, brackets and port allowed; nil when it is none.
  static func parse(_ source: borrowing Bytes, _ at: Int, _ count: Int) -> PeerAddress? {
    var from = at
    var length = count
    if length > 1, source[from] == 0x5b {
      var close = from + 1
      while close < at + count, source[close] != 0x5d { close += 1 }
      guard close < at + count else { return nil }
      from += 1
      length = close - from
    } else {
      // `1.2.3.4:5678`: one colon only, else it is an IPv6 address.
      var colons = 0
      var last = 0
      for index in from..<(from + length) where source[index] == 0x3a {
        colons += 1
        last = index
      }
      if colons == 1 { length = last - from }
    }
    guard length > 0, length < 46 else { return nil }
    var text = InlineArray<46, CChar>(repeating: 0)
    for index in 0..<length { text[index] = CChar(bitPattern: source[from + index]) }
    var endpoint = hr_endpoint()
    let span = text.span
    let result = unsafe span.withUnsafeBufferPointer { pointer in
      unsafe hr_endpoint_ip(pointer.baseAddress, 0, &endpoint)
    }
    guard result == 0 else { return nil }
    return PeerAddress(family: endpoint.family, bytes: endpoint.address).unmapped
  }
}

extension Block {
  /// Dotted decimal, or IPv6 after RFC 5952 (lower case, the longest run of zeros as `::`).
  mutating func append(address: PeerAddress) {
    switch address.family {
    case 4:
      for index in 0..<4 {
        if index > 0 { append(byte: 0x2e) }
        append(decimal: Int(address.bytes[index]))
      }
    case 6: append(groupsOf: address)
    default: append("unix")
    }
  }

  private mutating func append(groupsOf address: PeerAddress) {
    func group(_ index: Int) -> UInt64 {
      UInt64(address.bytes[index * 2]) << 8 | UInt64(address.bytes[index * 2 + 1])
    }
    var best = (start: -1, length: 1)
    var index = 0
    while index < 8 {
      var length = 0
      while index + length < 8, group(index + length) == 0 { length += 1 }
      if length > best.length { best = (index, length) }
      index += max(length, 1)
    }
    index = 0
    while index < 8 {
      if index == best.start {
        append(index == 0 ? "::" : ":")
        index += best.length
        continue
      }
      let value = group(index)
      let digits = value > 0xfff ? 4 : value > 0xff ? 3 : value > 0xf ? 2 : 1
      append(hex: value, digits: digits)
      index += 1
      if index < 8 { append(byte: 0x3a) }
    }
  }
}
