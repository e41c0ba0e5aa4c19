/// What stands in front of a connection's first byte where a balancer passes connections on: who
/// the client is. HAProxy's PROXY protocol (doc/proxy-protocol.txt), versions 1 and 2.
package struct ProxyHeader: BitwiseCopyable, Equatable, Sendable {
  package enum Kind: UInt8, BitwiseCopyable, Sendable {
    /// The sender's own connection, such as a health check: the socket's address is the client's.
    case local
    /// Passed on for somebody whom the header does not name.
    case unknown
    /// Passed on for a client of a unix socket, which has no address.
    case unix
    /// Passed on for a client over TCP; both ends are named, in the same family.
    case tcp
  }

  package var kind: Kind
  /// The client; `unix` unless `kind` is `tcp`.
  package var source = PeerAddress.none
  package var sourcePort: UInt16 = 0
  /// Where the client connected to.
  package var destination = PeerAddress.none
  package var destinationPort: UInt16 = 0

  /// How version 2 begins, and no other protocol.
  static var signature: StaticString { "\r\n\r\n\0\r\nQUIT\n" }

  package init(_ kind: Kind) { self.kind = kind }

  /// A client over TCP. Addresses of two families are both written as IPv6.
  package init(
    source: PeerAddress, port sourcePort: UInt16, destination: PeerAddress,
    port destinationPort: UInt16
  ) {
    kind = .tcp
    self.source = source
    self.sourcePort = sourcePort
    self.destination = destination
    self.destinationPort = destinationPort
    guard source.family != destination.family else { return }
    if let address = source.mapped { self.source = PeerAddress(family: 6, bytes: address) }
    if let address = destination.mapped {
      self.destination = PeerAddress(family: 6, bytes: address)
    }
  }

  package static func == (left: ProxyHeader, right: ProxyHeader) -> Bool {
    left.kind == right.kind && isSame(left.source, right.source)
      && left.sourcePort == right.sourcePort && isSame(left.destination, right.destination)
      && left.destinationPort == right.destinationPort
  }

  private static func isSame(_ left: PeerAddress, _ right: PeerAddress) -> Bool {
    guard left.family == right.family else { return false }
    for index in 0..<16 where left.bytes[index] != right.bytes[index] { return false }
    return true
  }
}

/// Which form of the header is written.
package enum ProxyVersion: UInt8, BitwiseCopyable, Sendable {
  case v1 = 1
  case v2 = 2
}
