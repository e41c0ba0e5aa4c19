/// TLS towards clients and towards backends.
extension Config {
  public enum TLSVersion: String, Equatable, Sendable, CaseIterable {
    case tls12 = "1.2"
    case tls13 = "1.3"
  }

  /// How a listener speaks TLS. Its files were read, and fit together, when the config was loaded.
  public struct TLS: Equatable, Sendable {
    /// At least one. The first is for clients that name no host, or one that no other is for.
    public var certificates: [Certificate]
    public var minimumVersion = TLSVersion.tls12
    /// Suites of TLS 1.2 in OpenSSL's words; `nil` is the built-in list.
    public var ciphers: String? = nil
    /// `nil` asks clients for no certificate.
    public var clientCertificates: ClientCertificates? = nil
    public var sessionTickets = SessionTickets.rotating
    public init(certificates: [Certificate]) { self.certificates = certificates }
  }

  /// A chain with its key, and the names that it is chosen by.
  public struct Certificate: Equatable, Sendable {
    /// The server's certificate first, then those between it and the root (PEM).
    public var chain: LoadedFile
    /// PEM, not encrypted.
    public var key: LoadedFile
    /// Lower case: `example.com`, or `*.example.com` for one label in place of the star.
    public var names: [String]
    /// By the config, not by the certificate.
    public var hasWrittenNames = false
    public var facts: CertificateFacts
    public init(
      chain: LoadedFile, key: LoadedFile, names: [String], facts: CertificateFacts
    ) {
      self.chain = chain
      self.key = key
      self.names = names
      self.facts = facts
    }
  }

  /// What a listener wants of its clients' certificates.
  public struct ClientCertificates: Equatable, Sendable {
    public enum Mode: String, Equatable, Sendable, CaseIterable {
      /// Whoever has none does not get through the handshake.
      case required
      /// Whoever shows one must show a good one.
      case optional
    }
    public var mode: Mode
    /// Roots (and what is between) that clients' certificates lead to (PEM).
    public var authorities: LoadedFile
    public init(mode: Mode, authorities: LoadedFile) {
      self.mode = mode
      self.authorities = authorities
    }
  }

  public enum SessionTickets: Equatable, Sendable {
    case off
    /// With keys of this process alone, made anew every 12 hours.
    case rotating
    /// 80 random bytes each. The first seals new tickets, all of them open old ones.
    case files([LoadedFile])

    /// Of one key.
    static let keyBytes = 80
  }

  /// `Strict-Transport-Security` (RFC 6797).
  public struct HSTS: Equatable, Sendable {
    /// Whole seconds.
    public var maxAge: Duration = .seconds(31_536_000)
    public var includesSubdomains = false
    public var preload = false
    public init() {}
  }

  /// What is spoken to a pool's backends.
  public enum PoolProtocol: String, Equatable, Sendable, CaseIterable {
    case http1 = "http/1.1"
    /// HTTP/2 over TLS.
    case h2
    /// HTTP/2 in clear.
    case h2c
  }

  /// How TLS is spoken to a pool's backends.
  public struct PoolTLS: Equatable, Sendable {
    /// `nil`: the system's authorities.
    public var authorities: LoadedFile? = nil
    /// For SNI and for the check of names. `nil`: the backend's name as written.
    public var serverName: String? = nil
    public var verifies = true
    /// Shown to backends that ask for one; its names are not used.
    public var certificate: Certificate? = nil
    public var minimumVersion = TLSVersion.tls12
    public init() {}
  }

  /// A file that the config names, read when the config was loaded. Its bytes, which may be a
  /// secret, are not shown, however it is printed.
  public struct LoadedFile: Equatable, Sendable, CustomStringConvertible,
    CustomDebugStringConvertible, CustomReflectable
  {
    /// Absolute.
    public let path: String
    public let bytes: [UInt8]
    public init(path: String, bytes: [UInt8]) {
      self.path = path
      self.bytes = bytes
    }

    public var description: String { "\(path) (\(bytes.count) bytes)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
  }
}

extension Config.HSTS {
  /// The field's value (RFC 6797 section 6.1).
  var fieldValue: String {
    var text = "max-age=\(maxAge.components.seconds)"
    if includesSubdomains { text += "; includeSubDomains" }
    if preload { text += "; preload" }
    return text
  }
}

extension Config.TLS {
  /// Every file that it was made from.
  var files: [Config.LoadedFile] {
    var files = certificates.flatMap { [$0.chain, $0.key] }
    if let clientCertificates { files.append(clientCertificates.authorities) }
    if case .files(let keys) = sessionTickets { files += keys }
    return files
  }
}

extension Config.PoolTLS {
  var files: [Config.LoadedFile] {
    [authorities, certificate?.chain, certificate?.key].compactMap { $0 }
  }
}

extension Config {
  /// Files of TLS, of listeners and of pools: what is watched for changes.
  var tlsFiles: [LoadedFile] {
    listeners.flatMap { $0.tls?.files ?? [] } + pools.flatMap { $0.tls?.files ?? [] }
  }
}
