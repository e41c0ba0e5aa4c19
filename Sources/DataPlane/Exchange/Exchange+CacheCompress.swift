/// Compressed forms of stored responses, on routes with `compress: on`: which form a client gets,
/// and how the compressed one is made.
///
/// It is made once, when the first client wants it, by an exchange without a client that reads the
/// stored content as any reader does, however much of it is there, and writes to a body of its own,
/// from which clients read in turn. What it does not finish in one share it goes on with in the
/// next turns. Where the content turns out longer than the cache takes, both go on in rounds.
extension Worker {
  /// Content that one turn compresses of one response: some 0.7 ms of text.
  private static var compressedPerTurn: Int { 32_768 }

  /// Which form of a stored response is sent.
  enum ServedForm {
    /// There is only one: the route does not compress, or the response is not worth it.
    case only
    /// As the backend sent it, while other clients get it compressed.
    case identity
    case gzip
  }

  // MARK: The head

  /// Of a response that is compressible, for the request in `head`.
  mutating func servedForm(
    _ x: Int32, _ from: Int, _ fields: RequestCacheFields
  ) -> ServedForm {
    // HTTP/1.0 knows no chunks. A range is one of the content as it is.
    guard fields.acceptEncoding >= 0, !exchanges[x].isOldClient,
      !exchanges[x].cache.directives.noTransform,
      fields.range < 0 || exchanges[x].method != .get,
      AcceptEncoding.of(fields, &head, scratch, from).useOfGzip == .preferred
    else { return .identity }
    return .gzip
  }

  /// The lines of the stored head, as they are for this form.
  @inline(__always)
  mutating func appendHead(_ entry: CachedEntry, _ form: ServedForm) {
    let info = entry.info
    if form == .gzip {
      let line = Int(info.statusLineLength)
      entry.append(entry.headAt, line, to: &outgoing)
      appendGzip(
        entry, entry.headAt &+ line, Int(info.headLength) &- line, without: info.identityLength)
      outgoing.append("Content-Encoding: gzip\r\n")
    } else {
      entry.append(entry.headAt, Int(info.headLength), to: &outgoing)
    }
    if form != .only { addVary(info) }
  }

  /// The fields of a 304, likewise.
  @inline(__always)
  mutating func appendValidatedHead(_ entry: CachedEntry, _ form: ServedForm) {
    let info = entry.info
    let count = Int(info.validatedHeadLength)
    if form == .gzip {
      appendGzip(entry, entry.validatedHeadAt, count, without: info.validatedIdentityLength)
    } else {
      entry.append(entry.validatedHeadAt, count, to: &outgoing)
    }
    if form != .only { addVary(info) }
  }

  /// Fields without the first ones, which are those of the uncompressed form.
  @inline(__always)
  private mutating func appendGzip(
    _ entry: CachedEntry, _ at: Int, _ count: Int, without left: UInt32
  ) {
    let left = Int(left)
    entry.append(at &+ left, count &- left, to: &outgoing)
    entry.append(entry.gzipTagAt, Int(entry.info.gzipTagLength), to: &outgoing)
  }

  @inline(__always) mutating func addVary(_ info: EntryInfo) {
    if info.facts.flags.contains(.addsVary) { outgoing.append("Vary: Accept-Encoding\r\n") }
  }

  // MARK: Storing

  /// Decides once for all requests whether the response is worth compressing. The names of its
  /// `Vary` are in `routeBuffer`.
  mutating func markCompressible(
    _ x: Int32, _ from: Int, _ fields: ResponseCacheFields, _ former: CachedEntry?,
    _ info: inout EntryInfo
  ) {
    let snapshot = snapshots[exchanges[x].snapshot]
    let compression = snapshot.value.policy.compression
    guard !info.facts.flags.contains(.noTransform), hasPlainTag(fields),
      Compressibility.of(&head, scratch, from, compression, snapshot.value) == .always
    else { return }
    // A validated response has no length in its head. It keeps the form that clients know.
    if let former, !former.info.facts.flags.contains(.isCompressible),
      Int64(former.body?.length ?? 0) < max(compression.minBytes, 1)
    {
      return
    }
    info.facts.flags.insert(.isCompressible)
    if !VaryFields.names(routeBuffer, "accept-encoding") { info.facts.flags.insert(.addsVary) }
  }

  /// At most one `ETag`, of which there is room for another form.
  private mutating func hasPlainTag(_ fields: ResponseCacheFields) -> Bool {
    guard fields.etag >= 0 else { return true }
    return !fields.repeated.contains(.etag)
      && head.fields[Int(fields.etag)].valueLength <= 4096
  }

  /// The index of the `ETag` that is stored; -1 when none is.
  mutating func keptTag(_ fields: ResponseCacheFields) -> Int {
    guard fields.etag >= 0, !head.fields[Int(fields.etag)].isDropped else { return -1 }
    return Int(fields.etag)
  }

