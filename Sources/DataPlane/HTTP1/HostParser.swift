/// `uri-host [":" port]` of RFC 9110 section 7.2, without user information and not empty.
enum HostParser {
  static func isValid(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Bool {
    guard count > 0, count <= 512 else { return false }
    let end = at &+ count
    var index = at
    if bytes[at] == 0x5b {
      index &+= 1
      while index < end, bytes[index] != 0x5d { index &+= 1 }
      guard index < end, isIPv6(bytes, at &+ 1, index) else { return false }
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

  /// IPv6address of RFC 3986 section 3.2.2: eight groups of 1 to 4 hexadecimal digits, one run of
  /// them left out by `::`, the last two perhaps as an IPv4 address.
  private static func isIPv6(_ bytes: borrowing Bytes, _ from: Int, _ end: Int) -> Bool {
    var groups = 0
    var hasGap = false
    var index = from
    if index &+ 1 < end, bytes[index] == 0x3a {
      guard bytes[index &+ 1] == 0x3a else { return false }
      hasGap = true
      index &+= 2
    }
    while index < end {
      var digits = 0
      let group = index
      while index < end, ByteClass.hexValue(bytes[index]) != nil {
        index &+= 1
        digits &+= 1
      }
      if index < end, bytes[index] == 0x2e {
        guard isIPv4(bytes, group, end) else { return false }
        groups &+= 2
        break
      }
      guard digits >= 1, digits <= 4 else { return false }
      groups &+= 1
      if index == end { break }
      guard bytes[index] == 0x3a else { return false }
      index &+= 1
      guard index < end else { return false }
      if bytes[index] == 0x3a {
        if hasGap { return false }
        hasGap = true
        index &+= 1
      }
    }
    return hasGap ? groups <= 7 : groups == 8
  }

  private static func isIPv4(_ bytes: borrowing Bytes, _ from: Int, _ end: Int) -> Bool {
    var index = from
    for part in 0..<4 {
      var value = 0
      var digits = 0
      while index < end, ByteClass.isDigit(bytes[index]), digits < 4 {
        value = value &* 10 &+ Int(bytes[index] &- 0x30)
        digits &+= 1
        index &+= 1
      }
      guard digits >= 1, value <= 255, digits == 1 || value >= 10, digits < 3 || value >= 100
      else { return false }
      if part == 3 { return index == end }
      guard index < end, bytes[index] == 0x2e else { return false }
      index &+= 1
    }
    return false
  }
}
