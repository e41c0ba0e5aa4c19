/// The record of every value and where it comes from.
extension ConfigDecoder {
  mutating func note(_ path: String, _ value: String, _ node: YamlNode) {
    let file = sources[node.place.source].file
    let position = node.place.position
    let source: ConfigSetting.Source =
      node.variables.isEmpty
      ? .file(file, line: position.line, column: position.column)
      : .environment(
        node.variables, file: file, line: position.line, column: position.column)
    settings.append(ConfigSetting(path: path, value: value, source: source))
  }

  /// Where each route is written, in the order of the config.
  var routeSources: [ConfigSetting.Source] {
    routePlaces.map { place in
      .file(
        sources[place.source].file, line: place.position.line, column: place.position.column)
    }
  }

  /// What is written, and the default of what is not, sorted by the parts of the table.
  func allSettings() -> [ConfigSetting] {
    let written = Set(settings.map(\.path))
    var all = settings
    func add(_ path: String, _ value: String) {
      guard !written.contains(path), !written.contains("\(path)[0]") else { return }
      all.append(ConfigSetting(path: path, value: value, source: .default))
    }
    for row in OptionTable.rows {
      guard let value = row.defaultText else { continue }
      if row.path.hasPrefix("pools.*.") {
        for pool in config.pools { addDefault(row, value, of: pool, add) }
      } else if row.path.hasPrefix("caches.*.") {
        for cache in config.caches { addDefault(row, value, of: cache, add) }
      } else if !row.path.contains(where: { "*[".contains($0) }) {
        add(row.path, value)
      }
    }
    for (index, route) in config.routes.enumerated() {
      switch route.action {
      case .pool: break
      case .redirect(let status, _): add("routes[\(index)].redirect.status", "\(status)")
      case .respond(let response):
        // The short form `respond: 404` is its status.
        if !written.contains("routes[\(index)].respond") {
          add("routes[\(index)].respond.status", "\(response.status)")
        }
        if !response.body.isEmpty {
          add("routes[\(index)].respond.content_type", response.contentType)
        }
      }
    }
    return inTableOrder(all)
  }

  private func addDefault(
    _ row: OptionRow, _ value: String, of pool: Config.Pool, _ add: (String, String) -> Void
  ) {
    guard !row.path.contains("[]") else { return }
    let path = row.path.replacing("*", with: pool.name)
    if row.path == "pools.*.breaker.consecutive_failures" {
      return add(path, pool.breaker.consecutiveFailures.map(String.init) ?? "off")
    }
    guard row.path == "pools.*.strategy" else { return add(path, value) }
    // The mapping that chooses a hash has its own setting.
    if settings.contains(where: { $0.path == "\(path).hash" }) { return }
    add(path, pool.strategy.text)
  }

  private func addDefault(
    _ row: OptionRow, _ value: String, of cache: Config.Cache, _ add: (String, String) -> Void
  ) {
    // The mapping that chooses parameters has settings of its own.
    if row.path == "caches.*.key.query", cache.key.query != .all { return }
    add(row.path.replacing("*", with: cache.name), value)
  }

  /// Stable: what has the same top key stays in the order in which it was decoded.
  private func inTableOrder(_ settings: [ConfigSetting]) -> [ConfigSetting] {
    let keys = OptionTable.children(of: "").map(\.key)
    let rank = Dictionary(uniqueKeysWithValues: zip(keys, 0...))
    let ranked = settings.enumerated().map { index, setting in
      let key = String(setting.path.prefix { $0 != "." && $0 != "[" })
      return (rank: rank[key] ?? keys.count, index: index, setting: setting)
    }
    return ranked.sorted { ($0.rank, $0.index) < ($1.rank, $1.index) }.map(\.setting)
  }
}
