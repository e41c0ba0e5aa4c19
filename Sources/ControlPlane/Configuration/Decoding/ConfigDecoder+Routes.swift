extension ConfigDecoder {
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
    var route = Config.Route(name: "", action: .pool(""))
    if let written = entry("name", entries)?.value, let word = word(written, "name", name) {
      if let other = names[word] {
        refuse(
          written.place,
          "two routes are named \(quoted(word)); the other is in line \(other.position.line)")
      }
      names[word] = written.place
      route.name = word
    }
    if let match = entry("match", entries)?.value { decodeMatch(match, "\(name).match", &route) }
    if let to = required("to", entries, of: node.place, called: quoted(name)),
      let pool = word(to, "to", name)
    {
      route.action = .pool(pool)
      poolReferences.append(PoolReference(pool: pool, place: to.place))
    }
    config.routes.append(route)
    routePlaces.append(node.place)
  }

  private mutating func word(_ node: YamlNode, _ key: String, _ name: String) -> String? {
    guard case .word(let word) = scalar(node, OptionTable.row("routes[].\(key)"), "\(name).\(key)")
    else { return nil }
    return word
  }

  private mutating func decodeMatch(
    _ node: YamlNode, _ name: String, _ route: inout Config.Route
  ) {
    guard let entries = mapping(node, at: "routes[].match", called: quoted(name)) else { return }
    for entry in entries {
      let row = OptionTable.row("routes[].match.\(entry.key)")
      switch scalar(entry.value, row, "\(name).\(entry.key)") {
      case .host(let host): route.match.hosts = [host]
      case .path(let path):
        route.match.paths = [path]
        checkSlashes(path, entry.value.place, "\(name).\(entry.key)")
      default: break
      }
    }
  }

  private mutating func checkSlashes(
    _ path: Config.PathPattern, _ place: YamlNode.Place, _ name: String
  ) {
    guard config.mergeSlashes, PathPatternText.hasEmptySegment(path) else { return }
    refuse(place, "\(quoted(name)) has \"//\" in it, but \"merge_slashes\" makes them one")
  }

  private mutating func nameRoutes(taken: Set<String>) {
    var taken = taken
    var next: [String: Int] = [:]
    for index in config.routes.indices where config.routes[index].name.isEmpty {
      guard case .pool(let pool) = config.routes[index].action else { continue }
      var name = pool
      var number = next[pool] ?? 2
      while taken.contains(name) {
        name = "\(pool)-\(number)"
        number += 1
      }
      next[pool] = number
      taken.insert(name)
      config.routes[index].name = name
    }
  }
}
