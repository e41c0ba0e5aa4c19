/// Active health checks of a pool's backends.
extension Config {
  public struct Health: Equatable, Sendable {
    public enum Kind: String, Equatable, Sendable, CaseIterable { case http, tcp }
    public enum Initial: String, Equatable, Sendable, CaseIterable { case healthy, unhealthy }

    public var isOn = false
    /// `tcp`: a connection is enough, nothing is asked.
    public var kind = Kind.http
    /// With the query, if there is one.
    public var path = "/health"
    public var method = Method.get
    /// `nil`: the backend's address as written.
    public var host: String? = nil
    public var headers: [Header] = []
    public var interval: Duration = .seconds(30)
    /// The interval varies by this many percent up and down. 0...50.
    public var jitterPercent = 10
    /// For connecting and the answer together.
    public var timeout: Duration = .seconds(5)
    /// Results in a row. 1...100.
    public var unhealthyAfter = 2
    public var healthyAfter = 3
    public var initial = Initial.healthy
    /// `nil`: the backend's own.
    public var port: Int? = nil
    public var statuses: [ClosedRange<Int>] = [200...299]
    /// Must be in the answer's body.
    public var body: String? = nil
    public init() {}

    public enum Method: String, Equatable, Sendable, CaseIterable {
      case get = "GET"
      case head = "HEAD"
    }

    public struct Header: Equatable, Sendable {
      public var name: String
      public var value: String
      public init(name: String, value: String) {
        self.name = name
        self.value = value
      }
    }
  }
}
