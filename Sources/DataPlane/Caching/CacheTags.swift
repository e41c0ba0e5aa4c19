/// The names that a backend gives a response so that it can be purged by them. Pure.
///
/// `Cache-Tag: a, b` is a list with commas, `Surrogate-Key: a b` one with white space; a response
/// may have both, on any number of lines. Stored, the tags stand behind one another, each with a
/// line feed behind it, as they were written; what is there twice stays twice.
///
/// Compared without case: for Cloudflare `Cache-Tag` has none, for Fastly `Surrogate-Key` has one.
/// A purge that takes too much costs a fetch; one that takes too little leaves old content.
///
/// At most 16 KiB are kept, as the two do. A response with more has `more` behind its last tag and
/// is purged with every tag, for the same reason.
package enum CacheTags {
  package static var maxBytes: Int { 16_384 }
  /// Stands alone in the place of a tag; no field value has this byte.
  private static var more: UInt8 { 0x01 }

  /// Appends the tags of a response head to `out`, which has room for `maxBytes`.
  ///
  /// - Parameters:
  ///   - bytes: the head's, which begins at `origin`.
  /// - Returns: how many bytes; 0 without tags.
  package static func append(
    _ head: inout MessageHead, _ bytes: borrowing Bytes, _ origin: Int, to out: inout Block
  ) -> Int {
    let start = out.end
    let limit = min(start &+ maxBytes, out.capacity) &- 2
    for index in 0..<head.fieldCount where head.fields[index].id == .other {
      let field = head.fields[index]
      guard let isSpaced = isSpaced(bytes, origin &+ Int(field.name), Int(field.nameLength)) else {
        continue
      }
      var at = origin &+ Int(field.value)
      let end = at &+ Int(field.valueLength)
      while let tag = next(bytes, &at, end, isSpaced: isSpaced) {
        guard tag.count < limit &- out.end else {
          out.append(byte: more)
          out.append(byte: 0x0a)
          return out.end &- start
        }
        out.append(bytes, tag.at, tag.count)
        out.append(byte: 0x0a)
      }
    }
    return out.end &- start
  }

  /// A field that names tags: which the client has no use for.
  package static func isTagField(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Bool {
    isSpaced(bytes, at, count) != nil
  }

  /// Whether stored tags have this one.
  package static func contains(
    _ list: borrowing Bytes, _ at: Int, _ count: Int, _ tag: borrowing Bytes, _ tagAt: Int,
    _ tagCount: Int
  ) -> Bool {
    guard tagCount > 0 else { return false }
    let end = at &+ count
    var start = at
    while start < end {
      var stop = start
      while stop < end, list[stop] != 0x0a { stop &+= 1 }
      if list[start] == more { return true }
      if stop &- start == tagCount, isSame(list, start, tag, tagAt, tagCount) { return true }
      start = stop &+ 1
    }
    return false
  }

  /// nil when the field names no tags.
  private static func isSpaced(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Bool? {
    if count == 9, FieldParser.equals(bytes, at, count, "cache-tag") { return false }
    if count == 13, FieldParser.equals(bytes, at, count, "surrogate-key") { return true }
    return nil
  }

  private static func next(
    _ bytes: borrowing Bytes, _ at: inout Int, _ end: Int, isSpaced: Bool
  ) -> (at: Int, count: Int)? {
    guard isSpaced else {
      let item = FieldParser.nextItem(bytes, &at, end)
      return item
    }
    while at < end, isBlank(bytes[at]) { at &+= 1 }
    guard at < end else { return nil }
    let start = at
    while at < end, !isBlank(bytes[at]) { at &+= 1 }
    return (start, at &- start)
  }

  private static func isSame(
    _ list: borrowing Bytes, _ at: Int, _ tag: borrowing Bytes, _ tagAt: Int, _ count: Int
  ) -> Bool {
    for offset in 0..<count
    where HostKey.lower(list[at &+ offset]) != HostKey.lower(tag[tagAt &+ offset]) { return false }
    return true
  }

  @inline(__always) private static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09
  }
}
