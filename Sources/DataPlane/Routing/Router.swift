/// Which route a request takes: the first, in the order written, whose match holds.
///
/// Pure: bytes and a snapshot in, a decision out. It walks the path trees of the hosts that match
/// and keeps the lowest pattern whose conditions hold: the cost grows with the path's length and
/// the patterns that end in the same place, not with the number of routes. Nothing is allocated.
package enum Router {
  /// - Parameters:
  ///   - bytes: hold the head that `head` describes.
  ///   - path: hold the path in its normal form.
  @inline(__always)
  package static func decide(
    _ snapshot: borrowing Snapshot, _ request: RouteRequest, _ head: inout MessageHead,
    _ bytes: borrowing Bytes, path: borrowing Bytes
  ) -> RouteDecision? {
    if snapshot.index.isTrivial { return RouteDecision(route: 0, path: 0) }
    return search(snapshot, request, &head, bytes, path)
  }

  @inline(never)
  private static func search(
    _ snapshot: borrowing Snapshot, _ request: RouteRequest, _ head: inout MessageHead,
    _ bytes: borrowing Bytes, _ path: borrowing Bytes
  ) -> RouteDecision? {
    var best = RouteDecision(route: 0, path: .max)
    let any = snapshot.index.anyRoot
    if any != RouteNodeRow.none { walk(snapshot, request, &head, bytes, path, from: any, &best) }
    if snapshot.index.hosts.count > 0, request.hostLength > 0 {
      searchHosts(snapshot, request, &head, bytes, path, &best)
    }
    return best.path == .max ? nil : best
  }

  // MARK: Hosts

  /// The whole host, then every suffix at a dot that some route may have.
  private static func searchHosts(
    _ snapshot: borrowing Snapshot, _ request: RouteRequest, _ head: inout MessageHead,
    _ bytes: borrowing Bytes, _ path: borrowing Bytes, _ best: inout RouteDecision
  ) {
    let length = nameLength(request, bytes)
    let whole = findHost(snapshot, bytes, request.host, length, isSuffix: false)
    if whole != RouteNodeRow.none {
      walk(snapshot, request, &head, bytes, path, from: whole, &best)
    }
    let longest = snapshot.index.longestSuffix
    guard longest > 0 else { return }
    let end = request.host &+ length
    var at = max(request.host &+ 1, end &- longest)
    while at < end {
      if bytes[at] == 0x2e {
        let root = findHost(snapshot, bytes, at, end &- at, isSuffix: true)
        if root != RouteNodeRow.none {
          walk(snapshot, request, &head, bytes, path, from: root, &best)
        }
      }
      at &+= 1
    }
  }

  /// `example.com.` is the same host as `example.com`.
  @inline(__always)
  static func nameLength(_ request: RouteRequest, _ bytes: borrowing Bytes) -> Int {
    let length = request.hostLength
    return length > 1 && bytes[request.host &+ length &- 1] == 0x2e ? length &- 1 : length
  }

  @inline(__always)
  private static func findHost(
    _ snapshot: borrowing Snapshot, _ bytes: borrowing Bytes, _ at: Int, _ count: Int,
    isSuffix: Bool
  ) -> UInt32 {
    let hash = HostKey.hash(bytes, at, count)
    let mask = snapshot.index.hosts.count &- 1
    var slot = Int(hash) & mask
    while true {
      let row = snapshot.index.hosts[slot]
      if row.root == RouteNodeRow.none { return row.root }
      if row.hash == hash, row.isSuffix == isSuffix, Int(row.text.count) == count,
        HostKey.isEqual(snapshot.text.span, row.text, bytes, at)
      {
        return row.root
      }
      slot = (slot &+ 1) & mask
    }
  }

  static func isEqualLower(
    _ text: borrowing Bytes, _ reference: TextReference, _ other: borrowing Bytes, _ at: Int
  ) -> Bool {
    for index in 0..<Int(reference.count)
    where text[Int(reference.offset) &+ index] != HostKey.lower(other[at &+ index]) {
      return false
    }
    return true
  }

  // MARK: Paths

  private static func walk(
    _ snapshot: borrowing Snapshot, _ request: RouteRequest, _ head: inout MessageHead,
    _ bytes: borrowing Bytes, _ path: borrowing Bytes, from root: UInt32,
    _ best: inout RouteDecision
  ) {
    let start = request.path
    if request.isAsterisk(path) {
      let row = snapshot.index.nodes[Int(root)]
      return consider(snapshot, request, &head, bytes, row.below, &best)
    }
    descend(snapshot, request, &head, bytes, path, root, start &+ 1, &best)
  }

  /// - Parameter from: the first byte of the next segment: the path's end when a slash was its last
  ///   byte, one more when there was none.
  private static func descend(
    _ snapshot: borrowing Snapshot, _ request: RouteRequest, _ head: inout MessageHead,
    _ bytes: borrowing Bytes, _ path: borrowing Bytes, _ from: UInt32, _ first: Int,
    _ best: inout RouteDecision
  ) {
    let end = request.path &+ request.pathLength
    var node = from
    var at = first
    while true {
      let row = snapshot.index.nodes[Int(node)]
      if row.lowest >= best.path { return }
      if row.below.count > 0 {
        consider(snapshot, request, &head, bytes, row.below, &best)
        if row.lowest >= best.path { return }
      }
      if at >= end {
        let list = at > end ? row.exact : row.slash
        return consider(snapshot, request, &head, bytes, list, &best)
      }
      let segmentEnd = endOfSegment(path, at, end)
      let next = segmentEnd &+ 1
      var child = RouteNodeRow.none
      if row.hasEdges {
        child = findEdge(snapshot, node, path, at, segmentEnd &- at)
      } else if row.onlyChild != RouteNodeRow.none,
        isOnly(row, snapshot, path, at, segmentEnd &- at)
      {
        child = row.onlyChild
      }
      if row.anyChild != RouteNodeRow.none, segmentEnd > at {
        if child != RouteNodeRow.none {
          descend(snapshot, request, &head, bytes, path, row.anyChild, next, &best)
        } else {
          child = row.anyChild
        }
      }
      if child == RouteNodeRow.none { return }
      node = child
      at = next
    }
  }

  @inline(__always)
  static func endOfSegment(_ path: borrowing Bytes, _ from: Int, _ end: Int) -> Int {
    var index = from
    while index < end {
      let slashes = laneBits(load16(path, index) .== Lanes(repeating: 0x2f))
      if slashes != 0 { return min(index &+ slashes.trailingZeroBitCount, end) }
      index &+= 16
    }
    return end
  }

  @inline(__always)
  private static func isOnly(
    _ row: RouteNodeRow, _ snapshot: borrowing Snapshot, _ path: borrowing Bytes, _ at: Int,
    _ count: Int
  ) -> Bool {
    Int(row.onlyText.count) == count && row.onlyHead == SegmentKey.word(path, at, count)
      && (count <= 8
        || SegmentKey.isEqual(
          snapshot.text.span, Int(row.onlyText.offset) &+ 8, path, at &+ 8, count &- 8))
  }

  @inline(__always)
  private static func findEdge(
    _ snapshot: borrowing Snapshot, _ node: UInt32, _ path: borrowing Bytes, _ at: Int,
    _ count: Int
  ) -> UInt32 {
    let key = SegmentKey(path, at, count, parent: node)
    let mask = snapshot.index.edges.count &- 1
    var slot = Int(key.hash) & mask
    while true {
      let row = snapshot.index.edges[slot]
      if row.child == RouteNodeRow.none { return row.child }
      if row.parent == node, row.head == key.head, Int(row.text.count) == count,
        count <= 8
          || SegmentKey.isEqual(
            snapshot.text.span, Int(row.text.offset) &+ 8, path, at &+ 8, count &- 8)
      {
        return row.child
      }
      slot = (slot &+ 1) & mask
    }
  }

  /// The first of the list, if it comes before the best so far and its conditions hold.
  @inline(__always)
  private static func consider(
    _ snapshot: borrowing Snapshot, _ request: RouteRequest, _ head: inout MessageHead,
    _ bytes: borrowing Bytes, _ list: RowRange, _ best: inout RouteDecision
  ) {
    for index in list.indices {
      let candidate = snapshot.index.candidates[index]
      if candidate.path >= best.path { return }
      if candidate.hasConditions,
        RouteConditions.firstFailure(snapshot, Int(candidate.route), request, &head, bytes) != nil
      {
        continue
      }
      best = RouteDecision(route: candidate.route, path: candidate.path)
      return
    }
  }
}
