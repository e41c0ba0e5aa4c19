import DataPlane

extension StickyToken {
  /// The token of a backend: the same wherever key, pool and address are the same.
  static func make(key: [UInt8], pool: String, address: String) -> StickyToken {
    // A pool's name has no `|`, so no two backends share a message. The number is the version.
    let message = Array("headrace sticky 1|\(pool)|\(address)".utf8)
    let code = KeyedHash.sha256(message, key: key)
    guard let token = StickyToken(base64url(code.prefix(18))) else {
      preconditionFailure("18 bytes are 24 characters of base64url")
    }
    return token
  }

  /// RFC 4648 section 5; three bytes at a time, so the padding never occurs.
  private static func base64url(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    return stride(from: bytes.startIndex, to: bytes.endIndex, by: 3).flatMap { at in
      let word = Int(bytes[at]) << 16 | Int(bytes[at + 1]) << 8 | Int(bytes[at + 2])
      return [18, 12, 6, 0].map { digits[word >> $0 & 63] }
    }
  }
}
