/// Classes of bytes of RFC 9110 section 5.6 and RFC 3986, sixteen at a time where it pays.
///
/// Both sides of a SIMD comparison must be vectors: with a scalar operand the compiler emits a
/// scalar loop, 32 to 55 times slower. `ByteClassTests` compares each scan with its scalar twin.
/// The scans answer the first index in `from..<to` whose byte is outside the class; `to`
/// when there is none. They read up to 15 bytes beyond `to`: the block's padding.
enum ByteClass {
  /// Letters, digits, `-`: what nearly every field name is made of.
  @inline(__always)
  static func endOfPlainName(_ bytes: borrowing Bytes, _ from: Int, _ to: Int) -> Int {
    var index = from
    while index < to {
      let lanes = load16(bytes, index)
      let lower = lanes | Lanes(repeating: 0x20)
      let plain =
        ((lower &- Lanes(repeating: 0x61)) .<= Lanes(repeating: 25))
        .| ((lanes &- Lanes(repeating: 0x30)) .<= Lanes(repeating: 9))
        .| (lanes .== Lanes(repeating: 0x2d))
      let outside = ~laneBits(plain) & 0xffff
      if outside != 0 { return min(index &+ outside.trailingZeroBitCount, to) }
      index &+= 16
    }
    return to
  }

  /// A field value: everything but control bytes; HTAB belongs to it (RFC 9110 section 5.5).
  @inline(__always)
  static func endOfValue(_ bytes: borrowing Bytes, _ from: Int, _ to: Int) -> Int {
    var index = from
    while index < to {
      let lanes = load16(bytes, index)
      var outside = laneBits(
        (lanes .< Lanes(repeating: 0x20)) .| (lanes .== Lanes(repeating: 0x7f)))
      while outside != 0 {
        let at = index &+ outside.trailingZeroBitCount
        if at >= to { return to }
        if bytes[at] != 0x09 { return at }
        outside &= outside &- 1
      }
      index &+= 16
    }
    return to
  }

  /// Visible ASCII.
  @inline(__always)
  static func endOfVisible(_ bytes: borrowing Bytes, _ from: Int, _ to: Int) -> Int {
    var index = from
    while index < to {
      let lanes = load16(bytes, index)
      let outside = laneBits((lanes &- Lanes(repeating: 0x21)) .> Lanes(repeating: 0x5d))
      if outside != 0 { return min(index &+ outside.trailingZeroBitCount, to) }
      index &+= 16
    }
    return to
  }

  /// `tchar` of RFC 9110 section 5.6.2.
  @inline(__always) static func isToken(_ byte: UInt8) -> Bool { tokens.contains(byte) }

  static var tokens: ByteSet {
    ByteSet(low: 0x03ff_6cfa_0000_0000, high: 0x57ff_ffff_c7ff_fffe)
  }
  /// `unreserved` of RFC 3986: percent-encoding them changes nothing.
  static var unreserved: ByteSet {
    ByteSet(low: 0x03ff_6000_0000_0000, high: 0x47ff_fffe_87ff_fffe)
  }
  /// `reg-name` without the comma, at which some parsers split lists; `%` is checked apart.
  static var hostName: ByteSet {
    ByteSet(low: 0x2bff_6fd2_0000_0000, high: 0x47ff_fffe_87ff_fffe)
  }
  /// `#`, `"`, `<`, `>`: never in a target, and read differently by different servers.
  static var forbiddenInTarget: ByteSet {
    ByteSet(low: 0x5000_000c_0000_0000, high: 0x0000_0000_0000_0000)
  }

  /// What RFC 3986 allows in a path, a query and an authority, and `%`.
  static var allowedInURI: ByteSet {
    ByteSet(low: 0xafff_fff2_0000_0000, high: 0x47ff_fffe_afff_ffff)
  }
  /// `&`, `+`, `;`, `=`, `?`: data in a path, syntax in a query.
  static var separatesInQuery: ByteSet {
    ByteSet(low: 0xa800_0840_0000_0000, high: 0x0000_0000_0000_0000)
  }

  @inline(__always) static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 <= 9 }

  /// 0...15, or nil.
  @inline(__always) static func hexValue(_ byte: UInt8) -> UInt8? {
    if byte &- 0x30 <= 9 { return byte &- 0x30 }
    let letter = (byte | 0x20) &- 0x61
    return letter <= 5 ? letter &+ 10 : nil
  }
}

/// A set of ASCII bytes in two words: constants, so that no initialiser runs on the hot path.
struct ByteSet: BitwiseCopyable, Sendable {
  let low: UInt64
  let high: UInt64

  @inline(__always) func contains(_ byte: UInt8) -> Bool {
    if byte >= 128 { return false }
    return (byte < 64 ? low >> UInt64(byte) : high >> UInt64(byte & 63)) & 1 != 0
  }
}
