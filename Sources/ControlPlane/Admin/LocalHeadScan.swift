/// Finds the end of a request head in bytes that arrive piece by piece, each byte seen once.
///
/// Refuses at the first byte that no head may hold, so that garbage (a TLS hello, a bare LF) gets
/// its 400 at once and not after a timeout. Owned by `LocalRequestReader`.
struct LocalHeadScan {
  enum Outcome: Equatable {
    case more
    /// The head's length, its empty line included.
    case end(Int)
    case garbage
  }

  private var scanned = 0
  private var afterReturn = false
  /// Bytes on the current line.
  private var lineLength = 0

  mutating func scan(_ bytes: [UInt8]) -> Outcome {
    while scanned < bytes.count {
      let byte = bytes[scanned]
      scanned += 1
      if afterReturn {
        guard byte == UInt8(ascii: "\n") else { return .garbage }
        if lineLength == 0 { return .end(scanned) }
        afterReturn = false
        lineLength = 0
      } else if byte == UInt8(ascii: "\r") {
        afterReturn = true
      } else {
        guard byte >= 0x20 && byte != 0x7f || byte == 0x09 else { return .garbage }
        lineLength += 1
      }
    }
    return .more
  }
}
