/// Listeners in clear that send every request to https.
extension Worker {
  /// Whether this request is one of those: it came in clear, and no proxy that we trust says that
  /// it had it over https.
  @inline(never)
  mutating func isSentToHTTPS(_ x: Int32, _ from: Int) -> Bool {
    let c = exchanges[x].client
    let snapshot = snapshots[exchanges[x].snapshot]
    guard snapshot.value.listener(clients[c].listener).redirectPort > 0, !clients[c].isTLS else {
      return false
    }
    guard clients[c].isTrusted, head.forwardedProto >= 0 else { return true }
    let field = head.fields[head.forwardedProto]
    return !FieldParser.equals(
      scratch.bytes, from &+ Int(field.value), Int(field.valueLength), "https")
  }

  /// 308 to the same host, path and query with https: every method stays what it is (RFC 9110
  /// section 15.4.9).
  @inline(never)
  mutating func redirectToHTTPS(_ x: Int32, _ from: Int) {
    guard
      let target = RequestTarget.parse(
        scratch.bytes, from &+ head.target, head.targetLength, method: head.method)
    else { return refuseExchange(x, .badTarget) }
    let request = RouteRequest(scratch, from, &head, target, normalisedCount: 0)
    guard request.hostLength > 0 else {
      return failExchange(
        x, status: 400, .badRequest, "only https is spoken here, and the request names no host")
    }
    let c = exchanges[x].client
    let snapshot = snapshots[exchanges[x].snapshot]
    let port = snapshot.value.listener(clients[c].listener).redirectPort
    let isDone = exchanges[x].requestDone
    if !isDone || isDraining { clients[c].keepAlive = false }
    exchanges[x].status = 308
    writeAnswerStart(
      status: 308, keepAlive: clients[c].keepAlive, isOldClient: exchanges[x].isOldClient)
    growOutgoing(for: request.hostLength &+ target.pathLength &+ target.queryLength &+ 64)
    outgoing.append("Location: https://")
    outgoing.append(scratch, request.host, request.hostLength)
    if port != 443 {
      outgoing.append(byte: 0x3a)
      outgoing.append(decimal: Int(port))
    }
    // As the client wrote it. `OPTIONS *` asks about the server, not about a path.
    if target.form == .asterisk || target.pathLength == 0 {
      outgoing.append(byte: 0x2f)
    } else {
      outgoing.append(scratch, target.path, target.pathLength)
    }
    if target.queryLength > 0 { outgoing.append(scratch, target.query, target.queryLength) }
    outgoing.append("\r\nContent-Length: 0\r\n\r\n")
    exchanges[x].responseBytes &+= UInt64(outgoing.end)
    if case .failed = sendOutgoing(toClient: c) { return abortClient(c) }
    endExchange(x)
    answerSent(c, lingers: !isDone)
  }
}
