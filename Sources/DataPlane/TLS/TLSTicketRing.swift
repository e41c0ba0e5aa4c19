import COpenSSL

/// The keys of session tickets (RFC 5077 section 4), shared by all workers of the process, or with
/// other machines.
///
/// The first key seals, all of them open. `rotate` makes the next one the first, so a machine that
/// rotates a moment earlier is understood by one that does later. Locked for the time of a copy.
package final class TLSTicketRing: Sendable {
  /// Name, HMAC-SHA-256 key, AES-256 key: the order of nginx's files of 80 bytes.
  package static var keySize: Int { 80 }

  struct Key: BitwiseCopyable, Sendable {
    var bytes = InlineArray<80, UInt8>(repeating: 0)

    init(_ source: [UInt8]) { for index in 0..<80 { bytes[index] = source[index] } }
  }

  private let keys: Locked<[Key]>

  /// Random keys: to be rotated from time to time.
  package init() { keys = Locked([TLSTicketRing.random(), TLSTicketRing.random()]) }

  /// Keys that others have too, each of `keySize` random bytes.
  package init(keys: [[UInt8]]) throws(TLSProblem) {
    self.keys = Locked(try TLSTicketRing.checked(keys))
  }

  /// The next key becomes the first, the first is still understood until the next call: what was
  /// sealed stays good for one to two times the interval of calls.
  package func rotate() {
    let fresh = TLSTicketRing.random()
    keys.withLock { keys in
      guard let first = keys.first else { return }
      keys = [keys.count > 1 ? keys[1] : fresh, fresh, first]
    }
  }

  /// Other files.
  package func replace(_ keys: [[UInt8]]) throws(TLSProblem) {
    let checked = try TLSTicketRing.checked(keys)
    self.keys.withLock { $0 = checked }
  }

  private static func checked(_ keys: [[UInt8]]) throws(TLSProblem) -> [Key] {
    guard !keys.isEmpty else { throw .badTicketKeys(reason: "there is none") }
    for key in keys where key.count != keySize {
      throw .badTicketKeys(reason: "a key has \(keySize) bytes, not \(key.count)")
    }
    return keys.map { Key($0) }
  }

  private static func random() -> Key {
    var bytes = [UInt8](repeating: 0, count: keySize)
    // Nothing may be sealed with keys that are not random.
    guard unsafe RAND_bytes(&bytes, Int32(keySize)) == 1 else { fatalError("no random bytes") }
    return Key(bytes)
  }

  // MARK: For OpenSSL

  private var first: Key? { keys.withLock { $0.first } }

  private func find(_ name: UnsafePointer<UInt8>) -> (key: Key, isFirst: Bool)? {
    keys.withLock { keys in
      for (place, key) in keys.enumerated() {
        var isSame = true
        for index in 0..<16 where unsafe key.bytes[index] != name[index] { isSame = false }
        if isSame { return (key, place == 0) }
      }
      return nil
    }
  }

  @safe
  private struct Cipher: @unchecked Sendable {
    // Fetched once: each use by name would look it up anew.
    let pointer = unsafe EVP_CIPHER_fetch(nil, "AES-256-CBC", nil)
  }
  private static let cipher = Cipher()

  /// `SSL_CTX_set_tlsext_ticket_key_evp_cb`: 1 fine, 2 fine but to be renewed, 0 unknown, -1
  /// failed.
  ///
  /// - Parameter renews: another ticket is sent whatever key opened this one. In TLS 1.3 each is
  ///   for one use (RFC 8446 appendix C.4), and OpenSSL would send none.
  func prepare(
    _ name: UnsafeMutablePointer<UInt8>, _ vector: UnsafeMutablePointer<UInt8>,
    _ cipher: OpaquePointer, _ mac: OpaquePointer, seals: Bool, renews: Bool
  ) -> Int32 {
    if seals {
      guard var key = first, unsafe RAND_bytes(vector, 16) == 1 else { return -1 }
      for index in 0..<16 { unsafe name[index] = key.bytes[index] }
      return unsafe use(&key, vector, cipher, mac, seals: true) ? 1 : -1
    }
    guard let (found, isFirst) = unsafe find(name) else { return 0 }
    var key = found
    guard unsafe use(&key, vector, cipher, mac, seals: false) else { return -1 }
    return isFirst && !renews ? 1 : 2
  }

  private func use(
    _ key: inout Key, _ vector: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer,
    _ mac: OpaquePointer, seals: Bool
  ) -> Bool {
    unsafe withUnsafeBytes(of: &key.bytes) { bytes in
      guard let base = unsafe bytes.bindMemory(to: UInt8.self).baseAddress else { return false }
      let aes = unsafe TLSTicketRing.cipher.pointer
      let result =
        seals
        ? unsafe EVP_EncryptInit_ex(cipher, aes, nil, base + 48, vector)
        : unsafe EVP_DecryptInit_ex(cipher, aes, nil, base + 48, vector)
      return unsafe result == 1 && hr_tls_ticket_mac(mac, base + 16, 32) == 1
    }
  }
}
