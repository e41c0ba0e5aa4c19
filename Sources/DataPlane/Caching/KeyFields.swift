/// Which field lines of a request a key has to look at.
///
/// A cache that leaves a field out of its key relies on the backend to answer without regard to it,
/// or to say `Vary`. Frameworks do neither for fields that stand in for target, host, scheme or
/// method: one request with `X-Original-URL: /logout` would poison the page for all. Those are
/// keyed without being asked for:
///
/// - `X-Original-URL`, `X-Rewrite-URL`, `X-Original-URI`, `X-Original-Host`, `X-Host`,
///   `X-HTTP-Host-Override`, `X-Scheme`, `X-URL-Scheme`, `Front-End-Https`, `X-Script-Name`,
///   `X-HTTP-Method`, `X-HTTP-Method-Override`, `X-Method-Override`;
/// - of a trusted peer, whose word the backend gets: `X-Forwarded-*` but `-For`, and what
///   `Forwarded` says beside `for` and `by` (RFC 7239). Of anybody else they are not passed on and
///   mean nothing.
///
/// Names are compared without case, `_` as `-`: applications behind CGI, WSGI or Rack cannot tell
/// them apart.
enum KeyFields {
  // MARK: The fields that the config names

  static func isNamed(
    _ index: Int, _ name: TextReference, _ text: borrowing Bytes, _ request: RouteRequest,
    _ head: inout MessageHead, _ bytes: borrowing Bytes
  ) -> Bool {
    let field = head.fields[index]
    guard UInt32(field.nameLength) == name.count else { return false }
    let at = request.origin &+ Int(field.name)
    for offset in 0..<Int(name.count)
    where fold(bytes[at &+ offset]) != fold(text[Int(name.offset) &+ offset]) { return false }
    return true
  }

  /// The backend gets the line. What `Connection` names goes with the connection (RFC 9110 section
  /// 7.6.1): keyed, it would be stored under a value that the backend never saw.
  static func isPassedOn(
    _ index: Int, _ request: RouteRequest, _ head: inout MessageHead, _ bytes: borrowing Bytes
  ) -> Bool {
    let field = head.fields[index]
    switch field.id {
    case .forwardedFor, .forwardedProto, .forwardedHost, .forwardedOther, .requestID:
      if !request.isTrusted { return false }
    default: if field.isDropped { return false }
    }
    return !head.hasNominated || !isNominated(field, request, &head, bytes)
  }

  private static func isNominated(
    _ field: Field, _ request: RouteRequest, _ head: inout MessageHead, _ bytes: borrowing Bytes
  ) -> Bool {
    let name = request.origin &+ Int(field.name)
    for index in 0..<head.fieldCount where head.fields[index].id == .connection {
      var at = request.origin &+ Int(head.fields[index].value)
      let end = at &+ Int(head.fields[index].valueLength)
      while let item = FieldParser.nextItem(bytes, &at, end) {
        guard item.count == Int(field.nameLength) else { continue }
        var isSame = true
        for offset in 0..<item.count
        where HostKey.lower(bytes[item.at &+ offset]) != HostKey.lower(bytes[name &+ offset]) {
          isSame = false
        }
        if isSame { return true }
      }
    }
    return false
  }

  // MARK: The fields that speak for the target

  @inline(__always)
  static func anySpeaksForTarget(
    _ request: RouteRequest, _ head: inout MessageHead, _ bytes: borrowing Bytes
  ) -> Bool {
    var index = 0
    while index < head.fieldCount {
      switch head.fields[index].id {
      case .other:
        // All of them begin with `x` or `f`, in either case.
        let first = bytes[request.origin &+ Int(head.fields[index].name)] | 0x20
        if first == 0x78 || first == 0x66, isOverride(head.fields[index], request, bytes) {
          return true
        }
      case .forwardedProto, .forwardedHost, .forwardedOther:
        if request.isTrusted { return true }
      default: break
      }
      index &+= 1
    }
    return false
  }

