/// The first reason why a route does not take a request.
package enum RouteMismatch: Equatable, Sendable {
  case host, path, method, clientAddress
  /// The name, in lower case.
  case header(TextReference)
  /// The parameter's name.
  case query(TextReference)
}

/// The same question as `decide` answers, route by route: for people, not for traffic.
extension Router {
  /// Why each route before `end` does not take the request; nil for one that does.
  package static func explain(
    _ snapshot: borrowing Snapshot, _ request: RouteRequest, _ head: inout MessageHead,
    _ bytes: borrowing Bytes, path: borrowing Bytes, before end: Int
  ) -> [RouteMismatch?] {
    var reasons: [RouteMismatch?] = []
    for route in 0..<end {
      reasons.append(mismatch(snapshot, route, request, &head, bytes, path: path))
    }
    return reasons
  }

  package static func mismatch(
    _ snapshot: borrowing Snapshot, _ route: Int, _ request: RouteRequest,
    _ head: inout MessageHead, _ bytes: borrowing Bytes, path: borrowing Bytes
  ) -> RouteMismatch? {
    let row = snapshot.routes[route]
    guard matchesHost(snapshot, row.hosts, request, bytes) else { return .host }
    guard matchesPath(snapshot, row.paths, request, path) else { return .path }
    guard
      let index = RouteConditions.firstFailure(snapshot, route, request, &head, bytes)
    else { return nil }
    let condition = snapshot.routing.conditions[index]
    switch condition.kind {
    case .method: return .method
    case .header: return .header(condition.name)
    case .query: return .query(condition.name)
    case .client: return .clientAddress
    }
  }

  private static func matchesHost(
    _ snapshot: borrowing Snapshot, _ hosts: RowRange, _ request: RouteRequest,
    _ bytes: borrowing Bytes
  ) -> Bool {
    if hosts.count == 0 { return true }
    let length = nameLength(request, bytes)
    for index in hosts.indices {
      let row = snapshot.routing.hosts[index]
      let count = Int(row.text.count)
      guard row.isSuffix ? length > count : length == count else { continue }
      let at = request.host &+ length &- count
      if isEqualLower(snapshot.text.span, row.text, bytes, at) { return true }
    }
    return false
  }

  private static func matchesPath(
    _ snapshot: borrowing Snapshot, _ paths: RowRange, _ request: RouteRequest,
    _ path: borrowing Bytes
  ) -> Bool {
    for index in paths.indices
    where matches(snapshot.routing.paths[index], snapshot, request, path) { return true }
    return false
  }

  /// One pattern, segment by segment.
  private static func matches(
    _ row: PathRow, _ snapshot: borrowing Snapshot, _ request: RouteRequest,
    _ path: borrowing Bytes
  ) -> Bool {
    let end = request.path &+ request.pathLength
    if request.isAsterisk(path) { return row.isBelow && row.segments.count == 0 }
    var at = request.path &+ 1
    for index in row.segments.indices {
      // Nothing is left, or the path ended with a slash: no further segment.
      guard at < end else { return false }
      let segment = snapshot.routing.segments[index]
      let segmentEnd = endOfSegment(path, at, end)
      if segment.kind == .literal {
        guard segmentEnd &- at == Int(segment.text.count),
          SegmentKey.isEqual(
            snapshot.text.span, Int(segment.text.offset), path, at, segmentEnd &- at)
        else { return false }
      } else if segmentEnd == at {
        return false
      }
      at = segmentEnd &+ 1
    }
    if row.isBelow { return true }
    let endsWithSlash = row.endsWithSlash || row.segments.count == 0
    return at == (endsWithSlash ? end : end &+ 1)
  }
}
