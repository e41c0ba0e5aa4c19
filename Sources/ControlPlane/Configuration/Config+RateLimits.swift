extension Config {
  /// How much of one route clients may have.
  public struct RouteLimits: Equatable, Sendable {
    /// All must allow a request; at most 4.
    public var rates: [Rate] = []
    public init() {}
  }

  /// So many requests in each second, minute or hour, for each key.
  public struct Rate: Equatable, Sendable {
    public enum Key: Equatable, Sendable {
      /// One bucket for the whole route.
      case route
      /// Behind trusted proxies: the forwarded one.
      case clientAddress
      /// A field's name, as written.
      case header(String)
      /// A cookie's name; case counts.
      case cookie(String)
    }

    public enum Period: String, Equatable, Sendable, CaseIterable {
      case second, minute, hour
    }

    public var key = Key.clientAddress
    /// 1...1,000,000 in each period.
    public var count: Int
    public var period: Period
    /// 1...1,000,000 at one instant, by a key that has rested.
    public var burst: Int
    /// Leading bits of an address that make one client: 1...32 and 1...128.
    public var ipv4Prefix = 32
    public var ipv6Prefix = 64

    /// - Parameter burst: nil is as many as the rate's number.
    public init(count: Int, period: Period, burst: Int? = nil) {
      self.count = count
      self.period = period
      self.burst = burst ?? count
    }
  }
}
