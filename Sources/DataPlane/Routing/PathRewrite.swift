/// The path and query that a backend gets instead of the received ones.
enum PathRewrite {
  /// Leaves them in `out[out.start..<out.end]`.
  ///
  /// - Returns: false when they became too long, or a value made a `.` or `..` segment.
  static func write(
    _ detail: RouteDetailRow, pattern: UInt32, _ snapshot: borrowing Snapshot,
    _ request: RouteRequest, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    path: borrowing Bytes, into out: inout Block
  ) -> Bool {
    // A byte of room for a slash in front.
    out.reset(room: 1)
    var hasQuery = false
    if detail.rewrite == .template {
      var writer = TemplateWriter(.address, pattern: pattern)
      guard
        writer.write(
          detail.template, snapshot, request, &head, bytes, path: path, into: &out, spare: 16)
      else { return false }
      hasQuery = writer.isInQuery
    } else {
      replacePrefix(detail, snapshot, request, path, &out)
    }
    if out.count == 0 || out.bytes[out.start] != 0x2f {
      out.start = 0
      out.set(0, 0x2f)
    }
    if hasQuery {
      dropEmptyQuery(&out, from: out.start)
    } else if request.queryLength > 0 {
      guard out.capacity &- out.end > request.queryLength else { return false }
      out.append(byte: 0x3f)
      out.append(bytes, request.query, request.queryLength)
    }
    return !hasDotSegment(out)
  }

  /// Takes away a `?` that nothing follows, if it is the one that begins the query: a later one is
  /// the client's own.
  static func dropEmptyQuery(_ out: inout Block, from start: Int) {
    var index = start
    while index < out.end, out.bytes[index] != 0x3f { index &+= 1 }
    if index &+ 1 == out.end { out.end = index }
  }

  /// A path without the prefix stays as it is.
  private static func replacePrefix(
    _ detail: RouteDetailRow, _ snapshot: borrowing Snapshot, _ request: RouteRequest,
    _ path: borrowing Bytes, _ out: inout Block
  ) {
    let count = Int(detail.prefix.count)
    let start = request.path
    let text = snapshot.text.span
    let hasPrefix =
      request.pathLength >= count
      && SegmentKey.isEqual(text, Int(detail.prefix.offset), path, start, count)
      && (request.pathLength == count || path[start &+ count] == 0x2f)
    guard hasPrefix else { return out.append(path, start, request.pathLength) }
    let replacement = detail.replacement
    guard out.capacity &- out.end > Int(replacement.count) &+ request.pathLength else { return }
    out.append(text, Int(replacement.offset), Int(replacement.count))
    out.append(path, start &+ count, request.pathLength &- count)
  }

  private static func hasDotSegment(_ out: borrowing Block) -> Bool {
    var at = out.start &+ 1
    while at <= out.end {
      var end = at
      while end < out.end, out.bytes[end] != 0x2f, out.bytes[end] != 0x3f { end &+= 1 }
      var dots = at
      while dots < end, out.bytes[dots] == 0x2e { dots &+= 1 }
      if dots > at, dots &- at <= 2, dots == end || out.bytes[dots] == 0x3b { return true }
      if end < out.end, out.bytes[end] == 0x3f { return false }
      at = end &+ 1
    }
    return false
  }
}
