import COpenSSL

/// Keyed hashes by OpenSSL. Any thread.
enum KeyedHash {
  /// HMAC-SHA256 (RFC 2104, RFC 6234): 32 bytes.
  static func sha256(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
    var code = [UInt8](repeating: 0, count: 32)
    var count: UInt32 = 0
    // Fails only for want of memory, or where the machine's policy forbids SHA-256.
    guard
      HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &code, &count) != nil,
      count == 32
    else { fatalError("OpenSSL cannot make an HMAC-SHA256") }
    return code
  }
}