  /// Writes the lines that the compressed form will not have, before all others. Their length.
  mutating func moveIdentityLines(_ from: Int) -> Int {
    let start = outgoing.end
    for index in 0..<head.fieldCount
    where !head.fields[index].isDropped
      && CompressedHead.isOfIdentity(head.fields[index], scratch, from)
    {
      _ = copyLine(from, index)
      head.drop(index)
    }
    return outgoing.end &- start
  }

  mutating func copyLine(_ from: Int, _ index: Int) -> Int {
    let field = head.fields[index]
    let count = Int(field.end) &- Int(field.name)
    outgoing.append(scratch, from &+ Int(field.name), count)
    return count
  }

  // MARK: The body

  /// Of an entry that has no compressed form yet: begins to make it. Where there is no memory for
  /// it, the content is sent as it is.
  @inline(never)
  mutating func findCompressed(
    _ x: Int32, _ entry: CachedEntry, _ body: inout CachedBody, _ length: inout Int?
  ) -> ServedForm {
    if exchanges[x].method == .head {
      // Nothing is compressed for it, and its length is not known.
      length = nil
      return .gzip
    }
    if let compressed = beginCompression(x, entry), compressed.isWhole {
      body = compressed
      length = compressed.expectedLength
      return .gzip
    }
    // The one that was found before may be gone.
    if let current = entry.body { body = current }
    length = body.expectedLength
    return .identity
  }

  /// The compressed form of an entry, as far as it is there: begun, or found after all. nil when
  /// there is no memory for it. What was found and is not held may be gone afterwards, but for the
  /// entry.
  private mutating func beginCompression(_ x: Int32, _ entry: CachedEntry) -> CachedBody? {
    let store = caches[Int(exchanges[x].cache.identity)]
    if exchanges[x].cache.stale == 0 {
      // Or the caller holds it: an answer to the validation of another one.
      entry.retain()
      exchanges[x].cache.stale = entry.raw
    }
    if let former = entry.compressed { store.dropCompressed(former, of: entry) }
    guard let t = makeCompression(x, entry) else { return nil }
    let share = compressShare(t)
    guard share != .failed, share != .full, let body = CachedBody(raw: exchanges[t].cache.product)
    else {
      dropCompression(t)
      return nil
    }
    body.retain()
    guard entry.setCompressed(body, instead: nil) else {
      // Another worker was faster.
      body.release(store.budget)
      dropCompression(t)
      return entry.compressed
    }
    setup.counters.caches[exchanges[t].cache.identity].add(.compressed)
    exchanges[t].step = .compress
    if share != .ended { store.resized(entry) }
    settle(t, share)
    return entry.compressed
  }

  /// An exchange that compresses, ready to begin.
  private mutating func makeCompression(_ x: Int32, _ entry: CachedEntry) -> Int32? {
    let identity = exchanges[x].cache.identity
    let store = caches[Int(identity)]
    guard let input = entry.body, input.state != .failed else { return nil }
    let isReader = input.expectedLength == nil
    if isReader {
      guard input.enter() else { return nil }
    }
    input.retain()
    guard let t = takeCompression(x) else {
      if isReader, input.leave(arrivedIn: 0) { tellOwner(of: input) }
      input.release(store.budget)
      return nil
    }
    entry.retain()
    exchanges[t].cache = CacheUse()
    exchanges[t].cache.role = .read
    exchanges[t].cache.identity = identity
    exchanges[t].cache.filling = entry.raw
    exchanges[t].cache.body = input.raw
    exchanges[t].cache.isReader = isReader
    store.makeRoom(Worker.compressedPerTurn, worker: setup.index)
    if let product = CachedBody.make(length: nil, store.budget) {
      exchanges[t].cache.product = product.raw
      // With this it can go on in rounds, if it has to.
      if product.reserve(store.budget) { return t }
    }
    dropCompression(t)
    return nil
  }

  /// The exchange, its client that is nobody, and a deflater.
  private mutating func takeCompression(_ x: Int32) -> Int32? {
    guard let t = exchanges.take() else { return nil }
    guard let deflater = takeDeflater() else {
      exchanges.release(t)
      return nil
    }
    guard let v = makeNobody(like: exchanges[x].client) else {
      deflaters.give(deflater)
      exchanges.release(t)
      return nil
    }
    resetExchange(t, v)
    clients[v].exchange = t
    exchanges[t].path = .compress
    exchanges[t].deflater = consume deflater
    exchanges[t].method = .get
    exchanges[t].snapshot = UInt8.max
    exchanges[t].requestDone = true
    exchanges[t].isReplayable = false
    exchanges[t].headLength = 0
    return t
  }

  private mutating func dropCompression(_ t: Int32) {
    let v = exchanges[t].client
    endExchange(t)
    closeClient(v)
  }

  // MARK: One share after the other

  private enum Share {
    /// There is more to do.
    case more
    /// What is there is compressed, and flushed.
    case drained
    case ended
    /// What was compressed waits in `unsent`.
    case full
    case failed
  }

  /// Goes on where it stopped.
  mutating func pumpCompression(_ t: Int32) {
    guard exchanges[t].unsent == nil else { return }
    settle(t, compressShare(t))
  }

