import DataPlane

/// What it costs to find the route among 10, 100, 1,000 and 10,000: nanoseconds for a match, the
/// best of several rounds; every route is asked for, in a mixed order.
@main
enum BenchRoutes {
  static func main() throws {
    print("routes   ns/match   to 10 routes")
    var base = 0.0
    for count in [10, 100, 1_000, 10_000] {
      let time = try measure(count)
      if base == 0 { base = time }
      print("\(pad(count, 6))   \(pad(time, 8))   \(pad(time / base, 12))")
    }
  }

  private static func measure(_ count: Int) throws -> Double {
    let handle = SnapshotHandle(Snapshot(draft(count)))
    defer { handle.destroy() }
    let requests = try (0..<1_000).map { try RouteProbe(head: head(($0 &* 7919) % count)) }
    var best = Double.infinity
    for _ in 0..<50 {
      let start = Clock.now()
      let found = matches(requests, handle.value)
      best = min(best, Double(Clock.now() - start) / Double(found))
      precondition(found == 20_000)
    }
    return best
  }

  private static func matches(_ requests: [RouteProbe], _ snapshot: borrowing Snapshot) -> Int {
    var found = 0
    for _ in 0..<20 {
      for request in requests where request.decide(snapshot) != nil { found += 1 }
    }
    return found
  }

  /// Routes of the usual kinds: a third by path, two thirds in pairs by host and path.
  private static func draft(_ count: Int) -> SnapshotDraft {
    var draft = SnapshotDraft()
    for number in 0..<count {
      var row = RouteRow(name: draft.intern("route-\(number)".utf8), counters: 0)
      let first = draft.routing.segments.count
      var segments: [(SegmentRow.Kind, String)] = [(.literal, "service-\(number)")]
      if number % 3 > 0 {
        row.hosts = RowRange(first: draft.routing.hosts.count, count: 1)
        draft.routing.hosts.append(
          HostRow(text: draft.intern("app-\(number / 3).example.com".utf8), isSuffix: false))
        segments = [(.literal, "api"), (.capture, "id"), (.literal, "orders-\(number % 3)")]
      }
      for (kind, text) in segments {
        draft.routing.segments.append(SegmentRow(kind: kind, text: draft.intern(text.utf8)))
      }
      row.paths = RowRange(first: draft.routing.paths.count, count: 1)
      draft.routing.paths.append(
        PathRow(
          route: number, segments: RowRange(first: first, count: segments.count), isBelow: true,
          endsWithSlash: false))
      draft.routes.append(row)
    }
    return draft
  }

  private static func head(_ number: Int) -> [UInt8] {
    let target =
      number % 3 > 0 ? "/api/12345/orders-\(number % 3)/x" : "/service-\(number)/index.html"
    let host = "app-\(number / 3).example.com"
    return Array("GET \(target) HTTP/1.1\r\nHost: \(host)\r\nUser-Agent: bench\r\n\r\n".utf8)
  }

  private static func pad(_ value: some CustomStringConvertible, _ width: Int) -> String {
    let text = value.description.prefix(width)
    return String(repeating: " ", count: width - text.count) + text
  }
}
