/// Whether the proxy wants traffic, as load balancers in front of it ask on `/ready`.
public enum Readiness: String, Equatable, Sendable {
  /// Not all listeners and workers are up.
  case starting
  case ready
  /// Shutting down: serves what it has, wants nothing new.
  case draining
}

/// The admin listener: metrics and health of this process, for people and machines that may see
/// them. It has no access control: bind it to an address that only they can reach.
///
/// Owned by the command that runs the proxy; serves on the threads of its `LocalServer`, on which
/// the closures are called, several at once.
public final class AdminServer: Sendable {
  private let server: LocalServer

  /// - Parameters:
  ///   - reload: reads the config file again; nil where there is none.
  ///   - backends: shows and changes what gets requests; nil where nothing does.
  ///   - caches: shows and purges what is stored; nil where nothing is.
  init(
    metrics: @escaping @Sendable () -> MetricsReport,
    readiness: @escaping @Sendable () -> Readiness,
    reload: (@Sendable () -> ReloadOutcome)? = nil, backends: BackendAdmin? = nil,
    caches: CacheAdmin? = nil
  ) {
    let pages = AdminPages(
      metrics: metrics, readiness: readiness, reload: reload, backends: backends,
      caches: caches)
    server = LocalServer(name: "admin") { pages.answer($0) }
  }

  public func start(at endpoint: Endpoint) throws(LocalServerError) {
    try server.start(at: endpoint)
  }

  /// With the real port. nil when it does not run.
  public var boundEndpoint: Endpoint? { server.boundEndpoint }

  public var boundPort: UInt16 { server.boundPort }

  public func stop() { server.stop() }
}
