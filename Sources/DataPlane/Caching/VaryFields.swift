/// Which request fields a response depends on: `Vary` (RFC 9110 section 12.5.5).
package enum VaryFields: Equatable, Sendable, BitwiseCopyable {
  case none
  /// `*`, or a list that cannot be read, or a field that the proxy itself writes by who the client
  /// is: it matches no request (RFC 9111 section 4.1).
  case star
  /// More names than are kept.
  case tooLong
  /// Written to the block from `at` on: lower case, sorted, each once, with commas between.
  case names(at: Int, count: Int)

  package static var namesMax: Int { 32 }
  package static var bytesMax: Int { 1024 }

  /// As `read`, without writing: `.names` are at 0 and without a length.
  static func inspect(
    _ fields: ResponseCacheFields, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    _ origin: Int
  ) -> VaryFields {
    guard fields.vary >= 0 else { return .none }
    var lines = FieldLines(first: fields.vary, isRepeated: fields.repeated.contains(.vary))
    var names = 0
    var total = 0
    while true {
      let line = lines.next(&head, bytes, origin)
      guard line >= 0 else { break }
      var from = origin &+ Int(head.fields[line].value)
      let end = from &+ Int(head.fields[line].valueLength)
      while let item = FieldParser.nextItem(bytes, &from, end) {
        guard isName(bytes, item.at, item.count), !isOurs(bytes, item.at, item.count) else {
          return .star
        }
        names &+= 1
        total &+= item.count &+ 1
      }
    }
    if names == 0 { return .none }
    return names > namesMax || total > bytesMax ? .tooLong : .names(at: 0, count: 0)
  }

  /// Reads all lines and appends the names; the block has room for `bytesMax`.
  package static func read(
    _ fields: ResponseCacheFields, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    _ origin: Int, into block: inout Block
  ) -> VaryFields {
    let found = inspect(fields, &head, bytes, origin)
    guard case .names = found else { return found }
    let at = block.end
    // The smallest name that is larger than the last one, again and again: there are few.
    var last = ValueRange.none
    while true {
      let next = smallest(above: last, fields, &head, bytes, origin)
      if next.isNone { return .names(at: at, count: block.end &- at) }
      if !last.isNone { block.append(byte: 0x2c) }
      for index in next.at..<(next.at &+ next.count) {
        block.append(byte: FieldLines.lower(bytes[index]))
      }
      last = next
    }
  }

  private static func smallest(
    above last: ValueRange, _ fields: ResponseCacheFields, _ head: inout MessageHead,
    _ bytes: borrowing Bytes, _ origin: Int
  ) -> ValueRange {
    var lines = FieldLines(first: fields.vary, isRepeated: fields.repeated.contains(.vary))
    var best = ValueRange.none
    while true {
      let line = lines.next(&head, bytes, origin)
      guard line >= 0 else { return best }
      var from = origin &+ Int(head.fields[line].value)
      let end = from &+ Int(head.fields[line].valueLength)
      while let item = FieldParser.nextItem(bytes, &from, end) {
        let name = ValueRange(at: item.at, count: item.count)
        if !last.isNone, !isLess(last, name, bytes) { continue }
        if best.isNone || isLess(name, best, bytes) { best = name }
      }
    }
  }

  private static func isLess(
    _ left: ValueRange, _ right: ValueRange, _ bytes: borrowing Bytes
  ) -> Bool {
    for index in 0..<min(left.count, right.count) {
      let (one, other) = (
        FieldLines.lower(bytes[left.at &+ index]), FieldLines.lower(bytes[right.at &+ index])
      )
      if one != other { return one < other }
    }
    return left.count < right.count
  }

  /// A token other than `*`, which is one as well.
  private static func isName(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Bool {
    if count == 1, bytes[at] == 0x2a { return false }
    for index in at..<(at &+ count) where !ByteClass.isToken(bytes[index]) { return false }
    return count > 0
  }

  /// `X-Forwarded-For` and `X-Client-Verify` and its kin: the backend got them from us, so what the
  /// client's request has under these names, mostly nothing, does not tell clients apart.
  private static func isOurs(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Bool {
    switch FieldID.classify(bytes, at, count) {
    case .forwardedFor, .clientCertificate: return true
    default: return false
    }
  }
}
