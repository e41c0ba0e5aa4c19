/// The conditions of a request that a cache evaluates on what it has stored (RFC 9110
/// section 13.2.2, RFC 9111 section 4.3.2).
package enum Preconditions: UInt8, Sendable, BitwiseCopyable {
  /// The stored response is sent.
  case passes
  /// 304 with the stored response's fields.
  case notModified

  /// - Parameters:
  ///   - etag: the stored `ETag`, in `stored`.
  ///   - wallSeconds: the wall clock at `now`.
  package static func evaluate(
    _ facts: CachedFacts, _ etag: ValueRange, _ stored: borrowing Bytes,
    _ fields: RequestCacheFields, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    _ origin: Int, wallSeconds: Int64, now: Instant
  ) -> Preconditions {
    // Conditions are for what would be a success (RFC 9110 section 13.2.1).
    guard facts.status >= 200, facts.status < 300 else { return .passes }
    if fields.ifNoneMatch >= 0 {
      // `If-Modified-Since` beside it is not looked at (RFC 9110 section 13.1.3).
      let isListed = lists(etag, stored, fields, &head, bytes, origin)
      return isListed ? .notModified : .passes
    }
    guard fields.ifModifiedSince >= 0, !fields.repeated.contains(.ifModifiedSince),
      let since = FieldValues.date(fields.ifModifiedSince, &head, bytes, origin, wallSeconds)
    else { return .passes }
    return modified(facts, wallSeconds, now) <= since ? .notModified : .passes
  }

  /// When the stored response was modified: `Last-Modified`, else `Date`, else when it came
  /// (RFC 9111 section 4.3.2).
  private static func modified(_ facts: CachedFacts, _ wall: Int64, _ now: Instant) -> Int64 {
    if facts.lastModified != CachedFacts.noDate { return facts.lastModified }
    if facts.date != CachedFacts.noDate { return facts.date }
    let passed = (max(now, facts.storedAt) &- facts.storedAt) / 1_000_000_000
    return wall &- Int64(truncatingIfNeeded: passed)
  }

  /// Weak comparison with each of the listed tags (RFC 9110 section 13.1.2). What is no tag is
  /// passed over up to the next comma.
  private static func lists(
    _ etag: ValueRange, _ stored: borrowing Bytes, _ fields: RequestCacheFields,
    _ head: inout MessageHead, _ bytes: borrowing Bytes, _ origin: Int
  ) -> Bool {
    let isRepeated = fields.repeated.contains(.ifNoneMatch)
    let first = head.fields[Int(fields.ifNoneMatch)]
    // `*` stands alone, and what is stored exists.
    if !isRepeated, first.valueLength == 1, bytes[origin &+ Int(first.value)] == 0x2a {
      return true
    }
    guard !etag.isNone, let tag = EntityTag(stored, etag.at, etag.count) else { return false }
    var lines = FieldLines(first: fields.ifNoneMatch, isRepeated: isRepeated)
    while true {
      let line = lines.next(&head, bytes, origin)
      guard line >= 0 else { return false }
      var index = origin &+ Int(head.fields[line].value)
      let end = index &+ Int(head.fields[line].valueLength)
      while index < end {
        let byte = bytes[index]
        if byte == 0x2c || DirectiveReader.isBlank(byte) {
          index &+= 1
        } else if let other = EntityTag.read(bytes, &index, end),
          isItemEnd(bytes, &index, end)
        {
          if tag.isSameText(stored, other, bytes) { return true }
        } else {
          while index < end, bytes[index] != 0x2c { index &+= 1 }
        }
      }
    }
  }

  /// Only white space up to the comma or the end.
  private static func isItemEnd(
    _ bytes: borrowing Bytes, _ index: inout Int, _ end: Int
  ) -> Bool {
    while index < end, DirectiveReader.isBlank(bytes[index]) { index &+= 1 }
    return index == end || bytes[index] == 0x2c
  }
}
