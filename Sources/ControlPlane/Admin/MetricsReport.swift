/// What the proxy has counted, read at one moment: plain values, summed over the workers.
///
/// Filled per scrape by the data plane's side, rendered by `PrometheusText`. `durationBuckets`
/// are counts per bucket (not cumulative), one per bound of `durationBounds` and one for the rest.
/// `requestsByClass` has 0 for requests whose client went away before an answer, then 1...5 for
/// the status classes.
public struct MetricsReport: Equatable, Sendable {
  public var uptimeSeconds = 0.0
  public var version = ""
  public var configReloads: UInt64 = 0
  public var configReloadFailures: UInt64 = 0
  /// Unix time; 0 before the first one.
  public var configLastReloadTimestampSeconds = 0.0
  public var certificateReloads: UInt64 = 0
  public var certificateReloadFailures: UInt64 = 0
  public var residentBytes: Int64 = 0
  public var openDescriptors = 0
  public var accessLogDropped: UInt64 = 0
  public var workers: [Worker] = []
  public var routes: [Route] = []
  public var pools: [Pool] = []
  public var backends: [Backend] = []
  public var caches: [Cache] = []
  public var certificates: [Certificate] = []
  /// Upper bounds in seconds, ascending, shared by all histograms.
  public var durationBounds: [Double] = []

  public init() {}

  /// One event loop.
  public struct Worker: Equatable, Sendable {
    public var clientConnections: UInt64 = 0
    public var clientConnectionsAccepted: UInt64 = 0
    public var clientConnectionsRefused: UInt64 = 0
    public var proxyHeaderFailures: UInt64 = 0
    public var tlsHandshakes: UInt64 = 0
    public var tlsHandshakeFailures: UInt64 = 0
    public var tlsSessionsResumed: UInt64 = 0
    public var requestsRefused: UInt64 = 0
    public var heldBytes: UInt64 = 0
    public var loopTurns: UInt64 = 0
    public var http2Connections: UInt64 = 0
    public var http2Streams: UInt64 = 0
    public var http2StreamsRefused: UInt64 = 0
    public var http2UpstreamStreams: UInt64 = 0
    public var http2Errors: UInt64 = 0
    public var http2OpenStreams: UInt64 = 0

    public init() {}
  }

  public struct Route: Equatable, Sendable {
    public var name: String
    public var requestsByClass: [UInt64] = []
    public var durationBuckets: [UInt64] = []
    public var durationSumSeconds = 0.0
    public var inFlight: Int64 = 0
    public var requestBytes: UInt64 = 0
    public var responseBytes: UInt64 = 0
    public var rateLimited: UInt64 = 0
    public var rateOverflow: UInt64 = 0

    public init(name: String) { self.name = name }
  }

  public struct Pool: Equatable, Sendable {
    public var name: String
    public var requestsByClass: [UInt64] = []
    public var durationBuckets: [UInt64] = []
    public var durationSumSeconds = 0.0
    public var inFlight: Int64 = 0
    public var staleRetries: UInt64 = 0
    public var connectRetries: UInt64 = 0
    public var retries: UInt64 = 0
    public var retryBudgetSpent: UInt64 = 0
    public var queued: UInt64 = 0
    public var queueTimeouts: UInt64 = 0
    public var queueOverflows: UInt64 = 0
    public var waiting: UInt64 = 0
    public var noBackend: UInt64 = 0
    public var breakerRejected: UInt64 = 0
    public var overriddenBreakers: UInt64 = 0
    public var resolveFailures: UInt64 = 0
    public var isPanic = false

    public init(name: String) { self.name = name }
  }

  public struct Backend: Equatable, Sendable {
    public var pool: String
    public var address: String
    public var weight = 1
    /// May get new requests.
    public var isAvailable = true
    /// 0 none, 1 drain, 2 maintenance.
    public var operatorState: UInt64 = 0
    public var requestsByClass: [UInt64] = []
    public var durationBuckets: [UInt64] = []
    public var durationSumSeconds = 0.0
    public var inFlight: Int64 = 0
    public var connectionsOpen: Int64 = 0
    public var connectionsIdle: Int64 = 0
    public var connectionsOpened: UInt64 = 0
    public var connectFailures: UInt64 = 0
    public var tlsHandshakes: UInt64 = 0
    public var tlsResumed: UInt64 = 0
    public var tlsFailures: UInt64 = 0
    public var staleRetries: UInt64 = 0
    public var resets: UInt64 = 0
    public var isUp = true
    public var healthPasses: UInt64 = 0
    public var healthFailures: UInt64 = 0
    public var healthChanges: UInt64 = 0
    public var failures: UInt64 = 0
    /// 0 closed, 1 open, 2 half-open.
    public var breakerState = 0
    /// Openings, in the order of `MetricsTable.breakerReasons`.
    public var breakerOpenings: [UInt64] = []
    public var breakerTrials: UInt64 = 0

    public init(pool: String, address: String) {
      self.pool = pool
      self.address = address
    }
  }
}
