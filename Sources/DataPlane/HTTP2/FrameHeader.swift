/// The nine bytes in front of every frame (RFC 9113 section 4.1).
struct FrameHeader: BitwiseCopyable {
  static var size: Int { 9 }

  /// Of the payload.
  let length: Int
  let type: UInt8
  let flags: UInt8
  /// Without the reserved bit.
  let stream: UInt32

  @inline(__always) init(_ bytes: borrowing Bytes, _ at: Int) {
    length = Int(bytes[at]) << 16 | Int(bytes[at &+ 1]) << 8 | Int(bytes[at &+ 2])
    type = bytes[at &+ 3]
    flags = bytes[at &+ 4]
    stream = FrameHeader.word(bytes, at &+ 5) & 0x7fff_ffff
  }

  @inline(__always) static func word(_ bytes: borrowing Bytes, _ at: Int) -> UInt32 {
    UInt32(bytes[at]) << 24 | UInt32(bytes[at &+ 1]) << 16 | UInt32(bytes[at &+ 2]) << 8
      | UInt32(bytes[at &+ 3])
  }

  @inline(__always) func has(_ flag: UInt8) -> Bool { flags & flag != 0 }
}

/// Types of frames (RFC 9113 section 6); all others are skipped.
enum FrameType {
  static var data: UInt8 { 0 }
  static var headers: UInt8 { 1 }
  static var priority: UInt8 { 2 }
  static var reset: UInt8 { 3 }
  static var settings: UInt8 { 4 }
  static var pushPromise: UInt8 { 5 }
  static var ping: UInt8 { 6 }
  static var goAway: UInt8 { 7 }
  static var windowUpdate: UInt8 { 8 }
  static var continuation: UInt8 { 9 }
}

/// Flags of frames (RFC 9113 section 6).
enum FrameFlag {
  static var acknowledgement: UInt8 { 0x1 }
  static var endStream: UInt8 { 0x1 }
  static var endHeaders: UInt8 { 0x4 }
  static var padded: UInt8 { 0x8 }
  static var priority: UInt8 { 0x20 }
}

/// Settings (RFC 9113 section 6.5.2, RFC 8441 section 3, RFC 9218 section 2.1).
enum SettingID {
  static var headerTableSize: UInt16 { 1 }
  static var enablePush: UInt16 { 2 }
  static var maxConcurrentStreams: UInt16 { 3 }
  static var initialWindowSize: UInt16 { 4 }
  static var maxFrameSize: UInt16 { 5 }
  static var maxHeaderListSize: UInt16 { 6 }
  static var enableConnectProtocol: UInt16 { 8 }
  static var noPriorities: UInt16 { 9 }
}

extension Block {
  /// A frame's header behind the end; the caller made room.
  @inline(__always)
  mutating func appendFrame(_ type: UInt8, _ flags: UInt8, _ stream: UInt32, length: Int) {
    append(byte: UInt8(truncatingIfNeeded: length >> 16))
    append(byte: UInt8(truncatingIfNeeded: length >> 8))
    append(byte: UInt8(truncatingIfNeeded: length))
    append(byte: type)
    append(byte: flags)
    append(word: stream)
  }

  /// Four bytes, the highest first.
  @inline(__always) mutating func append(word: UInt32) {
    append(byte: UInt8(truncatingIfNeeded: word >> 24))
    append(byte: UInt8(truncatingIfNeeded: word >> 16))
    append(byte: UInt8(truncatingIfNeeded: word >> 8))
    append(byte: UInt8(truncatingIfNeeded: word))
  }

  /// One entry of a SETTINGS frame.
  mutating func append(setting: UInt16, _ value: UInt32) {
    append(byte: UInt8(truncatingIfNeeded: setting >> 8))
    append(byte: UInt8(truncatingIfNeeded: setting))
    append(word: value)
  }
}
