/// Whether a `Content-Type` is among the types that are worth compressing.
package enum MediaTypes {
  /// The value of a `Content-Type` (RFC 9110 section 8.3): its parameters do not count.
  ///
  /// Never an event stream: its events are small and must not wait, and a compressor's window for
  /// every listener is a high price.
  package static func contains(
    _ types: RowRange, _ snapshot: borrowing Snapshot,
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int
  ) -> Bool {
    var length = 0
    while length < count, ByteClass.isToken(bytes[at &+ length]) || bytes[at &+ length] == 0x2f {
      length &+= 1
    }
    guard length > 0, !FieldParser.equals(bytes, at, length, "text/event-stream") else {
      return false
    }
    for index in types.indices {
      let type = snapshot.mediaTypes[index]
      let size = Int(type.text.count)
      if size > length || type.kind == .exact && size != length { continue }
      let from = type.kind == .suffix ? at &+ length &- size : at
      if isSame(type.text, snapshot.text.span, bytes, from) { return true }
    }
    return false
  }

  private static func isSame(
    _ text: TextReference, _ all: borrowing Bytes, _ bytes: borrowing Bytes, _ at: Int
  ) -> Bool {
    for index in 0..<Int(text.count)
    where all[Int(text.offset) &+ index] != HostKey.lower(bytes[at &+ index]) { return false }
    return true
  }
}
