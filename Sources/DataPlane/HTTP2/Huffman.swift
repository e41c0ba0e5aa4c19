/// The Huffman code for strings of RFC 7541 section 5.2. Pure; the tables are in `HuffmanTable`.
package enum Huffman {
  /// Decodes `bytes[from..<to]` to `out[at...]`, without moving the end of `out`. What would lie
  /// behind `at + room` is checked but not written.
  ///
  /// - Returns: the decoded length; -1 for the end-of-string symbol, and for padding that is longer
  ///   than seven bits or not all ones.
  static func decode(
    _ bytes: borrowing Bytes, _ from: Int, _ to: Int, into out: inout Block, _ at: Int, room: Int
  ) -> Int {
    var index = from
    // The next bits, left-aligned; zeros behind the `left` that there are.
    var bits: UInt64 = 0
    var left = 0
    var count = 0
    var word: UInt64 = 0
    while true {
      while left <= 56, index < to {
        bits |= UInt64(bytes[index]) << UInt64(truncatingIfNeeded: 56 &- left)
        left &+= 8
        index &+= 1
      }
      var length = 0
      var byte: UInt8 = 0
      let top = UInt8(truncatingIfNeeded: bits >> 56)
      if top < 0xfe {
        length = 5 &+ (top >= 0x50 ? 1 : 0) &+ (top >= 0xb8 ? 1 : 0) &+ (top >= 0xf8 ? 1 : 0)
        if length > left { break }
        byte = HuffmanTable.short[Int(top)]
      } else {
        let code = longCode(bits)
        length = code.length
        if length > left { break }
        if code.isEnd { return -1 }
        byte = code.byte
      }
      bits <<= UInt64(truncatingIfNeeded: length)
      left &-= length
      word |= UInt64(byte) << UInt64(truncatingIfNeeded: (count & 7) &* 8)
      count &+= 1
      if count & 7 == 0 {
        if count <= room { out.store(word, at: at &+ count &- 8) }
        word = 0
      }
    }
    // Fewer than eight ones are padding.
    if left > 7 || bits != ~(~0 >> UInt64(truncatingIfNeeded: left)) { return -1 }
    let rest = count & 7
    if rest > 0, count &- rest <= room { out.store(word, at: at &+ count &- rest) }
    return count
  }

  /// A code of ten bits or more.
  @inline(__always)
  private static func longCode(_ bits: UInt64) -> (length: Int, byte: UInt8, isEnd: Bool) {
    let code = bits >> 32
    var index = 0
    while code >= HuffmanTable.limits[index] { index &+= 1 }
    let value = Int(truncatingIfNeeded: code >> UInt64(truncatingIfNeeded: 22 &- index))
    let place = value &+ Int(HuffmanTable.places[index])
    let isEnd = place >= HuffmanTable.long.count
    return (index &+ 10, isEnd ? 0 : HuffmanTable.long[place], isEnd)
  }

  /// Bytes that the encoded form takes.
  static func encodedLength(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Int {
    var bits = 0
    for index in at..<(at &+ count) { bits &+= Int(HuffmanTable.lengths[Int(bytes[index])]) }
    return (bits &+ 7) >> 3
  }

  /// Appends the encoded form, for which `out` has room.
  static func encode(
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int, into out: inout Block
  ) {
    var end = out.end
    var bits: UInt64 = 0
    var left: UInt64 = 0
    for index in at..<(at &+ count) {
      let byte = Int(bytes[index])
      let length = UInt64(HuffmanTable.lengths[byte])
      bits = bits << length | UInt64(HuffmanTable.codes[byte])
      left &+= length
      if left >= 32 {
        left &-= 32
        out.store(UInt64(UInt32(truncatingIfNeeded: bits >> left).byteSwapped), at: end)
        end &+= 4
      }
    }
    if left > 0 {
      // Up to 31 bits, then ones.
      let padded = bits << (32 &- left) | (0xffff_ffff >> left)
      out.store(UInt64(UInt32(truncatingIfNeeded: padded).byteSwapped), at: end)
      end &+= Int((left &+ 7) >> 3)
    }
    out.end = end
  }
}
