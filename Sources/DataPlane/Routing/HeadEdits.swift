/// Removes, sets and adds lines of a head that is written and ends with its empty line.
enum HeadEdits {
  /// `out[0..<out.end]` is the head. A value that comes out empty leaves the field out.
  ///
  /// - Returns: why the head may not be sent: it became too long, or its Host is none (a variable
  ///   that came out empty, a client's words in it). `out` is of no use then.
  static func apply(
    _ edits: RowRange, pattern: UInt32, _ snapshot: borrowing Snapshot, _ request: RouteRequest,
    _ head: inout MessageHead, _ bytes: borrowing Bytes, path: borrowing Bytes,
    to out: inout Block
  ) -> ParseFailure? {
    removeLines(edits, snapshot, &out)
    out.end &-= 2
    for index in edits.indices {
      let edit = snapshot.routing.edits[index]
      if edit.kind == .remove { continue }
      guard out.capacity &- out.end > Int(edit.name.count) &+ 4096 else { return .headTooLong }
      let line = out.end
      out.append(snapshot.text.span, Int(edit.name.offset), Int(edit.name.count))
      out.append(": ")
      let value = out.end
      var writer = TemplateWriter(.field, pattern: pattern)
      guard writer.write(edit.value, snapshot, request, &head, bytes, path: path, into: &out)
      else { return .headTooLong }
      if isHost(edit.name, snapshot.text.span),
        !HostParser.isValid(out.bytes, value, out.end &- value)
      {
        return .badHost
      }
      if out.end == value { out.end = line } else { out.append("\r\n") }
    }
    out.append("\r\n")
    return nil
  }

  private static func isHost(_ name: TextReference, _ text: borrowing Bytes) -> Bool {
    FieldParser.equals(text, Int(name.offset), Int(name.count), "host")
  }

  /// Every line whose name is to be removed or set; what stays moves up.
  private static func removeLines(
    _ edits: RowRange, _ snapshot: borrowing Snapshot, _ out: inout Block
  ) {
    var at = endOfLine(out, 0)
    var kept = at
    while at < out.end, out.bytes[at] != 0x0d {
      let next = endOfLine(out, at)
      if !isNamed(edits, snapshot, out.bytes, at) {
        if kept != at { out.move(from: at, next &- at, to: kept) }
        kept &+= next &- at
      }
      at = next
    }
    out.move(from: at, out.end &- at, to: kept)
    out.end = kept &+ (out.end &- at)
  }

  /// Just behind the line's CR LF.
  private static func endOfLine(_ out: borrowing Block, _ from: Int) -> Int {
    var index = from
    while index < out.end, out.bytes[index] != 0x0a { index &+= 1 }
    return min(index &+ 1, out.end)
  }

  private static func isNamed(
    _ edits: RowRange, _ snapshot: borrowing Snapshot, _ bytes: borrowing Bytes, _ line: Int
  ) -> Bool {
    for index in edits.indices {
      let edit = snapshot.routing.edits[index]
      if edit.kind == .add { continue }
      let count = Int(edit.name.count)
      if bytes[line &+ count] == 0x3a, isSameName(edit.name, snapshot.text.span, bytes, line) {
        return true
      }
    }
    return false
  }

  private static func isSameName(
    _ name: TextReference, _ text: borrowing Bytes, _ bytes: borrowing Bytes, _ at: Int
  ) -> Bool {
    for index in 0..<Int(name.count)
    where HostKey.lower(text[Int(name.offset) &+ index]) != HostKey.lower(bytes[at &+ index]) {
      return false
    }
    return true
  }
}
