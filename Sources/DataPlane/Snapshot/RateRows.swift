/// One rate of a route: whose requests are counted together, and how many of them may come.
package struct RateRow: BitwiseCopyable, Sendable {
  package enum Key: UInt8, Sendable, BitwiseCopyable { case route, clientAddress, header, cookie }

  package var key: Key
  /// Of a field in lower case, of a cookie as written.
  package var name: TextReference
  package var limit: RateLimit
  /// Leading bits of an address that make one client.
  package var ipv4Prefix: UInt8 = 32
  package var ipv6Prefix: UInt8 = 64

  package init(key: Key, name: TextReference, limit: RateLimit) {
    self.key = key
    self.name = name
    self.limit = limit
  }
}
