/// Whether a response's content may be sent compressed, whoever asks for it.
package enum Compressibility: Sendable {
  /// It is sent as it is, to everybody.
  case never
  /// This response goes as it is, but another answer to the same request may be compressed.
  case varies
  /// Compressed for clients that take it.
  case always

  /// Of the response head in `bytes` that begins at `origin` and that `head` describes.
  ///
  /// Not where it says `no-transform` (RFC 9111 section 5.2.2.6), has a coding already, or is a
  /// part (206, `Content-Range`: RFC 9110 section 14). One that announces trailer fields keeps its
  /// chunks, for they would be lost.
  package static func of(
    _ head: inout MessageHead, _ bytes: borrowing Bytes, _ origin: Int,
    _ policy: CompressionPolicy, _ snapshot: borrowing Snapshot
  ) -> Compressibility {
    guard head.status >= 200, head.status != 204, head.status != 205, head.status != 304 else {
      return .never
    }
    var isListed = false
    var isPart = head.status == 206
    for index in 0..<head.fieldCount {
      let field = head.fields[index]
      let name = origin &+ Int(field.name)
      let value = origin &+ Int(field.value)
      let count = Int(field.valueLength)
      switch field.nameLength {
      case 7:
        if field.id == .trailer { return .never }
      case 12:
        if FieldParser.equals(bytes, name, 12, "content-type") {
          // Two of them are none: nobody knows which one a client believes.
          if isListed { return .never }
          isListed = MediaTypes.contains(policy.types, snapshot, bytes, value, count)
          if !isListed { return .never }
        }
      case 13:
        if FieldParser.equals(bytes, name, 13, "cache-control") {
          if hasNoTransform(bytes, value, count) { return .never }
        } else if FieldParser.equals(bytes, name, 13, "content-range") {
          isPart = true
        }
      case 16:
        if FieldParser.equals(bytes, name, 16, "content-encoding"),
          !isIdentity(bytes, value, count)
        {
          return .never
        }
      default: break
      }
    }
    guard isListed else { return .never }
    if isPart { return .varies }
    let length = head.contentLength
    return length >= 0 && length < max(policy.minBytes, 1) ? .never : .always
  }

  /// A request may ask for the same (RFC 9111 section 5.2.1.6).
  package static func isForbidden(
    byRequest head: inout MessageHead, _ bytes: borrowing Bytes, _ origin: Int
  ) -> Bool {
    for index in 0..<head.fieldCount where head.fields[index].nameLength == 13 {
      let field = head.fields[index]
      if FieldParser.equals(bytes, origin &+ Int(field.name), 13, "cache-control"),
        hasNoTransform(bytes, origin &+ Int(field.value), Int(field.valueLength))
      {
        return true
      }
    }
    return false
  }

  /// Looks for the word wherever a directive may begin, in a quoted value too: at worst something
  /// stays uncompressed.
  private static func hasNoTransform(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Bool {
    var from = at
    while let item = FieldParser.nextItem(bytes, &from, at &+ count) {
      var length = 0
      while length < item.count, ByteClass.isToken(bytes[item.at &+ length]) { length &+= 1 }
      if FieldParser.equals(bytes, item.at, length, "no-transform") { return true }
    }
    return false
  }

  private static func isIdentity(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Bool {
    var from = at
    while let item = FieldParser.nextItem(bytes, &from, at &+ count) {
      if !FieldParser.equals(bytes, item.at, item.count, "identity") { return false }
    }
    return true
  }
}
