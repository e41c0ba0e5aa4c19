/// Responses that are compressed on their way down. All of it is cold; `RouteFlags.compresses` and
/// `BodyPath.compress` lead here.
extension Worker {
  /// Of a chunk in `outgoing`: its size and the line ends around it.
  private static var chunkSizeLine: Int { 10 }
  /// Room for what follows the content: a line end and the last chunk.
  private static var chunkEnd: Int { 7 }

  // MARK: The head

  /// Decides on the finished head in `outgoing`, as the client would get it, so that a route's own
  /// edits count; rewrites it if the content will be compressed. The snapshot is pinned yet.
  @inline(never)
  mutating func settleCompression(_ x: Int32) {
    // The backend's head is written; the table is free for ours.
    guard
      case .complete = ResponseParser.parse(
        outgoing, 0, outgoing.end, limits: .widest, into: &head)
    else { return }
    if head.status == 304 { return weakenValidated(x) }
    let snapshot = snapshots[exchanges[x].snapshot]
    let compressibility = Compressibility.of(
      &head, outgoing, 0, snapshot.value.policy.compression, snapshot.value)
    guard compressibility != .never else { return }
    growOutgoing(for: head.length &+ CompressedHead.added)
    guard compressibility == .always, clientTakesGzip(x), takeDeflater(x) else {
      return CompressedHead.addVary(&head, to: &outgoing)
    }
    let hasBody = exchanges[x].method != .head
    CompressedHead.apply(&head, to: &outgoing, hasBody: hasBody)
    if hasBody { exchanges[x].path = .compress }
  }

  /// An HTTP/1.0 client knows no chunks, and gets the content as it is.
  private mutating func clientTakesGzip(_ x: Int32) -> Bool {
    guard !exchanges[x].isOldClient, let kept = exchanges[x].head.take() else { return false }
    let takes =
      readRequest(x, kept) && Compressibility.isWanted(byRequest: &trailers, kept, 0)
    exchanges[x].head = consume kept
    return takes
  }

  private mutating func weakenValidated(_ x: Int32) {
    growOutgoing(for: head.length &+ CompressedHead.added)
    guard let kept = exchanges[x].head.take() else { return }
    if readRequest(x, kept) {
      CompressedHead.weakenTag(&head, of: &outgoing, askedBy: &trailers, kept)
    }
    exchanges[x].head = consume kept
  }

  /// The request's kept head into `trailers`.
  private mutating func readRequest(_ x: Int32, _ kept: borrowing Block) -> Bool {
    let length = Int(exchanges[x].headLength)
    return RequestParser.parse(kept, 0, length, limits: .widest, into: &trailers)
      == .complete(length: length)
  }

  /// False when the worker holds as much memory as it may: the content goes as it is then.
  private mutating func takeDeflater(_ x: Int32) -> Bool {
    if exchanges[x].method == .head { return true }
    giveDeflater(x)
    guard let deflater = takeDeflater() else { return false }
    exchanges[x].deflater = consume deflater
    return true
  }

  /// nil when the worker holds as much memory as it may.
  mutating func takeDeflater() -> Deflater? {
    guard pool.heldBytes &+ deflaters.heldBytes &+ Deflater.bytes <= policy.memoryBudget else {
      return nil
    }
    return deflaters.take(level: Int(policy.compression.level))
  }

  @inline(never)
  mutating func giveDeflater(_ x: Int32) {
    if let deflater = exchanges[x].deflater.take() { deflaters.give(deflater) }
  }

  // MARK: The body

  /// As `sendResponse`, for content that is compressed. What the backend had to give so far is
  /// flushed, so that a slow stream arrives; the end of the body ends the gzip stream.
  @inline(never)
  mutating func sendCompressed(
    _ x: Int32, _ u: Int32, _ from: Int, _ scan: BodyScan, headIsNew: Bool
  ) -> Bool {
    if !headIsNew { outgoing.removeAll() }
    guard var deflater = exchanges[x].deflater.take() else { return sendPrepared(x) }
    let hasMore = upstreams[u].stream.isReadable
    let flush: Deflater.Flush =
      scan.outcome == .ended ? .finish : hasMore ? .none : .sync
    var at = from
    var outcome = Deflater.Outcome.done
    var isConnected = true
    if at < scan.sendEnd || flush == .finish || flush == .sync && deflater.isDirty {
      repeat {
        outcome = writeChunk(&deflater, &at, scan.sendEnd, flush)
        guard outcome == .outputFull else { break }
        isConnected = sendPrepared(x)
        outgoing.removeAll()
      } while isConnected
    }
    if isConnected { exchanges[x].deflater = consume deflater } else { deflaters.give(deflater) }
    guard isConnected else { return false }
    if outcome == .failed {
      exchanges[x].failure = .overloaded
      cutResponse(x)
      return false
    }
    if flush == .finish { outgoing.append("0\r\n\r\n") }
    return sendPrepared(x)
  }

