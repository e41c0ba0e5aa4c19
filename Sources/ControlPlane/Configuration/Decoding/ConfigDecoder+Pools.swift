extension ConfigDecoder {
  private static let poolsMax = 10_000

  mutating func decodePools(_ entries: [YamlNode.Entry]) {
    guard let node = entry("pools", entries)?.value else { return }
    if refuseNothing(node, quoted("pools")) { return }
    guard case .mapping(let pools) = node.content else {
      refuse(node.place, "\"pools\" must be a mapping of names to pools, not \(node.found)")
      return
    }
    guard 1...Self.poolsMax ~= pools.count else {
      refuse(node.place, "\"pools\" must have 1 to \(Self.poolsMax) pools, not \(pools.count)")
      return
    }
    for entry in pools {
      poolPlaces[entry.key] = entry.keyPlace
      do {
        _ = try NameText.parse(entry.key)
      } catch {
        refuse(entry.keyPlace, "a pool's name \(error.message)")
      }
      decodePool(entry)
    }
  }

  private mutating func decodePool(_ entry: YamlNode.Entry) {
    if entry.value.isBroken { return }
    var pool = Config.Pool(name: entry.key, strategy: .roundRobin, backends: [])
    OptionTable.setDefaults(of: &pool)
    let path = "pools.\(entry.key)"
    switch entry.value.content {
    case .list: decodeBackends(entry.value, path, &pool, strategy: nil)
    case .mapping: decodeLongPool(entry.value, path, &pool)
    case .scalar:
      refuse(
        entry.value.place,
        "pool \(quoted(entry.key)) must be a list of backends such as [127.0.0.1:3000], or a "
          + "mapping with \"backends\", not \(entry.value.found)")
    }
    settleBreaker(entry.value, &pool)
    config.pools.append(pool)
  }

  private mutating func decodeLongPool(
    _ node: YamlNode, _ path: String, _ pool: inout Config.Pool
  ) {
    let name = "pool \(quoted(pool.name))"
    guard let entries = mapping(node, at: "pools.*", called: name) else { return }
    decodePoolSettings(entries, "pools.*", path, &pool)
    checkBreaker(entries, pool)
    checkSticky(entries, &pool)
    decodePoolTLS(entries, path, &pool)
    checkProxyProtocol(entries, pool)
    let place = poolPlaces[pool.name] ?? node.place
    guard let backends = required("backends", entries, of: place, called: name) else { return }
    decodeBackends(backends, "\(path).backends", &pool, strategy: entry("strategy", entries)?.value)
    checkHealth(entries, pool)
    checkServerName(entries, pool)
  }

  private mutating func decodePoolSettings(
    _ entries: [YamlNode.Entry], _ path: String, _ name: String, _ pool: inout Config.Pool
  ) {
    for entry in entries {
      let row = OptionTable.row("\(path).\(entry.key)")
      let name = "\(name).\(entry.key)"
      if case .choiceOrSection = row.kind, case .mapping = entry.value.content {
        decodeStrategy(entry.value, row, name, &pool)
      } else if case .pool(let store) = row.target, case .switchedSection = row.kind,
        case .mapping = entry.value.content
      {
        store(&pool, .flag(true))
        note(name, "on", entry.value)
        guard let below = mapping(entry.value, at: row.path, called: quoted(name)) else { continue }
        decodePoolSettings(below, row.path, name, &pool)
      } else if case .section = row.kind {
        guard let below = mapping(entry.value, at: row.path, called: quoted(name)) else { continue }
        decodePoolSettings(below, row.path, name, &pool)
      } else if case .pool(let store) = row.target, let value = scalar(entry.value, row, name) {
        store(&pool, value)
      } else if case .poolList(let store) = row.target {
        let values = scalars(entry.value, row, name)
        if !values.isEmpty { store(&pool, values.map(\.value)) }
      } else if case .structure = row.target {
        decodeHealthPart(entry, row, name, &pool)
      }
    }
  }
}

/// Backends and their weights.
extension ConfigDecoder {
  /// `strategy` is the node that writes one. Without it a weight chooses the weighted one.
  private mutating func decodeBackends(
    _ node: YamlNode, _ name: String, _ pool: inout Config.Pool, strategy: YamlNode?
  ) {
    var isWeighted = false
    let row = OptionTable.row("pools.*.backends")
    for (index, item) in (list(node, row, name) ?? []).enumerated() {
      let name = "\(name)[\(index)]"
      let weight = decodeBackend(item, name, &pool)
      guard let weight else { continue }
      isWeighted = true
      // 0 drains with every strategy, and 1 is what all have.
      guard case .scalar(let text, _) = weight.value.content, text != "0", text != "1" else {
        continue
      }
      if strategy != nil, pool.strategy == .roundRobin {
        refuse(
          weight.keyPlace,
          "a weight has no effect with \"strategy: round_robin\" in pool \(quoted(pool.name)); "
            + "use weighted_round_robin or leave the strategy out")
      }
    }
    if strategy == nil, isWeighted { pool.strategy = .weightedRoundRobin }
    checkBackends(pool, node)
  }

  private static let weightDefault: Int = {
    let row = OptionTable.row("pools.*.backends[].weight")
    guard case .integer(let weight) = OptionTable.defaultValue(row) else { return 1 }
    return weight
  }()

  /// Returns the weight's entry if one is written.
  private mutating func decodeBackend(
    _ node: YamlNode, _ name: String, _ pool: inout Config.Pool
  ) -> YamlNode.Entry? {
    guard case .mapping = node.content else {
      add(backend: node, name, weight: Self.weightDefault, &pool)
      return nil
    }
    guard let entries = mapping(node, at: "pools.*.backends[]", called: quoted(name)) else {
      return nil
    }
    let weightEntry = entry("weight", entries)
    var weight = Self.weightDefault
    if let weightEntry {
      let row = OptionTable.row("pools.*.backends[].weight")
      if case .integer(let number) = scalar(weightEntry.value, row, "\(name).weight") {
        weight = number
      }
    }
    let isBackup = decodeBackup(entries, name)
    if let address = required("address", entries, of: node.place, called: quoted(name)) {
      let count = pool.backends.count
      add(backend: address, "\(name).address", weight: weight, &pool)
      if pool.backends.count > count { pool.backends[count].isBackup = isBackup }
    }
    return weightEntry
  }

  private mutating func add(
    backend node: YamlNode, _ name: String, weight: Int, _ pool: inout Config.Pool
  ) {
    let row = OptionTable.row("pools.*.backends[].address")
    guard case .endpoint(let endpoint) = scalar(node, row, name) else { return }
    pool.backends.append(Config.Backend(address: endpoint, weight: weight))
  }
}
