/// Bytes of connections, in and out: the one way for exchanges, whatever carries the connection.
extension Worker {
  // MARK: To a client

  /// Sends all of `outgoing`. What cannot go out now is kept by the connection.
  @inline(__always)
  mutating func sendOutgoing(toClient c: Int32) -> Stream.SendResult {
    switch clients[c].stream.kind {
    case .plain: return clients[c].stream.send(&outgoing, 0, outgoing.end, &pool)
    case .tls: return clients[c].stream.sendTLS(outgoing, 0, outgoing.end, &tls, &pool)
    case .lane: return sendOutgoing(toClientLane: c)
    }
  }

  /// Sends `scratch[at..<at + count]`; a large rest takes the scratch block itself.
  @inline(__always)
  mutating func sendScratch(toClient c: Int32, _ at: Int, _ count: Int) -> Stream.SendResult {
    switch clients[c].stream.kind {
    case .plain: return clients[c].stream.send(&scratch, at, count, &pool)
    case .tls: return clients[c].stream.sendTLS(scratch, at, count, &tls, &pool)
    case .lane: return sendScratch(toClientLane: c, at, count)
    }
  }

  /// Sends `outgoing` and then bytes of a stored body: see `Stream.send(_:_:from:to:)`.
  @inline(__always)
  mutating func sendStored(
    toClient c: Int32, _ body: CachedBody, from offset: Int, to end: Int, closesChunk: Bool = false
  ) -> Stream.ServeResult {
    switch clients[c].stream.kind {
    case .plain:
      return clients[c].stream.send(
        outgoing, body, from: offset, to: end, closesChunk: closesChunk, &pool)
    case .tls:
      return clients[c].stream.sendTLS(
        outgoing, body, from: offset, to: end, closesChunk: closesChunk, &tls, &pool)
    case .lane:
      return sendStored(toClientLane: c, body, from: offset, to: end, closesChunk: closesChunk)
    }
  }

  /// Sends what waits for the client.
  @inline(__always)
  mutating func flush(client c: Int32) -> Stream.SendResult {
    if clients[c].stream.kind == .lane { return flush(clientLane: c) }
    return clients[c].stream.flush(&pool)
  }

  // MARK: To a backend

  @inline(__always)
  mutating func sendOutgoing(toUpstream u: Int32) -> Stream.SendResult {
    switch upstreams[u].stream.kind {
    case .plain: return upstreams[u].stream.send(&outgoing, 0, outgoing.end, &pool)
    case .tls: return upstreams[u].stream.sendTLS(outgoing, 0, outgoing.end, &tls, &pool)
    case .lane: return sendOutgoing(toUpstreamLane: u)
    }
  }

  @inline(__always)
  mutating func sendScratch(toUpstream u: Int32, _ at: Int, _ count: Int) -> Stream.SendResult {
    switch upstreams[u].stream.kind {
    case .plain: return upstreams[u].stream.send(&scratch, at, count, &pool)
    case .tls: return upstreams[u].stream.sendTLS(scratch, at, count, &tls, &pool)
    case .lane: return sendScratch(toUpstreamLane: u, at, count)
    }
  }

  /// Sends all of a block that the caller owns, and goes on owning.
  mutating func send(_ block: inout Block, toUpstream u: Int32) -> Stream.SendResult {
    switch upstreams[u].stream.kind {
    case .plain: return upstreams[u].stream.send(&block, block.start, block.count, &pool)
    case .tls: return upstreams[u].stream.sendTLS(block, block.start, block.count, &tls, &pool)
    case .lane: return send(&block, toUpstreamLane: u)
    }
  }

  @inline(__always)
  mutating func flush(upstream u: Int32) -> Stream.SendResult {
    if upstreams[u].stream.kind == .lane { return flush(upstreamLane: u) }
    return upstreams[u].stream.flush(&pool)
  }

  // MARK: From either

  /// Receives at most `count` bytes behind what `scratch` holds.
  @inline(__always)
  mutating func receive(fromClient c: Int32, _ count: Int) -> Transfer {
    switch clients[c].stream.kind {
    case .plain: return clients[c].stream.receive(&scratch, count: count)
    case .tls: return clients[c].stream.receiveTLS(&scratch, count: count, &tls, &pool)
    case .lane: return receive(fromClientLane: c, count)
    }
  }

  @inline(__always)
  mutating func receive(fromUpstream u: Int32, _ count: Int) -> Transfer {
    switch upstreams[u].stream.kind {
    case .plain: return upstreams[u].stream.receive(&scratch, count: count)
    case .tls:
      let result = upstreams[u].stream.receiveTLS(&scratch, count: count, &tls, &pool)
      tlsReceived(upstream: u, result)
      return result
    case .lane: return receive(fromUpstreamLane: u, count)
    }
  }

  // MARK: Frames, of connections that carry a session

  mutating func receiveFrames(fromClient c: Int32, _ count: Int) -> Transfer {
    if clients[c].stream.kind == .tls {
      return clients[c].stream.receiveTLS(&frames, count: count, &tls, &pool)
    }
    return clients[c].stream.receive(&frames, count: count)
  }

  mutating func receiveFrames(fromUpstream u: Int32, _ count: Int) -> Transfer {
    if upstreams[u].stream.kind == .tls {
      let result = upstreams[u].stream.receiveTLS(&frames, count: count, &tls, &pool)
      tlsReceived(upstream: u, result)
      return result
    }
    return upstreams[u].stream.receive(&frames, count: count)
  }

  mutating func sendFrames(_ block: inout Block, toClient c: Int32) -> Stream.SendResult {
    if clients[c].stream.kind == .tls {
      return clients[c].stream.sendTLS(block, block.start, block.count, &tls, &pool)
    }
    return clients[c].stream.send(&block, block.start, block.count, &pool)
  }

  // MARK: The end

  /// Nothing more will be sent: the peer is told, and our half of the connection shut down. False
  /// while the socket has no room for the word; to be asked again when the output went out.
  mutating func shutDownWriting(client c: Int32) -> Bool {
    if clients[c].stream.kind == .tls { clients[c].stream.sayEndTLS(&tls, &pool) }
    if clients[c].stream.hasOutput { return false }
    Sockets.shutdownWrite(clients[c].stream.descriptor)
    return true
  }

  /// As `shutDownWriting(client:)`; once it is done, it changes nothing.
  mutating func shutDownWriting(upstream u: Int32) {
    if upstreams[u].stream.kind == .tls { upstreams[u].stream.sayEndTLS(&tls, &pool) }
    if upstreams[u].stream.hasOutput { return }
    Sockets.shutdownWrite(upstreams[u].stream.descriptor)
  }

  /// A connection to a backend that serves nobody is open and silent.
  mutating func isAlive(upstream u: Int32) -> Bool {
    if upstreams[u].stream.kind == .tls {
      let isSilent = upstreams[u].stream.isSilentTLS(&tls, &pool)
      tlsSessions.keep(upstreams[u].backend, upstreams[u].transport, from: &tls)
      return isSilent
    }
    return Sockets.isAlive(upstreams[u].stream.descriptor)
  }
}
