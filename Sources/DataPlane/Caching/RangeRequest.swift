/// Which part of a stored 200 a `GET` with `Range` gets (RFC 9110 section 14.2).
///
/// Several ranges, unknown units, what is not by the grammar and an `If-Range` that fails get the
/// whole.
package enum RangeRequest: Equatable, Sendable, BitwiseCopyable {
  case whole
  /// 206 with `count` bytes from `first` on; `count` is at least 1.
  case part(first: Int64, count: Int64)
  /// 416 with `Content-Range: bytes */length`.
  case unsatisfiable

  /// - Parameters:
  ///   - etag: the stored `ETag`, in `stored`.
  ///   - length: of the stored content.
  package static func decide(
    length: Int64, _ facts: CachedFacts, _ etag: ValueRange, _ stored: borrowing Bytes,
    _ fields: RequestCacheFields, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    _ origin: Int, wallSeconds: Int64
  ) -> RangeRequest {
    guard fields.range >= 0, !fields.repeated.contains(.range), facts.status == 200, length >= 0,
      isSame(facts, etag, stored, fields, &head, bytes, origin, wallSeconds)
    else { return .whole }
    let field = head.fields[Int(fields.range)]
    return parse(bytes, origin &+ Int(field.value), Int(field.valueLength), length: length)
  }

  /// `If-Range`: strong comparison of the tag, or the exact date (RFC 9110 section 13.1.5).
  private static func isSame(
    _ facts: CachedFacts, _ etag: ValueRange, _ stored: borrowing Bytes,
    _ fields: RequestCacheFields, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    _ origin: Int, _ wallSeconds: Int64
  ) -> Bool {
    guard fields.ifRange >= 0 else { return true }
    guard !fields.repeated.contains(.ifRange) else { return false }
    let field = head.fields[Int(fields.ifRange)]
    if let tag = EntityTag(bytes, origin &+ Int(field.value), Int(field.valueLength)) {
      guard !etag.isNone, let own = EntityTag(stored, etag.at, etag.count) else { return false }
      return own.isStronglySame(stored, tag, bytes)
    }
    let date = FieldValues.date(fields.ifRange, &head, bytes, origin, wallSeconds)
    guard let date, facts.lastModified != CachedFacts.noDate, facts.date != CachedFacts.noDate
    else { return false }
    // Strong only if it could not have changed again in the same second (section 8.8.2.2).
    return date == facts.lastModified && facts.date > facts.lastModified
  }

  /// The value of `Range`.
  package static func parse(
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int, length: Int64
  ) -> RangeRequest {
    guard count > 6, FieldParser.equals(bytes, at, 6, "bytes=") else { return .whole }
    let end = at &+ count
    var index = at &+ 6
    skipEmpty(bytes, &index, end)
    let start = index
    let first = digits(bytes, &index, end)
    let hasFirst = index > start
    guard index < end, bytes[index] == 0x2d else { return .whole }
    index &+= 1
    let second = index
    let last = digits(bytes, &index, end)
    let hasLast = index > second
    guard hasFirst || hasLast else { return .whole }
    skipEmpty(bytes, &index, end)
    // Another range, or something that is none.
    guard index == end else { return .whole }
    if !hasFirst {
      guard last > 0 else { return .unsatisfiable }
      // Nothing has no last bytes, and 206 has at least one.
      if length == 0 { return .whole }
      let size = min(last, length)
      return .part(first: length &- size, count: size)
    }
    if hasLast, last < first { return .whole }
    guard first < length else { return .unsatisfiable }
    let stop = hasLast ? min(last, length &- 1) : length &- 1
    return .part(first: first, count: stop &- first &+ 1)
  }

  /// Saturates far above any length.
  private static func digits(_ bytes: borrowing Bytes, _ index: inout Int, _ end: Int) -> Int64 {
    var value: Int64 = 0
    while index < end, ByteClass.isDigit(bytes[index]) {
      value = min(value &* 10 &+ Int64(bytes[index] &- 0x30), 1 << 58)
      index &+= 1
    }
    return value
  }

  /// White space and empty list elements.
  private static func skipEmpty(_ bytes: borrowing Bytes, _ index: inout Int, _ end: Int) {
    while index < end, bytes[index] == 0x2c || DirectiveReader.isBlank(bytes[index]) {
      index &+= 1
    }
  }
}
