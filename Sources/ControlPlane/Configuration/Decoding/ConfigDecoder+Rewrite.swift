/// How the path that a backend sees is changed.
extension ConfigDecoder {
  mutating func decodeRewrite(_ node: YamlNode, _ draft: inout RouteDraft) {
    let path = "routes[].rewrite"
    let name = "\(draft.name).rewrite"
    guard let entries = mapping(node, at: path, called: quoted(name)) else { return }
    guard entries.count == 1, let entry = entries.first else {
      if entries.isEmpty, node.hasEntries { return }
      refuse(
        entries.dropFirst().first?.keyPlace ?? node.place,
        "\(quoted(name)) must have one of \"strip_prefix\", \"replace_prefix\" and \"path\"")
      return
    }
    let below = "\(name).\(entry.key)"
    switch entry.key {
    case "strip_prefix":
      guard let prefix = prefix(entry.value, "\(path).strip_prefix", below) else { return }
      draft.route.rewrite = .stripPrefix(prefix)
      if prefix.isEmpty { refuse(entry.value.place, "\(quoted(below)) takes nothing away") }
      checkPrefix(prefix, entry.value, below, draft)
    case "replace_prefix": decodeReplacePrefix(entry.value, below, &draft)
    default:
      guard let template = template(entry.value, "\(path).path", below, &draft) else { return }
      draft.route.rewrite = .template(template)
    }
  }

  private mutating func decodeReplacePrefix(
    _ node: YamlNode, _ name: String, _ draft: inout RouteDraft
  ) {
    let path = "routes[].rewrite.replace_prefix"
    guard let entries = mapping(node, at: path, called: quoted(name)) else { return }
    let from = required("from", entries, of: node.place, called: quoted(name))
    let to = required("to", entries, of: node.place, called: quoted(name))
    guard let from, let to,
      let old = prefix(from, "\(path).from", "\(name).from"),
      let new = prefix(to, "\(path).to", "\(name).to")
    else { return }
    draft.route.rewrite = .replacePrefix(old, with: new)
    if old == new { refuse(to.place, "\(quoted(name)) changes nothing") }
    checkPrefix(old, from, "\(name).from", draft)
  }

  private mutating func prefix(_ node: YamlNode, _ path: String, _ name: String) -> String? {
    guard case .word(let prefix) = scalar(node, OptionTable.row(path), name) else { return nil }
    return prefix
  }

  /// A prefix that a path of the route does not have is a rewrite that does nothing.
  private mutating func checkPrefix(
    _ prefix: String, _ node: YamlNode, _ name: String, _ draft: RouteDraft
  ) {
    let words = prefix.split(separator: "/")
    let other = draft.route.match.paths.first { !$0.mayStart(with: words) }
    guard let other else { return }
    refuse(
      node.place,
      "\(quoted(name)) is not the start of the route's path "
        + quoted(PathPatternText.format(other)))
  }
}

extension Config.PathPattern {
  /// Whether some path that this matches starts with these segments.
  fileprivate func mayStart(with words: [Substring]) -> Bool {
    guard matchesBelow || segments.count >= words.count else { return false }
    return zip(segments, words).allSatisfy { segment, word in
      if case .literal(let text) = segment { text == word } else { true }
    }
  }
}

/// Header edits of requests and responses.
extension ConfigDecoder {
  /// RFC 9110 section 7.6.1 and RFC 9112 section 6: fields of the connection, not of the message.
  private static let framing = [
    "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade",
    "proxy-connection",
  ]

  mutating func decodeEdits(
    _ key: String, _ entries: [YamlNode.Entry], _ draft: inout RouteDraft
  ) -> Config.HeaderEdits {
    var edits = Config.HeaderEdits()
    let path = "routes[].\(key)"
    let name = "\(draft.name).\(key)"
    guard let node = entry(key, entries)?.value,
      let below = mapping(node, at: path, called: quoted(name))
    else { return edits }
    if !node.hasEntries { refuse(node.place, "\(quoted(name)) changes nothing") }
    if let set = entry("set", below) {
      edits.set = values(set.value, "\(path).set.*", "\(name).set", &draft)
    }
    if let add = entry("add", below) {
      edits.add = values(add.value, "\(path).add.*", "\(name).add", &draft)
    }
    if let remove = entry("remove", below) {
      decodeRemove(remove.value, "\(path).remove", "\(name).remove", &edits)
    }
    return edits
  }

  private mutating func values(
    _ node: YamlNode, _ path: String, _ name: String, _ draft: inout RouteDraft
  ) -> [Config.HeaderValue] {
    var values: [Config.HeaderValue] = []
    for entry in anyMapping(node, quoted(name), countMax: 100) ?? [] {
      checkField(entry.key, entry.keyPlace, name)
      if values.contains(where: { $0.name.lowercased() == entry.key.lowercased() }) {
        refuse(entry.keyPlace, "\(quoted(name)) has the field \(quoted(entry.key)) twice")
      }
      let value = template(entry.value, path, "\(name).\(entry.key)", &draft)
      if let value { values.append(Config.HeaderValue(name: entry.key, value: value)) }
    }
    return values
  }

  private mutating func decodeRemove(
    _ node: YamlNode, _ path: String, _ name: String, _ edits: inout Config.HeaderEdits
  ) {
    for (value, item) in scalars(node, OptionTable.row(path), name) {
      guard case .word(let field) = value else { continue }
      checkField(field, item.place, name)
      if edits.set.contains(where: { $0.name.lowercased() == field.lowercased() }) {
        refuse(item.place, "\(quoted(field)) is in \"set\", which removes what is there already")
      }
      if edits.remove.contains(where: { $0.lowercased() == field.lowercased() }) {
        refuse(item.place, "\(quoted(name)) has the field \(quoted(field)) twice")
      }
      edits.remove.append(field)
    }
  }

  private mutating func checkField(_ field: String, _ place: YamlNode.Place, _ name: String) {
    let lower = field.lowercased()
    if !FieldText.isToken(field) {
      refuse(
        place,
        "\(quoted(name)) must have field names such as X-Request-Id, not \(quoted(field))")
    } else if Self.framing.contains(lower) {
      refuse(
        place, "\(quoted(name)) cannot change \(quoted(field)), which frames the message")
    } else if lower == "host", name.contains("request_headers"), !name.hasSuffix(".set") {
      refuse(place, "a request has one \"Host\"; it can be changed by \"set\" only")
    }
  }
}
