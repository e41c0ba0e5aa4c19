/// What tells one bucket of a rate from another, in a request.
enum RateSubject: BitwiseCopyable {
  /// Everybody: the rate's key is the route, or the request has not what the key asks for.
  case everybody
  /// The bytes of a field's or a cookie's value.
  case text(at: Int, count: Int)
  /// The first bits of the client's address, the others 0.
  case address(PeerAddress)

  /// A request that has not the field or cookie, has it empty, or has it more than once (nobody can
  /// say which one the app believes) shares a bucket with all others of that kind: leaving a field
  /// out, or in twice, is no way around the limit.
  static func of(
    _ rate: RateRow, _ text: borrowing Bytes, _ request: RouteRequest, _ head: inout MessageHead,
    _ bytes: borrowing Bytes
  ) -> RateSubject {
    switch rate.key {
    case .route: return .everybody
    case .clientAddress: return masked(request.address.unmapped, rate)
    case .header: return header(rate.name, text, request, &head, bytes)
    case .cookie: return cookie(rate.name, text, request, &head, bytes)
    }
  }

  private static func masked(_ address: PeerAddress, _ rate: RateRow) -> RateSubject {
    guard address.family != 1 else { return .everybody }
    let prefix = Int(address.family == 4 ? rate.ipv4Prefix : rate.ipv6Prefix)
    var bytes = InlineArray<16, UInt8>(repeating: 0)
    for index in 0..<16 {
      let bits = min(max(prefix &- index &* 8, 0), 8)
      bytes[index] = address.bytes[index] & UInt8(truncatingIfNeeded: 0xff00 >> bits)
    }
    return .address(PeerAddress(family: address.family, bytes: bytes))
  }

  private static func header(
    _ name: TextReference, _ text: borrowing Bytes, _ request: RouteRequest,
    _ head: inout MessageHead, _ bytes: borrowing Bytes
  ) -> RateSubject {
    guard let index = RequestFields.find(name, text, request, &head, bytes),
      RequestFields.find(name, text, request, &head, bytes, from: index &+ 1) == nil
    else { return .everybody }
    let field = head.fields[index]
    guard field.valueLength > 0 else { return .everybody }
    return .text(at: request.origin &+ Int(field.value), count: Int(field.valueLength))
  }

  /// RFC 6265 section 4.2.1: `name=value` pairs with semicolons between them; here blanks around
  /// either are no part of it, and neither are quotes around a value.
  private static func cookie(
    _ name: TextReference, _ text: borrowing Bytes, _ request: RouteRequest,
    _ head: inout MessageHead, _ bytes: borrowing Bytes
  ) -> RateSubject {
    var found = RateSubject.everybody
    var isFound = false
    for index in 0..<head.fieldCount where head.fields[index].id == .cookie {
      var at = request.origin &+ Int(head.fields[index].value)
      let end = at &+ Int(head.fields[index].valueLength)
      while at < end {
        var pairEnd = at
        while pairEnd < end, bytes[pairEnd] != 0x3b { pairEnd &+= 1 }
        if let value = value(of: name, text, bytes, at, pairEnd) {
          if isFound { return .everybody }
          isFound = true
          if value.count > 0 { found = .text(at: value.at, count: value.count) }
        }
        at = pairEnd &+ 1
      }
    }
    return found
  }

  private static func value(
    of name: TextReference, _ text: borrowing Bytes, _ bytes: borrowing Bytes, _ from: Int,
    _ end: Int
  ) -> (at: Int, count: Int)? {
    var equals = from
    while equals < end, bytes[equals] != 0x3d { equals &+= 1 }
    guard equals < end else { return nil }
    let key = trim(bytes, from, equals)
    guard key.count == Int(name.count) else { return nil }
    for index in 0..<key.count
    where bytes[key.at &+ index] != text[Int(name.offset) &+ index] { return nil }
    let value = trim(bytes, equals &+ 1, end)
    if value.count >= 2, bytes[value.at] == 0x22, bytes[value.at &+ value.count &- 1] == 0x22 {
      return (value.at &+ 1, value.count &- 2)
    }
    return value
  }

  private static func trim(
    _ bytes: borrowing Bytes, _ from: Int, _ end: Int
  ) -> (at: Int, count: Int) {
    var from = from
    var end = end
    while from < end, bytes[from] == 0x20 || bytes[from] == 0x09 { from &+= 1 }
    while end > from, bytes[end &- 1] == 0x20 || bytes[end &- 1] == 0x09 { end &-= 1 }
    return (from, end &- from)
  }

  /// - Parameters:
  ///   - route: its identity, which a reload keeps with its name.
  ///   - place: of the rate among those of its route.
  func key(
    _ seed: HashSeed, route: UInt32, place: Int, _ bytes: borrowing Bytes
  ) -> Hash128 {
    var hash = SipHash(seed)
    // The kind is in it, so that a text of 16 bytes is no address and an absent one no text.
    func first(_ kind: UInt64) -> UInt64 {
      UInt64(route) | UInt64(truncatingIfNeeded: place) << 32 | kind << 40
    }
    switch self {
    case .everybody:
      hash.absorb(first(0))
      return hash.finish()
    case .text(let at, let count):
      hash.absorb(first(1))
      return hash.finish(bytes, at, count)
    case .address(let address):
      hash.absorb(first(UInt64(address.family)))
      for half in 0..<2 {
        var word: UInt64 = 0
        for index in 0..<8 {
          word |= UInt64(address.bytes[half &* 8 &+ index]) << UInt64(index &* 8)
        }
        hash.absorb(word)
      }
      return hash.finish()
    }
  }
}

extension RateSubject {
  /// Of the head in a block: spans of a worker's blocks live as long as the call.
  @inline(__always)
  static func of(
    _ rate: RateRow, _ snapshot: borrowing Snapshot, _ request: RouteRequest,
    _ head: inout MessageHead, _ source: borrowing Block
  ) -> RateSubject {
    of(rate, snapshot.text.span, request, &head, source.bytes)
  }

  @inline(__always)
  func key(
    _ seed: HashSeed, route: UInt32, place: Int, _ source: borrowing Block
  ) -> Hash128 {
    key(seed, route: route, place: place, source.bytes)
  }
}
