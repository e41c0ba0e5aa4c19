/// After a 101: bytes go both ways, untouched, until both sides are done.
extension Worker {
  /// `scratch[from..<bodyAt]` is the 101 head, described by `head`; tunnel bytes may follow it.
  mutating func switchProtocols(_ x: Int32, _ u: Int32, _ from: Int, _ bodyAt: Int) {
    guard exchanges[x].wantsUpgrade, head.wantsUpgrade, exchanges[x].requestDone else {
      return failExchange(x, status: 502, .badResponse, "a 101 that nobody asked for")
    }
    let c = exchanges[x].client
    judgeTry(x, .answered(status: 101))
    exchanges[x].step = .tunnel
    exchanges[x].status = 101
    clients[c].state = .tunnel
    clients[c].keepAlive = false
    upstreams[u].state = .tunnel
    wheel.clear(&upstreams[u].timer)
    wheel.clear(&exchanges[x].timer)
    outgoing.removeAll()
    writeStatusLine(from)
    let upgrade = head.fields[head.upgrade]
    if head.hasNominated { dropNominated(from) }
    copyKeptFields(from)
    outgoing.append("Connection: upgrade\r\nUpgrade: ")
    outgoing.append(scratch, from &+ Int(upgrade.value), Int(upgrade.valueLength))
    outgoing.append("\r\n\r\n")
    if exchanges[x].routeFlags.contains(.hasRates) { addRateFields(x) }
    if exchanges[x].routeFlags.contains(.editsResponse), !editResponseHead(x) {
      return abortClient(c)
    }
    if exchanges[x].routeFlags.contains(.isSticky) { addStickyCookie(x) }
    snapshots.unpin(exchanges[x].snapshot)
    exchanges[x].snapshot = UInt8.max
    let count = scratch.end &- bodyAt
    exchanges[x].responseBytes &+= UInt64(outgoing.end &+ count)
    var result = sendOutgoing(toClient: c)
    if case .failed = result {
    } else if count > 0 {
      result = sendScratch(toClient: c, bodyAt, count)
    }
    if case .failed = result { return abortClient(c) }
    setClientTimer(c, after: policy.tunnelIdle)
    // What the client sent behind its head waited for this.
    if clients[c].stream.restoreInput(&scratch, &pool) {
      let early = scratch.end &- scratch.start
      exchanges[x].requestBytes &+= UInt64(early)
      if case .failed = sendScratch(toUpstream: u, scratch.start, early) {
        return abortClient(c)
      }
    }
    if clients[c].stream.isReadable { queueClient(c) }
    if upstreams[u].stream.isReadable { queueUpstream(u) }
  }

  mutating func pumpFromClient(_ x: Int32) {
    let c = exchanges[x].client
    let u = exchanges[x].upstream
    for _ in 0..<Worker.receivesPerTurn {
      guard clients[c].stream.isReadable, !upstreams[u].stream.hasOutput else { break }
      scratch.reset(room: BlockPool.headroom)
      let count = receiveLimit(upstreams[u].stream.hasBlocked)
      switch receive(fromClient: c, count) {
      case .bytes(let received):
        exchanges[x].requestBytes &+= UInt64(received)
        if case .failed = sendScratch(toUpstream: u, scratch.start, received) {
          return abortClient(c)
        }
        setClientTimer(c, after: policy.tunnelIdle)
      case .wouldBlock: break
      case .endOfStream: return tunnelFlushed(x)
      case .failed: return abortClient(c)
      }
    }
    if clients[c].stream.isReadable, !upstreams[u].stream.hasOutput { queueClient(c) }
  }

  mutating func pumpFromUpstream(_ x: Int32) {
    let c = exchanges[x].client
    let u = exchanges[x].upstream
    for _ in 0..<Worker.receivesPerTurn {
      guard upstreams[u].stream.isReadable, !clients[c].stream.hasOutput else { break }
      scratch.reset(room: BlockPool.headroom)
      let count = receiveLimit(clients[c].stream.hasBlocked)
      switch receive(fromUpstream: u, count) {
      case .bytes(let received):
        exchanges[x].responseBytes &+= UInt64(received)
        if case .failed = sendScratch(toClient: c, scratch.start, received) {
          return abortClient(c)
        }
        setClientTimer(c, after: policy.tunnelIdle)
      case .wouldBlock: break
      case .endOfStream: return tunnelFlushed(x)
      case .failed: return abortClient(c)
      }
    }
    if upstreams[u].stream.isReadable, !clients[c].stream.hasOutput { queueUpstream(u) }
  }

  /// Output went out or an end came in: passes ends on, resumes a paused direction, and ends the
  /// tunnel when both directions are through.
  mutating func tunnelFlushed(_ x: Int32) {
    let c = exchanges[x].client
    let u = exchanges[x].upstream
    let clientEnded = clients[c].stream.isEnding && !clients[c].stream.isReadable
    let upstreamEnded = upstreams[u].stream.isEnding && !upstreams[u].stream.isReadable
    let isDrained = !clients[c].stream.hasOutput && !upstreams[u].stream.hasOutput
    if clientEnded, upstreamEnded, isDrained {
      dropUpstream(x)
      endExchange(x)
      return endClient(c)
    }
    if clientEnded, !upstreams[u].stream.hasOutput {
      shutDownWriting(upstream: u)
    }
    if upstreamEnded, !clients[c].stream.hasOutput, !clients[c].hasShutDown {
      clients[c].hasShutDown = shutDownWriting(client: c)
    }
    if clients[c].stream.isReadable, !upstreams[u].stream.hasOutput { queueClient(c) }
    if upstreams[u].stream.isReadable, !clients[c].stream.hasOutput { queueUpstream(u) }
  }
}
