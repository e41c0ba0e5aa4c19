import COpenSSL
import DataPlane

/// Makes certificates that sign themselves, for trying TLS out. Any thread.
struct CertificateMaker {
  enum Key { case ecdsa, rsa }

  /// A certificate and its key, both PEM.
  struct Pair {
    let certificate: [UInt8]
    let key: [UInt8]
  }

  /// Why OpenSSL made none.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// DNS names and addresses; the first is the subject.
  var names: [String]
  /// Seconds from now.
  var validFor = 365 * 86_400
  /// How long it has been valid: clocks differ.
  var validSince = 3600
  var key = Key.ecdsa

  func make() throws(Failure) -> Pair {
    let made =
      switch key {
      case .ecdsa: hr_new_p256_key()
      case .rsa: hr_new_rsa_key(2048)
      }
    guard let secret = made, let certificate = X509_new() else { throw failure }
    defer {
      EVP_PKEY_free(secret)
      X509_free(certificate)
    }
    guard X509_set_version(certificate, Int(X509_VERSION_3)) == 1,
      setSerial(certificate),
      X509_gmtime_adj(X509_getm_notBefore(certificate), -validSince) != nil,
      X509_gmtime_adj(X509_getm_notAfter(certificate), validFor) != nil,
      X509_set_pubkey(certificate, secret) == 1, setName(certificate),
      addExtensions(certificate),
      X509_sign(certificate, secret, EVP_sha256()) > 0
    else { throw failure }
    let pem = try text { PEM_write_bio_X509($0, certificate) }
    return Pair(certificate: pem, key: try text { hr_write_key($0, secret) })
  }

  /// At random, below the 20 bytes that RFC 5280 section 4.1.2.2 allows.
  private func setSerial(_ certificate: OpaquePointer) -> Bool {
    guard let number = BN_new() else { return false }
    defer { BN_free(number) }
    return BN_rand(number, 127, 0, 0) == 1
      && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil
  }

  private func setName(_ certificate: OpaquePointer) -> Bool {
    let name = X509_get_subject_name(certificate)
    // RFC 5280 appendix A.1: at most 64 characters.
    let text = Array((names.first ?? "localhost").utf8.prefix(64))
    return X509_NAME_add_entry_by_txt(
      name, "CN", MBSTRING_ASC, text, Int32(text.count), -1, 0) == 1
      && X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, "Headrace dev-cert", -1, -1, 0) == 1
      && X509_set_issuer_name(certificate, name) == 1
  }

  private func addExtensions(_ certificate: OpaquePointer) -> Bool {
    let alternatives = names.map { name in
      let isAddress = AddressText.parse4(name) != nil || AddressText.parse6(name) != nil
      return isAddress ? "IP:\(name)" : "DNS:\(name)"
    }.joined(separator: ",")
    let extensions =
      [
        (NID_basic_constraints, "critical,CA:FALSE"),
        (NID_key_usage, "critical,digitalSignature,keyEncipherment"),
        (NID_ext_key_usage, "serverAuth,clientAuth"), (NID_subject_key_identifier, "hash"),
      ] + (names.isEmpty ? [] : [(NID_subject_alt_name, alternatives)])
    return extensions.allSatisfy { hr_add_extension(certificate, certificate, $0, $1) == 1 }
  }

  private func text(_ write: (OpaquePointer) -> Int32) throws(Failure) -> [UInt8] {
    guard let bio = BIO_new(BIO_s_mem()) else { throw failure }
    defer { BIO_free(bio) }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    guard write(bio) == 1 else { throw failure }
    let count = BIO_read(bio, &bytes, Int32(bytes.count))
    guard count > 0 else { throw failure }
    return Array(bytes.prefix(Int(count)))
  }

  private var failure: Failure {
    defer { ERR_clear_error() }
    return Failure(description: "OpenSSL cannot make it: \(String(cString: hr_last_reason()))")
  }
}
