/// The head that the backend gets, written once into `outgoing`.
extension Worker {
  /// What this exchange's route makes of the request's head. Answers and says false when that may
  /// not be sent.
  @inline(__always)
  mutating func writeHead(_ x: Int32, _ from: Int) -> Bool {
    if exchanges[x].routeFlags.changesRequest { return writeChangedHead(x, from) }
    writeRequestHead(x, from)
    return true
  }

  /// From `scratch[from...]`, described by `head` and `requestTarget`.
  @inline(__always)
  mutating func writeRequestHead(_ x: Int32, _ from: Int) {
    outgoing.removeAll()
    let target = requestTarget
    if target.needsNormalizing || target.form != .origin || head.hasOtherVersion
      || exchanges[x].routeFlags.contains(.rewrites)
    {
      writeRequestLine(x, from, target)
    } else {
      outgoing.append(scratch, from, head.firstField)
    }
    if target.authorityLength > 0 {
      // RFC 9112 section 3.2.2: the authority of the target replaces Host.
      outgoing.append("Host: ")
      outgoing.append(scratch, target.authority, target.authorityLength)
      outgoing.append("\r\n")
      if head.host >= 0 { head.fields[head.host].isDropped = true }
    }
    let c = exchanges[x].client
    let isTrusted = clients[c].isTrusted
    if head.hasNominated { dropNominated(from) }
    dropForwarding(isTrusted: isTrusted, knowsCertificate: clients[carrier(c)].certificate != nil)
    if exchanges[x].cache.role == .fetch { StoredHead.dropConditions(&head, scratch, from) }
    let hops = forwardsLeft(from)
    if hops != nil { head.drop(head.maxForwards) }
    if head.hasPaddedLength { blankLeadingZeros(from) }
    copyKeptFields(from)
    writeForwarding(x, from, isTrusted: isTrusted)
    if let hops {
      outgoing.append("Max-Forwards: ")
      outgoing.append(decimal: Int(min(hops, 1 << 20)) - 1)
      outgoing.append("\r\n")
    }
    if exchanges[x].wantsUpgrade { writeUpgrade(from) }
    if exchanges[x].cache.role == .fetch { writeValidators(x) }
    writeVia(ofClient: exchanges[x].client)
    if head.host < 0, target.authorityLength == 0 { writeMissingHost(x) }
    outgoing.append("\r\n")
  }

  /// `Max-Forwards` of an OPTIONS or TRACE, which each intermediary counts down (RFC 9110 section
  /// 7.6.2); nil where it does not apply.
  @inline(__always)
  mutating func forwardsLeft(_ from: Int) -> Int64? {
    guard head.maxForwards >= 0, head.method == .options || head.method == .trace else {
      return nil
    }
    let field = head.fields[head.maxForwards]
    return FieldParser.decimal(
      scratch.bytes, from &+ Int(field.value), Int(field.valueLength))
  }

  /// Method, the path's one form, the query as it came, and our version.
  @inline(never)
  private mutating func writeRequestLine(_ x: Int32, _ from: Int, _ target: RequestTarget) {
    outgoing.append(scratch, from, head.methodLength)
    outgoing.append(byte: 0x20)
    if target.form == .asterisk {
      outgoing.append("*")
    } else if exchanges[x].routeFlags.contains(.rewrites) {
      outgoing.append(routeBuffer, routeBuffer.start, routeBuffer.count)
      return outgoing.append(" HTTP/1.1\r\n")
    } else if target.needsNormalizing {
      outgoing.append(pathBuffer, 0, pathBuffer.end)
    } else {
      outgoing.append(scratch, target.path, target.pathLength)
    }
    outgoing.append(scratch, target.query, target.queryLength)
    outgoing.append(" HTTP/1.1\r\n")
  }

  /// Leading zeros of Content-Length become white space in front of it: receivers that read 010 as
  /// an octal number would find the body's end elsewhere.
  @inline(never)
  mutating func blankLeadingZeros(_ from: Int) {
    for index in 0..<head.fieldCount where head.fields[index].id == .contentLength {
      let field = head.fields[index]
      var at = from &+ Int(field.value)
      let last = at &+ Int(field.valueLength) &- 1
      while at < last, scratch.bytes[at] == 0x30 {
        scratch.set(at, 0x20)
        at &+= 1
      }
    }
  }

  /// Runs of kept lines are copied whole.
  @inline(__always)
  mutating func copyKeptFields(_ from: Int) {
    var runStart = from &+ head.firstField
    var runEnd = runStart
    var index = 0
    while index < head.fieldCount {
      let field = head.fields[index]
      if field.isDropped {
        let line = from &+ Int(field.name)
        if line > runStart { outgoing.append(scratch, runStart, line &- runStart) }
        runStart = from &+ Int(field.end)
      }
      runEnd = from &+ Int(field.end)
      index &+= 1
    }
    if runEnd > runStart { outgoing.append(scratch, runStart, runEnd &- runStart) }
  }

  /// Fields that `Connection` names go with this connection (RFC 9110 section 7.6.1).
  @inline(never)
  mutating func dropNominated(_ from: Int) {
    for index in 0..<head.fieldCount where head.fields[index].id == .connection {
      let connection = head.fields[index]
      var at = from &+ Int(connection.value)
      let end = at &+ Int(connection.valueLength)
      while let item = FieldParser.nextItem(scratch.bytes, &at, end) {
        dropNamed(from, item.at, item.count)
      }
    }
  }

