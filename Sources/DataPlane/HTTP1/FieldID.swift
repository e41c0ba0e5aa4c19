/// The header fields that the proxy itself acts upon.
package enum FieldID: UInt8, Sendable, BitwiseCopyable {
  case other
  case host, connection, keepAlive, te, upgrade, transferEncoding, contentLength, expect
  case proxyConnection, http2Settings, proxy
  case forwardedFor, forwardedProto, forwardedHost, forwardedOther, requestID
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
    guard count <= 17 else { return .other }
    let fold: UInt64 = 0x2020_2020_2020_2020
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
    guard count <= 17 else { return .other }
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
    return long(count, word(at, 8), word(at &+ count &- 8, 8))
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

  /// Names of 8 to 17 bytes by their first and last eight.
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
    case (15, 0x7261_7772_6f66_2d78, 0x726f_662d_6465_6472): return .forwardedFor
    case (16, 0x6f63_2d79_786f_7270, 0x6e6f_6974_6365_6e6e): return .proxyConnection
    case (16, 0x7261_7772_6f66_2d78, 0x7473_6f68_2d64_6564): return .forwardedHost
    case (17, 0x7265_6673_6e61_7274, 0x676e_6964_6f63_6e65): return .transferEncoding
    case (17, 0x7261_7772_6f66_2d78, 0x6f74_6f72_702d_6465): return .forwardedProto
    // The rest of X-Forwarded-*: Port, Server, Prefix, Proto's relatives.
    case (_, 0x7261_7772_6f66_2d78, _) where count >= 12: return .forwardedOther
    default: return .other
    }
  }
}
