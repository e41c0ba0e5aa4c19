/// Why a stream or a connection ended (RFC 9113 section 7).
package enum HTTP2Error: UInt32, Sendable {
  case noError = 0
  case protocolError
  case internalError
  case flowControlError
  case settingsTimeout
  case streamClosed
  case frameSizeError
  case refusedStream
  case cancel
  case compressionError
  case connectError
  case enhanceYourCalm
  case inadequateSecurity
  case http11Required

  /// Codes that nobody knows count as INTERNAL_ERROR (RFC 9113 section 7).
  init(wire code: UInt32) { self = HTTP2Error(rawValue: code) ?? .internalError }
}

/// What one connection may use: its streams, windows and header lists, and how much traffic that
/// gets nothing done is put up with before ENHANCE_YOUR_CALM.
package struct HTTP2Limits: BitwiseCopyable, Sendable {
  /// Streams that the peer may have open at once; in the client role: that we open at once.
  package var maxConcurrentStreams: Int32 = 128
  /// Bytes of content that we let a peer send ahead on one stream, at most 2^31-1.
  package var initialWindow: Int32 = 65_535
  /// The same for all streams of a connection together, at least 65,535.
  package var connectionWindow: Int32 = 1 << 20
  /// Of a header list as RFC 9113 section 6.5.2 counts it, and of its block before decoding.
  package var maxHeaderListBytes = 32_768
  package var maxFields = 100
  /// Of a frame's payload that we take. Ours are never above 16,384.
  package var maxFrameBytes: Int32 = 16_384
  /// Of the dynamic tables of both directions; at least 4096, which a peer may use unasked.
  package var headerTableBytes = 4096
  /// Announces SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441) in the server role.
  package var allowsExtendedConnect = false

  /// CONTINUATION frames of one header block.
  package var maxContinuations: Int32 = 32
  /// Streams that the peer reset before our head, and stream errors that it caused.
  package var resets = HTTP2Allowance.Rate(burst: 100, perSecond: 50)
  /// Streams refused before the peer had read our SETTINGS: it could not know better.
  package var earlyRefusals: Int32 = 1000
  /// Frames that get nothing done: PING, PRIORITY, WINDOW_UPDATE, unknown and empty ones; SETTINGS
  /// count as 20. Requests and content earn more.
  package var idleFrames = HTTP2Allowance.Rate(burst: 1000, perSecond: 200)
  /// Server role: DATA frames with less content than `tinyContent`. Those with more cost hardly
  /// more, for a byte on the wire, than small chunks of HTTP/1.1 do.
  package var tinyFrames = HTTP2Allowance.Rate(burst: 20_000, perSecond: 10_000)
  /// No message of gRPC is shorter than 5 bytes.
  package static var tinyContent: Int { 5 }
  /// Bytes of answers to control frames that wait in `output`.
  package var maxQueuedControl = 10_000

  package init() {}
}

/// A token bucket: `burst` at once, filled by time, and beyond by what else earns tokens.
package struct HTTP2Allowance: BitwiseCopyable, Sendable {
  package struct Rate: BitwiseCopyable, Sendable {
    package var burst: Int32
    package var perSecond: Int32
    package init(burst: Int32, perSecond: Int32) {
      self.burst = burst
      self.perSecond = perSecond
    }
  }

  /// Tokens that content earns at most: what a peer may acknowledge late.
  private static var earnedMax: Int32 { 100_000 }

  private(set) var left: Int32
  private var filledAt: Instant

  init(_ rate: Rate, now: Instant) {
    left = rate.burst
    filledAt = now
  }

  @inline(__always) mutating func earn(_ count: Int) {
    left = min(HTTP2Allowance.earnedMax, left &+ Int32(truncatingIfNeeded: min(count, 1 << 16)))
  }

  /// False when there is nothing left: the peer does this too often.
  mutating func spend(_ count: Int32, _ rate: Rate, now: Instant) -> Bool {
    if left < rate.burst, now > filledAt, rate.perSecond > 0 {
      // Whole tokens only, and the rest of the time counts on.
      let interval = max(1_000_000_000 / UInt64(rate.perSecond), 1)
      let earned = (now &- filledAt) / interval
      if earned >= UInt64(rate.burst &- left) {
        left = rate.burst
        filledAt = now
      } else {
        left &+= Int32(truncatingIfNeeded: earned)
        filledAt &+= earned &* interval
      }
    } else if left >= rate.burst {
      filledAt = max(filledAt, now)
    }
    guard left >= count else { return false }
    left &-= count
    return true
  }
}
