/// What one listener does beyond accepting connections.
///
/// Found by the listener's identity, which outlives snapshots: a connection keeps the identity of
/// the listener that accepted it. A listener that the config has no more, whose connections are
/// served on, has a row that does nothing special.
package struct ListenerRow: BitwiseCopyable, Equatable, Sendable {
  /// Requests in clear are answered with 308 to https on this port; 0 is off.
  package var redirectPort: UInt16 = 0
  package var speaksTLS = false
  /// Its place in `tlsServers`, if it speaks TLS.
  package var tls: UInt32 = 0
  /// Clients may speak HTTP/2: by ALPN over TLS, with prior knowledge in clear.
  package var speaksHTTP2 = true
  /// Rows of `proxySources`: connections from these begin with a PROXY header.
  package var proxySources = RowRange.none
  /// Connections of a unix socket do.
  package var expectsProxyHeaderFromUnix = false
  package init() {}

  /// Connections may begin with one.
  @inline(__always) var takesProxyHeaders: Bool {
    proxySources.count > 0 || expectsProxyHeaderFromUnix
  }
}

extension Snapshot {
  /// - Parameter listener: an identity; of one that this snapshot does not know, a plain row.
  @inline(__always)
  package func listener(_ listener: UInt32) -> ListenerRow {
    let index = Int(listener)
    return index < listeners.count ? listeners[index] : ListenerRow()
  }

  /// What a worker begins the listener's TLS connections with; nil where there are none.
  func tlsSet(_ listener: UInt32, worker: Int) -> TLSServerSet? {
    let row = self.listener(listener)
    guard row.speaksTLS, Int(row.tls) < tlsServers.count else { return nil }
    return tlsSets[Int(row.tls) * (tlsSets.count / tlsServers.count) + worker]
  }

  /// A connection from this address must begin with a PROXY header.
  func expectsProxyHeader(_ listener: ListenerRow, from peer: PeerAddress) -> Bool {
    guard let address = peer.mapped else { return listener.expectsProxyHeaderFromUnix }
    let first = Int(listener.proxySources.first)
    for index in first..<(first &+ Int(listener.proxySources.count))
    where proxySources[index].contains(address) { return true }
    return false
  }
}
