/// The header with which a balancer in front begins a connection (docs/proxy-protocol.md).
extension Worker {
  /// Looks at what has come, then takes exactly the header: what follows belongs to whoever reads
  /// the connection next, TLS or HTTP.
  mutating func receiveProxyHeader(_ c: Int32) {
    scratch.reset(room: 0)
    let descriptor = clients[c].stream.descriptor
    switch scratch.peek(descriptor, at: 0, count: ProxyHeaderParser.maxLength) {
    case .bytes(let count):
      switch ProxyHeaderParser.parse(scratch, 0, count) {
      case .complete(let length, let header): takeProxyHeader(c, length, header)
      case .incomplete where !clients[c].stream.isEnding: clients[c].stream.isReadable = false
      case .incomplete, .failed: refuseProxyHeader(c)
      }
    case .wouldBlock: clients[c].stream.isReadable = false
    // Balancers look whether a port is open: nothing was sent, so nothing is missing.
    case .endOfStream, .failed: closeClient(c)
    }
  }

  private mutating func takeProxyHeader(_ c: Int32, _ length: Int, _ header: ProxyHeader) {
    guard case .bytes(length) = scratch.receive(clients[c].stream.descriptor, at: 0, count: length)
    else { return closeClient(c) }
    clients[c].proxied = header
    if header.kind == .tcp || header.kind == .unix {
      let address = header.source.unmapped
      clients[c].address = address
      clients[c].isTrusted = isTrustedPeer(address)
    }
    beginClient(c)
    clientReadable(c)
  }

  /// Nothing is answered: nobody knows who asked.
  mutating func refuseProxyHeader(_ c: Int32) {
    setup.counters.worker.add(.proxyHeaderFailures)
    closeClient(c)
  }
}

extension ProxyHeaderParser {
  fileprivate static func parse(_ block: borrowing Block, _ from: Int, _ to: Int) -> Result {
    parse(block.bytes, from, to)
  }
}
