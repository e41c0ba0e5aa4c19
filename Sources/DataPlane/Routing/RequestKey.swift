/// The part of a request that a pool hashes, as 64 bits. Pure.
///
/// - Header: the value of the first line of that name; names without case, values with it. What an
///   untrusted peer says of forwarding is not seen.
/// - Cookie: the value of the first of that name, as sent.
/// - Query: the value of the first parameter of that name, percent-decoded, `+` as a space.
/// - Path, segment, capture: the bytes of the path in its one normal form, as routes see it.
/// - Client address: behind trusted proxies the forwarded one; of IPv6 its /64, because a host
///   changes its address within that (RFC 8981).
///
/// What is missing or empty is no key.
package enum RequestKey {
  static func find(
    _ row: PoolHashRow, _ snapshot: borrowing Snapshot, _ decision: RouteDecision,
    _ request: RouteRequest, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    path: borrowing Bytes
  ) -> UInt64? {
    switch row.source {
    case .clientAddress: return address(request.address)
    case .header:
      let found = RequestFields.find(row.name, snapshot.text.span, request, &head, bytes)
      guard let found else { return nil }
      let field = head.fields[found]
      return hash(bytes, request.origin &+ Int(field.value), Int(field.valueLength))
    case .cookie: return cookie(row, snapshot, request, &head, bytes)
    case .query: return query(row, snapshot, request, bytes)
    case .path: return hash(path, request.path, request.pathLength)
    case .segment: return segment(Int(row.segment), request, path)
    case .capture:
      let pattern = Int(decision.path)
      // A route without a path has no pattern; another route's is not its own.
      guard pattern < snapshot.routing.paths.count,
        snapshot.routing.paths[pattern].route == decision.route,
        let place = PathCaptures.find(
          row.name, snapshot, pattern: decision.path, request, path)
      else { return nil }
      return hash(path, place.at, place.count)
    }
  }

  private static func hash(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> UInt64? {
    guard count > 0 else { return nil }
    var key = BalanceKey()
    for index in at..<(at &+ count) { key.add(bytes[index]) }
    return key.hash
  }

  private static func address(_ address: PeerAddress) -> UInt64? {
    guard let mapped = address.mapped else { return nil }
    var isIPv4 = mapped[10] == 0xff && mapped[11] == 0xff
    for index in 0..<10 where mapped[index] != 0 { isIPv4 = false }
    var key = BalanceKey()
    for index in isIPv4 ? 0..<16 : 0..<8 { key.add(mapped[index]) }
    return key.hash
  }

  /// From 1 on; the path begins with its slash.
  private static func segment(
    _ number: Int, _ request: RouteRequest, _ path: borrowing Bytes
  ) -> UInt64? {
    let end = request.path &+ request.pathLength
    var at = request.path &+ 1
    for _ in 1..<max(number, 1) {
      guard at < end else { return nil }
      at = Router.endOfSegment(path, at, end) &+ 1
    }
    guard at < end else { return nil }
    return hash(path, at, Router.endOfSegment(path, at, end) &- at)
  }

  private static func query(
    _ row: PoolHashRow, _ snapshot: borrowing Snapshot, _ request: RouteRequest,
    _ bytes: borrowing Bytes
  ) -> UInt64? {
    let end = request.query &+ request.queryLength
    var at = request.query
    while at < end {
      var itemEnd = at
      while itemEnd < end, bytes[itemEnd] != 0x26 { itemEnd &+= 1 }
      var nameEnd = at
      while nameEnd < itemEnd, bytes[nameEnd] != 0x3d { nameEnd &+= 1 }
      let name = ConditionText(at: at, end: nameEnd, isEncoded: true)
      if name.isEqual(row.name, snapshot.text.span, bytes) {
        return ConditionText(at: min(nameEnd &+ 1, itemEnd), end: itemEnd, isEncoded: true)
          .hash(bytes)
      }
      at = itemEnd &+ 1
    }
    return nil
  }

  /// `a=1; b=2` (RFC 6265 section 4.2.1), on any number of lines (RFC 9113 section 8.2.3).
  private static func cookie(
    _ row: PoolHashRow, _ snapshot: borrowing Snapshot, _ request: RouteRequest,
    _ head: inout MessageHead, _ bytes: borrowing Bytes
  ) -> UInt64? {
    for index in 0..<head.fieldCount where head.fields[index].id == .cookie {
      let field = head.fields[index]
      let end = request.origin &+ Int(field.value) &+ Int(field.valueLength)
      var at = request.origin &+ Int(field.value)
      while at < end {
        var itemEnd = at
        while itemEnd < end, bytes[itemEnd] != 0x3b { itemEnd &+= 1 }
        while at < itemEnd, isSpace(bytes[at]) { at &+= 1 }
        var valueEnd = itemEnd
        while valueEnd > at, isSpace(bytes[valueEnd &- 1]) { valueEnd &-= 1 }
        let value = at &+ Int(row.name.count) &+ 1
        if value <= valueEnd, bytes[value &- 1] == 0x3d,
          isSame(bytes, at, row.name, snapshot.text.span)
        {
          return hash(bytes, value, valueEnd &- value)
        }
        at = itemEnd &+ 1
      }
    }
    return nil
  }

  @inline(__always) private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09
  }

  private static func isSame(
    _ bytes: borrowing Bytes, _ at: Int, _ name: TextReference, _ text: borrowing Bytes
  ) -> Bool {
    for index in 0..<Int(name.count)
    where bytes[at &+ index] != text[Int(name.offset) &+ index] { return false }
    return true
  }
}
