import DataPlane

/// Resolves the host names of backends on a thread of its own: at start, when a reload brings new
/// ones, and every 30 s. Keeps the last good answer when a name stops resolving.
///
/// Start-up does not wait for it: a pool whose names are not resolved yet has no backend.
final class Resolver: Sendable {
  static let interval: Duration = .seconds(30)

  private let state = Locked(State())
  private let stop: StopSignal
  private let onChange: @Sendable () -> Void
  private let onProblem: @Sendable (String) -> Void

  private struct State {
    var names: Set<Endpoint> = []
    var answers: [Endpoint: [SocketAddress]] = [:]
    var failing: Set<Endpoint> = []
    var failures: [Endpoint: UInt64] = [:]
    var thread: LocalThread?
    /// Raised when there is a new name to look up at once.
    var isAsked = false
  }

  /// - Parameters:
  ///   - onChange: some name's addresses are others than before; called on the resolver's thread.
  ///   - onProblem: a line for the operator.
  init(
    onChange: @escaping @Sendable () -> Void, onProblem: @escaping @Sendable (String) -> Void
  ) throws {
    stop = try StopSignal()
    self.onChange = onChange
    self.onProblem = onProblem
  }

  var answers: [Endpoint: [SocketAddress]] { state.withLock { $0.answers } }

  func failures(of endpoint: Endpoint) -> UInt64 { state.withLock { $0.failures[endpoint] ?? 0 } }

  /// Which names to look after from now on. New ones are looked up at once.
  func watch(_ names: Set<Endpoint>) throws(LocalServerError) {
    let needsThread = state.withLock { state in
      if !names.isSubset(of: state.names) { state.isAsked = true }
      state.names = names
      state.answers = state.answers.filter { names.contains($0.key) }
      return state.thread == nil && !names.isEmpty
    }
    guard needsThread else { return }
    let thread = try LocalThread(name: "resolver") { [self] in run() }
    state.withLock { $0.thread = thread }
  }

  func end() {
    stop.raise()
    state.withLock { state in
      defer { state.thread = nil }
      return state.thread
    }?.join()
  }

  private func run() {
    var waited: Duration = Resolver.interval
    while !stop.isRaised {
      let isAsked = state.withLock { state in
        defer { state.isAsked = false }
        return state.isAsked
      }
      if isAsked || waited >= Resolver.interval {
        waited = .zero
        resolveAll()
      }
      // Short steps, so that a new name does not wait.
      if stop.wait(milliseconds: 200) { return }
      waited += .milliseconds(200)
    }
  }

  private func resolveAll() {
    var hasChanged = false
    for endpoint in state.withLock({ $0.names }) {
      guard case .name(let host, let port) = endpoint, !stop.isRaised else { continue }
      switch SocketAddress.resolve(host, port: port) {
      case .success(let addresses) where !addresses.isEmpty:
        let changed = state.withLock { state in
          state.failing.remove(endpoint)
          let isNew = state.answers[endpoint] != addresses
          state.answers[endpoint] = addresses
          return isNew
        }
        hasChanged = hasChanged || changed
      case .success: failed(endpoint, "it has no addresses")
      case .failure(let error): failed(endpoint, error.reason)
      }
    }
    if hasChanged { onChange() }
  }

  /// Said once per outage, counted every time.
  private func failed(_ endpoint: Endpoint, _ reason: String) {
    let (isNews, hasAnswer) = state.withLock { state in
      state.failures[endpoint, default: 0] += 1
      return (state.failing.insert(endpoint).inserted, state.answers[endpoint] != nil)
    }
    guard isNews else { return }
    let rest = hasAnswer ? "its last addresses stay in use" : "it has no backend until it resolves"
    onProblem("cannot resolve \(endpoint): \(reason); \(rest)")
  }
}
