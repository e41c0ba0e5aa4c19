/// Where a value is in bytes that somebody else holds.
package struct ValueRange: BitwiseCopyable, Equatable, Sendable {
  package var at: Int
  /// -1 when there is none.
  package var count: Int

  package init(at: Int, count: Int) {
    self.at = at
    self.count = count
  }

  package static var none: ValueRange { ValueRange(at: 0, count: -1) }
  package var isNone: Bool { count < 0 }
}

/// Field lines as the store keeps them: `Name: value` CR LF, checked when they came. A status line
/// in front and an empty line behind do no harm.
package enum StoredLines {
  /// The value of the first line of that name, which is given in lower case.
  package static func find(
    _ name: StaticString, _ bytes: borrowing Bytes, _ from: Int, _ to: Int
  ) -> ValueRange {
    let nameCount = name.utf8CodeUnitCount
    var line = from
    while line < to {
      let end = min(ByteClass.endOfValue(bytes, line, to), to)
      if line &+ nameCount < end, bytes[line &+ nameCount] == 0x3a,
        FieldParser.equals(bytes, line, nameCount, name)
      {
        var at = line &+ nameCount &+ 1
        var last = end
        while at < last, DirectiveReader.isBlank(bytes[at]) { at &+= 1 }
        while last > at, DirectiveReader.isBlank(bytes[last &- 1]) { last &-= 1 }
        return ValueRange(at: at, count: last &- at)
      }
      // CR LF, or a byte that belongs to no value.
      line = end &+ 1
      if line < to, bytes[line] == 0x0a { line &+= 1 }
    }
    return .none
  }
}
