import DataPlane

/// What it costs to find the route among 10, 100, 1,000 and 10,000: nanoseconds for the match alone
/// and from the received head to the route, as a worker does it. The best of many rounds; a
/// thousand routes are asked for in a mixed order, so that most of their rows are not in the first
/// level of the cache.
@main
enum BenchRoutes {
  static func main() throws {
    print("routes   match ns   to 10   head to route ns   to 10")
    var base = (match: 0.0, whole: 0.0)
    for count in [10, 100, 1_000, 10_000] {
      let time = try measure(count)
      if base.match == 0 { base = time }
      let match = "\(pad(time.match, 8))   \(pad(time.match / base.match, 5))"
      let whole = "\(pad(time.whole, 16))   \(pad(time.whole / base.whole, 5))"
      print("\(pad(count, 6))   \(match)   \(whole)")
    }
  }

  private static func measure(_ count: Int) throws -> (match: Double, whole: Double) {
    let handle = SnapshotHandle(Snapshot(draft(count)))
    defer { handle.destroy() }
    let requests = try (0..<1_000).map { try RouteProbe(head: head(($0 &* 7919) % count)) }
    var best = (match: Double.infinity, whole: Double.infinity)
    for _ in 0..<50 {
      let start = Clock.now()
      let found = matches(requests, handle.value)
      let middle = Clock.now()
      let foundAgain = routes(requests, handle.value)
      let end = Clock.now()
      precondition(found == 20_000 && foundAgain == 20_000)
      best.match = min(best.match, Double(middle - start) / 20_000)
      best.whole = min(best.whole, Double(end - middle) / 20_000)
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

  private static func routes(_ requests: [RouteProbe], _ snapshot: borrowing Snapshot) -> Int {
    var found = 0
    for _ in 0..<20 {
      for request in requests where request.readAndDecide(snapshot) != nil { found += 1 }
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
