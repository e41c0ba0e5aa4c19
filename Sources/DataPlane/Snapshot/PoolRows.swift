/// What a pool's strategy needs of each request: the plain ones nothing.
package struct PoolFlags: OptionSet, BitwiseCopyable, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A key is found in each request. Without slots only a custom strategy sees it.
  package static var hashes: PoolFlags { PoolFlags(rawValue: 1) }
  package static var samplesLatency: PoolFlags { PoolFlags(rawValue: 2) }
  /// Connections begin with a PROXY header, so each serves one request of one client.
  package static var sendsProxyHeader: PoolFlags { PoolFlags(rawValue: 4) }
  /// To its backends, over TLS or in clear.
  package static var speaksHTTP2: PoolFlags { PoolFlags(rawValue: 8) }
  package static var speaksTLS: PoolFlags { PoolFlags(rawValue: 16) }
}

/// Of a pool that hashes: which part of a request is the key, and the slots.
package struct PoolHashRow: BitwiseCopyable, Sendable {
  package enum Source: UInt8, Sendable, BitwiseCopyable {
    case clientAddress, header, cookie, query, path, segment, capture
  }

  package var source = Source.clientAddress
  /// Of a header in lower case; of a query parameter decoded; of a cookie or a capture as written.
  package var name = TextReference(offset: 0, count: 0)
  /// From 1 on.
  package var segment: UInt32 = 0
  /// Rows of `hashSlots`.
  package var slots = HashRange()
  package init() {}
}
