/// How much a pool may have at work, and who waits when that is reached.
package struct CapacityPolicy: Equatable, Sendable, BitwiseCopyable {
  /// Requests at work in the whole pool; `UInt64.max` is no bound, here and below.
  package var inFlight: UInt64 = .max
  package var inFlightPerBackend: UInt64 = .max
  /// Connections to one backend, idle ones too, of all workers together.
  package var connectionsPerBackend: UInt64 = .max
  /// Requests that may wait for room.
  package var queueLength = 100
  package var queueTimeout: Instant = 1_000_000_000
  package init() {}

  @inline(__always) package var isLimited: Bool {
    inFlight != .max || perBackend != .max
  }

  /// A request at work has a connection of its own, so the lower bound is the one that counts.
  @inline(__always) package var perBackend: UInt64 {
    min(inFlightPerBackend, connectionsPerBackend)
  }
}
