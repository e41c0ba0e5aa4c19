import DataPlane

/// A route of a test, in the notation of the config file.
struct SampleRoute {
  var hosts: [String] = []
  var paths: [String] = []
  var methods: [String] = []
  var headers: [SampleCondition] = []
  var query: [SampleCondition] = []
  var clients: [(bytes: [UInt8], prefix: Int)] = []
}

/// A condition on a field or a query parameter.
struct SampleCondition {
  var name: String
  var test: ConditionRow.Test
  var values: [String] = []
}

/// Routes as a snapshot, without the control plane.
struct RouteSet {
  private(set) var draft = SnapshotDraft()

  init(_ routes: [SampleRoute]) { for route in routes { add(route) } }

  func snapshot() -> SnapshotHandle { SnapshotHandle(Snapshot(draft)) }

  private mutating func add(_ route: SampleRoute) {
    let number = draft.routes.count
    var row = RouteRow(name: draft.intern("route-\(number)".utf8), counters: 0)
    let hosts = draft.routing.hosts.count
    for host in route.hosts {
      let isSuffix = host.hasPrefix("*.")
      let text = draft.intern(host.dropFirst(isSuffix ? 1 : 0).utf8)
      draft.routing.hosts.append(HostRow(text: text, isSuffix: isSuffix))
    }
    row.hosts = RowRange(first: hosts, count: route.hosts.count)
    let paths = draft.routing.paths.count
    let all = route.paths.isEmpty ? ["/**"] : route.paths
    for path in all { add(path: path, number) }
    row.paths = RowRange(first: paths, count: all.count)
    row.conditions = conditions(route)
    draft.routes.append(row)
  }

  private mutating func add(path: String, _ route: Int) {
    let first = draft.routing.segments.count
    var parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    let isBelow = parts.last == "**"
    let endsWithSlash = parts.last == ""
    if isBelow || endsWithSlash { parts.removeLast() }
    for part in parts {
      var kind = SegmentRow.Kind.literal
      var text = part
      if part == "*" { kind = .any }
      if part.hasPrefix("{") {
        kind = .capture
        text = part.dropFirst().dropLast()
      }
      draft.routing.segments.append(SegmentRow(kind: kind, text: draft.intern(text.utf8)))
    }
    draft.routing.paths.append(
      PathRow(
        route: route, segments: RowRange(first: first, count: parts.count), isBelow: isBelow,
        endsWithSlash: endsWithSlash))
  }

  private mutating func conditions(_ route: SampleRoute) -> RowRange {
    let first = draft.routing.conditions.count
    if !route.methods.isEmpty {
      add(SampleCondition(name: "", test: .isOneOf, values: route.methods), .method)
    }
    for header in route.headers { add(header, .header) }
    for parameter in route.query { add(parameter, .query) }
    if !route.clients.isEmpty {
      let ranges = draft.routing.ranges.count
      draft.routing.ranges += route.clients.map {
        AddressRangeRow(bytes: $0.bytes, prefixLength: $0.prefix)
      }
      draft.routing.conditions.append(
        ConditionRow(
          kind: .client, test: .isOneOf, name: draft.intern([]),
          values: RowRange(first: ranges, count: route.clients.count)))
    }
    return RowRange(first: first, count: draft.routing.conditions.count - first)
  }

  private mutating func add(_ condition: SampleCondition, _ kind: ConditionRow.Kind) {
    let values = draft.routing.values.count
    for value in condition.values { draft.routing.values.append(draft.intern(value.utf8)) }
    draft.routing.conditions.append(
      ConditionRow(
        kind: kind, test: condition.test, name: draft.intern(condition.name.utf8),
        values: RowRange(first: values, count: condition.values.count)))
  }
}

/// A request of a test.
struct SampleRequest: CustomStringConvertible {
  var method = "GET"
  var target = "/"
  var host = "example.com"
  var fields: [(String, String)] = []
  var client = "192.0.2.1"
  var isTrusted = false

  var head: [UInt8] {
    let lines = fields.map { "\($0.0): \($0.1)\r\n" }.joined()
    return Array("\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\n\(lines)\r\n".utf8)
  }

  func probe(mergeSlashes: Bool = true) throws -> RouteProbe {
    try RouteProbe(
      head: head, clientAddress: client, isTrusted: isTrusted, mergeSlashes: mergeSlashes)
  }

  var description: String { "\(method) \(host) \(target) \(fields) from \(client)" }
}
