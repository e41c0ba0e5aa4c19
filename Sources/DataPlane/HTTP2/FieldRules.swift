/// What a field of HTTP/2 may be (RFC 9113 section 8.2): the guard against heads that become
/// other heads when they are written as HTTP/1.1.
enum FieldRules {
  /// A token in lower case.
  @inline(__always)
  static func isName(_ list: borrowing FieldList, _ index: Int) -> Bool {
    list.hasStaticName(index) || isName(list.text.bytes, list[index])
  }

  private static func isName(_ bytes: borrowing Bytes, _ entry: FieldList.Entry) -> Bool {
    let from = Int(entry.name)
    let end = from &+ Int(entry.nameLength)
    var at = endOfLowerName(bytes, from, end)
    while at < end {
      let byte = bytes[at]
      if !ByteClass.isToken(byte) || byte &- 0x41 <= 25 { return false }
      at &+= 1
    }
    return end > from
  }

  /// Lower-case letters, digits, `-`: what nearly every name is made of.
  @inline(__always)
  private static func endOfLowerName(_ bytes: borrowing Bytes, _ from: Int, _ to: Int) -> Int {
    var index = from
    while index < to {
      let lanes = load16(bytes, index)
      let plain =
        ((lanes &- Lanes(repeating: 0x61)) .<= Lanes(repeating: 25))
        .| ((lanes &- Lanes(repeating: 0x30)) .<= Lanes(repeating: 9))
        .| (lanes .== Lanes(repeating: 0x2d))
      let outside = ~laneBits(plain) & 0xffff
      if outside != 0 { return min(index &+ outside.trailingZeroBitCount, to) }
      index &+= 16
    }
    return to
  }

  /// No control bytes but HTAB, no white space at either end.
  @inline(__always)
  static func isValue(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Bool {
    if count == 0 { return true }
    let end = at &+ count
    return !isSpace(bytes[at]) && !isSpace(bytes[end &- 1])
      && ByteClass.endOfValue(bytes, at, end) == end
  }

  @inline(__always) private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09
  }

  static func isToken(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Bool {
    for index in at..<(at &+ count) where !ByteClass.isToken(bytes[index]) { return false }
    return count > 0
  }

  /// Fields of a connection, which HTTP/2 does not have (RFC 9113 section 8.2.2).
  @inline(__always) static func isOfConnection(_ id: FieldID) -> Bool {
    switch id {
    case .connection, .keepAlive, .proxyConnection, .transferEncoding, .upgrade: return true
    default: return false
    }
  }

  /// Compares without case.
  static func isSame(
    _ bytes: borrowing Bytes, _ left: Int, _ right: Int, _ count: Int
  ) -> Bool {
    for index in 0..<count
    where HostKey.lower(bytes[left &+ index]) != HostKey.lower(bytes[right &+ index]) {
      return false
    }
    return true
  }
}

/// The pseudo-fields (RFC 9113 section 8.3), found by name.
enum PseudoField: BitwiseCopyable {
  case method, scheme, authority, path, status, unknown

  /// - Parameter count: at least 1; the name begins with a colon.
  @inline(__always)
  static func classify(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> PseudoField {
    let word = load8(bytes, at) & LowerName.mask(count)
    switch (count, word) {
    case (5, 0x68_7461_703a): return .path
    case (7, 0x64_6f68_7465_6d3a): return .method
    case (7, 0x65_6d65_6863_733a): return .scheme
    case (7, 0x73_7574_6174_733a): return .status
    case (10, 0x69_726f_6874_7561_3a):
      return bytes[at &+ 8] == 0x74 && bytes[at &+ 9] == 0x79 ? .authority : .unknown
    default: return .unknown
    }
  }
}

/// How long the body of a translated message is, and what else its head says of the way.
package struct TranslatedFraming: BitwiseCopyable, Equatable, Sendable {
  package enum Body: BitwiseCopyable, Equatable, Sendable {
    /// No content follows.
    case none
    case length(Int64)
    /// `Transfer-Encoding: chunked` was written.
    case chunked
  }

  package var body = Body.none
  /// Of a request: `te: trailers`.
  package var acceptsTrailers = false
  /// Of a response.
  package var status = 0
}

/// What came of a translation. Nothing is left in the block unless it was written.
package enum TranslationOutcome: Equatable, Sendable {
  case written(TranslatedFraming)
  /// A stream error PROTOCOL_ERROR (RFC 9113 section 8.1.1).
  case malformed
  /// CONNECT, well-formed.
  case connect
  /// The block is too small.
  case noRoom
}
