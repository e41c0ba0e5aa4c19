/// Bytes of connections, in and out: the one way for exchanges, whatever carries the connection.
extension Worker {
  // MARK: To a client

  /// Sends all of `outgoing`. What cannot go out now is kept by the connection.
  @inline(__always)
  mutating func sendOutgoing(toClient c: Int32) -> Stream.SendResult {
    clients[c].stream.send(&outgoing, 0, outgoing.end, &pool)
  }

  /// Sends `scratch[at..<at + count]`; a large rest takes the scratch block itself.
  @inline(__always)
  mutating func sendScratch(toClient c: Int32, _ at: Int, _ count: Int) -> Stream.SendResult {
    clients[c].stream.send(&scratch, at, count, &pool)
  }

  /// Sends `outgoing` and then bytes of a stored body: see `Stream.send(_:_:from:to:)`.
  @inline(__always)
  mutating func sendStored(
    toClient c: Int32, _ body: CachedBody, from offset: Int, to end: Int, closesChunk: Bool = false
  ) -> Stream.ServeResult {
    clients[c].stream.send(
      outgoing, body, from: offset, to: end, closesChunk: closesChunk, &pool)
  }

  /// Sends what waits for the client.
  @inline(__always)
  mutating func flush(client c: Int32) -> Stream.SendResult { clients[c].stream.flush(&pool) }

  // MARK: To a backend

  @inline(__always)
  mutating func sendOutgoing(toUpstream u: Int32) -> Stream.SendResult {
    upstreams[u].stream.send(&outgoing, 0, outgoing.end, &pool)
  }

  @inline(__always)
  mutating func sendScratch(toUpstream u: Int32, _ at: Int, _ count: Int) -> Stream.SendResult {
    upstreams[u].stream.send(&scratch, at, count, &pool)
  }

  /// Sends all of a block that the caller owns, and goes on owning.
  mutating func send(_ block: inout Block, toUpstream u: Int32) -> Stream.SendResult {
    upstreams[u].stream.send(&block, block.start, block.count, &pool)
  }

  @inline(__always)
  mutating func flush(upstream u: Int32) -> Stream.SendResult { upstreams[u].stream.flush(&pool) }

  // MARK: From either

  /// Receives at most `count` bytes behind what `scratch` holds.
  @inline(__always)
  mutating func receive(fromClient c: Int32, _ count: Int) -> Transfer {
    clients[c].stream.receive(&scratch, count: count)
  }

  @inline(__always)
  mutating func receive(fromUpstream u: Int32, _ count: Int) -> Transfer {
    upstreams[u].stream.receive(&scratch, count: count)
  }
}
