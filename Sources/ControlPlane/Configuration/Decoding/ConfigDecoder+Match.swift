/// What a route matches.
extension ConfigDecoder {
  mutating func decodeMatch(_ node: YamlNode, _ draft: inout RouteDraft) {
    let name = "\(draft.name).match"
    guard let entries = mapping(node, at: "routes[].match", called: quoted(name)) else { return }
    for entry in entries {
      let row = OptionTable.row("routes[].match.\(entry.key)")
      let name = "\(name).\(entry.key)"
      switch entry.key {
      case "headers": draft.route.match.headers = headerConditions(entry.value, name)
      case "query": draft.route.match.query = queryConditions(entry.value, name)
      default:
        var seen: Set<String> = []
        for (value, item) in scalars(entry.value, row, name) {
          if !seen.insert("\(value)").inserted {
            refuse(item.place, "\(quoted(name)) has \(item.found) twice")
          }
          add(value, item, name, to: &draft.route.match)
        }
      }
    }
  }

  private mutating func add(
    _ value: OptionValue, _ node: YamlNode, _ name: String, to match: inout Config.Match
  ) {
    switch value {
    case .host(let host): match.hosts.append(host)
    case .path(let path):
      match.paths.append(path)
      if config.mergeSlashes, PathPatternText.hasEmptySegment(path) {
        refuse(
          node.place, "\(quoted(name)) has \"//\" in it, but \"merge_slashes\" makes them one")
      }
    case .word(let method): match.methods.append(method)
    case .addressRange(let range): match.clientAddresses.append(range)
    default: return
    }
  }

  private mutating func headerConditions(_ node: YamlNode, _ name: String) -> [Config.Condition] {
    var conditions: [Config.Condition] = []
    for entry in anyMapping(node, quoted(name), countMax: 100) ?? [] {
      let field = entry.key.lowercased()
      if !FieldText.isToken(entry.key) {
        refuse(
          entry.keyPlace,
          "a key of \(quoted(name)) must be a field name such as X-Canary, not "
            + quoted(entry.key))
      } else if field == "host" {
        refuse(entry.keyPlace, "the host is matched by \"match.host\", not as a header")
      } else if conditions.contains(where: { $0.name == field }) {
        refuse(entry.keyPlace, "\(quoted(name)) has the field \(quoted(entry.key)) twice")
      }
      let test = test(entry.value, "routes[].match.headers.*", "\(name).\(entry.key)")
      if let test { conditions.append(Config.Condition(name: field, test: test)) }
    }
    return conditions
  }

  private mutating func queryConditions(_ node: YamlNode, _ name: String) -> [Config.Condition] {
    var conditions: [Config.Condition] = []
    for entry in anyMapping(node, quoted(name), countMax: 100) ?? [] {
      if !(1...256).contains(entry.key.utf8.count) {
        refuse(
          entry.keyPlace,
          "a key of \(quoted(name)) must be a parameter's name of 1 to 256 bytes, not "
            + quoted(entry.key))
      }
      let test = test(entry.value, "routes[].match.query.*", "\(name).\(entry.key)")
      if let test { conditions.append(Config.Condition(name: entry.key, test: test)) }
    }
    return conditions
  }

  /// `path` is the row of the condition.
  private mutating func test(
    _ node: YamlNode, _ path: String, _ name: String
  ) -> Config.Condition.Test? {
    switch node.content {
    case .mapping: return partTest(node, path, name)
    case .list(let items):
      guard 1...100 ~= items.count else {
        refuse(node.place, "\(quoted(name)) must have 1 to 100 values, not \(items.count)")
        return nil
      }
      let values = items.enumerated().map { index, item in
        conditionValue(item, "\(name)[\(index)]")
      }
      return .isOneOf(values.compactMap { $0 })
    case .scalar("present", _), .scalar("absent", _):
      note(name, node.found.filter { $0 != "\"" }, node)
      return node.found == quoted("present") ? .present : .absent
    case .scalar: return conditionValue(node, name).map { .isOneOf([$0]) }
    }
  }

  private mutating func conditionValue(_ node: YamlNode, _ name: String) -> String? {
    guard case .word(let text) = scalar(node, .text(0...1024), name) else { return nil }
    do {
      try FieldText.checkValue(text)
      return text
    } catch {
      refuse(node.place, "\(quoted(name)) \(error.message)")
      return nil
    }
  }

  private mutating func partTest(
    _ node: YamlNode, _ path: String, _ name: String
  ) -> Config.Condition.Test? {
    guard let entries = mapping(node, at: path, called: quoted(name)) else { return nil }
    guard entries.count == 1, let entry = entries.first else {
      if !(entries.isEmpty && node.hasEntries) {
        refuse(node.place, "\(quoted(name)) must have one of \"prefix\" and \"contains\"")
      }
      return nil
    }
    let row = OptionTable.row("\(path).\(entry.key)")
    guard case .word(let text) = scalar(entry.value, row, "\(name).\(entry.key)") else {
      return nil
    }
    return entry.key == "prefix" ? .hasPrefix(text) : .contains(text)
  }
}
