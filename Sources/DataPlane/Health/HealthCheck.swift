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
  /// Speaks HTTP/2: by ALPN over TLS, with prior knowledge in clear.
  package var speaksHTTP2 = false
  /// nil is in clear.
  package var tls: TLS?

  /// With what, and under which name. Equal when a backend would see no difference.
  package struct TLS: Equatable, Sendable {
    package let context: TLSClientContext
    /// Asked for, and expected in the certificate.
    package let name: [UInt8]
    /// As of the backend's row.
    package let transport: UInt64
    package init(context: TLSClientContext, name: [UInt8], transport: UInt64) {
      self.context = context
      self.name = name
      self.transport = transport
    }

    package static func == (one: TLS, other: TLS) -> Bool {
      one.transport == other.transport && one.name == other.name
    }
  }

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
