import DataPlane

/// A small HTTP/1.1 server for the control plane: the admin listener and the demo's apps.
///
/// Nothing of the data plane, on purpose: it has to answer when that one is in trouble. One
/// accept thread, and a thread for each of a bounded number of connections; every wait has a
/// limit, so a slow client costs its own thread and nobody else's time.
///
/// Owned by whoever starts it, on any thread. Once started it must be stopped: its threads keep
/// what they need alive until then.
public final class LocalServer: Sendable {
  /// Called on a connection's thread; may block, and may run many times at once.
  public typealias Handler = @Sendable (LocalRequest) -> LocalResponse

  private let name: String
  private let limits: LocalServerLimits
  private let handler: Handler
  private let state = Locked<Running?>(nil)

  private struct Running {
    let endpoint: Endpoint
    let stop: StopSignal
    let acceptThread: LocalThread
  }

  /// `name` is for thread listings, a few letters.
  public init(
    name: String, limits: LocalServerLimits = LocalServerLimits(), handler: @escaping Handler
  ) {
    self.name = name
    self.limits = limits
    self.handler = handler
  }

  /// Listens and returns; port 0 takes a free one, see `boundPort`.
  public func start(at endpoint: Endpoint) throws(LocalServerError) {
    try state.withLock { running throws(LocalServerError) in
      if let running { throw .alreadyStarted(running.endpoint) }
      running = try launch(at: endpoint)
    }
  }

  /// Where it listens, with the real port. nil when it does not run.
  public var boundEndpoint: Endpoint? { state.withLock { $0?.endpoint } }

  /// 0 for a unix socket, and when it does not run.
  public var boundPort: UInt16 {
    if case .ip(_, let port) = boundEndpoint { port } else { 0 }
  }

  /// Closes the listener, ends idle connections, waits for handlers that are at work (and at
  /// most a second for clients to take their answers). Not to be called from a handler, which
  /// would wait for itself. Does nothing when it does not run.
  public func stop() {
    let ended = state.withLock { running in
      defer { running = nil }
      return running
    }
    ended?.stop.raise()
    ended?.acceptThread.join()
  }

  private func launch(at endpoint: Endpoint) throws(LocalServerError) -> Running {
    let stop = try StopSignal()
    let listener = try LocalListener.open(at: endpoint)
    let (name, limits, handler) = (name, limits, handler)
    do {
      let thread = try LocalThread(name: "\(name)-accept") {
        var loop = LocalAcceptLoop(
          name: name, listener: listener, limits: limits, stop: stop, handler: handler)
        loop.run()
      }
      return Running(endpoint: listener.endpoint, stop: stop, acceptThread: thread)
    } catch {
      listener.close()
      throw error
    }
  }
}