  /// - Returns: false when there is no room; `out` then holds a part.
  static func writeTargetFields(
    _ request: RouteRequest, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    into out: inout Block
  ) -> Bool {
    for index in 0..<head.fieldCount {
      let field = head.fields[index]
      let at = request.origin &+ Int(field.name)
      let count = Int(field.nameLength)
      switch field.id {
      case .other: guard isOverride(field, request, bytes) else { continue }
      case .forwardedProto, .forwardedHost: break
      case .forwardedOther:
        if FieldParser.equals(bytes, at, count, "forwarded") {
          guard isPassedOn(index, request, &head, bytes) else { continue }
          guard writeForwarded(field, request, bytes, &out) else { return false }
          continue
        }
        guard count > 12, FieldParser.equals(bytes, at, 12, "x-forwarded-") else { continue }
      default: continue
      }
      guard isPassedOn(index, request, &head, bytes) else { continue }
      guard CacheKey.begin("\nt:", count &+ 1, &out) else { return false }
      for offset in 0..<count { out.append(byte: HostKey.lower(bytes[at &+ offset])) }
      out.append(byte: 0x3d)
      let value = request.origin &+ Int(field.value)
      guard CacheKey.append(bytes, value, Int(field.valueLength), &out) else { return false }
    }
    return true
  }

  /// The pairs of `Forwarded` (RFC 7239 section 4) that say something of the request, not of who
  /// sent it.
  private static func writeForwarded(
    _ field: Field, _ request: RouteRequest, _ bytes: borrowing Bytes, _ out: inout Block
  ) -> Bool {
    var at = request.origin &+ Int(field.value)
    let end = at &+ Int(field.valueLength)
    while at < end {
      while at < end, bytes[at] == 0x20 || bytes[at] == 0x09 { at &+= 1 }
      let start = at
      var isQuoted = false
      while at < end, isQuoted || bytes[at] != 0x2c && bytes[at] != 0x3b {
        if bytes[at] == 0x22 { isQuoted.toggle() }
        if isQuoted, bytes[at] == 0x5c { at &+= 1 }
        at &+= 1
      }
      at = min(at, end)
      let isOfSender =
        at &- start >= 4 && FieldParser.equals(bytes, start, 4, "for=")
        || at &- start >= 3 && FieldParser.equals(bytes, start, 3, "by=")
      if at > start, !isOfSender {
        guard CacheKey.begin("\nt:forwarded=", 0, &out) else { return false }
        guard CacheKey.append(bytes, start, at &- start, &out) else { return false }
      }
      at &+= 1
    }
    return true
  }

  @inline(never)
  private static func isOverride(
    _ field: Field, _ request: RouteRequest, _ bytes: borrowing Bytes
  ) -> Bool {
    let at = request.origin &+ Int(field.name)
    switch field.nameLength {
    case 6: return isSame(bytes, at, "x-host")
    case 8: return isSame(bytes, at, "x-scheme")
    case 12: return isSame(bytes, at, "x-url-scheme")
    case 13:
      return isSame(bytes, at, "x-rewrite-url") || isSame(bytes, at, "x-http-method")
        || isSame(bytes, at, "x-script-name")
    case 14: return isSame(bytes, at, "x-original-url") || isSame(bytes, at, "x-original-uri")
    case 15: return isSame(bytes, at, "x-original-host") || isSame(bytes, at, "front-end-https")
    case 17: return isSame(bytes, at, "x-method-override")
    case 20: return isSame(bytes, at, "x-http-host-override")
    case 22: return isSame(bytes, at, "x-http-method-override")
    default: return false
    }
  }

  /// - Parameter text: in lower case, with `-`.
  private static func isSame(_ bytes: borrowing Bytes, _ at: Int, _ text: StaticString) -> Bool {
    for index in 0..<text.utf8CodeUnitCount
    where fold(bytes[at &+ index]) != text.byte(index) { return false }
    return true
  }

  @inline(__always) private static func fold(_ byte: UInt8) -> UInt8 {
    byte == 0x5f ? 0x2d : HostKey.lower(byte)
  }
}
