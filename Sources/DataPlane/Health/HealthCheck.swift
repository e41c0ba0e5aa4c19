/// One backend's check: whom to ask, what, and what the answers mean.
///
/// Made by the control plane, carried by the snapshot and copied by the worker that probes the
/// backend, because it outlives the snapshot. Two that are equal are the same check: its state
/// and schedule go on over a reload.
package struct HealthCheck: Equatable, Sendable {
  /// The backend's identity, and the pool's row in the counters.
  package var backend: UInt32
  package var pool: UInt32
  /// Where to connect to: the backend's address, or another port of it.
  package var address: SocketAddress
  package var rules = HealthRules()
  /// The whole request; empty where a connection alone is the check.
  package var request: [UInt8] = []
  package var expectation = HealthExpectation()
  /// A PROXY header that names no client goes first; nil sends none.
  package var proxyVersion: ProxyVersion?

  package init(backend: UInt32, pool: UInt32, address: SocketAddress) {
    self.backend = backend
    self.pool = pool
    self.address = address
  }

  /// Connecting is all that is asked.
  package var isConnectOnly: Bool { request.isEmpty }

  /// One worker probes a backend, however many there are.
  func isProbed(by worker: Int, of workers: Int) -> Bool {
    Int(backend) % max(workers, 1) == worker
  }
}

/// When to check and how many results decide. Times in nanoseconds.
package struct HealthRules: Equatable, Sendable {
  /// From the beginning of one check to that of the next.
  package var interval: Instant = 30_000_000_000
  /// The interval varies by this many percent, up and down. 0...50.
  package var jitterPercent: UInt32 = 10
  /// For connecting and the answer together.
  package var timeout: Instant = 5_000_000_000
  package var unhealthyAfter: UInt32 = 2
  package var healthyAfter: UInt32 = 3
  /// False: out until a check has passed.
  package var startsHealthy = true
  package init() {}
}
