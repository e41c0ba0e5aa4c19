/// Reads an address literal, strictly: nothing around it, no zone, no short forms of IPv4.
enum AddressReader {
  /// The literal that is all of `from..<end`, of the family 4 or 6; nil when it is none.
  static func read(
    _ bytes: borrowing Bytes, _ from: Int, _ end: Int, _ family: UInt8
  ) -> PeerAddress? {
    // The longest is an IPv6 address that ends as an IPv4 address.
    guard end > from, end &- from <= 45 else { return nil }
    var address = InlineArray<16, UInt8>(repeating: 0)
    let isValid =
      family == 4
      ? readIPv4(bytes, from, end, at: 0, into: &address)
      : readIPv6(bytes, from, end, into: &address)
    return isValid ? PeerAddress(family: family, bytes: address) : nil
  }

  /// Four decimal numbers without leading zeros (RFC 3986 section 3.2.2).
  private static func readIPv4(
    _ bytes: borrowing Bytes, _ from: Int, _ end: Int, at place: Int,
    into address: inout InlineArray<16, UInt8>
  ) -> Bool {
    var index = from
    for part in 0..<4 {
      let first = index
      var value = 0
      while index < end, bytes[index] &- 0x30 <= 9, index &- first < 3 {
        value = value &* 10 &+ Int(bytes[index] &- 0x30)
        index &+= 1
      }
      guard index > first, value <= 255, bytes[first] != 0x30 || index &- first == 1 else {
        return false
      }
      address[place &+ part] = UInt8(truncatingIfNeeded: value)
      if part == 3 { return index == end }
      guard index < end, bytes[index] == 0x2e else { return false }
      index &+= 1
    }
    return false
  }

  /// Eight groups of 1 to 4 hexadecimal digits, one run of them left out by `::`, the last two
  /// perhaps as an IPv4 address (RFC 4291 section 2.2).
  private static func readIPv6(
    _ bytes: borrowing Bytes, _ from: Int, _ end: Int, into address: inout InlineArray<16, UInt8>
  ) -> Bool {
    var count = 0
    /// Bytes in front of the gap.
    var gap = -1
    var index = from
    if end &- from >= 2, bytes[from] == 0x3a {
      guard bytes[from &+ 1] == 0x3a else { return false }
      gap = 0
      index &+= 2
    }
    while index < end {
      let first = index
      var value = 0
      while index < end, index &- first < 4, let digit = ByteClass.hexValue(bytes[index]) {
        value = value << 4 | Int(digit)
        index &+= 1
      }
      if index < end, bytes[index] == 0x2e {
        guard count <= 12, readIPv4(bytes, first, end, at: count, into: &address) else {
          return false
        }
        count &+= 4
        break
      }
      guard index > first, count <= 14 else { return false }
      address[count] = UInt8(truncatingIfNeeded: value >> 8)
      address[count &+ 1] = UInt8(truncatingIfNeeded: value)
      count &+= 2
      if index == end { break }
      guard bytes[index] == 0x3a, index &+ 1 < end else { return false }
      index &+= 1
      if bytes[index] == 0x3a {
        guard gap < 0 else { return false }
        gap = count
        index &+= 1
      }
    }
    guard gap >= 0 else { return count == 16 }
    // `::` stands for at least one group.
    guard count <= 14 else { return false }
    spread(&address, count, gap)
    return true
  }

  /// Moves what came behind the gap to the end.
  private static func spread(_ address: inout InlineArray<16, UInt8>, _ count: Int, _ gap: Int) {
    var index = count
    var to = 16
    while index > gap {
      index &-= 1
      to &-= 1
      address[to] = address[index]
    }
    while to > gap {
      to &-= 1
      address[to] = 0
    }
  }
}
