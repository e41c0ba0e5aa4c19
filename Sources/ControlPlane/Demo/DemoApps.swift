import DataPlane

/// The three app servers behind `headrace demo`, on free loopback ports.
///
/// Owned by the demo command, which starts them before the proxy and stops them after it.
public final class DemoApps: Sendable {
  public static let names = ["app-1", "app-2", "app-3"]

  private let running = Locked<Running?>(nil)

  private struct Running {
    let stop: StopSignal
    var servers: [LocalServer] = []
  }

  public init() {}

  /// Where they listen, in the order of their names. Starts all of them or none.
  public func start() throws(LocalServerError) -> [Endpoint] {
    stop()
    var started = Running(stop: try StopSignal())
    for name in Self.names {
      let server = Self.server(DemoApp(name: name, stop: started.stop))
      do {
        try server.start(at: .ip(host: "127.0.0.1", port: 0))
      } catch {
        Self.end(started)
        throw error
      }
      started.servers.append(server)
    }
    let endpoints = started.servers.compactMap(\.boundEndpoint)
    let result = started
    running.withLock { $0 = result }
    return endpoints
  }

  /// Answers that are being delayed go out at once.
  public func stop() {
    let ended = running.withLock { running in
      defer { running = nil }
      return running
    }
    if let ended { Self.end(ended) }
  }

  private static func end(_ running: Running) {
    running.stop.raise()
    for server in running.servers { server.stop() }
  }

  private static func server(_ app: DemoApp) -> LocalServer {
    var limits = LocalServerLimits()
    // Enough for a small load test by a curious visitor; kept connections outlive the proxy's
    // idle timeout of 4 s.
    limits.connections = 256
    return LocalServer(name: app.name, limits: limits) { app.answer($0) }
  }
}
