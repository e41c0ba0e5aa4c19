import CZlib

/// Takes a gzip stream apart as a client would, piece by piece.
final class Gunzip {
  private var stream = z_stream()
  private(set) var output: [UInt8] = []
  /// The trailer came, and its checksum and length are right.
  private(set) var hasEnded = false

  init() {
    // 15 bits of window, and 16 for gzip only.
    inflateInit2_(&stream, 15 + 16, zlibVersion(), Int32(MemoryLayout<z_stream>.size))
  }

  deinit { inflateEnd(&stream) }

  /// What can be read of the input so far goes to `output`.
  func add(_ input: [UInt8]) throws {
    var input = input
    var piece = [UInt8](repeating: 0, count: 64 << 10)
    try input.withUnsafeMutableBufferPointer { source in
      stream.next_in = source.baseAddress
      stream.avail_in = UInt32(source.count)
      while true {
        let (result, count) = piece.withUnsafeMutableBufferPointer { room in
          stream.next_out = room.baseAddress
          stream.avail_out = UInt32(room.count)
          let result = inflate(&stream, Z_NO_FLUSH)
          return (result, room.count - Int(stream.avail_out))
        }
        output += piece[..<count]
        if result == Z_STREAM_END {
          hasEnded = true
          guard stream.avail_in == 0 else {
            throw HarnessError.malformed("\(stream.avail_in) bytes behind the gzip stream")
          }
          return
        }
        guard result == Z_OK || result == Z_BUF_ERROR else {
          throw HarnessError.malformed("gzip stream (zlib says \(result))")
        }
        if count < piece.count { return }
      }
    }
  }

  /// A whole stream.
  static func decode(_ input: [UInt8]) throws -> [UInt8] {
    let gunzip = Gunzip()
    try gunzip.add(input)
    guard gunzip.hasEnded else {
      throw HarnessError.malformed("gzip stream ends after \(gunzip.output.count) bytes")
    }
    return gunzip.output
  }
}
