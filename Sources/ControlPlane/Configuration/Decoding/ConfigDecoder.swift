/// Walks the YAML nodes and fills a `Config`, noting every problem on the way.
///
/// A value that is refused keeps its default, so that the walk goes on and the rest is checked
/// too; a config with problems is thrown away in the end. Pure but for `readFile`.
struct ConfigDecoder {
  /// The files, by the number that a place has.
  let sources: [SourceText]
  /// Reads a file that the config names, given as an absolute or relative path.
  let readFile: ConfigLoader.ReadFile
  /// Seconds since 1970: what certificates' times are held against.
  let now: Int64
  var config = OptionTable.defaultConfig()
  var problems: [ConfigProblem] = []
  var warnings: [ConfigProblem] = []
  /// What the files set, in the order of decoding.
  var settings: [ConfigSetting] = []

  /// Places that the checks across options point at, in the order of the config's arrays.
  var listenerPlaces: [YamlNode.Place] = []
  var routePlaces: [YamlNode.Place] = []
  var poolReferences: [PoolReference] = []
  var poolPlaces: [String: YamlNode.Place] = [:]
  var cacheReferences: [CacheReference] = []
  var cachePlaces: [String: YamlNode.Place] = [:]
  var hstsPlaces: [YamlNode.Place] = []
  var clientCertificatePlaces: [YamlNode.Place] = []
  /// Some listener has a `tls` with problems of its own.
  var tlsIsBroken = false
  /// By the pool's name.
  var hashCaptures: [String: HashCapture] = [:]

  /// A route's `to`, to be looked up when all pools are known.
  struct PoolReference {
    var pool: String
    var place: YamlNode.Place
  }

  /// A route's `cache`.
  struct CacheReference {
    var cache: String
    var place: YamlNode.Place
  }

  init(sources: [SourceText], now: Int64, readFile: @escaping ConfigLoader.ReadFile) {
    self.sources = sources
    self.readFile = readFile
    self.now = now
  }

  mutating func decode(_ root: YamlNode) {
    guard let entries = mapping(root, at: "", called: "the config file") else { return }
    decodeSettings(entries)
    decodeListeners(entries)
    decodePools(entries)
    decodeCaches(entries)
    decodeRoutes(entries)
    decodeTrustedProxies(entries)
    decodeErrorPages(entries)
    decodeCompressionTypes(entries)
    decodeAdmin(entries)
    checkWhole(entries)
  }

  /// Scalars and plain sections: all that the option table can decode by itself.
  private mutating func decodeSettings(_ entries: [YamlNode.Entry], under parent: String = "") {
    for entry in entries {
      let path = parent.isEmpty ? entry.key : "\(parent).\(entry.key)"
      let row = OptionTable.row(path)
      if case .section = row.kind {
        guard let below = mapping(entry.value, at: path, called: quoted(path)) else { continue }
        decodeSettings(below, under: path)
      } else if case .config(let store) = row.target, let value = scalar(entry.value, row, path) {
        store(&config, value)
      }
    }
  }
}

/// Problems and where they are.
extension ConfigDecoder {
  mutating func refuse(_ place: YamlNode.Place, _ message: @autoclosure () -> String) {
    guard problems.count < ConfigLoader.collectedMax else { return }
    let message = message()
    problems.append(sources[place.source].problem(at: place, message))
  }

  mutating func warn(_ place: YamlNode.Place, _ message: String) {
    guard warnings.count < ConfigLoader.problemsMax else { return }
    var warning = sources[place.source].problem(at: place, message)
    warning.isWarning = true
    warnings.append(warning)
  }

  /// `line 4`, or `line 4 of sites/shop.yaml` when that is another file than the one of `here`.
  func line(of place: YamlNode.Place, seenFrom here: YamlNode.Place) -> String {
    let line = "line \(place.position.line)"
    return place.source == here.source ? line : "\(line) of \(sources[place.source].file)"
  }

  func place(of refusal: Refusal, in node: YamlNode) -> YamlNode.Place {
    node.place(of: refusal.range)
  }
}

/// The building blocks of decoding.
extension ConfigDecoder {
  /// Whether the node is a key without a value, which is reported, or broken, which was.
  mutating func refuseNothing(_ node: YamlNode, _ name: String) -> Bool {
    if node.isBroken { return true }
    guard node.isNothing else { return false }
    refuse(node.place, "\(name) has no value; give it one or leave it out")
    return true
  }