  private mutating func dropNamed(_ from: Int, _ name: Int, _ count: Int) {
    for index in 0..<head.fieldCount {
      let field = head.fields[index]
      guard Int(field.nameLength) == count, !field.id.isOfMessage else { continue }
      var isSame = true
      for offset in 0..<count
      where !isSameLetter(
        scratch.bytes[from &+ Int(field.name) &+ offset], scratch.bytes[name &+ offset])
      { isSame = false }
      if isSame { head.fields[index].isDropped = true }
    }
  }

  private func isSameLetter(_ left: UInt8, _ right: UInt8) -> Bool {
    if left == right { return true }
    let lower = left | 0x20
    return lower == right | 0x20 && lower &- 0x61 <= 25
  }

  /// What an untrusted peer says of forwarding is dropped; `X-Forwarded-For` is always rewritten.
  @inline(__always)
  private mutating func dropForwarding(isTrusted: Bool, knowsCertificate: Bool) {
    var index = 0
    while index < head.fieldCount {
      switch head.fields[index].id {
      case .forwardedFor: head.fields[index].isDropped = true
      case .forwardedProto, .forwardedHost, .forwardedOther, .requestID:
        if !isTrusted { head.fields[index].isDropped = true }
      case .clientCertificate:
        if !isTrusted || knowsCertificate {
          head.fields[index].isDropped = true
        }
      case .expect: if head.minorVersion == 0 { head.fields[index].isDropped = true }
      default: break
      }
      index &+= 1
    }
  }

  @inline(__always)
  private mutating func writeForwarding(_ x: Int32, _ from: Int, isTrusted: Bool) {
    outgoing.append("X-Forwarded-For: ")
    if isTrusted, head.forwardedFor >= 0 { writeEarlierAddresses(from) }
    outgoing.append(address: clients[exchanges[x].client].address)
    outgoing.append("\r\n")
    if !isTrusted || head.forwardedProto < 0 { writeForwardedProto(x) }
    if !isTrusted || head.forwardedHost < 0 { writeForwardedHost(from) }
    let holder = carrier(exchanges[x].client)
    if clients[holder].certificate != nil { writeCertificate(holder) }
    if !isTrusted || head.requestID < 0 {
      outgoing.append("X-Request-Id: ")
      outgoing.append(hex: exchanges[x].requestID.0, digits: 16)
      outgoing.append(hex: exchanges[x].requestID.1, digits: 16)
      outgoing.append("\r\n")
    }
  }

  @inline(__always)
  private mutating func writeForwardedProto(_ x: Int32) {
    let c = exchanges[x].client
    guard clients[c].isTLS else { return outgoing.append("X-Forwarded-Proto: http\r\n") }
    outgoing.append("X-Forwarded-Proto: https\r\n")
  }

  /// What the handshake said of the client's certificate.
  @inline(never)
  private mutating func writeCertificate(_ c: Int32) {
    guard let lines = clients[c].certificate.take() else { return }
    outgoing.append(lines, lines.start, lines.count)
    clients[c].certificate = consume lines
  }

  /// All `X-Forwarded-For` lines of a trusted peer, in order.
  private mutating func writeEarlierAddresses(_ from: Int) {
    for index in 0..<head.fieldCount where head.fields[index].id == .forwardedFor {
      let field = head.fields[index]
      if field.valueLength == 0 { continue }
      outgoing.append(scratch, from &+ Int(field.value), Int(field.valueLength))
      outgoing.append(", ")
    }
  }

  @inline(__always)
  private mutating func writeForwardedHost(_ from: Int) {
    if requestTarget.authorityLength > 0 {
      outgoing.append("X-Forwarded-Host: ")
      outgoing.append(scratch, requestTarget.authority, requestTarget.authorityLength)
    } else if head.host >= 0 {
      let field = head.fields[head.host]
      outgoing.append("X-Forwarded-Host: ")
      outgoing.append(scratch, from &+ Int(field.value), Int(field.valueLength))
    } else {
      return
    }
    outgoing.append("\r\n")
  }

  /// HTTP/1.0 may come without a Host, HTTP/1.1 may not go without: the address of the pool's first
  /// backend stands in.
  private mutating func writeMissingHost(_ x: Int32) {
    let snapshot = snapshots[exchanges[x].snapshot]
    let row = snapshot.value.pools[Int(exchanges[x].pool)]
    outgoing.append("Host: ")
    if row.backendCount > 0, !snapshot.value.backends[Int(row.firstBackend)].address.isUnix {
      let name = snapshot.value.backends[Int(row.firstBackend)].name
      outgoing.append(snapshot.value.text.span, Int(name.offset), Int(name.count))
    } else {
      outgoing.append("localhost")
    }
    outgoing.append("\r\n")
  }

  private mutating func writeUpgrade(_ from: Int) {
    let field = head.fields[head.upgrade]
    outgoing.append("Connection: upgrade\r\nUpgrade: ")
    outgoing.append(scratch, from &+ Int(field.value), Int(field.valueLength))
    outgoing.append("\r\n")
  }
}
