/// Finds the end of one message body (RFC 9112 sections 6.3 and 7.1), strictly.
///
/// Pure and incremental: any split of the input gives the same result. It copies nothing; it says
/// which bytes are content, and how many belong to the body's framing.
package struct BodyDecoder: BitwiseCopyable, Sendable {
  /// What the next bytes are.
  package enum Event: Equatable, Sendable {
    /// `at..<at + count` is content; go on at `at + count`.
    case data(at: Int, count: Int)
    /// All bytes up to `to` were taken; the body goes on.
    case needMore
    /// The last chunk's line ended before `at`: a trailer section begins there.
    case trailers(at: Int)
    /// The body ended before `at`.
    case end(at: Int)
    case failed
  }

  private enum State: UInt8, Sendable, BitwiseCopyable {
    case size, extensionName, extensionValue, quoted, quotedPair, afterQuote
    case spaceAfterName, spaceAfterValue
    case sizeLineFeed, data, dataReturn, dataLineFeed, trailers, ended
  }

  /// The longest chunk-size line with its extensions.
  static var maxChunkLine: UInt16 { 1024 }

  package private(set) var framing: Framing
  private var state = State.size
  private var digits: UInt8 = 0
  private var lineLength: UInt16 = 0
  private var hasToken = false
  /// Content bytes still to come in this chunk or body.
  private var remaining: Int64

  package init() {
    framing = .none
    remaining = 0
    state = .ended
  }

  package init(framing: Framing, length: Int64 = 0) {
    self.framing = framing
    remaining = framing == .length ? length : 0
    if framing == .none || framing == .length && length <= 0 { state = .ended }
  }

  package var isEnded: Bool { @inline(__always) get { state == .ended } }
  package var isInTrailers: Bool { @inline(__always) get { state == .trailers } }

  /// Content that is announced and has not come: the rest of this chunk or of the whole body.
  package var announced: Int64 { framing == .untilClose ? 0 : remaining }

  /// The sender closed the connection: true when that is a proper end.
  package mutating func endOfStream() -> Bool {
    if framing == .untilClose { state = .ended }
    return isEnded
  }

  /// The trailer section was read.
  package mutating func endTrailers() { state = .ended }

  /// The next event of `from..<to`.
  @inline(__always)
  package mutating func next(_ bytes: borrowing Bytes, _ from: Int, _ to: Int) -> Event {
    switch framing {
    case .none: return .end(at: from)
    case .untilClose: return from < to ? .data(at: from, count: to &- from) : .needMore
    case .length:
      if state == .ended { return .end(at: from) }
      guard from < to else { return .needMore }
      let count = min(remaining, Int64(to &- from))
      remaining &-= count
      if remaining == 0 { state = .ended }
      return .data(at: from, count: Int(count))
    case .chunked: return nextChunked(bytes, from, to)
    }
  }

  @inline(never)
  private mutating func nextChunked(
    _ bytes: borrowing Bytes, _ from: Int, _ to: Int
  ) -> Event {
    var index = from
    while true {
      if state == .trailers { return .trailers(at: index) }
      if state == .ended { return .end(at: index) }
      guard index < to else { return .needMore }
      if state == .data {
        let count = min(remaining, Int64(to &- index))
        remaining &-= count
        if remaining == 0 { state = .dataReturn }
        return .data(at: index, count: Int(count))
      }
      guard step(bytes[index]) else { return .failed }
      index &+= 1
    }
  }

  /// Takes one byte of framing; false when it may not be there.
  private mutating func step(_ byte: UInt8) -> Bool {
    switch state {
    case .dataReturn:
      state = .dataLineFeed
      return byte == 0x0d
    case .dataLineFeed:
      state = .size
      digits = 0
      lineLength = 0
      return byte == 0x0a
    case .sizeLineFeed:
      state = remaining == 0 ? .trailers : .data
      return byte == 0x0a
    default:
      lineLength &+= 1
      guard lineLength <= BodyDecoder.maxChunkLine else { return false }
      return stepLine(byte)
    }
  }

  /// `chunk-size [ chunk-ext ] CRLF`; chunk-ext is `BWS ";" BWS name [ BWS "=" BWS value ]`.
  private mutating func stepLine(_ byte: UInt8) -> Bool {
    switch state {
    case .size:
      if let digit = ByteClass.hexValue(byte) {
        guard digits < 16, remaining <= Int64.max >> 4 else { return false }
        remaining = remaining << 4 | Int64(digit)
        digits &+= 1
        return true
      }
      return digits > 0 && endOfSize(byte)
    case .spaceAfterValue: return isSpace(byte) || byte == 0x3b && begin()
    case .spaceAfterName: return isSpace(byte) || byte == 0x3b && begin() || byte == 0x3d && value()
    case .extensionName:
      if ByteClass.isToken(byte) {
        hasToken = true
        return true
      }
      guard hasToken else { return isSpace(byte) }
      if byte == 0x3d { return value() }
      if isSpace(byte) {
        state = .spaceAfterName
        return true
      }
      return endOfExtension(byte)
    case .extensionValue:
      if ByteClass.isToken(byte) {
        hasToken = true
        return true
      }
      if hasToken { return endOfExtension(byte) }
      if byte == 0x22 { state = .quoted }
      return byte == 0x22 || isSpace(byte)
    case .quoted:
      if byte == 0x22 { state = .afterQuote } else if byte == 0x5c { state = .quotedPair }
      return byte == 0x09 || byte >= 0x20 && byte != 0x7f
    case .quotedPair:
      state = .quoted
      return byte == 0x09 || byte >= 0x20 && byte != 0x7f
    case .afterQuote: return endOfExtension(byte)
    default: return false
    }
  }

  private mutating func endOfSize(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x0d: state = .sizeLineFeed
    case 0x3b: return begin()
    case 0x20, 0x09: state = .spaceAfterValue
    default: return false
    }
    return true
  }

  private mutating func endOfExtension(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x0d: state = .sizeLineFeed
    case 0x3b: return begin()
    case 0x20, 0x09: state = .spaceAfterValue
    default: return false
    }
    return true
  }

  private mutating func value() -> Bool {
    state = .extensionValue
    hasToken = false
    return true
  }

  private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  private mutating func begin() -> Bool {
    state = .extensionName
    hasToken = false
    return true
  }
}
