import COpenSSL

/// In words, where the peer is a backend. For logs and events: not on the data path.
extension TLSFailure {
  var ofBackend: String {
    switch kind {
    case .closed: return TLSFailure.words(reason: 0)
    case .timeout: return "no end of the handshake within the connect timeout"
    case .otherProtocol: return TLSFailure.words(reason: TLSFailure.noApplicationProtocol)
    case .plainHTTP: return description
    case .refused:
      if verification != 0 { return TLSFailure.words(verification: verification) }
      return TLSFailure.words(reason: reason)
    }
  }

  /// - Parameter verification: one of `X509_V_ERR_`...
  static func words(verification: Int) -> String {
    guard let text = unsafe X509_verify_cert_error_string(verification) else {
      return "its certificate is not accepted"
    }
    return unsafe "its certificate is not accepted: " + String(cString: text)
  }

  /// Of the alert of that name, as OpenSSL numbers reasons.
  static var noApplicationProtocol: Int { 1120 }
  private static var wrongVersion: Int { 267 }

  /// - Parameter reason: OpenSSL's; 0 when there is none.
  static func words(reason: Int) -> String {
    switch reason {
    case 0: return "it closed the connection during the handshake"
    case wrongVersion: return "it does not speak TLS on this port"
    case noApplicationProtocol: return "it does not speak the pool's protocol (ALPN)"
    default:
      let code = UInt(ERR_LIB_SSL) << 23 | UInt(reason)
      guard let text = unsafe ERR_reason_error_string(code) else { return "reason \(reason)" }
      return unsafe String(cString: text)
    }
  }
}
