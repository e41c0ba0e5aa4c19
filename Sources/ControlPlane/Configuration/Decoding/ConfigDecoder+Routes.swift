extension ConfigDecoder {
  /// A route while it is decoded.
  struct RouteDraft {
    var route: Config.Route
    /// Its path in the file, such as `routes[3]`.
    let name: String
    let place: YamlNode.Place
    /// Templates' captures, to be checked when the paths are known.
    var captures: [(use: TemplateText.CaptureUse, node: YamlNode)] = []
  }

  mutating func decodeRoutes(_ entries: [YamlNode.Entry]) {
    guard let node = entry("routes", entries)?.value,
      let items = list(node, OptionTable.row("routes"), "routes")
    else { return }
    var names: [String: YamlNode.Place] = [:]
    for (index, item) in items.enumerated() {
      decodeRoute(item, "routes[\(index)]", &names)
    }
    nameRoutes(taken: Set(names.keys))
  }

  /// `names`: the written ones. A route without one is called "" until all are known.
  private mutating func decodeRoute(
    _ node: YamlNode, _ name: String, _ names: inout [String: YamlNode.Place]
  ) {
    guard let entries = mapping(node, at: "routes[]", called: quoted(name)) else { return }
    var draft = RouteDraft(
      route: Config.Route(name: "", action: .pool("")), name: name, place: node.place)
    decodeName(entries, &draft, &names)
    if let match = entry("match", entries)?.value { decodeMatch(match, &draft) }
    decodeAction(entries, &draft)
    decodeRouteTimeouts(entries, &draft)
    decodeRouteLimits(entries, &draft)
    decodeRouteCache(entries, &draft)
    decodeRouteCompression(entries, &draft)
    decodeRouteTLS(entries, &draft)
    if let rewrite = entry("rewrite", entries)?.value { decodeRewrite(rewrite, &draft) }
    draft.route.requestHeaders = decodeEdits("request_headers", entries, &draft)
    draft.route.responseHeaders = decodeEdits("response_headers", entries, &draft)
    checkCaptures(draft)
    checkRedirectLoop(draft, entries)
    checkOpenRedirect(draft, entries)
    config.routes.append(draft.route)
    routePlaces.append(node.place)
  }

  private mutating func decodeName(
    _ entries: [YamlNode.Entry], _ draft: inout RouteDraft,
    _ names: inout [String: YamlNode.Place]
  ) {
    guard let written = entry("name", entries)?.value,
      case .word(let word) = scalar(
        written, OptionTable.row("routes[].name"), "\(draft.name).name")
    else { return }
    if let other = names[word] {
      let line = line(of: other, seenFrom: written.place)
      refuse(written.place, "two routes are named \(quoted(word)); the other is in \(line)")
    }
    names[word] = written.place
    draft.route.name = word
  }

  private mutating func nameRoutes(taken: Set<String>) {
    var taken = taken
    var next: [String: Int] = [:]
    for index in config.routes.indices where config.routes[index].name.isEmpty {
      let base = baseName(config.routes[index].action)
      var name = base
      var number = next[base] ?? 2
      while taken.contains(name) {
        name = "\(base)-\(number)"
        number += 1
      }
      next[base] = number
      taken.insert(name)
      config.routes[index].name = name
    }
  }

  private func baseName(_ action: Config.Action) -> String {
    switch action {
    case .pool(let pool): pool
    case .redirect: "redirect"
    case .respond: "respond"
    }
  }

  private mutating func decodeRouteTimeouts(
    _ entries: [YamlNode.Entry], _ draft: inout RouteDraft
  ) {
    let short = entry("timeout", entries)
    if let node = entry("timeouts", entries)?.value,
      let below = mapping(node, at: "routes[].timeouts", called: quoted("\(draft.name).timeouts"))
    {
      for entry in below {
        let row = OptionTable.row("routes[].timeouts.\(entry.key)")
        let name = "\(draft.name).timeouts.\(entry.key)"
        if case .timeouts(let store) = row.target, let value = scalar(entry.value, row, name) {
          store(&draft.route.timeouts, value)
        }
      }
      if let short, self.entry("request", below) != nil {
        refuse(short.keyPlace, "write either \"timeout\" or \"timeouts.request\", not both")
      }
    }
    let row = OptionTable.row("routes[].timeouts.request")
    if let short, case .timeouts(let store) = row.target,
      let value = scalar(short.value, row, "\(draft.name).timeout")
    {
      store(&draft.route.timeouts, value)
    }
  }
}

/// Captures: a template may use what every path of its route has.
extension ConfigDecoder {
  mutating func template(
    _ node: YamlNode, _ path: String, _ name: String, _ draft: inout RouteDraft
  ) -> Config.Template? {
    guard case .template(let parsed) = scalar(node, OptionTable.row(path), name) else { return nil }
    draft.captures += parsed.captures.map { ($0, node) }
    return parsed.template
  }

  private mutating func checkCaptures(_ draft: RouteDraft) {
    guard !draft.captures.isEmpty else { return }
    let paths = draft.route.match.paths
    let names = paths.map(\.captureNames)
    let some = names.reduce(into: Set<String>()) { $0.formUnion($1) }
    let all = names.reduce(some) { $0.intersection($1) }
    for (use, node) in draft.captures where !all.contains(use.name) {
      let place = node.place(of: use.range)
      let shown = quoted("{\(use.name)}")
      if !some.contains(use.name) {
        let hint = hint(for: use.name, some)
        refuse(place, "unknown variable \(shown) in \(quoted(draft.name))" + hint)
      } else {
        refuse(
          place,
          "\(shown) is not in every path of \(quoted(draft.name)): not in "
            + quoted(paths.first { !$0.captureNames.contains(use.name) }.shown))
      }
    }
  }

  private func hint(for name: String, _ captures: Set<String>) -> String {
    if name == "rest" { return "; only a path with \"**\" at its end has it" }
    let known = TemplateText.variables.map(\.name) + captures.sorted()
    return Suggestion.variableSuffix(for: name, among: known)
  }
}

extension Config.PathPattern? {
  fileprivate var shown: String { map { PathPatternText.format($0) } ?? "" }
}

extension Config.PathPattern {
  /// The variables that a match gives values to.
  var captureNames: Set<String> {
    var names: Set<String> = matchesBelow ? ["rest"] : []
    for case .capture(let name) in segments { names.insert(name) }
    return names
  }
}
