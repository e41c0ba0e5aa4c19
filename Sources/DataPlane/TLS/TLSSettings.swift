/// The oldest version of TLS that is spoken.
package enum TLSVersion: Sendable, Equatable {
  case tls12, tls13
}

/// A chain and its key, as read from files (PEM).
package struct TLSCertificateSettings: Sendable, Equatable {
  /// The server's certificate first, then those between it and the root.
  package var chain: [UInt8]
  package var key: [UInt8]
  /// Lower case: `example.com`, or `*.example.com` for one label in place of the star.
  package var names: [String]

  package init(chain: [UInt8], key: [UInt8], names: [String] = []) {
    self.chain = chain
    self.key = key
    self.names = names
  }
}

/// How a listener speaks TLS, in plain values: what `TLSServerContexts.make` is given.
package struct TLSServerSettings: Sendable, Equatable {
  package enum ClientCertificates: Sendable, Equatable {
    case off
    /// Asked for. Connections without one, or with a bad one, go on; backends are told which.
    case optional(authorities: [UInt8])
    /// Without a good one the handshake fails.
    case required(authorities: [UInt8])
  }

  /// At least one; the first is for clients that name no host, or one that no other is for.
  /// Two of one name with different kinds of keys are both offered.
  package var certificates: [TLSCertificateSettings]
  package var minimumVersion = TLSVersion.tls12
  /// Suites of TLS 1.2 in OpenSSL's words; nil is `mozillaIntermediate`.
  package var ciphers: String?
  package var clientCertificates = ClientCertificates.off
  /// Offers `h2` besides `http/1.1`.
  package var offersHTTP2 = false

  package init(certificates: [TLSCertificateSettings]) { self.certificates = certificates }

  /// Mozilla's intermediate profile (version 5.7) without DHE, whose cost clients can impose:
  /// what the profile's own clients negotiate is all here.
  package static var mozillaIntermediate: String {
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"
      + ":ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"
      + ":ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
  }
  /// Its suites of TLS 1.3. AES-128 first: SHA-256 is computed by today's processors themselves,
  /// which makes a handshake cheaper than SHA-384 does, and 128 bits are as safe.
  static var suites: String {
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
  }
  /// The same profile's curves.
  static var curves: String { "X25519:prime256v1:secp384r1" }
}

/// How TLS is spoken to the backends of a pool: what `TLSClientContext.make` is given.
package struct TLSClientSettings: Sendable, Equatable {
  /// PEM; nil is the system's.
  package var authorities: [UInt8]?
  /// Chain and name are checked. Without, anybody may answer.
  package var verifies = true
  /// Shown to backends that ask.
  package var certificate: TLSCertificateSettings?
  package var minimumVersion = TLSVersion.tls12
  /// ALPN: `h2` alone instead of `http/1.1`.
  package var speaksHTTP2 = false

  package init() {}
}

/// Why no TLS can be spoken with these settings.
package enum TLSProblem: Error, Sendable, Equatable {
  case noCertificate
  /// By place in the list; -1 is a client's own.
  case badCertificate(Int, reason: String)
  case badKey(Int, reason: String)
  /// The key is not the certificate's.
  case mismatch(Int)
  case badCiphers(reason: String)
  case badAuthorities(reason: String)
  case badTicketKeys(reason: String)
  /// OpenSSL has no memory, or is not what it should be.
  case library(reason: String)
}

extension TLSProblem: CustomStringConvertible {
  package var description: String {
    switch self {
    case .noCertificate: return "there is no certificate"
    case .badCertificate(_, let reason): return "the certificate cannot be used: \(reason)"
    case .badKey(_, let reason): return "the key cannot be used: \(reason)"
    case .mismatch: return "the key does not belong to the certificate"
    case .badCiphers(let reason): return "the cipher list cannot be used: \(reason)"
    case .badAuthorities(let reason): return "the CA certificates cannot be used: \(reason)"
    case .badTicketKeys(let reason): return "the ticket keys cannot be used: \(reason)"
    case .library(let reason): return "OpenSSL: \(reason)"
    }
  }
}
