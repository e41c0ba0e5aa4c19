import COpenSSL

/// What a certificate says of itself. A plain value; made by `CertificateReader`.
public struct CertificateFacts: Equatable, Sendable {
  public enum KeyType: String, Equatable, Sendable {
    case rsa = "RSA"
    case ecdsa = "ECDSA"
    case other = "EdDSA"
  }

  /// DNS names of the subject alternative names, lower case; the common name does not count
  /// (RFC 9525 section 2).
  public var names: [String] = []
  public var keyType = KeyType.other
  /// As in `CN = example.com`.
  public var subject = ""
  public var issuer = ""
  /// Seconds since 1970.
  public var notBefore: Int64 = 0
  public var notAfter: Int64 = 0
  /// SHA-256, lower case hexadecimal.
  public var fingerprint = ""
  /// Certificates in the file behind the first.
  public var intermediates = 0
  public init() {}
}

/// Reads certificates and keys by OpenSSL, and says what is wrong with them before a client does.
/// Any thread; keeps nothing.
enum CertificateReader {
  /// Why a file cannot be used; continues the name of the file.
  struct Problem: Error, Equatable {
    let message: String
    /// Of the key's file, not of the certificate's.
    var isOfKey = false
  }

  /// The first certificate of a PEM text, the server's, and how many come behind it.
  static func facts(_ pem: [UInt8]) throws(Problem) -> CertificateFacts {
    try withCertificates(pem) { chain throws(Problem) in
      guard let first = chain.first else { throw Self.noCertificate(pem) }
      var facts = Self.facts(first)
      facts.intermediates = chain.count - 1
      return facts
    }
  }

  /// How many authorities a PEM text has; at least one.
  static func authorities(_ pem: [UInt8]) throws(Problem) -> Int {
    try withCertificates(pem) { chain throws(Problem) in
      guard !chain.isEmpty else { throw Self.noCertificate(pem) }
      return chain.count
    }
  }

  /// Whether a server (or, to backends, a client) can use the two together.
  static func check(chain pem: [UInt8], key: [UInt8]) throws(Problem) {
    var isEncrypted: Int32 = 0
    guard let secret = hr_pem_key(key, Int32(key.count), &isEncrypted) else {
      throw Problem(message: Self.keyProblem(key, isEncrypted: isEncrypted != 0), isOfKey: true)
    }
    defer { EVP_PKEY_free(secret) }
    try withCertificates(pem) { chain throws(Problem) in
      guard let first = chain.first else { throw Self.noCertificate(pem) }
      guard X509_check_private_key(first, secret) == 1 else {
        ERR_clear_error()
        throw Problem(
          message: "is not the key of the certificate (\(Self.facts(first).subject)); give the one "
            + "that the certificate was made with", isOfKey: true)
      }
      guard let context = SSL_CTX_new(TLS_server_method()) else {
        throw Problem(message: "cannot be checked: \(Self.reason)")
      }
      defer { SSL_CTX_free(context) }
      guard SSL_CTX_use_certificate(context, first) == 1 else {
        throw Problem(message: "is refused by OpenSSL: \(Self.reason); get a new certificate")
      }
      guard SSL_CTX_use_PrivateKey(context, secret) == 1 else {
        throw Problem(message: "is refused by OpenSSL: \(Self.reason)", isOfKey: true)
      }
    }
  }

  /// Nil when OpenSSL knows at least one of the suites.
  static func problem(ofCiphers text: String) -> String? {
    guard let context = SSL_CTX_new(TLS_server_method()) else { return reason }
    defer { SSL_CTX_free(context) }
    return SSL_CTX_set_cipher_list(context, text) == 1 ? nil : reason
  }

  // MARK: The parts

  private static var reason: String {
    defer { ERR_clear_error() }
    return String(cString: hr_last_reason())
  }

  private static func withCertificates<Value>(
    _ pem: [UInt8], _ use: ([OpaquePointer]) throws(Problem) -> Value
  ) throws(Problem) -> Value {
    guard let bio = BIO_new_mem_buf(pem, Int32(pem.count)) else {
      throw Problem(message: "cannot be read: \(reason)")
    }
    defer { BIO_free(bio) }
    var chain: [OpaquePointer] = []
    defer { for certificate in chain { X509_free(certificate) } }
    while true {
      var isEnd: Int32 = 0
      guard let certificate = hr_pem_certificate(bio, &isEnd) else {
        guard isEnd != 0 else {
          throw Problem(
            message: "is broken at its \(ConfigWords.ordinal(chain.count + 1)) certificate: "
              + reason)
        }
        ERR_clear_error()
        break
      }
      chain.append(certificate)
    }
    return try use(chain)
  }

  private static func noCertificate(_ pem: [UInt8]) -> Problem {
    let text = String(decoding: pem.prefix(1 << 16), as: UTF8.self)
    if text.contains("PRIVATE KEY-----") {
      return Problem(message: "has a key and no certificate; are the two files swapped?")
    }
    return Problem(
      message: "has no certificate in PEM; such a file begins with -----BEGIN CERTIFICATE-----")
  }

  private static func keyProblem(_ key: [UInt8], isEncrypted: Bool) -> String {
    defer { ERR_clear_error() }
    let text = String(decoding: key.prefix(1 << 16), as: UTF8.self)
    if isEncrypted || text.contains("ENCRYPTED") {
      return "is encrypted; write it without a password: openssl pkey -in FILE -out NEW"
    }
    if text.contains("PRIVATE KEY-----") { return "has a broken key: \(reason)" }
    if text.contains("BEGIN CERTIFICATE") {
      return "has a certificate and no key; are the two files swapped?"
    }
    return "has no private key in PEM; such a file begins with -----BEGIN PRIVATE KEY-----"
  }

  private static func facts(_ certificate: OpaquePointer) -> CertificateFacts {
    var facts = CertificateFacts()
    facts.names = names(certificate)
    facts.subject = text(X509_get_subject_name(certificate))
    facts.issuer = text(X509_get_issuer_name(certificate))
    facts.notBefore = hr_unix_time(X509_get0_notBefore(certificate))
    facts.notAfter = hr_unix_time(X509_get0_notAfter(certificate))
    if let key = X509_get0_pubkey(certificate) {
      switch EVP_PKEY_get_base_id(key) {
      case EVP_PKEY_RSA, NID_rsassaPss: facts.keyType = .rsa
      case EVP_PKEY_EC: facts.keyType = .ecdsa
      default: facts.keyType = .other
      }
    }
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    if X509_digest(certificate, EVP_sha256(), &digest, &count) == 1 {
      facts.fingerprint = digest.prefix(Int(count)).map { byte in
        String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
      }.joined()
    }
    return facts
  }

  private static func names(_ certificate: OpaquePointer) -> [String] {
    guard let list = hr_alternative_names(certificate) else {
      ERR_clear_error()
      return []
    }
    defer { hr_names_free(list) }
    var names: [String] = []
    for place in 0..<hr_names_count(list) {
      var count: Int32 = 0
      guard let bytes = hr_dns_name(list, place, &count), count > 0 else { continue }
      let name = String(
        decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self
      ).lowercased()
      if !names.contains(name) { names.append(name) }
    }
    return names
  }

  private static func text(_ name: OpaquePointer?) -> String {
    guard let name, let bio = BIO_new(BIO_s_mem()) else { return "" }
    defer { BIO_free(bio) }
    hr_name_print(bio, name)
    var bytes = [UInt8](repeating: 0, count: 1024)
    let count = BIO_read(bio, &bytes, Int32(bytes.count))
    return String(decoding: bytes.prefix(max(Int(count), 0)), as: UTF8.self)
  }
}