  /// The entries of a mapping with any keys, not more than `countMax`.
  mutating func anyMapping(
    _ node: YamlNode, _ name: String, countMax: Int = .max
  ) -> [YamlNode.Entry]? {
    if refuseNothing(node, name) { return nil }
    guard case .mapping(let entries) = node.content else {
      refuse(node.place, "\(name) must be a mapping (key: value), not \(node.found)")
      return nil
    }
    guard entries.count <= countMax else {
      refuse(node.place, "\(name) must have at most \(countMax) entries, not \(entries.count)")
      return nil
    }
    return entries
  }

  /// The entries with a known key; the others are reported. `path` is the table's, "" at the top.
  mutating func mapping(
    _ node: YamlNode, at path: String, called name: String
  ) -> [YamlNode.Entry]? {
    guard let entries = anyMapping(node, name) else { return nil }
    let known = OptionTable.children(of: path).map(\.key)
    let place = path.isEmpty ? "at the top level" : "in \(name)"
    return entries.filter { entry in
      if known.contains(entry.key) { return true }
      refuse(
        entry.keyPlace,
        "unknown key \(quoted(entry.key)) \(place)"
          + Suggestion.suffix(for: entry.key, among: known))
      return false
    }
  }

  /// A scalar by the rules of its row; `name` is its path in this file, for the message.
  mutating func scalar(_ node: YamlNode, _ row: OptionRow, _ name: String) -> OptionValue? {
    scalar(node, row.kind, name)
  }

  mutating func scalar(_ node: YamlNode, _ kind: OptionKind, _ name: String) -> OptionValue? {
    if refuseNothing(node, quoted(name)) { return nil }
    guard case .scalar(let text, let plain) = node.content else {
      refuse(node.place, "\(quoted(name)) must be \(kind.description), not \(node.found)")
      return nil
    }
    do {
      let value = try kind.decode(text, plain: plain)
      if case .secret = kind { note(name, "(hidden)", node) } else { note(name, text, node) }
      return value
    } catch {
      refuse(place(of: error, in: node), "\(quoted(name)) \(error.message)")
      return nil
    }
  }

  /// One scalar or a list of them, each with its node, by a row of the kind `oneOrMore`.
  mutating func scalars(
    _ node: YamlNode, _ row: OptionRow, _ name: String
  ) -> [(value: OptionValue, node: YamlNode)] {
    guard case .oneOrMore(let kind, let count) = row.kind else { return [] }
    guard case .list(let items) = node.content else {
      return scalar(node, row, name).map { [($0, node)] } ?? []
    }
    guard count.contains(items.count) else {
      let bounds = "\(count.lowerBound) to \(count.upperBound)"
      refuse(node.place, "\(quoted(name)) must have \(bounds) items, not \(items.count)")
      return []
    }
    return items.enumerated().compactMap { index, item in
      scalar(item, kind, "\(name)[\(index)]").map { ($0, item) }
    }
  }

  /// The items of a list of as many as its row allows; `name` is its path in this file.
  mutating func list(_ node: YamlNode, _ row: OptionRow, _ name: String) -> [YamlNode]? {
    guard case .list(_, let count) = row.kind else { return nil }
    if refuseNothing(node, quoted(name)) { return nil }
    guard case .list(let items) = node.content else {
      refuse(node.place, "\(quoted(name)) must be \(row.kind.description), not \(node.found)")
      return nil
    }
    guard count.contains(items.count) else {
      let bounds = "\(count.lowerBound) to \(count.upperBound)"
      refuse(node.place, "\(quoted(name)) must have \(bounds) items, not \(items.count)")
      return nil
    }
    return items
  }

  func entry(_ key: String, _ entries: [YamlNode.Entry]) -> YamlNode.Entry? {
    entries.first { $0.key == key }
  }

  /// The required entry, or a problem at the place of what should have it.
  mutating func required(
    _ key: String, _ entries: [YamlNode.Entry], of place: YamlNode.Place, called name: String
  ) -> YamlNode? {
    if let entry = entry(key, entries) { return entry.value }
    refuse(place, "\(name) needs \(quoted(key))")
    return nil
  }
}
