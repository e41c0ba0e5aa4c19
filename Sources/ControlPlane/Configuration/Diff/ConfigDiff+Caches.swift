/// Caches: found again by name, and with the name what they hold.
extension ConfigDiff {
  mutating func addCaches(_ old: Config, _ new: Config) {
    let before = Dictionary(old.caches.map { ($0.name, $0) }) { first, _ in first }
    let after = Set(new.caches.map(\.name))
    var kept: [String] = []
    for cache in new.caches {
      let name = "cache \(quoted(cache.name))"
      guard let former = before[cache.name] else {
        let memory = SizeText.format(Int64(cache.memoryBytes))
        add(.changes, .caches, "\(name) is added, with room for \(memory)")
        continue
      }
      if former == cache { kept.append(cache.name) }
      for (old, new) in zip(Self.aspects(former), Self.aspects(cache)) where old.text != new.text {
        add(.changes, .caches, "\(name): \(new.name) was \(old.text), is now \(new.text)")
      }
      if former.key != cache.key {
        add(.changes, .caches, "\(name): what is stored under another key is not found any more")
      }
    }
    for cache in old.caches where !after.contains(cache.name) {
      add(.drains, .caches, "cache \(quoted(cache.name)) is removed, with what it holds")
    }
    if !kept.isEmpty {
      add(
        .keeps, .caches,
        "\(ConfigWords.count(kept.count, "cache")) with what is stored: \(shortened(kept))")
    }
  }

  /// All options, by the names of the table.
  static func aspects(_ cache: Config.Cache) -> [(name: String, text: String)] {
    func toggle(_ isOn: Bool) -> String { isOn ? "on" : "off" }
    return [
      ("memory", SizeText.format(Int64(cache.memoryBytes))),
      ("max_object", SizeText.format(Int64(cache.maxObjectBytes))),
      ("default_ttl", ConfigWords.duration(cache.defaultTTL)),
      ("heuristic", "\(cache.heuristicPercent)%"),
      ("heuristic_max", DurationText.format(cache.heuristicMax)),
      ("ttl_jitter", "\(cache.ttlJitterPercent)%"),
      ("immutable_assets", toggle(cache.immutableAssets)),
      ("stale_while_revalidate", ConfigWords.duration(cache.staleWhileRevalidate)),
      ("stale_if_error", ConfigWords.duration(cache.staleIfError)),
      ("store_set_cookie", toggle(cache.storesSetCookie)),
      ("cdn_cache_control", cache.targeted.rawValue),
      ("status_header", toggle(cache.statusHeader)),
      ("early_refresh", toggle(cache.earlyRefresh)),
      ("client_reloads", "\(cache.clientReloads)"),
      ("collapse_timeout", DurationText.format(cache.collapseTimeout)),
      ("uncacheable_for", DurationText.format(cache.uncacheableFor)),
      ("key.query", ConfigWords.query(cache.key.query)),
      ("key.sort_query", toggle(cache.key.sortsQuery)),
      ("key.headers", ConfigWords.list(cache.key.headers)),
      ("key.cookies", ConfigWords.list(cache.key.cookies)),
    ]
  }
}

extension ConfigWords {
  /// `all`, `keep page, id`, `drop utm_*`.
  static func query(_ query: Config.CacheKey.Query) -> String {
    switch query {
    case .all: "all"
    case .none: "none"
    case .keep(let names): "keep \(list(names.map(CacheNameText.format)))"
    case .drop(let names): "drop \(list(names.map(CacheNameText.format)))"
    }
  }
}
