import DataPlane

extension Config {
  /// When a failing backend is left alone, and how it comes back. `nil` is off.
  public struct Breaker: Equatable, Sendable {
    public var isOn = true
    /// The sliding window of the two rates.
    public var window: Duration = .seconds(10)
    /// 1...1,000,000 tries in the window, below which rates say nothing.
    public var minimumRequests = 20
    /// Percent of the tries in the window.
    public var failureRate: Int? = 50
    /// Tries in a row without a usable answer.
    public var consecutiveFailures: Int? = 5
    /// A response head that takes longer is slow.
    public var slowAfter: Duration? = nil
    /// Percent of the tries in the window.
    public var slowRate = 50
    /// The first time that an open breaker waits; it doubles each time.
    public var openFor: Duration = .seconds(5)
    /// At least `openFor`.
    public var maxOpenFor: Duration = .seconds(60)
    /// 1...100 trials, at once and in all; all must pass.
    public var probes = 3
    /// Answers that count as failures.
    public var failureStatuses = [500...599]
    /// 1...100 percent of the pool that may be out through breakers; one backend always may.
    public var maxOpen = 50
    public init() {}
  }
}

extension Config.Breaker {
  var policy: BreakerPolicy {
    var policy = BreakerPolicy(failureStatuses: failureStatuses)
    policy.isOn = isOn
    policy.window = window.nanoseconds
    policy.minimumRequests = UInt64(minimumRequests)
    policy.failurePercent = UInt64(failureRate ?? 0)
    policy.consecutiveFailures = UInt64(consecutiveFailures ?? 0)
    policy.slowAfter = slowAfter?.nanoseconds ?? .max
    policy.slowPercent = UInt64(slowRate)
    policy.openFor = openFor.nanoseconds
    policy.maxOpenFor = maxOpenFor.nanoseconds
    policy.probes = UInt64(probes)
    return policy
  }
}
