/// The header fields that the proxy itself acts upon.
package enum FieldID: UInt8, Sendable, BitwiseCopyable {
  case other
  case host, connection, keepAlive, te, upgrade, transferEncoding, contentLength, expect
  case proxyConnection, http2Settings, proxy
  case forwardedFor, forwardedProto, forwardedHost, forwardedOther, requestID
  /// `X-Client-Verify`, `-Subject`, `-Fingerprint`: what a proxy says of a client's certificate.
  case clientCertificate
  case via, date, accept, authorization, cookie, setCookie, trailer, maxForwards

  /// Meant for this connection only (RFC 9110 section 7.6.1), or dangerous to pass on: `Proxy`
  /// becomes HTTP_PROXY in CGI programs.
  var isHopByHop: Bool {
    switch self {
    case .connection, .keepAlive, .te, .upgrade, .proxyConnection, .http2Settings, .proxy:
      return true
    default: return false
    }
  }

  /// Frames or routes the message, or says who sent it: no connection's own, whatever `Connection`
  /// names. Otherwise a client could have taken out what a proxy before us said of it.
  var isOfMessage: Bool {
    switch self {
    case .host, .contentLength, .transferEncoding, .expect, .forwardedFor, .forwardedProto,
      .forwardedHost, .forwardedOther, .requestID, .clientCertificate:
      return true
    default: return false
    }
  }

  /// May not appear in a trailer section: framing, routing, authentication, controls
  /// (RFC 9110 section 6.5.1).
  var isForbiddenInTrailers: Bool {
    switch self {
    case .other, .date, .accept: return false
    default: return true
    }
  }

  /// Which field this name is, whatever its case.
  @inline(__always)
  static func classify(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> FieldID {
    // Two words of eight bytes, folded to lower case: `-` stays, `_` becomes something else, so an
    // underscore never passes for a hyphen. Short names read into the padding and are masked.
    let fold: UInt64 = 0x2020_2020_2020_2020
    if count > 16 {
      return longest(
        count, load8(bytes, at) | fold, load8(bytes, at &+ 8) | fold,
        bytes[at &+ 16] | 0x20)
    }
    if count < 8 {
      let mask = (1 << UInt64(truncatingIfNeeded: count &* 8)) &- 1
      return short(count, (load8(bytes, at) | fold) & UInt64(mask))
    }
    return long(count, load8(bytes, at) | fold, load8(bytes, at &+ count &- 8) | fold)
  }

  /// Which field a name would be if each `_` were `-`: applications behind CGI, WSGI or Rack
  /// cannot tell the two apart.
  @inline(never)
  static func classifyUnderscored(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> FieldID {
    func word(_ from: Int, _ length: Int) -> UInt64 {
      var result: UInt64 = 0
      for index in 0..<length {
        let byte = bytes[from &+ index]
        let folded = byte == 0x5f ? 0x2d : byte | 0x20
        result |= UInt64(folded) << UInt64(index &* 8)
      }
      return result
    }
    if count < 8 { return short(count, word(at, count)) }
    if count <= 16 { return long(count, word(at, 8), word(at &+ count &- 8, 8)) }
    let last = UInt8(truncatingIfNeeded: word(at &+ 16, 1))
    return longest(count, word(at, 8), word(at &+ 8, 8), last)
  }

  @inline(__always)
  private static func short(_ count: Int, _ word: UInt64) -> FieldID {
    switch (count, word) {
    case (2, 0x6574): return .te
    case (3, 0x61_6976): return .via
    case (4, 0x7473_6f68): return .host
    case (4, 0x6574_6164): return .date
    case (5, 0x79_786f_7270): return .proxy
    case (6, 0x7463_6570_7865): return .expect
    case (6, 0x7470_6563_6361): return .accept
    case (6, 0x6569_6b6f_6f63): return .cookie
    case (7, 0x65_6461_7267_7075): return .upgrade
    case (7, 0x72_656c_6961_7274): return .trailer
    default: return .other
    }
  }

  /// Names of 8 to 16 bytes by their first and last eight, which cover them.
  @inline(__always)
  private static func long(_ count: Int, _ first: UInt64, _ last: UInt64) -> FieldID {
    switch (count, first, last) {
    case (9, 0x6564_7261_7772_6f66, 0x6465_6472_6177_726f): return .forwardedOther
    case (9, 0x692d_6c61_6572_2d78, 0x7069_2d6c_6165_722d): return .forwardedOther
    case (10, 0x6974_6365_6e6e_6f63, 0x6e6f_6974_6365_6e6e): return .connection
    case (10, 0x696c_612d_7065_656b, 0x6576_696c_612d_7065): return .keepAlive
    case (10, 0x6b6f_6f63_2d74_6573, 0x6569_6b6f_6f63_2d74): return .setCookie
    case (12, 0x7365_7571_6572_2d78, 0x6469_2d74_7365_7571): return .requestID
    case (12, 0x7772_6f66_2d78_616d, 0x7364_7261_7772_6f66): return .maxForwards
    case (13, 0x7a69_726f_6874_7561, 0x6e6f_6974_617a_6972): return .authorization
    case (14, 0x2d74_6e65_746e_6f63, 0x6874_676e_656c_2d74): return .contentLength
    case (14, 0x6573_2d32_7074_7468, 0x7367_6e69_7474_6573): return .http2Settings
    case (15, 0x746e_6569_6c63_2d78, 0x7966_6972_6576_2d74): return .clientCertificate
    case (16, 0x746e_6569_6c63_2d78, 0x7463_656a_6275_732d): return .clientCertificate
    case (15, 0x7261_7772_6f66_2d78, 0x726f_662d_6465_6472): return .forwardedFor
    case (16, 0x6f63_2d79_786f_7270, 0x6e6f_6974_6365_6e6e): return .proxyConnection
    case (16, 0x7261_7772_6f66_2d78, 0x7473_6f68_2d64_6564): return .forwardedHost
    // X-Forwarded-By and the like: `x-forwar` and `ded-`, wherever the last eight begin.
    case (12..., 0x7261_7772_6f66_2d78, _):
      let next = (last >> UInt64(truncatingIfNeeded: (16 &- count) &* 8)) & 0xffff_ffff
      return next == 0x2d64_6564 ? .forwardedOther : .other
    default: return .other
    }
  }

  /// Names of 17 bytes and more, by their first sixteen and the seventeenth.
  private static func longest(
    _ count: Int, _ first: UInt64, _ second: UInt64, _ last: UInt8
  ) -> FieldID {
    switch (count, first, second, last) {
    case (17, 0x7265_6673_6e61_7274, 0x6e69_646f_636e_652d, 0x67): return .transferEncoding
    case (17, 0x7261_7772_6f66_2d78, 0x746f_7270_2d64_6564, 0x6f): return .forwardedProto
    case (20, 0x746e_6569_6c63_2d78, 0x7072_6567_6e69_662d, 0x72): return .clientCertificate
    case (_, 0x7261_7772_6f66_2d78, _, _) where second & 0xffff_ffff == 0x2d64_6564:
      return .forwardedOther
    default: return .other
    }
  }

  /// Names that may not stand in a trailer section and mean nothing to the proxy elsewhere:
  /// authentication, request modifiers, the content's format (RFC 9110 section 6.5.1).
  static func isForbiddenTrailer(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Bool {
    switch count {
    case 3: return FieldParser.equals(bytes, at, count, "age")
    case 4: return FieldParser.equals(bytes, at, count, "vary")
    case 5: return FieldParser.equals(bytes, at, count, "range")
    case 6: return FieldParser.equals(bytes, at, count, "pragma")
    case 7: return FieldParser.equals(bytes, at, count, "expires")
    case 8:
      return FieldParser.equals(bytes, at, count, "location")
        || FieldParser.equals(bytes, at, count, "if-match")
        || FieldParser.equals(bytes, at, count, "if-range")
    case 11: return FieldParser.equals(bytes, at, count, "retry-after")
    case 12: return FieldParser.equals(bytes, at, count, "content-type")
    case 13:
      return FieldParser.equals(bytes, at, count, "cache-control")
        || FieldParser.equals(bytes, at, count, "if-none-match")
        || FieldParser.equals(bytes, at, count, "content-range")
    case 16:
      return FieldParser.equals(bytes, at, count, "www-authenticate")
        || FieldParser.equals(bytes, at, count, "content-encoding")
    case 17: return FieldParser.equals(bytes, at, count, "if-modified-since")
    case 18: return FieldParser.equals(bytes, at, count, "proxy-authenticate")
    case 19:
      return FieldParser.equals(bytes, at, count, "proxy-authorization")
        || FieldParser.equals(bytes, at, count, "if-unmodified-since")
        || FieldParser.equals(bytes, at, count, "authentication-info")
    default: return false
    }
  }
}
