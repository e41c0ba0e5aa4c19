import DataPlane

/// Turns the config's routes into rows: what they match, what they do.
struct RouteTablesBuilder {
  let config: Config
  let registry: Registry
  let poolIndices: [String: Int]
  let cacheIndices: [String: Int]

  func add(_ route: Config.Route, to draft: inout SnapshotDraft) {
    var row = RouteRow(
      name: draft.intern(route.name.utf8), counters: registry.route(route.name))
    let number = draft.routes.count
    row.hosts = hosts(route.match.hosts, &draft)
    row.paths = paths(route.match.paths, number, &draft)
    row.conditions = conditions(route.match, &draft)
    if row.conditions.count > 0 { row.flags.insert(.hasConditions) }
    var detail = RouteDetailRow(empty: draft.intern([]))
    switch route.action {
    case .pool(let name):
      // The loader has refused unknown names.
      guard let pool = poolIndices[name] else { return }
      row.pool = UInt32(pool)
      if draft.pools[pool].sticky.isOn { row.flags.insert(.isSticky) }
      if let cache = route.cache.flatMap({ cacheIndices[$0] }) {
        row.cache = UInt32(cache)
        row.flags.insert(.isCached)
      }
    case .redirect(let status, let target):
      row.action = .redirect
      detail.status = UInt16(status)
      detail.template = template(target, .location, &draft)
    case .respond(let response):
      row.action = .respond
      detail.status = UInt16(response.status)
      detail.body = draft.intern(response.body)
      detail.contentType = draft.intern(clean(response.contentType, .field))
    }
    addRewrite(route.rewrite, &row, &detail, &draft)
    addEdits(route, &row, &detail, &draft)
    addTimeouts(route.timeouts, &row, &detail)
    addRates(route.limits.rates, &row, &detail, &draft)
    if route.compresses, row.action == .pool { row.flags.insert(.compresses) }
    if route.requiresClientCertificate { row.flags.insert(.needsClientCertificate) }
    if let hsts = route.hsts {
      row.flags.insert(.hasHSTS)
      detail.hsts = draft.intern(hsts.fieldValue.utf8)
    }
    let withoutDetail: RouteFlags = [
      .hasConditions, .isSticky, .isCached, .compresses, .needsClientCertificate,
    ]
    let isPlain = row.flags.subtracting(withoutDetail).isEmpty && row.action == .pool
    if !isPlain {
      row.detail = UInt32(draft.routing.details.count)
      draft.routing.details.append(detail)
    }
    draft.routes.append(row)
  }

  // MARK: Match

  private func hosts(_ hosts: [Config.HostPattern], _ draft: inout SnapshotDraft) -> RowRange {
    let first = draft.routing.hosts.count
    for host in hosts {
      switch host {
      case .exact(let name):
        draft.routing.hosts.append(HostRow(text: draft.intern(name.utf8), isSuffix: false))
      case .suffix(let name):
        draft.routing.hosts.append(HostRow(text: draft.intern(name.utf8), isSuffix: true))
      }
    }
    return RowRange(first: first, count: hosts.count)
  }

  /// A route without a path has the pattern `/**`.
  private func paths(
    _ paths: [Config.PathPattern], _ route: Int, _ draft: inout SnapshotDraft
  ) -> RowRange {
    let all = paths.isEmpty ? [Config.PathPattern(segments: [], matchesBelow: true)] : paths
    let first = draft.routing.paths.count
    for path in all {
      let segments = draft.routing.segments.count
      for segment in path.segments {
        switch segment {
        case .literal(let text):
          draft.routing.segments.append(
            SegmentRow(kind: .literal, text: draft.intern(text.utf8)))
        case .any:
          draft.routing.segments.append(SegmentRow(kind: .any, text: draft.intern([])))
        case .capture(let name):
          draft.routing.segments.append(
            SegmentRow(kind: .capture, text: draft.intern(name.utf8)))
        }
      }
      draft.routing.paths.append(
        PathRow(
          route: route, segments: RowRange(first: segments, count: path.segments.count),
          isBelow: path.matchesBelow, endsWithSlash: path.endsWithSlash))
    }
    return RowRange(first: first, count: all.count)
  }

