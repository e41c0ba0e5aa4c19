import DataPlane

/// The cache of the route that takes the request, and what it would look for there.
extension Explanation {
  /// The cache's name, and why it is not asked, if it is not; and its key for the request: the URL,
  /// then the other items.
  func cache(
    _ probe: RouteProbe, _ route: Config.Route, _ row: RouteRow, _ snapshot: SnapshotHandle
  ) -> (words: String?, key: [String]) {
    guard let name = route.cache, row.flags.contains(.isCached) else { return (nil, []) }
    if let bypass = probe.cacheBypass {
      return ("\(name), which is not asked: \(words(bypass))", [])
    }
    let cache = snapshot.value.caches[Int(row.cache)]
    // As the worker does: what else than host and path chose the route counts.
    let routeName = row.flags.contains(.hasConditions) ? row.name : nil
    guard
      let key = probe.cacheKey(cache.key, snapshot.value, isTLS: request.isSecure, route: routeName)
    else {
      return ("\(name), which is not asked: the request has no key there", [])
    }
    let items = key.text.split(separator: 0x0a).map { String(decoding: $0, as: UTF8.self) }
    return (name, items)
  }

  private func words(_ reason: RouteProbe.CacheBypass) -> String {
    switch reason {
    case .method: "it answers GET and HEAD"
    case .body: "the request has a body"
    case .upgrade: "the request wants another protocol"
    case .conditions: "If-Match and If-Unmodified-Since are for the backend"
    case .connectionFields: "Connection names fields that the backend does not get"
    }
  }
}
