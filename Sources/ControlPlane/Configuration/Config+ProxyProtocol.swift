import DataPlane

extension Config {
  /// Whose connections begin with a PROXY header. Not empty: ranges on a listener with addresses,
  /// `unix` on a unix one, whose clients have none.
  public struct ProxyProtocol: Equatable, Sendable {
    public var ranges: [AddressRange] = []
    public var unix = false
    public init() {}
  }

  /// The PROXY header that new connections to a pool's backends begin with.
  public enum SentProxyProtocol: String, Equatable, Sendable, CaseIterable {
    case off, v1, v2

    var version: ProxyVersion? {
      switch self {
      case .off: nil
      case .v1: .v1
      case .v2: .v2
      }
    }
  }
}