  private mutating func compressShare(_ t: Int32) -> Share {
    guard let input = CachedBody(raw: exchanges[t].cache.body),
      let output = CachedBody(raw: exchanges[t].cache.product),
      var deflater = exchanges[t].deflater.take()
    else { return .failed }
    let share = compressShare(t, &deflater, input, output)
    exchanges[t].deflater = consume deflater
    return share
  }

  private mutating func compressShare(
    _ t: Int32, _ deflater: inout Deflater, _ input: CachedBody, _ output: CachedBody
  ) -> Share {
    // In this order: what is complete has its last length.
    let state = input.state
    let end = input.length
    let stop = min(end, exchanges[t].cache.offset &+ Worker.compressedPerTurn)
    while true {
      let offset = exchanges[t].cache.offset
      let piece = input.contiguousCount(from: offset, to: stop)
      let isLast = offset &+ piece == end
      if piece == 0 {
        if !isLast { return .more }
        if state == .failed { return .failed }
        if state == .growing, !deflater.isDirty { return .drained }
      }
      let flush: Deflater.Flush = !isLast ? .none : state == .complete ? .finish : .sync
      routeBuffer.removeAll()
      let step = input.deflate(&deflater, from: offset, piece, into: &routeBuffer, flush: flush)
      exchanges[t].cache.offset = offset &+ step.consumed
      if step.outcome == .failed { return .failed }
      let isEnd = flush == .finish && step.outcome == .done
      guard appendCompressed(t, input, output) else {
        exchanges[t].cache.isFillEnded = isEnd
        return .full
      }
      if isEnd { return .ended }
    }
  }

  /// What is in `routeBuffer`. False when it does not fit, or may not.
  private mutating func appendCompressed(
    _ t: Int32, _ input: CachedBody, _ output: CachedBody
  ) -> Bool {
    let count = routeBuffer.end
    guard count > 0 else { return true }
    if !exchanges[t].cache.isInRounds {
      let store = caches[Int(exchanges[t].cache.identity)]
      store.makeRoom(count, worker: setup.index)
      if input.round == 0, output.append(routeBuffer, 0, count, store.budget) { return true }
      // Nobody has seen it.
      guard exchanges[t].step == .compress else { return false }
      beginCompressedRounds(t, output)
    }
    var block = pool.take(atLeast: count)
    block.removeAll()
    block.append(routeBuffer, 0, count)
    exchanges[t].unsent = consume block
    return false
  }

  private mutating func settle(_ t: Int32, _ share: Share) {
    guard let input = CachedBody(raw: exchanges[t].cache.body),
      let output = CachedBody(raw: exchanges[t].cache.product)
    else { return }
    switch share {
    case .more:
      tellReaders(of: output)
      queueClient(exchanges[t].client)
    case .drained:
      tellReaders(of: output)
      let isWaiting = awaitMore(t, input, beyond: exchanges[t].cache.offset, .growing)
      if !isWaiting { queueClient(exchanges[t].client) }
    case .full: continueCompressed(t)
    case .ended: completeCompression(t, output)
    case .failed: failCompression(t)
    }
  }

  private mutating func completeCompression(_ t: Int32, _ output: CachedBody) {
    output.finish(.complete)
    tellReaders(of: output)
    if !exchanges[t].cache.isInRounds, let entry = CachedEntry(raw: exchanges[t].cache.filling) {
      caches[Int(exchanges[t].cache.identity)].completeCompressed(output, of: entry)
    }
    dropCompression(t)
  }

  private mutating func failCompression(_ t: Int32) {
    abandonCompression(t)
    dropCompression(t)
  }

  /// Nobody finds it any more, and its readers see that it was cut.
  mutating func abandonCompression(_ t: Int32) {
    guard let output = CachedBody(raw: exchanges[t].cache.product) else { return }
    output.finish(.failed)
    if let entry = CachedEntry(raw: exchanges[t].cache.filling) {
      caches[Int(exchanges[t].cache.identity)].dropCompressed(output, of: entry)
    }
    tellReaders(of: output)
  }

  // MARK: Longer than the cache takes

  /// As `beginRounds` of a fill: it is no longer found, those who read it get it to its end.
  private mutating func beginCompressedRounds(_ t: Int32, _ output: CachedBody) {
    exchanges[t].cache.isInRounds = true
    if let entry = CachedEntry(raw: exchanges[t].cache.filling) {
      caches[Int(exchanges[t].cache.identity)].dropCompressed(output, of: entry)
    }
    output.setOwner(setup.index, fill: exchangeToken(t).raw)
    output.beginRounds()
    tellReaders(of: output)
  }

  /// What waits goes to the readers, as much as fits, when they have the last round.
  mutating func continueCompressed(_ t: Int32) {
    guard let output = CachedBody(raw: exchanges[t].cache.product) else { return }
    switch writeRound(t, output) {
    case .nothing, .waits: return
    case .nobody, .failed: failCompression(t)
    case .part: tellReaders(of: output)
    case .all where exchanges[t].cache.isFillEnded: completeCompression(t, output)
    case .all:
      tellReaders(of: output)
      queueClient(exchanges[t].client)
    }
  }
}
