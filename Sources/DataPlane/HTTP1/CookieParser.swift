/// Finds cookies in the value of a `Cookie` field (RFC 6265 section 4.2.1), one by one.
///
/// Pairs end at `;` whatever stands in them; white space around a pair is passed over, a pair
/// without `=` as well. Names are compared byte by byte. One pass over the bytes, no state.
enum CookieParser {
  /// Where a cookie's value is: without the quotes around it.
  struct Value: Equatable {
    let at: Int
    let count: Int
  }

  /// The next cookie of that name in `bytes[from..<end]`; `from` moves behind it.
  static func next(
    _ name: borrowing Bytes, _ nameAt: Int, _ nameCount: Int, in bytes: borrowing Bytes,
    from: inout Int, to end: Int
  ) -> Value? {
    while from < end {
      var start = from
      var stop = from
      while stop < end, bytes[stop] != 0x3b { stop &+= 1 }
      from = stop &+ 1
      while start < stop, isBlank(bytes[start]) { start &+= 1 }
      while stop > start, isBlank(bytes[stop &- 1]) { stop &-= 1 }
      let valueAt = start &+ nameCount &+ 1
      guard valueAt <= stop, bytes[valueAt &- 1] == 0x3d else { continue }
      var isSame = true
      for index in 0..<nameCount where bytes[start &+ index] != name[nameAt &+ index] {
        isSame = false
        break
      }
      if isSame { return unquoted(bytes, valueAt, stop &- valueAt) }
    }
    return nil
  }

  private static func unquoted(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Value {
    if count >= 2, bytes[at] == 0x22, bytes[at &+ count &- 1] == 0x22 {
      return Value(at: at &+ 1, count: count &- 2)
    }
    return Value(at: at, count: count)
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
