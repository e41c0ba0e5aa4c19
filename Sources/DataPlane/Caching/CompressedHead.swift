/// Makes the head of a response that of its compressed form.
///
/// In all functions `out[0..<out.end]` is a finished head with its empty line, `head` describes
/// it, and `out` has room for `added` bytes more. `head` is of no use for it afterwards.
enum CompressedHead {
  /// More than any of these functions adds, beside another copy of the `ETag`.
  static var added: Int { 256 }

  /// `Content-Encoding`, `Vary`, chunks instead of a length, and no field that speaks of the
  /// uncompressed bytes: `Accept-Ranges`, and digests (RFC 9530 sections 2 and 3: both are over
  /// the encoded content). A strong `ETag` becomes weak (RFC 9110 section 8.8.3.3).
  ///
  /// - Parameter hasBody: false for the answer to a HEAD, which needs no framing.
  static func apply(_ head: inout MessageHead, to out: inout Block, hasBody: Bool) {
    let varies = varies(&head, out.bytes)
    let end = out.end &- 2
    out.end = end
    for index in 0..<head.fieldCount {
      let field = head.fields[index]
      head.fields[index].isDropped = isOfIdentity(field, out.bytes)
      if isTag(field, out.bytes) { appendTag(field, to: &out) }
    }
    out.append("Content-Encoding: gzip\r\n")
    if hasBody { out.append("Transfer-Encoding: chunked\r\n") }
    if !varies { out.append("Vary: Accept-Encoding\r\n") }
    out.append("\r\n")
    removeDropped(&head, from: &out, linesEnd: end)
  }

  /// Of a response that goes as it is, while another client would get it compressed.
  static func addVary(_ head: inout MessageHead, to out: inout Block) {
    if varies(&head, out.bytes) { return }
    out.end &-= 2
    out.append("Vary: Accept-Encoding\r\n\r\n")
  }

  /// Of a 304 whose client asked with the weak form of the strong tag that it names: with a strong
  /// one a cache would not find what it has stored (RFC 9111 section 4.3.4).
  ///
  /// - Parameter request: the head in `bytes` from 0 on.
  static func weakenTag(
    _ head: inout MessageHead, of out: inout Block,
    askedBy request: inout MessageHead, _ bytes: borrowing Bytes
  ) {
    let end = out.end &- 2
    var found = -1
    for index in 0..<head.fieldCount {
      head.fields[index].isDropped = false
      if isTag(head.fields[index], out.bytes) { found = index }
    }
    guard found >= 0 else { return }
    let tag = head.fields[found]
    guard out.bytes[Int(tag.value)] == 0x22,
      EntityTagList.namesOnlyWeak(
        &request, bytes, tag: out.bytes, Int(tag.value), Int(tag.valueLength))
    else { return }
    let varies = varies(&head, out.bytes)
    out.end = end
    appendTag(tag, to: &out)
    if !varies { out.append("Vary: Accept-Encoding\r\n") }
    out.append("\r\n")
    head.fields[found].isDropped = true
    removeDropped(&head, from: &out, linesEnd: end)
  }

  /// `Vary` names the field already, or everything.
  private static func varies(_ head: inout MessageHead, _ bytes: borrowing Bytes) -> Bool {
    for index in 0..<head.fieldCount where head.fields[index].nameLength == 4 {
      let field = head.fields[index]
      let value = Int(field.value)
      let count = Int(field.valueLength)
      if FieldParser.equals(bytes, Int(field.name), 4, "vary"),
        FieldParser.list(bytes, value, count, contains: "accept-encoding")
          || FieldParser.list(bytes, value, count, contains: "*")
      {
        return true
      }
    }
    return false
  }

  private static func isTag(_ field: Field, _ bytes: borrowing Bytes) -> Bool {
    field.nameLength == 4 && FieldParser.equals(bytes, Int(field.name), 4, "etag")
  }

