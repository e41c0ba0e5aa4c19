/// `uri-host [":" port]` of RFC 9110 section 7.2, without user information and not empty.
enum HostParser {
  static func isValid(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Bool {
    guard count > 0, count <= 512 else { return false }
    let end = at &+ count
    var index = at
    if bytes[at] == 0x5b {
      index &+= 1
      while index < end, isAddressByte(bytes[index]) { index &+= 1 }
      guard index < end, bytes[index] == 0x5d, index > at &+ 2 else { return false }
      index &+= 1
    } else {
      index = ByteClass.endOfPlainName(bytes, at, end)
      while index < end, bytes[index] != 0x3a {
        if bytes[index] == 0x25 {
          guard index &+ 2 < end, ByteClass.hexValue(bytes[index &+ 1]) != nil,
            ByteClass.hexValue(bytes[index &+ 2]) != nil
          else { return false }
        } else if !ByteClass.hostName.contains(bytes[index]) {
          return false
        }
        index &+= 1
      }
      guard index > at else { return false }
    }
    return index == end || isPort(bytes, index, end)
  }

  /// The host without its port.
  static func nameLength(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Int {
    var index = at &+ count
    while index > at, ByteClass.isDigit(bytes[index &- 1]) { index &-= 1 }
    return index > at && bytes[index &- 1] == 0x3a ? index &- 1 &- at : count
  }

  private static func isPort(_ bytes: borrowing Bytes, _ colon: Int, _ end: Int) -> Bool {
    guard bytes[colon] == 0x3a, end &- colon <= 6 else { return false }
    var port = 0
    for index in (colon &+ 1)..<end {
      guard ByteClass.isDigit(bytes[index]) else { return false }
      port = port &* 10 &+ Int(bytes[index] &- 0x30)
    }
    return port <= 65535
  }

  private static func isAddressByte(_ byte: UInt8) -> Bool {
    ByteClass.hexValue(byte) != nil || byte == 0x3a || byte == 0x2e
  }
}
