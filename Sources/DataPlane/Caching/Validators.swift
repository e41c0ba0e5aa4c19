/// Validation of a stored response with its backend (RFC 9111 section 4.3).
package enum Validators {
  /// What a validation's answer, or a HEAD's, says about the stored response.
  package enum Match: UInt8, Sendable, BitwiseCopyable {
    /// It is the same: the stored head is updated.
    case same
    /// It is another one: the stored response must not be updated.
    case different
  }

  /// Appends the conditions for the stored head in `stored[from..<to]` to a request head (RFC 9111
  /// section 4.3.1): `If-None-Match` and `If-Modified-Since`, each as it is stored.
  ///
  /// - Returns: false when there is nothing to ask with, or no room for it.
  package static func writeConditions(
    _ facts: CachedFacts, _ stored: borrowing Bytes, _ from: Int, _ to: Int,
    into block: inout Block
  ) -> Bool {
    let etag =
      facts.flags.contains(.hasETag) ? StoredLines.find("etag", stored, from, to) : .none
    let modified =
      facts.lastModified != CachedFacts.noDate
      ? StoredLines.find("last-modified", stored, from, to) : .none
    let room = max(etag.count, 0) &+ max(modified.count, 0) &+ 64
    guard !(etag.isNone && modified.isNone), block.capacity &- block.end >= room else {
      return false
    }
    if !etag.isNone {
      block.append("If-None-Match: ")
      block.append(stored, etag.at, etag.count)
      block.append("\r\n")
    }
    if !modified.isNone {
      block.append("If-Modified-Since: ")
      block.append(stored, modified.at, modified.count)
      block.append("\r\n")
    }
    return true
  }

  /// Whether a 304 speaks of the one response that was asked about (RFC 9111 section 4.3.4).
  ///
  /// A 304 without validators counts as the same: only one response was asked about. (The RFC
  /// allows that for stored ones without validators; many servers leave them out of a 304 and mean
  /// the one in question, which RFC 9110 section 15.4.5 does not allow them.)
  ///
  /// - Parameters:
  ///   - etag: the stored `ETag`, in `stored`.
  ///   - fields, head, bytes, origin: of the 304.
  package static func match(
    _ facts: CachedFacts, _ etag: ValueRange, _ stored: borrowing Bytes,
    _ fields: ResponseCacheFields, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    _ origin: Int, wallSeconds: Int64
  ) -> Match {
    if fields.etag >= 0 {
      let field = head.fields[Int(fields.etag)]
      let at = origin &+ Int(field.value)
      let count = Int(field.valueLength)
      guard !fields.repeated.contains(.etag), !etag.isNone else { return .different }
      guard let own = EntityTag(stored, etag.at, etag.count),
        let new = EntityTag(bytes, at, count)
      else {
        // Not by the grammar: the same bytes are the same.
        return isSame(stored, etag, bytes, at, count) ? .same : .different
      }
      let isSame =
        new.isWeak ? own.isSameText(stored, new, bytes) : own.isStronglySame(stored, new, bytes)
      return isSame ? .same : .different
    }
    let date = FieldValues.date(fields.lastModified, &head, bytes, origin, wallSeconds)
    guard let date else { return .same }
    return date == facts.lastModified ? .same : .different
  }

  /// Whether the 200 to a HEAD speaks of the stored response, which is invalid otherwise (RFC 9111
  /// section 4.3.5): each validator that it has, and `Content-Length`, must be the stored one.
  ///
  /// Stricter than the RFC, it must have one: without, nothing says that the content is still the
  /// same, and who asks with HEAD once in a while would keep an old page alive for ever.
  ///
  /// - Parameter length: of the stored content.
  package static func matchHead(
    _ facts: CachedFacts, length: Int64, _ etag: ValueRange, _ stored: borrowing Bytes,
    _ fields: ResponseCacheFields, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    _ origin: Int, wallSeconds: Int64
  ) -> Match {
    guard head.status == 200, facts.status == 200, fields.etag >= 0 || fields.lastModified >= 0
    else { return .different }
    if head.contentLength >= 0, head.contentLength != length { return .different }
    if fields.etag >= 0 {
      let field = head.fields[Int(fields.etag)]
      guard !fields.repeated.contains(.etag), !etag.isNone,
        isSame(stored, etag, bytes, origin &+ Int(field.value), Int(field.valueLength))
      else { return .different }
    }
    if fields.lastModified >= 0 {
      let date = FieldValues.date(fields.lastModified, &head, bytes, origin, wallSeconds)
      guard let date, date == facts.lastModified else { return .different }
    }
    return .same
  }

  private static func isSame(
    _ stored: borrowing Bytes, _ etag: ValueRange, _ bytes: borrowing Bytes, _ at: Int,
    _ count: Int
  ) -> Bool {
    guard etag.count == count else { return false }
    for index in 0..<count where stored[etag.at &+ index] != bytes[at &+ index] { return false }
    return true
  }
}
