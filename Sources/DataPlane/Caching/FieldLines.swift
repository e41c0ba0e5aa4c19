/// All lines of one field name of a head, in their order, beginning with the first.
///
/// Names are compared without case. Without repetition nothing but the first line is looked at.
package struct FieldLines: BitwiseCopyable {
  private let first: Int
  private var index: Int
  private let isRepeated: Bool

  @inline(__always)
  package init(first: Int16, isRepeated: Bool) {
    self.first = Int(first)
    index = Int(first)
    self.isRepeated = isRepeated
  }

  /// The index of the next line, or -1.
  @inline(__always)
  package mutating func next(
    _ head: inout MessageHead, _ bytes: borrowing Bytes, _ origin: Int
  ) -> Int {
    let found = index
    guard found >= 0 else { return -1 }
    index = -1
    if isRepeated { seek(from: found &+ 1, &head, bytes, origin) }
    return found
  }

  private mutating func seek(
    from: Int, _ head: inout MessageHead, _ bytes: borrowing Bytes, _ origin: Int
  ) {
    let name = head.fields[first]
    for other in from..<max(from, head.fieldCount)
    where FieldLines.isSameName(name, bytes, origin, head.fields[other], bytes, origin) {
      index = other
      return
    }
  }

  /// Whether two fields, perhaps of different heads, have the same name.
  static func isSameName(
    _ left: Field, _ bytes: borrowing Bytes, _ origin: Int, _ right: Field,
    _ others: borrowing Bytes, _ otherOrigin: Int
  ) -> Bool {
    guard left.nameLength == right.nameLength else { return false }
    return isSame(
      bytes, origin &+ Int(left.name), others, otherOrigin &+ Int(right.name),
      Int(left.nameLength))
  }

  /// Compares tokens without case.
  static func isSame(
    _ left: borrowing Bytes, _ at: Int, _ right: borrowing Bytes, _ other: Int, _ count: Int
  ) -> Bool {
    for index in 0..<count where lower(left[at &+ index]) != lower(right[other &+ index]) {
      return false
    }
    return true
  }

  @inline(__always) static func lower(_ byte: UInt8) -> UInt8 {
    byte &- 0x41 <= 25 ? byte | 0x20 : byte
  }
}

/// Words of eight bytes of a field name in lower case, as `FieldID.classify` reads them: exact for
/// names of letters and hyphens, because a name is a token.
enum FieldName {
  private static var fold: UInt64 { 0x2020_2020_2020_2020 }

  /// Names of up to seven bytes.
  @inline(__always)
  static func short(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> UInt64 {
    (load8(bytes, at) | fold) & ((1 << UInt64(truncatingIfNeeded: count &* 8)) &- 1)
  }

  @inline(__always) static func word(_ bytes: borrowing Bytes, _ at: Int) -> UInt64 {
    load8(bytes, at) | fold
  }

  /// Remembers the first field of a name, and that there are more.
  @inline(__always)
  static func note<Fields: OptionSet>(
    _ slot: inout Int16, _ index: Int, _ field: Fields, _ repeated: inout Fields
  ) where Fields.Element == Fields {
    if slot < 0 {
      slot = Int16(truncatingIfNeeded: index)
    } else {
      repeated.insert(field)
    }
  }
}
