import DataPlane

/// Caches as rows, and the names of their keys.
extension SnapshotBuilder {
  /// The row of each cache that has a store, by name.
  func addCaches(to draft: inout SnapshotDraft) -> [String: Int] {
    var indices: [String: Int] = [:]
    for cache in config.caches {
      guard let identity = registry.cache(cache.name) else { continue }
      indices[cache.name] = draft.caches.count
      var row = CacheRow(name: draft.intern(cache.name.utf8), identity: identity)
      row.memoryBytes = cache.memoryBytes
      row.rules = cache.rules
      row.key = key(cache.key, &draft)
      draft.caches.append(row)
    }
    return indices
  }

  private func key(_ key: Config.CacheKey, _ draft: inout SnapshotDraft) -> CacheKeyRow {
    var row = CacheKeyRow()
    switch key.query {
    case .all: row.query = .all
    case .none: row.query = .none
    case .keep(let names): (row.query, row.parameters) = (.keep, parameters(names, &draft))
    case .drop(let names): (row.query, row.parameters) = (.drop, parameters(names, &draft))
    }
    row.sortsQuery = key.sortsQuery
    row.headers = parameters(key.headers.map { .init($0.lowercased()) }, &draft)
    row.cookies = parameters(key.cookies.map { .init($0) }, &draft)
    return row
  }

  private func parameters(
    _ names: [Config.CacheKey.Parameter], _ draft: inout SnapshotDraft
  ) -> RowRange {
    let first = draft.cacheNames.count
    for name in names {
      draft.cacheNames.append(
        CacheNameRow(text: draft.intern(name.text.utf8), isPrefix: name.isPrefix))
    }
    return RowRange(first: first, count: names.count)
  }
}

extension Registry {
  /// For the operator: caches that found no place for a store.
  func notes(on config: Config) -> [String] {
    config.caches.filter { cache($0.name) == nil }.map { cache in
      "cache \(quoted(cache.name)): \(Config.Cache.countMax) caches have been named since the "
        + "start, so this one keeps nothing before the next start"
    }
  }
}
