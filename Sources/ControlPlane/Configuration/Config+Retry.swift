extension Config {
  /// When a request is sent again.
  public struct Retry: Equatable, Sendable {
    /// In all, the first included. 1...8.
    public var tries = 3
    /// The longest wait before the first retry; doubles with each.
    public var backoff: Duration = .milliseconds(25)
    public var maxBackoff: Duration = .milliseconds(250)
    /// Retries in percent of the pool's requests of the last 10 s. `nil` is no bound.
    public var budgetPercent: Int? = 20
    /// Retries within 10 s that are always allowed.
    public var budgetReserve = 100
    /// Bytes of a request that are kept to be sent again.
    public var bodyBytes = 65_536
    public init() {}
  }

  /// How much a pool may have at work; `nil` is no bound.
  public struct Capacity: Equatable, Sendable {
    public var inFlight: Int? = nil
    public var inFlightPerBackend: Int? = nil
    /// To one backend, idle ones too.
    public var maxConnections: Int? = nil
    /// Requests that may wait for room.
    public var queue = 100
    public var queueTimeout: Duration = .seconds(1)
    public init() {}
  }
}
