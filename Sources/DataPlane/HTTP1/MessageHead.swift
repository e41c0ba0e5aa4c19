/// One field line of a head, as offsets from the head's first byte. Nothing is copied.
package struct Field: BitwiseCopyable {
  package var name: UInt16 = 0
  package var nameLength: UInt16 = 0
  package var value: UInt16 = 0
  /// Without trailing white space.
  package var valueLength: UInt16 = 0
  /// Just behind the line's CR LF.
  package var end: UInt16 = 0
  package var id: FieldID = .other
  /// Not passed on.
  var isDropped = false
}

/// Methods that change what the proxy does; all others pass as they are.
package enum Method: UInt8, Sendable, BitwiseCopyable {
  case get, head, put, delete, options, trace, connect, other

  /// May be sent again when nobody knows whether it was carried out (RFC 9110 section 9.2.2).
  package var isIdempotent: Bool {
    switch self {
    case .get, .head, .put, .delete, .options, .trace: return true
    case .connect, .other: return false
    }
  }
}

/// How the end of a body is found (RFC 9112 section 6.3).
package enum Framing: UInt8, Sendable, BitwiseCopyable { case none, length, chunked, untilClose }

/// A table of a head's lines and what they mean for the connection, reused from head to head.
///
/// Offsets are 16-bit and relative to the head's start, so a head is at most 61,440 bytes; the
/// parser enforces that for complete heads too.
package struct MessageHead: ~Copyable {
  static var maxFields: Int { 256 }
  static var maxBytes: Int { 61_440 }

  package internal(set) var fields = InlineArray<256, Field>(repeating: Field())
  package fileprivate(set) var fieldCount = 0
  /// Bytes up to and including the empty line.
  package var length = 0
  /// Where the first field line begins.
  var firstField = 0
  /// 0 or 1; later minor versions count as 1.
  package var minorVersion: UInt8 = 1
  /// The version was not written as HTTP/1.1.
  var hasOtherVersion = false

  // The start line of a request…
  package var method = Method.other
  package var methodLength = 0
  package var target = 0
  package var targetLength = 0
  // …or of a response.
  package var status = 0

  // What the fields say.
  package var contentLength: Int64 = -1
  /// Leading zeros in Content-Length: allowed, but some take such a number for an octal one.
  var hasPaddedLength = false
  package var isChunked = false
  package var hasClose = false
  package var hasKeepAlive = false
  /// `Connection: upgrade` together with an `Upgrade` that may be passed on.
  package var wantsUpgrade = false
  package var expectsContinue = false
  /// `Connection` names fields that go with this connection.
  var hasNominated = false
  /// Indices into `fields`; -1 when absent.
  package var host = -1
  package var forwardedFor = -1
  package var forwardedProto = -1
  package var forwardedHost = -1
  package var requestID = -1
  package var accept = -1
  package var upgrade = -1
  package var date = -1
  package var connectionHeader = -1
  package var maxForwards = -1
  /// `Keep-Alive: timeout=` of a response, in seconds; -1 when absent.
  package var keepAliveTimeout = -1
  fileprivate var connectionUpgrade = false

  package init() {}

  /// Keeps the line of a field from being passed on.
  mutating func drop(_ index: Int) { fields[index].isDropped = true }

  mutating func reset() {
    fieldCount = 0
    length = 0
    contentLength = -1
    hasPaddedLength = false
    isChunked = false
    hasClose = false
    hasKeepAlive = false
    wantsUpgrade = false
    expectsContinue = false
    hasNominated = false
    host = -1
    forwardedFor = -1
    forwardedProto = -1
    forwardedHost = -1
    requestID = -1
    accept = -1
    upgrade = -1
    date = -1
    connectionHeader = -1
    maxForwards = -1
    keepAliveTimeout = -1
    connectionUpgrade = false
  }

  @inline(__always) mutating func append(_ field: Field) {
    fields[fieldCount] = field
    fieldCount &+= 1
  }

  /// Whether the sender keeps the connection open after this message (RFC 9112 section 9.3).
  package var keepsAlive: Bool { minorVersion == 1 ? !hasClose : hasKeepAlive && !hasClose }

  mutating func noteConnectionUpgrade() { connectionUpgrade = true }

  mutating func settleUpgrade(offersProtocol: Bool) {
    wantsUpgrade = connectionUpgrade && offersProtocol
  }
}

/// Bounds on a head. Beyond them: 414 for the request line, 431 for the rest.
package struct HeadLimits: BitwiseCopyable, Sendable {
  package var requestLineBytes = 8192
  package var headBytes = 32768
  package var fieldCount = 100

  /// For a head that was accepted before, whatever the limits are now.
  static var widest: HeadLimits {
    HeadLimits(
      requestLineBytes: MessageHead.maxBytes, headBytes: MessageHead.maxBytes,
      fieldCount: MessageHead.maxFields)
  }

  package init() {}
  package init(requestLineBytes: Int, headBytes: Int, fieldCount: Int) {
    self.requestLineBytes = requestLineBytes
    self.headBytes = min(headBytes, MessageHead.maxBytes)
    self.fieldCount = min(fieldCount, MessageHead.maxFields)
  }
}

/// What a parser says of the bytes so far.
package enum ParseResult: Equatable, Sendable {
  /// `length` bytes belong to it.
  case complete(length: Int)
  case incomplete
  case failed(ParseFailure)
}