  private func conditions(_ match: Config.Match, _ draft: inout SnapshotDraft) -> RowRange {
    let first = draft.routing.conditions.count
    if !match.methods.isEmpty {
      let methods = Config.Condition(name: "", test: .isOneOf(match.methods))
      draft.routing.conditions.append(condition(methods, .method, &draft))
    }
    for header in match.headers {
      let lower = Config.Condition(name: header.name.lowercased(), test: header.test)
      draft.routing.conditions.append(condition(lower, .header, &draft))
    }
    for parameter in match.query {
      draft.routing.conditions.append(condition(parameter, .query, &draft))
    }
    if !match.clientAddresses.isEmpty {
      let ranges = draft.routing.ranges.count
      draft.routing.ranges += match.clientAddresses.map {
        AddressRangeRow(bytes: $0.bytes, prefixLength: $0.prefixLength)
      }
      draft.routing.conditions.append(
        ConditionRow(
          kind: .client, test: .isOneOf, name: draft.intern([]),
          values: RowRange(first: ranges, count: match.clientAddresses.count)))
    }
    return RowRange(first: first, count: draft.routing.conditions.count - first)
  }

  private func condition(
    _ condition: Config.Condition, _ kind: ConditionRow.Kind, _ draft: inout SnapshotDraft
  ) -> ConditionRow {
    var test = ConditionRow.Test.present
    var values: [String] = []
    switch condition.test {
    case .present: break
    case .absent: test = .absent
    case .isOneOf(let wanted): (test, values) = (.isOneOf, wanted)
    case .hasPrefix(let prefix): (test, values) = (.hasPrefix, [prefix])
    case .contains(let part): (test, values) = (.contains, [part])
    }
    let first = draft.routing.values.count
    for value in values { draft.routing.values.append(draft.intern(value.utf8)) }
    return ConditionRow(
      kind: kind, test: test, name: draft.intern(condition.name.utf8),
      values: RowRange(first: first, count: values.count))
  }

  // MARK: What it does

  private func addTimeouts(
    _ timeouts: Config.RouteTimeouts, _ row: inout RouteRow, _ detail: inout RouteDetailRow
  ) {
    guard timeouts != Config.RouteTimeouts() else { return }
    row.flags.insert(.hasTimeouts)
    func value(_ choice: Config.RouteTimeouts.Choice, _ global: Duration?) -> Instant {
      switch choice {
      case .inherit: return global.nanosecondsOrNever
      case .off: return .max
      case .after(let duration): return duration.nanoseconds
      }
    }
    detail.timeouts.request = value(timeouts.request, config.timeouts.request)
    detail.timeouts.connect = value(timeouts.connect, config.timeouts.connect)
    detail.timeouts.firstByte = value(timeouts.firstByte, config.timeouts.firstByte)
    detail.timeouts.responseIdle = value(timeouts.responseIdle, config.timeouts.responseIdle)
    detail.timeouts.singleTry = value(timeouts.singleTry, config.timeouts.singleTry)
  }

  private func addRewrite(
    _ rewrite: Config.Rewrite?, _ row: inout RouteRow, _ detail: inout RouteDetailRow,
    _ draft: inout SnapshotDraft
  ) {
    guard let rewrite, row.action == .pool else { return }
    row.flags.insert(.rewrites)
    switch rewrite {
    case .stripPrefix(let prefix): addPrefix(prefix, "", &detail, &draft)
    case .replacePrefix(let prefix, let other): addPrefix(prefix, other, &detail, &draft)
    case .template(let target):
      detail.rewrite = .template
      detail.template = template(target, .path, &draft)
    }
  }