  /// Puts one chunk of compressed content behind what is in `outgoing`; none when there is nothing
  /// to send yet.
  private mutating func writeChunk(
    _ deflater: inout Deflater, _ at: inout Int, _ end: Int, _ flush: Deflater.Flush
  ) -> Deflater.Outcome {
    let line = outgoing.end
    outgoing.end &+= Worker.chunkSizeLine
    let limit = outgoing.capacity &- Worker.chunkEnd
    let step = deflater.write(
      scratch, at, end &- at, into: &outgoing, limit: limit, flush: flush)
    at &+= step.consumed
    let contentEnd = outgoing.end
    outgoing.end = line
    if step.produced > 0 {
      outgoing.append(hex: UInt64(step.produced), digits: 8)
      outgoing.append("\r\n")
      outgoing.end = contentEnd
      outgoing.append("\r\n")
    }
    return step.outcome
  }

  /// Sends what is in `outgoing`. False when the client is gone.
  private mutating func sendPrepared(_ x: Int32) -> Bool {
    guard outgoing.end > 0 else { return true }
    let c = exchanges[x].client
    exchanges[x].responseBytes &+= UInt64(outgoing.end)
    if case .failed = sendOutgoing(toClient: c) {
      abortClient(c)
      return false
    }
    return true
  }

  /// As `pumpResponse`, one small share at a time: compressing 32 KiB takes as long as forwarding
  /// megabytes, and others wait.
  @inline(never)
  mutating func pumpCompressed(_ u: Int32) {
    let x = upstreams[u].exchange
    let c = exchanges[x].client
    if clients[c].stream.hasOutput { return }
    let kept = upstreams[u].stream.restoreInput(&scratch, &pool)
    guard upstreams[u].stream.isReadable else {
      if kept { upstreams[u].stream.keepInput(scratch, scratch.start, scratch.end, &pool) }
      return
    }
    let from = scratch.start
    switch receive(fromUpstream: u, receiveLimit(true)) {
    case .bytes: break
    case .wouldBlock:
      if kept { upstreams[u].stream.keepInput(scratch, scratch.start, scratch.end, &pool) }
      // What was not flushed while there seemed to be more.
      let nothing = BodyScan(sendEnd: from, consumedEnd: from, content: 0, outcome: .more)
      if sendCompressed(x, u, from, nothing, headIsNew: false) { compressedMoved(x, u) }
      return
    case .endOfStream: return responseEnded(x, u)
    case .failed:
      exchanges[x].failure = .upstreamClosed
      judgeTry(x, .cut)
      return cutResponse(x)
    }
    let scan = BodyScan.run(
      &exchanges[x].responseBody, &scratch, &trailers, from: from, to: scratch.end,
      dechunk: true, limits: Worker.responseLimits)
    if scan.outcome == .failed {
      exchanges[x].failure = .badResponse
      judgeTry(x, .cut)
      return cutResponse(x)
    }
    keepRest(u, scan)
    guard sendCompressed(x, u, from, scan, headIsNew: false) else { return }
    if scan.outcome == .ended { return finishResponse(x, u, -1) }
    compressedMoved(x, u)
  }

  private mutating func compressedMoved(_ x: Int32, _ u: Int32) {
    let c = exchanges[x].client
    if clients[c].stream.hasOutput {
      wheel.clear(&upstreams[u].timer)
      setClientTimer(c, after: policy.clientWriteIdle)
    } else {
      setUpstreamTimer(u, after: responseIdleTimeout(x))
      if upstreams[u].stream.isReadable { queueUpstream(u) }
    }
  }

  /// The proper end of a body that only the connection's end delimits.
  mutating func endCompressed(_ x: Int32, _ u: Int32) -> Bool {
    let end = BodyScan(sendEnd: 0, consumedEnd: 0, content: 0, outcome: .ended)
    return sendCompressed(x, u, 0, end, headIsNew: false)
  }
}
