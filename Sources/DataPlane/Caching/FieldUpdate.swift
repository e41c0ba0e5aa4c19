/// Updates the fields of a stored head from a 304, or from the 200 to a HEAD (RFC 9111
/// section 3.2). Pure: two heads in, one out.
package enum FieldUpdate {
  /// Appends the merged field lines to `block`: the stored ones that the new head does not have, in
  /// their order, then the new ones. No start line, no empty line.
  ///
  /// Not taken over: fields of the connection, `Content-Length`, `Content-Range`,
  /// `Content-Encoding` (the stored content has the coding it has), `Age` (it is in the facts),
  /// `Set-Cookie` unless cookies are stored, and what `private="…"` or `no-cache="…"` of the new
  /// head name.
  ///
  /// `Vary` is never made less: the stored lines stay, and a new one that names something else is
  /// added. Many servers leave names out of a 304; one that names more has learnt that it has to.
  ///
  /// A stored `Date` does not outlive the update: a new head without one is dated when it came
  /// (RFC 9110 section 6.6.1), which the caller writes.
  ///
  /// - Parameters:
  ///   - stored: its lines, parsed by `ResponseParser`; `bytes[origin...]` are its bytes.
  ///   - new, fields: the head that came; dropped lines are left out.
  /// - Returns: false when there is no room.
  package static func merge(
    _ stored: inout MessageHead, _ bytes: borrowing Bytes, _ origin: Int,
    with new: inout MessageHead, _ fields: ResponseCacheFields, _ newBytes: borrowing Bytes,
    _ newOrigin: Int, storesSetCookie: Bool, into block: inout Block
  ) -> Bool {
    guard block.capacity &- block.end >= stored.length &+ new.length &+ 4 else { return false }
    let unstored = UnstoredFields(fields, &new, newBytes, newOrigin)
    for index in 0..<new.fieldCount
    where !isTakenOver(new.fields[index], newBytes, newOrigin, storesSetCookie)
      || isVary(new.fields[index], newBytes, newOrigin)
        && isNamed(new.fields[index], newBytes, newOrigin, in: &stored, bytes, origin)
      || unstored.names(Int16(truncatingIfNeeded: index), &new, newBytes, newOrigin)
    {
      new.drop(index)
    }
    for index in 0..<stored.fieldCount {
      let field = stored.fields[index]
      if field.isDropped || field.id == .date
        || isReplaced(field, bytes, origin, &new, newBytes, newOrigin)
      {
        continue
      }
      append(field, bytes, origin, &block)
    }
    for index in 0..<new.fieldCount where !new.fields[index].isDropped {
      append(new.fields[index], newBytes, newOrigin, &block)
    }
    return true
  }

  private static func isReplaced(
    _ field: Field, _ bytes: borrowing Bytes, _ origin: Int, _ new: inout MessageHead,
    _ newBytes: borrowing Bytes, _ newOrigin: Int
  ) -> Bool {
    if isVary(field, bytes, origin) { return false }
    for index in 0..<new.fieldCount where !new.fields[index].isDropped {
      if FieldLines.isSameName(field, bytes, origin, new.fields[index], newBytes, newOrigin) {
        return true
      }
    }
    return false
  }

  private static func isTakenOver(
    _ field: Field, _ bytes: borrowing Bytes, _ origin: Int, _ storesSetCookie: Bool
  ) -> Bool {
    if field.isDropped { return false }
    switch field.id {
    case .contentLength, .transferEncoding, .trailer: return false
    case .setCookie: return storesSetCookie
    default: break
    }
    if field.id.isHopByHop { return false }
    let at = origin &+ Int(field.name)
    let count = Int(field.nameLength)
    func isName(_ text: StaticString) -> Bool { FieldParser.equals(bytes, at, count, text) }
    switch count {
    case 3: return !isName("age")
    case 13: return !isName("content-range")
    case 16: return !isName("content-encoding")
    default: return true
    }
  }

  private static func isVary(_ field: Field, _ bytes: borrowing Bytes, _ origin: Int) -> Bool {
    FieldParser.equals(bytes, origin &+ Int(field.name), Int(field.nameLength), "vary")
  }

  /// Whether the stored `Vary` has each name of this one.
  private static func isNamed(
    _ vary: Field, _ newBytes: borrowing Bytes, _ newOrigin: Int, in stored: inout MessageHead,
    _ bytes: borrowing Bytes, _ origin: Int
  ) -> Bool {
    var from = newOrigin &+ Int(vary.value)
    let end = from &+ Int(vary.valueLength)
    while let name = FieldParser.nextItem(newBytes, &from, end) {
      guard name.count == 0 || isListed(name, newBytes, in: &stored, bytes, origin) else {
        return false
      }
    }
    return true
  }

  private static func isListed(
    _ name: (at: Int, count: Int), _ newBytes: borrowing Bytes, in stored: inout MessageHead,
    _ bytes: borrowing Bytes, _ origin: Int
  ) -> Bool {
    for index in 0..<stored.fieldCount where isVary(stored.fields[index], bytes, origin) {
      var from = origin &+ Int(stored.fields[index].value)
      let end = from &+ Int(stored.fields[index].valueLength)
      while let own = FieldParser.nextItem(bytes, &from, end) {
        if own.count == name.count,
          FieldLines.isSame(bytes, own.at, newBytes, name.at, name.count)
        {
          return true
        }
      }
    }
    return false
  }

  private static func append(
    _ field: Field, _ bytes: borrowing Bytes, _ origin: Int, _ block: inout Block
  ) {
    let at = origin &+ Int(field.name)
    block.append(bytes, at, Int(field.end) &- Int(field.name))
  }
}
