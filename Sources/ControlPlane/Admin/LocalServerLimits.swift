/// What a `LocalServer` grants its clients, so that none of them can hold it up.
public struct LocalServerLimits: Equatable, Sendable {
  /// Connections served at a time, a thread each. Further ones get 503.
  public var connections = 32
  /// For the next bytes of a request, and for the next request of a kept connection.
  public var readMilliseconds = 5_000
  /// From a request's first byte to its last; and for the whole answer to be taken.
  public var requestMilliseconds = 10_000
  /// How long a connection that we end is drained, see `LocalSocket.closeLingering`.
  public var lingerMilliseconds = 1_000
  public var headBytes = 16 << 10
  public var headerCount = 100
  public var bodyBytes = 64 << 10

  public init() {}
}
