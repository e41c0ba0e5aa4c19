/// Routes that answer by themselves: redirects and fixed responses. No backend hears of them.
extension Worker {
  /// Ends the exchange with the route's answer, while `head` and `scratch` hold the request's.
  @inline(never)
  mutating func answerByRoute(_ x: Int32, _ from: Int) {
    let snapshot = snapshots[exchanges[x].snapshot]
    let row = snapshot.value.routes[Int(exchanges[x].route)]
    let detail = snapshot.value.routing.details[Int(row.detail)]
    let c = exchanges[x].client
    let isDone = exchanges[x].requestDone
    if !isDone || isDraining { clients[c].keepAlive = false }
    exchanges[x].status = detail.status
    let request = describedRequest(x, from)
    writeAnswerStart(
      status: Int(detail.status), keepAlive: clients[c].keepAlive,
      isOldClient: exchanges[x].isOldClient)
    if row.flags.contains(.hasRates) { writeRateFields(x) }
    if row.action == .redirect, !writeLocation(x, detail, request) {
      return failExchange(x, status: 414, .badRequest, "the redirect's target is too long")
    }
    let body = routeBody(detail, isRedirect: row.action == .redirect, from)
    writeContentFields(detail, body)
    outgoing.append("\r\n")
    let edits = clients[c].isTLS ? detail.secureResponseEdits : detail.responseEdits
    if row.flags.contains(.editsResponse), edit(x, edits, request) != nil {
      return failExchange(x, status: 431, .badRequest, "the edited head is too long")
    }
    if exchanges[x].method != .head { appendBody(detail, body) }
    exchanges[x].responseBytes &+= UInt64(outgoing.end)
    if case .failed = sendOutgoing(toClient: c) {
      return abortClient(c)
    }
    endExchange(x)
    answerSent(c, lingers: !isDone)
  }

  // MARK: The body

  /// Where the body of such an answer comes from.
  private enum RouteBody {
    /// The status has none.
    case none
    /// The route's own.
    case fixed
    case page(ErrorPageRow)
    /// In `routeBuffer`.
    case made(AnswerFormat)
  }

  /// A redirect's is made by the client's `Accept`; so is that of an error for which the route
  /// gives none, unless there is an error page.
  private mutating func routeBody(
    _ detail: RouteDetailRow, isRedirect: Bool, _ from: Int
  ) -> RouteBody {
    let status = Int(detail.status)
    if status == 204 || status == 304 { return .none }
    if !isRedirect, detail.body.count > 0 || status < 400 { return .fixed }
    if !isRedirect, let page = errorPage(status) { return .page(page) }
    let format = AnswerFormat.preferred(head, scratch.bytes, from)
    routeBuffer.removeAll()
    format.write(
      status, isRedirect ? "see the Location of this answer" : "the answer of this route",
      into: &routeBuffer)
    return .made(format)
  }

  private mutating func writeContentFields(_ detail: RouteDetailRow, _ body: RouteBody) {
    switch body {
    case .none: return
    case .fixed: writeContentFields(detail.contentType, Int(detail.body.count))
    case .page(let page):
      outgoing.append("Cache-Control: no-store\r\n")
      writeContentFields(page.contentType, Int(page.body.count))
    case .made(let format):
      if detail.status >= 400 { outgoing.append("Cache-Control: no-store\r\n") }
      outgoing.append("Content-Type: ")
      outgoing.append(format.contentType)
      outgoing.append("\r\nContent-Length: ")
      outgoing.append(decimal: routeBuffer.end)
      outgoing.append("\r\n")
    }
  }

  private mutating func writeContentFields(_ type: TextReference, _ length: Int) {
    let snapshot = snapshots[UInt8(truncatingIfNeeded: snapshots.current)]
    if length > 0, type.count > 0 {
      outgoing.append("Content-Type: ")
      outgoing.append(snapshot.value.text.span, Int(type.offset), Int(type.count))
      outgoing.append("\r\n")
    }
    outgoing.append("Content-Length: ")
    outgoing.append(decimal: length)
    outgoing.append("\r\n")
  }

  private mutating func appendBody(_ detail: RouteDetailRow, _ body: RouteBody) {
    switch body {
    case .none: return
    case .fixed: appendText(detail.body)
    case .page(let page): appendText(page.body)
    case .made: outgoing.append(routeBuffer, 0, routeBuffer.end)
    }
  }

  /// `outgoing` grows for a long one.
  private mutating func appendText(_ text: TextReference) {
    growOutgoing(for: Int(text.count))
    let snapshot = snapshots[UInt8(truncatingIfNeeded: snapshots.current)]
    outgoing.append(snapshot.value.text.span, Int(text.offset), Int(text.count))
  }

  // MARK: Location

  /// False when it became too long.
  private mutating func writeLocation(
    _ x: Int32, _ detail: RouteDetailRow, _ request: RouteRequest
  ) -> Bool {
    let snapshot = snapshots[exchanges[x].snapshot]
    outgoing.append("Location: ")
    let start = outgoing.end
    var writer = TemplateWriter(.address, pattern: exchanges[x].pattern)
    let fits = writer.write(
      detail.template, snapshot.value, request, &head, scratch, normal: pathBuffer, into: &outgoing)
    guard fits, outgoing.end &- start <= TemplateWriter.maxAddressBytes else { return false }
    if !beginsWithTwoSlashes(detail.template, snapshot) { keepLocal(start) }
    PathRewrite.dropEmptyQuery(&outgoing, from: start)
    if outgoing.end == start { outgoing.append(byte: 0x2f) }
    outgoing.append("\r\n")
    return true
  }

  private func beginsWithTwoSlashes(_ template: RowRange, _ snapshot: SnapshotHandle) -> Bool {
    guard template.count > 0 else { return false }
    let part = snapshot.value.routing.parts[Int(template.first)]
    guard part.kind == .text, part.text.count >= 2 else { return false }
    let at = Int(part.text.offset)
    return snapshot.value.text[at] == 0x2f && snapshot.value.text[at &+ 1] == 0x2f
  }

  /// `//name` would be another host: a request's path must not make one of a local target.
  private mutating func keepLocal(_ start: Int) {
    var slashes = start
    while slashes < outgoing.end, outgoing.bytes[slashes] == 0x2f { slashes &+= 1 }
    let surplus = slashes &- start &- 1
    guard surplus > 0 else { return }
    let from = start &+ surplus
    outgoing.move(from: from, outgoing.end &- from, to: start)
    outgoing.end &-= surplus
  }
}
