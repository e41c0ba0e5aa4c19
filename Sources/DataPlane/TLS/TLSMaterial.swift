import COpenSSL

/// Certificates and keys read from PEM text. Made where contexts are: never on the data path.
@safe
struct TLSMaterial: ~Copyable {
  let certificate: OpaquePointer
  let intermediates: [OpaquePointer]
  let key: OpaquePointer

  /// `place` is for the error.
  init(_ settings: TLSCertificateSettings, place: Int) throws(TLSProblem) {
    let chain: [OpaquePointer]
    switch unsafe TLSMaterial.certificates(settings.chain) {
    case .success(let found): unsafe chain = found
    case .failure(let reason): throw .badCertificate(place, reason: reason.text)
    }
    guard let first = unsafe chain.first else {
      throw .badCertificate(place, reason: "there is none in it")
    }
    guard let key = unsafe TLSMaterial.key(settings.key) else {
      let reason = TLSMaterial.reason
      unsafe TLSMaterial.free(chain)
      throw .badKey(place, reason: reason)
    }
    guard unsafe X509_check_private_key(first, key) == 1 else {
      unsafe TLSMaterial.free(chain)
      unsafe EVP_PKEY_free(key)
      throw .mismatch(place)
    }
    unsafe certificate = first
    unsafe intermediates = Array(chain.dropFirst())
    unsafe self.key = key
  }

  deinit {
    unsafe X509_free(certificate)
    unsafe TLSMaterial.free(intermediates)
    unsafe EVP_PKEY_free(key)
  }

  /// RSA, EC and so on: a context holds one of each kind.
  var kind: Int32 { unsafe EVP_PKEY_get_base_id(key) }

  /// Adds it to a context. False when OpenSSL will not have it: too short a key, say.
  func install(_ context: OpaquePointer) -> Bool {
    guard unsafe SSL_CTX_use_certificate(context, certificate) == 1,
      unsafe SSL_CTX_use_PrivateKey(context, key) == 1
    else { return false }
    return unsafe intermediates.allSatisfy { unsafe hr_tls_add_intermediate(context, $0) == 1 }
  }

  // MARK: Reading

  struct Reason: Error {
    let text: String
  }

  /// What OpenSSL says of the last call.
  static var reason: String { unsafe String(cString: hr_tls_reason()) }

  /// All certificates of a text; the caller frees them.
  static func certificates(_ text: [UInt8]) -> Result<[OpaquePointer], Reason> {
    guard let bio = unsafe BIO_new_mem_buf(text, Int32(clamping: text.count)) else {
      return unsafe .failure(Reason(text: "no memory"))
    }
    defer { unsafe BIO_free(bio) }
    var found: [OpaquePointer] = unsafe []
    ERR_clear_error()
    while let certificate = unsafe hr_tls_read_certificate(bio) {
      unsafe found.append(certificate)
    }
    guard hr_tls_at_pem_end() != 0 else {
      unsafe free(found)
      return unsafe .failure(Reason(text: reason))
    }
    ERR_clear_error()
    return unsafe .success(found)
  }

  private static func key(_ text: [UInt8]) -> OpaquePointer? {
    guard let bio = unsafe BIO_new_mem_buf(text, Int32(clamping: text.count)) else { return nil }
    defer { unsafe BIO_free(bio) }
    ERR_clear_error()
    return unsafe hr_tls_read_key(bio)
  }

  static func free(_ certificates: [OpaquePointer]) {
    for index in unsafe certificates.indices { unsafe X509_free(certificates[index]) }
  }
}