  private func addPrefix(
    _ prefix: String, _ other: String, _ detail: inout RouteDetailRow,
    _ draft: inout SnapshotDraft
  ) {
    func withoutSlash(_ text: String) -> [UInt8] {
      var bytes = clean(text, .path)
      while bytes.last == 0x2f { bytes.removeLast() }
      return bytes
    }
    detail.rewrite = .prefix
    detail.prefix = draft.intern(withoutSlash(prefix))
    detail.replacement = draft.intern(withoutSlash(other))
  }

  private func addEdits(
    _ route: Config.Route, _ row: inout RouteRow, _ detail: inout RouteDetailRow,
    _ draft: inout SnapshotDraft
  ) {
    if !route.requestHeaders.isEmpty, row.action == .pool {
      row.flags.insert(.editsRequest)
      detail.requestEdits = edits(route.requestHeaders, &draft)
    }
    var secure = route.responseHeaders
    if let hsts = route.hsts {
      // First, so that the route's own edits have the last word.
      secure.set.insert(
        Config.HeaderValue(
          name: "Strict-Transport-Security", value: Config.Template([.text(hsts.fieldValue)])),
        at: 0)
    }
    guard !secure.isEmpty else { return }
    row.flags.insert(.editsResponse)
    detail.responseEdits = edits(route.responseHeaders, &draft)
    detail.secureResponseEdits =
      route.hsts == nil ? detail.responseEdits : edits(secure, &draft)
  }

  private static let framing: Set<String> = [
    "connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
  ]

  private func edits(_ edits: Config.HeaderEdits, _ draft: inout SnapshotDraft) -> RowRange {
    let first = draft.routing.edits.count
    func add(_ kind: EditRow.Kind, _ name: String, _ value: RowRange) {
      draft.routing.edits.append(
        EditRow(kind: kind, name: draft.intern(name.utf8), value: value))
    }
    // The loader refuses these names; a message is never framed by an edit, whoever made it.
    func isAllowed(_ name: String) -> Bool { !Self.framing.contains(name.lowercased()) }
    for name in edits.remove where isAllowed(name) { add(.remove, name, .none) }
    for field in edits.set where isAllowed(field.name) {
      add(.set, field.name, template(field.value, .field, &draft))
    }
    for field in edits.add where isAllowed(field.name) {
      add(.add, field.name, template(field.value, .field, &draft))
    }
    return RowRange(first: first, count: draft.routing.edits.count - first)
  }

  // MARK: Templates

  /// Where a template's text goes, which decides what may be in it.
  private enum Place { case field, location, path }

  private func template(
    _ template: Config.Template, _ place: Place, _ draft: inout SnapshotDraft
  ) -> RowRange {
    let first = draft.routing.parts.count
    for part in template.parts {
      let (kind, text): (TemplatePartRow.Kind, [UInt8])
      switch part {
      case .text(let literal): (kind, text) = (.text, clean(literal, place))
      case .variable(let variable): (kind, text) = variableRow(variable)
      }
      draft.routing.parts.append(TemplatePartRow(kind: kind, text: draft.intern(text)))
    }
    return RowRange(first: first, count: template.parts.count)
  }

  private func variableRow(
    _ variable: Config.Variable
  ) -> (TemplatePartRow.Kind, [UInt8]) {
    switch variable {
    case .clientAddress: return (.clientAddress, [])
    case .requestID: return (.requestID, [])
    case .host: return (.host, [])
    case .method: return (.method, [])
    case .path: return (.path, [])
    case .query: return (.query, [])
    case .scheme: return (.scheme, [])
    case .target: return (.target, [])
    case .remainingMilliseconds: return (.remainingMilliseconds, [])
    case .capture(let name): return (.capture, Array(name.utf8))
    case .header(let name): return (.header, Array(name.lowercased().utf8))
    }
  }

  /// No control bytes in a field; elsewhere what a URI does not allow is percent-encoded.
  private func clean(_ text: String, _ place: Place) -> [UInt8] {
    if place == .field { return text.utf8.filter { $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 } }
    return TemplateWriter.addressText(Array(text.utf8), keepsFragment: place == .location)
  }
}
