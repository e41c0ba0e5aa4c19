/// Strategies, backups and slow start: how a pool chooses among its backends.
extension ConfigDecoder {
  /// `strategy: { hash: ... }`
  mutating func decodeStrategy(
    _ node: YamlNode, _ row: OptionRow, _ name: String, _ pool: inout Config.Pool
  ) {
    guard let entries = mapping(node, at: row.path, called: quoted(name)) else { return }
    guard let entry = entries.first else {
      if !node.hasEntries {
        refuse(node.place, "\(quoted(name)) must be \(row.kind.description), not empty")
      }
      return
    }
    let below = OptionTable.row("\(row.path).\(entry.key)")
    guard case .pool(let store) = below.target,
      let value = scalar(entry.value, below, "\(name).\(entry.key)")
    else { return }
    store(&pool, value)
    if case .hashKey(.capture(let capture)) = value {
      hashCaptures[pool.name] = HashCapture(name: capture, place: entry.value.place)
    }
  }

  /// A pool that hashes a capture, to be held against the routes that lead to it.
  struct HashCapture {
    var name: String
    var place: YamlNode.Place
  }

  mutating func decodeBackup(_ entries: [YamlNode.Entry], _ name: String) -> Bool {
    guard let entry = entry("backup", entries) else { return false }
    let row = OptionTable.row("pools.*.backends[].backup")
    return scalar(entry.value, row, "\(name).backup") == .flag(true)
  }

  mutating func checkBackends(_ pool: Config.Pool, _ node: YamlNode) {
    guard !pool.backends.isEmpty else { return }
    if pool.backends.allSatisfy({ $0.weight == 0 }) {
      warn(node.place, "all weights in pool \(quoted(pool.name)) are 0, so it answers 503")
    } else if pool.backends.allSatisfy(\.isBackup) {
      warn(
        node.place,
        "all backends of pool \(quoted(pool.name)) are backups, so they serve as if none were")
    }
    if pool.strategy.hashes, pool.slowStart != nil {
      warn(
        poolPlaces[pool.name] ?? node.place,
        "\"slow_start\" has no effect in pool \(quoted(pool.name)), which hashes: a key "
          + "goes back to its backend at once")
    }
  }

  /// A route whose path lacks the capture sends its requests round robin.
  mutating func checkHashCaptures() {
    for route in config.routes {
      guard case .pool(let pool) = route.action, let capture = hashCaptures[pool] else { continue }
      let paths = route.match.paths
      let isMissing: (Config.PathPattern) -> Bool = { !$0.captureNames.contains(capture.name) }
      guard paths.isEmpty ? capture.name != "rest" : paths.contains(where: isMissing) else {
        continue
      }
      let path =
        paths.first { isMissing($0) }.map { "the path \(PathPatternText.format($0))" } ?? "no path"
      warn(
        capture.place,
        "route \(quoted(route.name)) leads here with \(path), which has no {\(capture.name)}, so "
          + "these requests of pool \(quoted(pool)) go round robin")
    }
  }
}
