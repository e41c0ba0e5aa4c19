/// Whether a request is for a cache, as `Worker.lookUp` decides it.
extension RouteProbe {
  /// Why a cache is not asked.
  package enum CacheBypass: Sendable {
    case method, body, upgrade, conditions, connectionFields
  }

  /// nil when the cache of the route, if it has one, is asked.
  package var cacheBypass: CacheBypass? {
    withHead { head, source in
      guard head.method == .get || head.method == .head else { return .method }
      if head.isChunked || head.contentLength > 0 { return .body }
      if head.wantsUpgrade, head.minorVersion == 1 { return .upgrade }
      let fields = RequestCacheFields.collect(&head, source, 0)
      if fields.hasPreconditionsForOrigin { return .conditions }
      if head.hasNominated { return .connectionFields }
      return nil
    }
  }
}
