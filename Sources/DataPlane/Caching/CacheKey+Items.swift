/// What stands behind the URL in a key: each item behind a line feed, so that none can be forged.
///
/// - `a:`: host and port as they came, when that is not how the URL has them.
/// - `r:`: the route, when more than host and path chose it.
/// - `t:`: fields that speak for the target in its place (`KeyFields`).
/// - `h:`: headers that the config names, with all their lines joined by `, `.
/// - `c:`: cookies that the config names: every one of the name, because some applications take the
///   first and some the last. Quotes around a value belong to it.
///
/// What is absent has no item; what is empty has one that is empty.
extension CacheKey {
  /// - Returns: false when there is no room; `out` then holds a part.
  @inline(never)
  static func writeItems(
    _ row: CacheKeyRow, _ snapshot: borrowing Snapshot, _ request: RouteRequest,
    _ head: inout MessageHead, _ bytes: borrowing Bytes, route: TextReference?,
    into out: inout Block
  ) -> Bool {
    if !HostText.isPlain(bytes, request.host, request.hostLength) {
      let port = HostText.portLength(bytes, request.host, request.hostLength)
      guard begin("\na:", 0, &out) else { return false }
      guard append(bytes, request.host, request.hostLength &+ port, &out) else { return false }
    }
    let text = snapshot.text.span
    if let route {
      guard begin("\nr:", 0, &out) else { return false }
      guard append(text, Int(route.offset), Int(route.count), &out) else { return false }
    }
    guard KeyFields.writeTargetFields(request, &head, bytes, into: &out) else { return false }
    for index in row.headers.indices {
      let name = snapshot.cacheNames[index].text
      guard writeHeader(name, text, request, &head, bytes, &out) else { return false }
    }
    for index in row.cookies.indices {
      let name = snapshot.cacheNames[index].text
      guard writeCookies(name, text, request, &head, bytes, &out) else { return false }
    }
    return true
  }

  private static func writeHeader(
    _ name: TextReference, _ text: borrowing Bytes, _ request: RouteRequest,
    _ head: inout MessageHead, _ bytes: borrowing Bytes, _ out: inout Block
  ) -> Bool {
    var isFirst = true
    for index in 0..<head.fieldCount
    where KeyFields.isNamed(index, name, text, request, &head, bytes)
      && KeyFields.isPassedOn(index, request, &head, bytes)
    {
      let field = head.fields[index]
      if isFirst {
        guard begin("\nh:", Int(name.count) &+ 1, &out) else { return false }
        out.append(text, Int(name.offset), Int(name.count))
        out.append(byte: 0x3d)
      } else {
        guard begin(", ", 0, &out) else { return false }
      }
      isFirst = false
      let at = request.origin &+ Int(field.value)
      guard append(bytes, at, Int(field.valueLength), &out) else { return false }
    }
    return true
  }

  private static func writeCookies(
    _ name: TextReference, _ text: borrowing Bytes, _ request: RouteRequest,
    _ head: inout MessageHead, _ bytes: borrowing Bytes, _ out: inout Block
  ) -> Bool {
    let (nameAt, nameCount) = (Int(name.offset), Int(name.count))
    for index in 0..<head.fieldCount
    where head.fields[index].id == .cookie && KeyFields.isPassedOn(index, request, &head, bytes) {
      var at = request.origin &+ Int(head.fields[index].value)
      let end = at &+ Int(head.fields[index].valueLength)
      while let value = CookieParser.next(text, nameAt, nameCount, in: bytes, from: &at, to: end) {
        guard begin("\nc:", nameCount &+ 1, &out) else { return false }
        out.append(text, nameAt, nameCount)
        out.append(byte: 0x3d)
        let quote = bytes[value.at &- 1] == 0x22 ? 1 : 0
        guard append(bytes, value.at &- quote, value.count &+ quote &* 2, &out) else {
          return false
        }
      }
    }
    return true
  }

  /// Appends `text` if it and `more` bytes have room.
  static func begin(_ text: StaticString, _ more: Int, _ out: inout Block) -> Bool {
    guard text.utf8CodeUnitCount &+ more <= out.capacity &- out.end else { return false }
    out.append(text)
    return true
  }

  static func append(
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int, _ out: inout Block
  ) -> Bool {
    guard count <= out.capacity &- out.end else { return false }
    out.append(bytes, at, count)
    return true
  }
}
