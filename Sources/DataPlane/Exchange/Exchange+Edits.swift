/// What some routes do to heads on their way: rewritten paths, edited fields. All of it is cold.
extension Worker {
  /// As `writeRequestHead`, for a route that rewrites or edits. Answers and says false when the
  /// outcome may not be sent.
  @inline(never)
  mutating func writeChangedHead(_ x: Int32, _ from: Int) -> Bool {
    let snapshot = snapshots[exchanges[x].snapshot]
    let row = snapshot.value.routes[Int(exchanges[x].route)]
    let detail = snapshot.value.routing.details[Int(row.detail)]
    // Writing the head marks fields as dropped, which hides nothing from templates.
    let request = describedRequest(x, from)
    if row.flags.contains(.rewrites), requestTarget.form != .asterisk,
      !rewriteTarget(x, detail, request)
    {
      failExchange(x, status: 400, .badRequest, "the rewritten path is not valid")
      return false
    }
    writeRequestHead(x, from)
    if row.flags.contains(.editsRequest),
      let failure = edit(x, detail.requestEdits, request)
    {
      failExchange(x, status: failure.status, .badRequest, "the edited head is not valid")
      return false
    }
    return true
  }

  private mutating func rewriteTarget(
    _ x: Int32, _ detail: RouteDetailRow, _ request: RouteRequest
  ) -> Bool {
    let snapshot = snapshots[exchanges[x].snapshot]
    return PathRewrite.write(
      detail, pattern: exchanges[x].pattern, snapshot.value, request, &head, scratch,
      normal: pathBuffer, into: &routeBuffer)
  }

  /// Edits the head in `outgoing`, while `head` and `scratch` hold the request's.
  mutating func edit(
    _ x: Int32, _ edits: RowRange, _ request: RouteRequest
  ) -> ParseFailure? {
    let snapshot = snapshots[exchanges[x].snapshot]
    return HeadEdits.apply(
      edits, pattern: exchanges[x].pattern, snapshot.value, request, &head, scratch,
      normal: pathBuffer, to: &outgoing)
  }

  /// Edits the response head in `outgoing`. The request is read again from the kept head: by now
  /// `head` and `scratch` hold the response.
  @inline(never)
  mutating func editResponseHead(_ x: Int32) -> Bool {
    guard let kept = exchanges[x].head.take() else { return true }
    let isFit = editResponseHead(x, kept)
    exchanges[x].head = consume kept
    return isFit
  }

  /// The kept head as rules see it, described by `trailers`, its path in `pathBuffer` if that was
  /// not in its normal form.
  mutating func describeKept(_ x: Int32, _ kept: borrowing Block) -> RouteRequest? {
    let snapshot = snapshots[exchanges[x].snapshot]
    let length = Int(exchanges[x].headLength)
    _ = RequestParser.parse(kept, 0, length, limits: .widest, into: &trailers)
    pathBuffer.removeAll()
    guard
      let target = RequestTarget.parse(
        kept.bytes, trailers.target, trailers.targetLength, method: trailers.method),
      !target.needsNormalizing
        || PathNormalizer.normalize(
          kept, target, mergeSlashes: snapshot.value.policy.mergesSlashes, into: &pathBuffer)
    else { return nil }
    var request = RouteRequest(kept, 0, &trailers, target, normalisedCount: pathBuffer.end)
    request.isTLS = clients[exchanges[x].client].isTLS
    return request
  }

  private mutating func editResponseHead(_ x: Int32, _ kept: borrowing Block) -> Bool {
    guard var request = describeKept(x, kept) else { return false }
    let snapshot = snapshots[exchanges[x].snapshot]
    let row = snapshot.value.routes[Int(exchanges[x].route)]
    let detail = snapshot.value.routing.details[Int(row.detail)]
    let c = exchanges[x].client
    request.isTrusted = clients[c].isTrusted
    request.requestID = exchanges[x].requestID
    request.address = clients[c].address
    if clients[c].isTrusted {
      request.address = forwardedAddress(kept, trailers) ?? clients[c].address
    }
    let edits = clients[c].isTLS ? detail.secureResponseEdits : detail.responseEdits
    return HeadEdits.apply(
      edits, pattern: exchanges[x].pattern, snapshot.value, request, &trailers,
      kept, normal: pathBuffer, to: &outgoing) == nil
  }
}
