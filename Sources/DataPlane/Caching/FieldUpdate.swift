/// Updates the fields of a stored head from a 304, or from the 200 to a HEAD (RFC 9111
/// section 3.2). Pure: two heads in, one out.
package enum FieldUpdate {
  /// Appends the merged field lines to `block`: the stored ones that the new head does not have, in
  /// their order, then the new ones. No start line, no empty line.
  ///
  /// Not taken over: fields of the connection, `Content-Length`, `Content-Range`,
  /// `Content-Encoding` (the stored content has the coding it has), `Vary` (the stored response is
  /// found by it), `Age` (it is in the facts), `Set-Cookie` unless cookies are stored, and what
  /// `private="…"` or `no-cache="…"` of the new head name.
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
    case 4: return !isName("vary")
    case 13: return !isName("content-range")
    case 16: return !isName("content-encoding")
    default: return true
    }
  }

  private static func append(
    _ field: Field, _ bytes: borrowing Bytes, _ origin: Int, _ block: inout Block
  ) {
    let at = origin &+ Int(field.name)
    block.append(bytes, at, Int(field.end) &- Int(field.name))
  }
}
