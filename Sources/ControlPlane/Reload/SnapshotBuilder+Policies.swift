import DataPlane

/// Settings of a pool as the data plane wants them.
extension SnapshotBuilder {
  func retry(_ retry: Config.Retry) -> RetryPolicy {
    var policy = RetryPolicy()
    policy.tries = UInt32(retry.tries)
    policy.backoff = retry.backoff.nanoseconds
    policy.maxBackoff = retry.maxBackoff.nanoseconds
    policy.budgetPercent = retry.budgetPercent.map(UInt32.init) ?? .max
    policy.budgetReserve = UInt32(retry.budgetReserve)
    policy.maxKeptBytes = UInt32(retry.bodyBytes)
    return policy
  }

  func capacity(_ capacity: Config.Capacity) -> CapacityPolicy {
    var policy = CapacityPolicy()
    policy.inFlight = capacity.inFlight.map(UInt64.init) ?? .max
    policy.inFlightPerBackend = capacity.inFlightPerBackend.map(UInt64.init) ?? .max
    policy.connectionsPerBackend = capacity.maxConnections.map(UInt64.init) ?? .max
    policy.queueLength = capacity.queue
    policy.queueTimeout = capacity.queueTimeout.nanoseconds
    return policy
  }
}
