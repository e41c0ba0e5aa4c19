/// Values of single fields, by their index in a head; nil when absent or not by the grammar.
enum FieldValues {
  static func date(
    _ index: Int16, _ head: inout MessageHead, _ bytes: borrowing Bytes, _ origin: Int,
    _ wallSeconds: Int64
  ) -> Int64? {
    guard index >= 0 else { return nil }
    let field = head.fields[Int(index)]
    return HTTPDate.parse(
      bytes, origin &+ Int(field.value), Int(field.valueLength), nowSeconds: wallSeconds)
  }

  /// Of several lines the earliest; nil when one of them is no date.
  static func earliestDate(
    _ first: Int16, isRepeated: Bool, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    _ origin: Int, _ wallSeconds: Int64
  ) -> Int64? {
    var lines = FieldLines(first: first, isRepeated: isRepeated)
    var earliest = Int64.max
    while true {
      let index = lines.next(&head, bytes, origin)
      guard index >= 0 else { return earliest == .max ? nil : earliest }
      let field = head.fields[index]
      let value = HTTPDate.parse(
        bytes, origin &+ Int(field.value), Int(field.valueLength), nowSeconds: wallSeconds)
      guard let value else { return nil }
      earliest = min(earliest, value)
    }
  }

  /// `Age`: of a list or of several lines the first member; ignored when that is no number
  /// (RFC 9111 section 5.1).
  package static func age(
    _ index: Int16, _ head: inout MessageHead, _ bytes: borrowing Bytes, _ origin: Int
  ) -> Int64? {
    guard index >= 0 else { return nil }
    let field = head.fields[Int(index)]
    let at = origin &+ Int(field.value)
    var count = 0
    while count < Int(field.valueLength), bytes[at &+ count] != 0x2c { count &+= 1 }
    while count > 0, DirectiveReader.isBlank(bytes[at &+ count &- 1]) { count &-= 1 }
    guard count > 0 else { return nil }
    var result: Int64 = 0
    for index in at..<(at &+ count) {
      guard ByteClass.isDigit(bytes[index]) else { return nil }
      result = min(result &* 10 &+ Int64(bytes[index] &- 0x30), CacheControl.secondsMax)
    }
    return result
  }

  /// `Pragma: no-cache` of a response: not specified (RFC 9111 section 5.4), and meant.
  static func isNoCache(
    _ fields: ResponseCacheFields, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    _ origin: Int
  ) -> Bool {
    let pragma = CacheControl.read(
      fields.pragma, isRepeated: fields.repeated.contains(.pragma), &head, bytes, origin)
    return !pragma.flags.isDisjoint(with: [.noCache, .noCacheFields])
  }
}
