/// Answers that we give ourselves: refusals and failures.
extension Worker {
  /// A head that broke the rules: no exchange came of it.
  mutating func refuse(_ c: Int32, _ failure: ParseFailure) {
    setup.counters.worker.add(.requestsRefused)
    logRefusal(c, status: failure.status)
    writeAnswer(
      status: failure.status, failure.explanation, keepAlive: false, isHead: false)
    sendRefusal(c)
  }

  /// The head did not come in time.
  mutating func answerTimeout(_ c: Int32) {
    setup.counters.worker.add(.requestsRefused)
    logRefusal(c, status: 408)
    head.reset()
    writeAnswer(
      status: 408, "the request head took too long", keepAlive: false, isHead: false)
    sendRefusal(c)
  }

  /// HTTP in clear where TLS is spoken.
  mutating func answerClearRequest(_ c: Int32) {
    setup.counters.worker.add(.requestsRefused)
    logRefusal(c, status: 400)
    head.reset()
    writeAnswer(
      status: 400, "this port speaks TLS: use https", keepAlive: false, isHead: false)
    sendRefusal(c)
  }

  private mutating func sendRefusal(_ c: Int32) {
    clients[c].keepAlive = false
    if case .failed = sendOutgoing(toClient: c) {
      return closeClient(c)
    }
    lingerClient(c)
  }

  /// A request that may not go on, found when its exchange had begun.
  mutating func refuseExchange(_ x: Int32, _ failure: ParseFailure) {
    let reason: FailureReason = failure == .bodyTooLong ? .bodyTooLong : .badRequest
    failExchange(x, status: failure.status, reason, failure.explanation, closes: true)
  }

  /// Ends an exchange with an answer of ours, or, when a response was begun, by cutting it.
  ///
  /// - Parameter retryAfter: seconds, for the client to come again; nil says nothing of that.
  mutating func failExchange(
    _ x: Int32, status: Int, _ reason: FailureReason, _ explanation: StaticString,
    closes: Bool = false, retryAfter: Int? = nil
  ) {
    exchanges[x].failure = reason
    if exchanges[x].step == .respond || exchanges[x].step == .tunnel { return cutResponse(x) }
    if exchanges[x].cache.role == .fetch, fetchFailed(x, status: status) { return }
    let c = exchanges[x].client
    dropUpstream(x)
    let isDone = exchanges[x].requestDone
    if !isDone || closes || isDraining { clients[c].keepAlive = false }
    exchanges[x].status = UInt16(truncatingIfNeeded: status)
    readAccept(x)
    writeAnswer(
      status: status, explanation, keepAlive: clients[c].keepAlive,
      isHead: exchanges[x].method == .head, isOldClient: exchanges[x].isOldClient, of: x,
      retryAfter: retryAfter)
    exchanges[x].responseBytes &+= UInt64(outgoing.end)
    if case .failed = sendOutgoing(toClient: c) {
      return abortClient(c)
    }
    endExchange(x)
    answerSent(c, lingers: !isDone || closes)
  }

  /// The client's `Accept`, from the kept head: by now `head` may describe something else.
  private mutating func readAccept(_ x: Int32) {
    guard let kept = exchanges[x].head.take() else { return head.reset() }
    scratch.reset(room: BlockPool.headroom)
    scratch.append(kept, kept.start, Int(exchanges[x].headLength))
    exchanges[x].head = consume kept
    _ = RequestParser.parse(
      scratch, scratch.start, scratch.end, limits: policy.headLimits, into: &head)
  }

  /// `Max-Forwards: 0`: the request ends here (RFC 9110 section 7.6.2).
  mutating func answerAsRecipient(_ x: Int32) {
    let isOptions = exchanges[x].method == .options
    failExchange(
      x, status: isOptions ? 200 : 501, .none, isOptions ? "headrace" : "TRACE is not answered here"
    )
  }

  // MARK: Writing

