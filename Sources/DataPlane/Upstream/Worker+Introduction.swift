/// The header with which we begin connections to backends that want one.
extension Worker {
  /// Tells the backend on this new connection whose request follows; nil is success.
  mutating func introduceClient(_ x: Int32, _ u: Int32) -> SystemError? {
    let snapshot = snapshots[exchanges[x].snapshot]
    guard let version = snapshot.value.pools[Int(exchanges[x].pool)].proxyVersion else {
      return nil
    }
    let header = proxyHeader(of: exchanges[x].client)
    return sendProxyHeader(header, version, to: upstreams[u].stream.descriptor, more: true)
  }

  /// In clear, whatever the connection carries afterwards.
  mutating func sendProxyHeader(
    _ header: ProxyHeader, _ version: ProxyVersion, to descriptor: Int32, more: Bool
  ) -> SystemError? {
    var block = pool.take(atLeast: 256)
    block.removeAll()
    ProxyHeaderWriter.write(header, version, into: &block)
    let error = block.sendFirst(descriptor, more: more)
    pool.give(block)
    return error
  }

  /// Who the client is: as a balancer in front said, else the ends of its socket.
  private mutating func proxyHeader(of c: Int32) -> ProxyHeader {
    if clients[c].isNobody { return ProxyHeader(.local) }
    switch clients[c].proxied.kind {
    case .tcp, .unix: return clients[c].proxied
    case .local, .unknown: break
    }
    return Sockets.ends(clients[carrier(c)].stream.descriptor) ?? ProxyHeader(.unknown)
  }
}
