/// Integers of RFC 7541 section 5.1.
enum HPACKInteger {
  /// At most five bytes behind the prefix, so that nothing overflows.
  ///
  /// - Returns: the value, below 2^36; -1 when it is cut off or too long.
  @inline(__always)
  static func decode(
    _ bytes: borrowing Bytes, _ at: inout Int, _ to: Int, prefix: Int
  ) -> Int {
    guard at < to else { return -1 }
    let most = 1 << prefix &- 1
    var value = Int(bytes[at]) & most
    at &+= 1
    if value < most { return value }
    var shift = 0
    while at < to, shift <= 28 {
      let byte = Int(bytes[at])
      at &+= 1
      value &+= (byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift &+= 7
    }
    return -1
  }

  /// Appends a value that is not negative; `flags` are the bits in front of the prefix.
  @inline(__always)
  static func encode(_ value: Int, prefix: Int, flags: UInt8, into out: inout Block) {
    let most = 1 << prefix &- 1
    if value < most {
      return out.append(byte: flags | UInt8(truncatingIfNeeded: value))
    }
    out.append(byte: flags | UInt8(truncatingIfNeeded: most))
    var rest = value &- most
    while rest >= 0x80 {
      out.append(byte: UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    out.append(byte: UInt8(truncatingIfNeeded: rest))
  }
}

/// Strings of RFC 7541 section 5.2.
enum HPACKString {
  /// Decodes to `out[place...]`, as far as there is room, without moving the end of `out`.
  ///
  /// - Returns: the length; -1 when it is cut off or badly coded.
  @inline(__always)
  static func decode(
    _ bytes: borrowing Bytes, _ at: inout Int, _ to: Int, into out: inout Block, _ place: Int
  ) -> Int {
    guard at < to else { return -1 }
    let isCoded = bytes[at] >= 0x80
    let length = HPACKInteger.decode(bytes, &at, to, prefix: 7)
    guard length >= 0, length <= to &- at else { return -1 }
    let from = at
    at &+= length
    let room = out.capacity &- place
    if isCoded { return Huffman.decode(bytes, from, at, into: &out, place, room: room) }
    let end = out.end
    out.end = place
    out.append(bytes, from, min(length, room))
    out.end = end
    return length
  }
}