  /// What no longer holds, or is written anew.
  static func isOfIdentity(
    _ field: Field, _ bytes: borrowing Bytes, _ origin: Int = 0
  ) -> Bool {
    let name = origin &+ Int(field.name)
    switch field.nameLength {
    case 4: return FieldParser.equals(bytes, name, 4, "etag")
    case 6: return FieldParser.equals(bytes, name, 6, "digest")
    case 11:
      return FieldParser.equals(bytes, name, 11, "content-md5")
        || FieldParser.equals(bytes, name, 11, "repr-digest")
    case 13: return FieldParser.equals(bytes, name, 13, "accept-ranges")
    case 14:
      return field.id == .contentLength
        || FieldParser.equals(bytes, name, 14, "content-digest")
    case 16: return FieldParser.equals(bytes, name, 16, "content-encoding")
    case 17: return field.id == .transferEncoding
    default: return false
    }
  }

  /// Weak, whatever it was; what is no entity tag is left out.
  private static func appendTag(_ field: Field, to out: inout Block) {
    let tag = opaqueTag(out.bytes, Int(field.value), Int(field.valueLength))
    guard !tag.isNone else { return }
    out.append("ETag: W/")
    for index in tag.at..<(tag.at &+ tag.count) {
      let byte = out.bytes[index]
      out.append(byte: byte)
    }
    out.append("\r\n")
  }

  /// The weak form of the entity tag `bytes[at..<at + count]`, as a line; nothing if it is none.
  static func appendWeakTag(
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int, to out: inout Block
  ) {
    let tag = opaqueTag(bytes, at, count)
    guard !tag.isNone else { return }
    out.append("ETag: W/")
    out.append(bytes, tag.at, tag.count)
    out.append("\r\n")
  }

  /// An entity tag without what makes it weak.
  private static func opaqueTag(
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int
  ) -> ValueRange {
    let isWeak = count >= 4 && bytes[at] == 0x57 && bytes[at &+ 1] == 0x2f
    let quote = isWeak ? at &+ 2 : at
    let length = at &+ count &- quote
    guard length >= 2, bytes[quote] == 0x22, bytes[at &+ count &- 1] == 0x22 else { return .none }
    return ValueRange(at: quote, count: length)
  }

  /// Moves up what stays of the lines, and what was added behind `linesEnd`.
  private static func removeDropped(
    _ head: inout MessageHead, from out: inout Block, linesEnd: Int
  ) {
    var kept = head.firstField
    for index in 0..<head.fieldCount where !head.fields[index].isDropped {
      let line = Int(head.fields[index].name)
      let count = Int(head.fields[index].end) &- line
      if line != kept { out.move(from: line, count, to: kept) }
      kept &+= count
    }
    let count = out.end &- linesEnd
    out.move(from: linesEnd, count, to: kept)
    out.end = kept &+ count
  }
}

/// The entity tags of a request's `If-None-Match`.
enum EntityTagList {
  /// Whether the list has the weak form of the strong tag `tag[at..<at + count]`, and not itself.
  static func namesOnlyWeak(
    _ head: inout MessageHead, _ bytes: borrowing Bytes,
    tag: borrowing Bytes, _ at: Int, _ count: Int
  ) -> Bool {
    var isNamed = false
    for index in 0..<head.fieldCount where head.fields[index].nameLength == 13 {
      let field = head.fields[index]
      guard FieldParser.equals(bytes, Int(field.name), 13, "if-none-match") else { continue }
      var from = Int(field.value)
      let end = from &+ Int(field.valueLength)
      while from < end {
        // A tag begins at its quote; commas may stand inside of it.
        guard bytes[from] == 0x22 else {
          from &+= 1
          continue
        }
        let start = from
        from &+= 1
        while from < end, bytes[from] != 0x22 { from &+= 1 }
        guard from < end else { break }
        from &+= 1
        guard from &- start == count, isSame(bytes, start, tag, at, count) else { continue }
        let isWeak =
          start &- Int(field.value) >= 2 && bytes[start &- 2] == 0x57 && bytes[start &- 1] == 0x2f
        if !isWeak { return false }
        isNamed = true
      }
    }
    return isNamed
  }

  private static func isSame(
    _ left: borrowing Bytes, _ leftAt: Int, _ right: borrowing Bytes, _ rightAt: Int, _ count: Int
  ) -> Bool {
    for index in 0..<count where left[leftAt &+ index] != right[rightAt &+ index] { return false }
    return true
  }
}
