/// Answers from a cache: the head from the stored one, the body from where it lies.
extension Worker {
  /// Bytes that one turn sends to one reader.
  private static var servedPerTurn: Int { 1 << 20 }

  /// Ends the exchange with the stored response, or begins to: `head` and `scratch` hold the
  /// request. The entry was found in this turn or is held.
  @inline(__always)
  mutating func serve(
    _ x: Int32, _ from: Int, _ entry: CachedEntry, _ fields: RequestCacheFields
  ) {
    let c = exchanges[x].client
    exchanges[x].cache.role = .read
    if exchanges[x].cache.forward == nil {
      let isStale = entry.facts.lifetime <= entry.age(at: now)
      setup.counters.caches[exchanges[x].cache.identity].add(isStale ? .staleHits : .hits)
      entry.countHit(at: now)
    }
    if isDraining { clients[c].keepAlive = false }
    outgoing.removeAll()
    let body = writeServedHead(x, from, entry, fields)
    guard finishServedHead(x) else { return }
    exchanges[x].responseBytes &+= UInt64(outgoing.end)
    sendServed(x, body)
  }

  /// Which part of which body goes out.
  private struct ServedBody {
    var body: CachedBody?
    var offset = 0
    /// -1: until its end, which is not known.
    var end = 0
    var isChunked = false
  }

  @inline(__always)
  private mutating func writeServedHead(
    _ x: Int32, _ from: Int, _ entry: CachedEntry, _ fields: RequestCacheFields
  ) -> ServedBody {
    let info = entry.info
    var form = ServedForm.only
    if exchanges[x].routeFlags.contains(.compresses), info.facts.flags.contains(.isCompressible) {
      form = servedForm(x, from, fields)
    }
    if fields.hasPreconditionsForCache,
      entry.preconditions(
        fields, &head, scratch, from, wallSeconds: date.second, now: now) == .notModified
    {
      exchanges[x].status = 304
      outgoing.append("HTTP/1.1 304 Not Modified\r\n")
      appendValidatedHead(entry, form)
      writeCacheFields(x, entry)
      return ServedBody()
    }
    guard var body = entry.body else {
      exchanges[x].status = info.facts.status
      entry.append(entry.headAt, Int(info.headLength), to: &outgoing)
      writeCacheFields(x, entry)
      if info.facts.status != 204 { outgoing.append("Content-Length: 0\r\n") }
      return ServedBody()
    }
    if fields.range >= 0, exchanges[x].method == .get, let length = body.expectedLength {
      switch entry.range(
        fields, &head, scratch, from, length: length, wallSeconds: date.second)
      {
      case .whole: break
      case .part(let first, let count):
        return writePartHead(x, entry, body, Int(first), Int(count), of: length, form)
      case .unsatisfiable: return writeUnsatisfiable(x, entry, of: length)
      }
    }
    exchanges[x].status = info.facts.status
    var length = body.expectedLength
    if form == .gzip {
      if let compressed = entry.compressed, compressed.isWhole {
        body = compressed
        length = compressed.expectedLength
      } else {
        form = findCompressed(x, entry, &body, &length)
      }
    }
    appendHead(entry, form)
    writeCacheFields(x, entry)
    var served = ServedBody(body: body, offset: 0, end: length ?? -1)
    if info.facts.status == 204 {
      // RFC 9110 section 8.6.
      served = ServedBody()
    } else if let length {
      outgoing.append("Content-Length: ")
      outgoing.append(decimal: length)
      outgoing.append("\r\n")
    } else if exchanges[x].isOldClient {
      exchanges[x].endsByClose = true
      clients[exchanges[x].client].keepAlive = false
    } else {
      served.isChunked = true
      outgoing.append("Transfer-Encoding: chunked\r\n")
    }
    if exchanges[x].method == .head { served = ServedBody() }
    return served
  }

  /// RFC 9110 section 15.3.7.
  private mutating func writePartHead(
    _ x: Int32, _ entry: CachedEntry, _ body: CachedBody, _ first: Int, _ count: Int,
    of length: Int, _ form: ServedForm
  ) -> ServedBody {
    exchanges[x].status = 206
    outgoing.append("HTTP/1.1 206 Partial Content\r\n")
    let line = Int(entry.info.statusLineLength)
    entry.append(entry.headAt + line, Int(entry.info.headLength) - line, to: &outgoing)
    if form != .only { addVary(entry.info) }
    writeCacheFields(x, entry)
    outgoing.append("Content-Range: bytes ")
    outgoing.append(decimal: first)
    outgoing.append(byte: 0x2d)
    outgoing.append(decimal: first + count - 1)
    outgoing.append(byte: 0x2f)
    outgoing.append(decimal: length)
    outgoing.append("\r\nContent-Length: ")
    outgoing.append(decimal: count)
    outgoing.append("\r\n")
    return ServedBody(body: body, offset: first, end: first + count)
  }

