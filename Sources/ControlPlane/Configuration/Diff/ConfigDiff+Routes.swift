/// Routes: found again by name, or by what they say when only the name differs.
extension ConfigDiff {
  /// One of the new routes, and which of the old ones it is.
  private struct Pair {
    let new: Int
    let old: Int
  }

  mutating func addRoutes(_ old: Config, _ new: Config) {
    let pairs = Self.pairs(old.routes, new.routes)
    let oldOfNew = Dictionary(uniqueKeysWithValues: pairs.map { ($0.new, $0.old) })
    let keptOld = Set(pairs.map(\.old))
    let moved = Self.moved(pairs)
    var untouched = 0
    for (index, route) in new.routes.enumerated() {
      guard let former = oldOfNew[index].map({ old.routes[$0] }) else {
        add(.changes, .routes, added(route, index, new.routes))
        continue
      }
      var isUntouched = true
      if former.name != route.name {
        isUntouched = false
        add(
          .changes, .routes,
          "route \(quoted(former.name)) is now called \(quoted(route.name)); its counters go by "
            + "the new name")
      }
      let changes = Self.changes(from: former, to: route)
      if !changes.isEmpty {
        isUntouched = false
        let text = changes.joined(separator: "; ")
        add(.changes, .routes, "route \(quoted(route.name)): \(text)")
      }
      if moved.contains(index) {
        isUntouched = false
        add(.changes, .routes, "route \(quoted(route.name)) moves: \(place(index, new.routes))")
      }
      if isUntouched { untouched += 1 }
    }
    for (index, route) in old.routes.enumerated() where !keptOld.contains(index) {
      add(
        .drains, .routes,
        "route \(quoted(route.name)) is removed (\(Self.summary(route))); requests under way end "
          + "as they began")
    }
    if untouched > 0 {
      add(.keeps, .routes, "\(ConfigWords.count(untouched, "route")) as they are, with counters")
    }
  }

  private func added(_ route: Config.Route, _ index: Int, _ all: [Config.Route]) -> String {
    "route \(quoted(route.name)) is added, \(place(index, all)): \(Self.summary(route))"
  }

  private func place(_ index: Int, _ all: [Config.Route]) -> String {
    if index == 0 { return "tried first" }
    return "tried \(ConfigWords.ordinal(index + 1)), after \(quoted(all[index - 1].name))"
  }

  // MARK: Which is which

  private static func pairs(_ old: [Config.Route], _ new: [Config.Route]) -> [Pair] {
    var pairs: [Pair] = []
    var freeOld = Set(old.indices)
    var freeNew = Set(new.indices)
    func pair(_ newIndex: Int, _ oldIndex: Int) {
      pairs.append(Pair(new: newIndex, old: oldIndex))
      freeOld.remove(oldIndex)
      freeNew.remove(newIndex)
    }
    let names = Dictionary(old.enumerated().map { ($0.element.name, $0.offset) }) { a, _ in a }
    for (index, route) in new.enumerated() {
      if let former = names[route.name], old[former] == route { pair(index, former) }
    }
    // A route that is put in front of others with made-up names shifts theirs.
    var byText = Dictionary(grouping: freeOld.sorted()) { key(old[$0]) }
    for index in freeNew.sorted() {
      let text = key(new[index])
      guard var candidates = byText[text],
        let at = candidates.firstIndex(where: { isSame(old[$0], new[index]) })
      else { continue }
      pair(index, candidates.remove(at: at))
      byText[text] = candidates
    }
    for index in freeNew.sorted() {
      if let former = names[new[index].name], freeOld.contains(former) { pair(index, former) }
    }
    return pairs.sorted { $0.new < $1.new }
  }

  private static func key(_ route: Config.Route) -> String {
    aspects(route).map { "\($0.name)\u{0}\($0.text)" }.joined(separator: "\u{0}")
  }

  private static func isSame(_ left: Config.Route, _ right: Config.Route) -> Bool {
    var left = left
    left.name = right.name
    return left == right
  }

  /// The fewest routes that account for the new order: all but a longest run that keeps its order.
  private static func moved(_ pairs: [Pair]) -> Set<Int> {
    // Ends of the best runs of each length, as places in `pairs`.
    var ends: [Int] = []
    var before = [Int?](repeating: nil, count: pairs.count)
    for (index, pair) in pairs.enumerated() {
      var low = 0
      var high = ends.count
      while low < high {
        let middle = (low + high) / 2
        if pairs[ends[middle]].old < pair.old { low = middle + 1 } else { high = middle }
      }
      before[index] = low > 0 ? ends[low - 1] : nil
      if low == ends.count { ends.append(index) } else { ends[low] = index }
    }
    var moved = Set(pairs.map(\.new))
    var at = ends.last
    while let index = at {
      moved.remove(pairs[index].new)
      at = before[index]
    }
    return moved
  }

  // MARK: In words

  /// One thing that a route says; an empty text when it says nothing of it.
  private typealias Aspect = (name: String, text: String)

  private static func aspects(_ route: Config.Route) -> [Aspect] {
    let match = route.match
    func list(_ items: [String]) -> String { items.joined(separator: ", ") }
    return [
      ("host", list(match.hosts.map(ConfigWords.host))),
      ("path", list(match.paths.map(PathPatternText.format))),
      ("method", list(match.methods)),
      ("headers", list(match.headers.map(ConfigWords.condition))),
      ("query", list(match.query.map(ConfigWords.condition))),
      ("client_address", list(match.clientAddresses.map(ConfigWords.range))),
      ("action", ConfigWords.action(route.action)),
      ("rewrite", route.rewrite.map(ConfigWords.rewrite) ?? ""),
      ("request_headers", list(ConfigWords.edits(route.requestHeaders))),
      ("response_headers", list(ConfigWords.edits(route.responseHeaders))),
      ("cache", route.cache.map(quoted) ?? ""),
      ("timeouts.request", ConfigWords.choice(route.timeouts.request) ?? ""),
      ("timeouts.connect", ConfigWords.choice(route.timeouts.connect) ?? ""),
      ("timeouts.first_byte", ConfigWords.choice(route.timeouts.firstByte) ?? ""),
      ("timeouts.response_idle", ConfigWords.choice(route.timeouts.responseIdle) ?? ""),
      ("timeouts.try", ConfigWords.choice(route.timeouts.singleTry) ?? ""),
      ("limits.rate", route.limits.rates.map(ConfigWords.rate).joined(separator: " and ")),
      ("compress", route.compresses ? "on" : ""),
      ("hsts", route.hsts.map(\.fieldValue) ?? ""),
      ("client_certificate", route.requiresClientCertificate ? "required" : ""),
    ]
  }

  private static func changes(from old: Config.Route, to new: Config.Route) -> [String] {
    var changes = zip(aspects(old), aspects(new)).compactMap { before, after -> String? in
      guard before.text != after.text else { return nil }
      if before.text.isEmpty { return "\(after.name) is now \(after.text)" }
      if after.text.isEmpty { return "\(after.name) was \(before.text), is now left out" }
      return "\(after.name) was \(before.text), is now \(after.text)"
    }
    if changes.isEmpty, !isSame(old, new) { changes.append("its answer has another body") }
    return changes
  }

  /// `host example.com, path /api/** -> to pool "api"`.
  static func summary(_ route: Config.Route) -> String {
    let conditions = aspects(route).prefix { $0.name != "action" }.filter { !$0.text.isEmpty }
    let match = conditions.map { "\($0.name) \($0.text)" }.joined(separator: ", ")
    return (match.isEmpty ? "all requests" : match) + " -> " + ConfigWords.action(route.action)
  }
}
