/// Caches, and the routes that use them.
extension ConfigDecoder {
  mutating func decodeCaches(_ entries: [YamlNode.Entry]) {
    guard let node = entry("caches", entries)?.value else { return }
    if refuseNothing(node, quoted("caches")) { return }
    guard case .mapping(let caches) = node.content else {
      refuse(node.place, "\"caches\" must be a mapping of names to caches, not \(node.found)")
      return
    }
    guard 1...Config.Cache.countMax ~= caches.count else {
      refuse(
        node.place,
        "\"caches\" must have 1 to \(Config.Cache.countMax) caches, not \(caches.count)")
      return
    }
    for entry in caches {
      cachePlaces[entry.key] = entry.keyPlace
      do {
        _ = try NameText.parse(entry.key)
      } catch {
        refuse(entry.keyPlace, "a cache's name \(error.message)")
      }
      var cache = Config.Cache(name: entry.key)
      OptionTable.setDefaults(of: &cache)
      decodeCache(entry.value, &cache)
      config.caches.append(cache)
    }
  }

  private mutating func decodeCache(_ node: YamlNode, _ cache: inout Config.Cache) {
    let name = "cache \(quoted(cache.name))"
    guard let entries = mapping(node, at: "caches.*", called: name) else { return }
    decodeCacheSettings(entries, "caches.*", "caches.\(cache.name)", &cache)
    checkSizes(entries, node, cache)
    checkSeconds(entries, cache)
    checkCacheEffects(entries, cache)
  }

  private mutating func decodeCacheSettings(
    _ entries: [YamlNode.Entry], _ path: String, _ name: String, _ cache: inout Config.Cache
  ) {
    for entry in entries {
      let row = OptionTable.row("\(path).\(entry.key)")
      let name = "\(name).\(entry.key)"
      if case .section = row.kind {
        guard let below = mapping(entry.value, at: row.path, called: quoted(name)) else { continue }
        decodeCacheSettings(below, row.path, name, &cache)
      } else if case .choiceOrSection = row.kind, case .mapping = entry.value.content {
        decodeKeyQuery(entry.value, row, name, &cache)
      } else if case .cache(let store) = row.target, let value = scalar(entry.value, row, name) {
        store(&cache, value)
      } else if case .cacheList(let store) = row.target {
        store(&cache, distinct(entry.value, row, name))
      }
    }
  }

  private mutating func decodeKeyQuery(
    _ node: YamlNode, _ row: OptionRow, _ name: String, _ cache: inout Config.Cache
  ) {
    guard let entries = mapping(node, at: row.path, called: quoted(name)) else { return }
    guard entries.count == 1, let entry = entries.first else {
      // Keys that are not known were told already.
      if entries.isEmpty, node.hasEntries { return }
      refuse(
        entries.dropFirst().first?.keyPlace ?? node.place,
        "\(quoted(name)) must have one of \"keep\" and \"drop\"")
      return
    }
    let row = OptionTable.row("\(row.path).\(entry.key)")
    let parameters = distinct(entry.value, row, "\(name).\(entry.key)").compactMap { value in
      if case .parameter(let parameter) = value { parameter } else { nil }
    }
    cache.key.query = entry.key == "keep" ? .keep(parameters) : .drop(parameters)
  }

  /// The values of a list, none of which is there twice.
  private mutating func distinct(
    _ node: YamlNode, _ row: OptionRow, _ name: String
  ) -> [OptionValue] {
    var values: [OptionValue] = []
    for (value, item) in scalars(node, row, name) {
      if values.contains(value) { refuse(item.place, "\(quoted(name)) has \(item.found) twice") }
      values.append(value)
    }
    return values
  }
}

/// What the options of one cache demand of each other.
extension ConfigDecoder {
  private mutating func checkSizes(
    _ entries: [YamlNode.Entry], _ node: YamlNode, _ cache: Config.Cache
  ) {
    guard cache.memoryBytes / 2 < cache.maxObjectBytes else { return }
    let memory = SizeText.format(Int64(cache.memoryBytes))
    let object = SizeText.format(Int64(cache.maxObjectBytes))
    let objectEntry = entry("max_object", entries)
    let written = objectEntry ?? entry("memory", entries)
    let isDefault = objectEntry == nil ? ", the default; write a lower one" : ""
    refuse(
      written?.value.place ?? node.place,
      "\"memory\" (\(memory)) must be at least twice \"max_object\" (\(object)\(isDefault)) in "
        + "cache \(quoted(cache.name))")
  }

  /// HTTP counts freshness in seconds (RFC 9111 section 1.2.2).
  private mutating func checkSeconds(_ entries: [YamlNode.Entry], _ cache: Config.Cache) {
    let durations: [(String, Duration?)] = [
      ("default_ttl", cache.defaultTTL), ("heuristic_max", cache.heuristicMax),
      ("stale_while_revalidate", cache.staleWhileRevalidate),
      ("stale_if_error", cache.staleIfError),
    ]
    for (key, duration) in durations {
      guard let duration, duration.components.attoseconds != 0, let entry = entry(key, entries)
      else { continue }
      refuse(
        entry.value.place,
        "\(quoted("caches.\(cache.name).\(key)")) must be whole seconds, not "
          + quoted(DurationText.format(duration)))
    }
  }

  private mutating func checkCacheEffects(_ entries: [YamlNode.Entry], _ cache: Config.Cache) {
    let name = "cache \(quoted(cache.name))"
    if cache.heuristicPercent == 0, let extra = entry("heuristic_max", entries) {
      warn(extra.keyPlace, "heuristic_max has no effect with \"heuristic: 0%\" in \(name)")
    }
    guard let key = entry("key", entries), case .mapping(let below) = key.value.content else {
      return
    }
    if cache.key.query == .none, cache.key.sortsQuery, let extra = entry("sort_query", below) {
      warn(extra.keyPlace, "sort_query has no effect with \"query: none\" in \(name)")
    }
  }
}

/// What routes and caches demand of each other.
extension ConfigDecoder {
  mutating func decodeRouteCache(_ entries: [YamlNode.Entry], _ draft: inout RouteDraft) {
    guard let written = entry("cache", entries)?.value,
      case .word(let cache) = scalar(
        written, OptionTable.row("routes[].cache"), "\(draft.name).cache")
    else { return }
    draft.route.cache = cache
    cacheReferences.append(CacheReference(cache: cache, place: written.place))
  }

  /// Where `caches` is broken as a whole there is a problem already.
  mutating func checkCacheReferences(_ entries: [YamlNode.Entry]) {
    let known = config.caches.map(\.name)
    let isBroken = known.isEmpty && entry("caches", entries) != nil
    let knownSet = Set(known)
    let unknown = isBroken ? [] : cacheReferences.filter { !knownSet.contains($0.cache) }
    // Those beyond are not shown.
    for reference in unknown.prefix(ConfigLoader.problemsMax + 1) {
      let hint =
        known.isEmpty
        ? "; add it to \"caches\"" : Suggestion.suffix(for: reference.cache, among: known)
      refuse(reference.place, "there is no cache \(quoted(reference.cache))" + hint)
    }
    let used = Set(cacheReferences.map(\.cache))
    for cache in known where !used.contains(cache) {
      guard let place = cachePlaces[cache] else { continue }
      warn(place, "no route uses cache \(quoted(cache))")
    }
  }
}