  /// Leaves a whole answer in `outgoing`. The client's `Accept` is taken from `head`, whose bytes
  /// begin at `scratch.start`.
  private mutating func writeAnswer(
    status: Int, _ explanation: StaticString, keepAlive: Bool, isHead: Bool,
    isOldClient: Bool = false, of x: Int32? = nil, retryAfter: Int? = nil
  ) {
    let format = AnswerFormat.preferred(head, scratch.bytes, scratch.start)
    writeAnswerStart(status: status, keepAlive: keepAlive, isOldClient: isOldClient)
    if let retryAfter { writeRetryAfter(retryAfter) }
    if let x, exchanges[x].routeFlags.contains(.hasRates) { writeRateFields(x) }
    if let x, exchanges[x].routeFlags.contains(.hasHSTS) { writeHSTS(x) }
    outgoing.append("Cache-Control: no-store\r\nContent-Type: ")
    if let page = errorPage(status) { return writePage(page, isHead: isHead) }
    pathBuffer.removeAll()
    format.write(status, explanation, into: &pathBuffer)
    outgoing.append(format.contentType)
    outgoing.append("\r\nContent-Length: ")
    outgoing.append(decimal: pathBuffer.end)
    outgoing.append("\r\n\r\n")
    if !isHead { outgoing.append(pathBuffer, 0, pathBuffer.end) }
  }

  /// Status line, Date and what becomes of the connection.
  mutating func writeAnswerStart(status: Int, keepAlive: Bool, isOldClient: Bool) {
    outgoing.removeAll()
    outgoing.append("HTTP/1.1 ")
    outgoing.append(decimal: status)
    outgoing.append(byte: 0x20)
    outgoing.append(ReasonPhrase.of(status))
    outgoing.append("\r\n")
    writeDate()
    writeConnection(keepAlive: keepAlive, isOldClient: isOldClient)
  }

  /// Of our own answers on such a route; those that are passed on have it as an edit.
  @inline(never)
  private mutating func writeHSTS(_ x: Int32) {
    // After a head that could not be sent, the snapshot may be given back already.
    guard clients[exchanges[x].client].isTLS, exchanges[x].snapshot != UInt8.max else { return }
    let snapshot = snapshots[exchanges[x].snapshot]
    let row = snapshot.value.routes[Int(exchanges[x].route)]
    let value = snapshot.value.routing.details[Int(row.detail)].hsts
    outgoing.append("Strict-Transport-Security: ")
    outgoing.append(snapshot.value.text.span, Int(value.offset), Int(value.count))
    outgoing.append("\r\n")
  }

  /// RFC 9110 section 10.2.3.
  mutating func writeRetryAfter(_ seconds: Int) {
    outgoing.append("Retry-After: ")
    outgoing.append(decimal: seconds)
    outgoing.append("\r\n")
  }

  func errorPage(_ status: Int) -> ErrorPageRow? {
    guard snapshots.hasCurrent else { return nil }
    let snapshot = snapshots[UInt8(truncatingIfNeeded: snapshots.current)]
    for index in 0..<snapshot.value.errorPages.count {
      let page = snapshot.value.errorPages[index]
      if Int(page.lowest) <= status, status <= Int(page.highest) { return page }
    }
    return nil
  }

  /// The operator's own page; `outgoing` grows when it is a long one.
  private mutating func writePage(_ page: ErrorPageRow, isHead: Bool) {
    let snapshot = snapshots[UInt8(truncatingIfNeeded: snapshots.current)]
    let length = Int(page.body.count)
    growOutgoing(for: length)
    outgoing.append(
      snapshot.value.text.span, Int(page.contentType.offset), Int(page.contentType.count))
    outgoing.append("\r\nContent-Length: ")
    outgoing.append(decimal: length)
    outgoing.append("\r\n\r\n")
    if !isHead { outgoing.append(snapshot.value.text.span, Int(page.body.offset), length) }
  }

  mutating func growOutgoing(for length: Int) {
    guard outgoing.capacity - outgoing.end < length + 1024 else { return }
    var larger = Block(capacity: outgoing.end + length + 4096)
    larger.append(outgoing, 0, outgoing.end)
    outgoing = larger
  }
}