  /// RFC 9110 section 15.5.17.
  private mutating func writeUnsatisfiable(
    _ x: Int32, _ entry: CachedEntry, of length: Int
  ) -> ServedBody {
    exchanges[x].status = 416
    outgoing.append("HTTP/1.1 416 Range Not Satisfiable\r\n")
    writeDate()
    writeCacheFields(x, entry)
    outgoing.append("Content-Range: bytes */")
    outgoing.append(decimal: length)
    outgoing.append("\r\nContent-Length: 0\r\n")
    return ServedBody()
  }

  /// `Age` and `Cache-Status`.
  @inline(__always)
  private mutating func writeCacheFields(_ x: Int32, _ entry: CachedEntry) {
    let age = entry.age(at: now)
    // It says that the response was not made or validated for this request (RFC 9111 section 5.1).
    if exchanges[x].cache.forward == nil || age > 0 {
      outgoing.append("Age: ")
      outgoing.append(decimal: Int(age))
      outgoing.append("\r\n")
    }
    let identity = Int(exchanges[x].cache.identity)
    guard cacheRules[identity].addsStatus else { return }
    var status = CacheStatus(hit: entry.facts.lifetime &- age)
    status.forward = exchanges[x].cache.forward
    if exchanges[x].cache.isValidated { status.forwardStatus = 304 }
    // What was validated and is not stored any more is fresh for nobody else.
    if entry.info.verdict != StoreVerdict.store.rawValue { status.ttl = nil }
    status.isStored = exchanges[x].cache.isStored
    status.isCollapsed = exchanges[x].cache.hasWaited
    status.writeLine(into: &outgoing)
  }

  /// What becomes of the connection, the fields that each answer has of its own, and the empty
  /// line. False when the exchange ended.
  @inline(__always)
  private mutating func finishServedHead(_ x: Int32) -> Bool {
    let c = exchanges[x].client
    if let lines = exchanges[x].ownLines.take() {
      outgoing.append(lines, lines.start, lines.count)
      pool.give(lines)
    }
    writeConnection(keepAlive: clients[c].keepAlive, isOldClient: exchanges[x].isOldClient)
    outgoing.append("\r\n")
    if exchanges[x].routeFlags.contains(.hasRates) { addRateFields(x) }
    if exchanges[x].routeFlags.contains(.editsResponse), !editResponseHead(x) {
      exchanges[x].cache.role = .bypass
      failExchange(x, status: 502, .badResponse, "the response head became too long")
      return false
    }
    return true
  }

  // MARK: Sending

  /// The head in `outgoing`, and as much of the body as the socket takes.
  @inline(__always)
  private mutating func sendServed(_ x: Int32, _ served: ServedBody) {
    let c = exchanges[x].client
    exchanges[x].step = .serve
    guard let body = served.body, served.offset != served.end else {
      if case .failed = sendOutgoing(toClient: c) {
        return abortClient(c)
      }
      return finishServed(x)
    }
    exchanges[x].cache.offset = served.offset
    exchanges[x].cache.end = served.end
    exchanges[x].cache.chunkLeft = served.isChunked ? 0 : -1
    // One of unknown length may turn out longer than the cache takes.
    if served.end < 0 {
      guard body.enter() else { return fetchSettled(x, failure: 0) }
      holdServed(x, body)
      exchanges[x].cache.isReader = true
    } else if body.round != 0 {
      // It ended in rounds just now: its first bytes are gone.
      return fetchSettled(x, failure: 0)
    }
    if !served.isChunked, served.end >= 0 {
      // All of it in one call, as most are: nothing need be held.
      if sendAtOnce(x, body) { return }
    } else if case .failed = sendOutgoing(toClient: c) {
      return abortClient(c)
    }
    holdServed(x, body)
    if exchanges[x].snapshot != UInt8.max {
      snapshots.unpin(exchanges[x].snapshot)
      exchanges[x].snapshot = UInt8.max
    }
    wheel.clear(&exchanges[x].timer)
    exchanges[x].deadline = .max
    pumpServed(x)
  }

  @inline(__always) private mutating func holdServed(_ x: Int32, _ body: CachedBody) {
    guard exchanges[x].cache.body == 0 else { return }
    body.retain()
    exchanges[x].cache.body = body.raw
  }

