/// A piece of the snapshot's text blob.
package struct TextReference: BitwiseCopyable, Equatable, Sendable {
  package let offset: UInt32
  package let count: UInt32
  package init(offset: Int, count: Int) {
    self.offset = UInt32(offset)
    self.count = UInt32(count)
  }
}

/// One pool: a run of backends and how to choose among them.
package struct PoolRow: BitwiseCopyable, Sendable {
  package let name: TextReference
  package let strategy: StrategyKind
  package let firstBackend: UInt32
  package let backendCount: UInt32
  package let counters: UInt32
  package let maxIdlePerBackend: UInt32
  package let idleTimeout: Instant
  package let maxAge: Instant
  package var availability = AvailabilityPolicy()
  package var retry = RetryPolicy()
  package var capacity = CapacityPolicy()
  package var breaker = BreakerPolicy()
  package var hash = PoolHashRow()
  package var sticky = StickyPolicy()
  /// How a PROXY header is written on its connections; nil sends none.
  package var proxyVersion: ProxyVersion?
  package var speaksHTTP2 = false
  /// Its place in `tlsClients`; -1 where its backends are spoken to in clear.
  package var tls: Int32 = -1

  package init(
    name: TextReference, strategy: StrategyKind, firstBackend: Int, backendCount: Int,
    counters: UInt32, maxIdlePerBackend: Int, idleTimeout: Instant, maxAge: Instant
  ) {
    self.name = name
    self.strategy = strategy
    self.firstBackend = UInt32(firstBackend)
    self.backendCount = UInt32(backendCount)
    self.counters = counters
    self.maxIdlePerBackend = UInt32(maxIdlePerBackend)
    self.idleTimeout = idleTimeout
    self.maxAge = maxAge
  }

  package var flags: PoolFlags {
    var flags = strategyFlags
    if proxyVersion != nil { flags.insert(.sendsProxyHeader) }
    if speaksHTTP2 { flags.insert(.speaksHTTP2) }
    if tls >= 0 { flags.insert(.speaksTLS) }
    return flags
  }

  private var strategyFlags: PoolFlags {
    switch strategy {
    case .hash: return .hashes
    case .peakEWMA: return .samplesLatency
    case .custom: return [.hashes, .samplesLatency]
    default: return []
    }
  }
}

/// One backend address of a pool.
package struct BackendRow: BitwiseCopyable, Sendable {
  package let address: SocketAddress
  /// As written in metrics, logs and a missing `Host`.
  package let name: TextReference
  package let weight: UInt32
  /// Its identity: counters, shared state and pooled connections hang on it.
  package let identity: UInt32
  /// Used when the others are out.
  package var isBackup = false
  /// How it is spoken to: 0 is HTTP/1.1 in clear. A connection that was made in another way (before
  /// a reload) is not used again.
  package var transport: UInt64 = 0
  /// Of a pool with TLS: the name or address that is asked for and that its certificate must have;
  /// empty where nothing is verified and there is none.
  package var tlsName = TextReference(offset: 0, count: 0)
  package init(address: SocketAddress, name: TextReference, weight: Int, identity: UInt32) {
    self.address = address
    self.name = name
    self.weight = UInt32(weight)
    self.identity = identity
  }
}

/// A CIDR block; IPv4 is mapped into IPv6.
package struct AddressRangeRow: BitwiseCopyable, Sendable {
  package let bytes: InlineArray<16, UInt8>
  package let prefixLength: UInt8
  package init(bytes: [UInt8], prefixLength: Int) {
    precondition(bytes.count == 16 && (0...128).contains(prefixLength))
    var copy = InlineArray<16, UInt8>(repeating: 0)
    for index in 0..<16 { copy[index] = bytes[index] }
    self.bytes = copy
    self.prefixLength = UInt8(prefixLength)
  }

  func contains(_ address: InlineArray<16, UInt8>) -> Bool {
    let whole = Int(prefixLength) / 8
    for index in 0..<whole where bytes[index] != address[index] { return false }
    let rest = prefixLength % 8
    guard rest > 0 else { return true }
    let mask = UInt8(truncatingIfNeeded: 0xff00 >> UInt16(rest))
    return bytes[whole] & mask == address[whole] & mask
  }
}

/// A file that replaces the built-in error answer for some statuses.
package struct ErrorPageRow: BitwiseCopyable, Sendable {
  package let lowest: UInt16
  package let highest: UInt16
  package let contentType: TextReference
  package let body: TextReference
  package init(lowest: Int, highest: Int, contentType: TextReference, body: TextReference) {
    self.lowest = UInt16(lowest)
    self.highest = UInt16(highest)
    self.contentType = contentType
    self.body = body
  }
}

/// The numbers that steer every exchange; a timeout that is off is `Timer.never`.
package struct PolicyRow: BitwiseCopyable, Sendable {
  package var tlsHandshake: Instant = .max
  package var clientHeader: Instant = .max
  package var clientBodyIdle: Instant = .max
  package var keepAliveIdle: Instant = .max
  package var clientWriteIdle: Instant = .max
  package var connect: Instant = .max
  package var firstByte: Instant = .max
  package var responseIdle: Instant = .max
  package var request: Instant = .max
  /// Of one try, to its response head.
  package var tryTimeout: Instant = .max
  package var tunnelIdle: Instant = .max
  package var headLimits = HeadLimits()
  /// `Int64.max` is off.
  package var maxBodyBytes: Int64 = .max
  package var memoryBudget = 64 << 20
  package var addsVia = false
  package var mergesSlashes = true
  /// Some listener sends requests to https: `ListenerRow.redirectPort`.
  package var sendsToHTTPS = false
  package var accessLog = AccessLogFormat.off
  package var compression = CompressionPolicy()
  package init() {}
}

/// How a finished exchange is written down.
package enum AccessLogFormat: UInt8, Sendable, BitwiseCopyable { case off, text, json }
