/// Which lines of a response head are stored, and which of those a 304 carries. Pure.
enum StoredHead {
  /// Marks what does not belong into the store, beside the fields of the connection: lengths,
  /// `Age`, and `CDN-Cache-Control` unless it is passed on.
  static func dropUnstored(
    _ fields: ResponseCacheFields, _ head: inout MessageHead, _ block: borrowing Block,
    _ origin: Int, keepsTargeted: Bool
  ) {
    for index in 0..<head.fieldCount {
      switch head.fields[index].id {
      case .contentLength, .transferEncoding, .trailer: head.drop(index)
      default: break
      }
    }
    drop(fields.age, fields.repeated.contains(.age), &head, block.bytes, origin)
    if !keepsTargeted { dropTargeted(fields, &head, block, origin) }
  }

  /// Marks all lines of `CDN-Cache-Control`.
  static func dropTargeted(
    _ fields: ResponseCacheFields, _ head: inout MessageHead, _ block: borrowing Block,
    _ origin: Int
  ) {
    drop(
      fields.cdnCacheControl, fields.repeated.contains(.cdnCacheControl), &head, block.bytes,
      origin)
  }

  /// For responses whose name has a content hash, with `immutable_assets`.
  static var pinned: StaticString { "Cache-Control: public, max-age=31536000, immutable\r\n" }

  /// Marks what a response says of its own freshness.
  static func dropFreshness(
    _ fields: ResponseCacheFields, _ head: inout MessageHead, _ block: borrowing Block,
    _ origin: Int
  ) {
    let repeated = fields.repeated
    drop(fields.cacheControl, repeated.contains(.cacheControl), &head, block.bytes, origin)
    drop(fields.expires, repeated.contains(.expires), &head, block.bytes, origin)
    drop(fields.pragma, repeated.contains(.pragma), &head, block.bytes, origin)
  }

  /// Appends those lines.
  static func appendTargeted(
    _ fields: ResponseCacheFields, _ head: inout MessageHead, _ block: borrowing Block,
    _ origin: Int, to out: inout Block
  ) {
    var lines = FieldLines(
      first: fields.cdnCacheControl, isRepeated: fields.repeated.contains(.cdnCacheControl))
    while true {
      let index = lines.next(&head, block.bytes, origin)
      guard index >= 0 else { return }
      let field = head.fields[index]
      out.append(block, origin &+ Int(field.name), Int(field.end) &- Int(field.name))
    }
  }

  private static func drop(
    _ first: Int16, _ isRepeated: Bool, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    _ origin: Int
  ) {
    var lines = FieldLines(first: first, isRepeated: isRepeated)
    while true {
      let index = lines.next(&head, bytes, origin)
      guard index >= 0 else { return }
      head.drop(index)
    }
  }

  /// Marks everything but what a 304 carries (RFC 9110 section 15.4.5); `Last-Modified` only where
  /// there is no `ETag`.
  static func dropForValidated(
    _ fields: ResponseCacheFields, _ head: inout MessageHead, _ block: borrowing Block,
    _ origin: Int
  ) {
    for index in 0..<head.fieldCount
    where !isForValidated(head.fields[index], hasETag: fields.etag >= 0, block.bytes, origin) {
      head.drop(index)
    }
  }

  private static func isForValidated(
    _ field: Field, hasETag: Bool, _ bytes: borrowing Bytes, _ origin: Int
  ) -> Bool {
    let at = origin &+ Int(field.name)
    let count = Int(field.nameLength)
    func isName(_ text: StaticString) -> Bool { FieldParser.equals(bytes, at, count, text) }
    switch count {
    case 4: return isName("date") || isName("etag") || isName("vary")
    case 7: return isName("expires")
    case 13: return isName("cache-control") || !hasETag && isName("last-modified")
    case 16: return isName("content-location")
    case 17: return isName("cdn-cache-control")
    default: return false
    }
  }

  /// Marks the conditions and ranges of a request whose response is for the store.
  static func dropConditions(
    _ head: inout MessageHead, _ block: borrowing Block, _ origin: Int
  ) {
    for index in 0..<head.fieldCount {
      let at = origin &+ Int(head.fields[index].name)
      let count = Int(head.fields[index].nameLength)
      if isCondition(block.bytes, at, count) { head.drop(index) }
    }
  }

  private static func isCondition(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Bool {
    switch count {
    case 5: return FieldParser.equals(bytes, at, count, "range")
    case 8: return FieldParser.equals(bytes, at, count, "if-range")
    case 13: return FieldParser.equals(bytes, at, count, "if-none-match")
    case 17: return FieldParser.equals(bytes, at, count, "if-modified-since")
    default: return false
    }
  }
}