  /// True when the exchange came to its end with it.
  @inline(__always)
  private mutating func sendAtOnce(_ x: Int32, _ body: CachedBody) -> Bool {
    let c = exchanges[x].client
    let offset = exchanges[x].cache.offset
    let end = exchanges[x].cache.end
    let stop = max(min(body.length, end), offset)
    switch sendStored(toClient: c, body, from: offset, to: stop) {
    case .failed:
      abortClient(c)
      return true
    case .sent(let count):
      exchanges[x].cache.offset = offset &+ count
      exchanges[x].responseBytes &+= UInt64(count)
      guard offset &+ count == end, !clients[c].stream.hasOutput else { return false }
      finishServed(x)
      return true
    }
  }

  /// Sends what there is, until the socket takes no more.
  mutating func pumpServed(_ x: Int32) {
    guard let body = CachedBody(raw: exchanges[x].cache.body) else { return }
    let c = exchanges[x].client
    var budget = Worker.servedPerTurn
    while true {
      if clients[c].stream.hasOutput || clients[c].stream.isBlocked {
        return setClientTimer(c, after: policy.clientWriteIdle)
      }
      guard budget > 0 else { return queueClient(c) }
      let state = body.state
      let length = body.length
      if exchanges[x].cache.end < 0, state == .complete { exchanges[x].cache.end = length }
      let end = exchanges[x].cache.end
      let offset = exchanges[x].cache.offset
      let available = end < 0 ? length : min(length, end)
      if offset == end { return endServed(x) }
      // Below it lies what comes before a range.
      if offset >= available {
        if state == .failed { return cutServed(x) }
        if awaitMore(x, body, beyond: length, state) { return }
        continue
      }
      outgoing.removeAll()
      var stop = available
      if exchanges[x].cache.chunkLeft >= 0 { stop = beginChunk(x, body, available) }
      switch sendStored(
        toClient: c, body, from: offset, to: stop, closesChunk: exchanges[x].cache.chunkLeft >= 0)
      {
      case .failed: return abortClient(c)
      case .sent(let count):
        exchanges[x].responseBytes &+= UInt64(outgoing.end &+ count)
        exchanges[x].cache.offset = offset &+ count
        if exchanges[x].cache.chunkLeft >= 0 { exchanges[x].cache.chunkLeft &-= count }
        budget &-= count
      }
    }
  }

  /// Leaves the begin of a chunk in `outgoing` unless one is begun; where the chunk ends.
  private mutating func beginChunk(_ x: Int32, _ body: CachedBody, _ available: Int) -> Int {
    let offset = exchanges[x].cache.offset
    if exchanges[x].cache.chunkLeft > 0 { return offset &+ exchanges[x].cache.chunkLeft }
    let count = body.contiguousCount(from: offset, to: available)
    // And the line end behind it.
    exchanges[x].responseBytes &+= 2
    outgoing.append(hex: UInt64(count), digits: 8)
    outgoing.append("\r\n")
    exchanges[x].cache.chunkLeft = count
    return offset &+ count
  }

  /// There is no more for now. False when there is, after all.
  mutating func awaitMore(
    _ x: Int32, _ body: CachedBody, beyond length: Int, _ state: CachedBody.State
  ) -> Bool {
    wheel.clear(&clients[exchanges[x].client].timer)
    if exchanges[x].cache.list == .none { join(x, .body) }
    body.await(setup.index)
    let round = body.round
    if round != 0, exchanges[x].cache.round != round, body.length == length {
      exchanges[x].cache.round = round
      if body.arrive(in: round) { tellOwner(of: body) }
    }
    return body.length == length && body.state == state
  }

  /// All of the body is with the socket.
  private mutating func endServed(_ x: Int32) {
    if exchanges[x].cache.chunkLeft >= 0 {
      let c = exchanges[x].client
      outgoing.removeAll()
      outgoing.append("0\r\n\r\n")
      exchanges[x].responseBytes &+= UInt64(outgoing.end)
      if case .failed = sendOutgoing(toClient: c) {
        return abortClient(c)
      }
    }
    finishServed(x)
  }

  @inline(__always)
  private mutating func finishServed(_ x: Int32) {
    let c = exchanges[x].client
    endExchange(x)
    answerSent(c, lingers: false)
  }

  /// The backend cut the response of which the client has a part.
  private mutating func cutServed(_ x: Int32) {
    exchanges[x].failure = .upstreamClosed
    cutResponse(x)
  }
}
