/// What the segments of a matched path pattern stand for, found again when somebody asks: an
/// exchange keeps only the pattern's number.
enum PathCaptures {
  /// A place in the path's bytes.
  struct Place: Equatable {
    var at: Int
    var count: Int
  }

  /// The capture of that name in a path that this pattern matches; nil when it has none.
  static func find(
    _ name: TextReference, _ snapshot: borrowing Snapshot, pattern: UInt32,
    _ request: RouteRequest, _ path: borrowing Bytes
  ) -> Place? {
    let row = snapshot.routing.paths[Int(pattern)]
    let end = request.path &+ request.pathLength
    var at = request.path &+ 1
    for index in row.segments.indices {
      let segment = snapshot.routing.segments[index]
      let segmentEnd = Router.endOfSegment(path, min(at, end), end)
      if segment.kind == .capture, isSame(segment.text, name, snapshot) {
        return Place(at: at, count: max(segmentEnd &- at, 0))
      }
      at = segmentEnd &+ 1
    }
    guard row.isBelow, isRest(name, snapshot) else { return nil }
    let rest = min(at, end)
    return Place(at: rest, count: end &- rest)
  }

  private static func isSame(
    _ left: TextReference, _ right: TextReference, _ snapshot: borrowing Snapshot
  ) -> Bool {
    left.count == right.count
      && SegmentKey.isEqual(
        snapshot.text.span, Int(left.offset), snapshot.text.span, Int(right.offset),
        Int(left.count))
  }

  private static func isRest(_ name: TextReference, _ snapshot: borrowing Snapshot) -> Bool {
    FieldParser.equals(snapshot.text.span, Int(name.offset), Int(name.count), "rest")
  }
}
