import DataPlane

extension Config {
  /// One store of responses, and the rules by which it keeps and gives them. `nil` is off.
  public struct Cache: Equatable, Sendable {
    /// So many caches a config may have, and a process may have known since its start.
    public static let countMax = 256

    /// What becomes of `CDN-Cache-Control` of a backend's response.
    public enum Targeted: String, Equatable, Sendable, CaseIterable {
      case drop, pass
    }

    public var name: String
    /// Of all that it holds. At least twice `maxObjectBytes`.
    public var memoryBytes = 64 << 20
    /// Content of one response. 1KiB...1GiB.
    public var maxObjectBytes = 8 << 20
    /// Whole seconds, like the other times of freshness.
    public var defaultTTL: Duration? = nil
    /// 0...100 percent of the time since `Last-Modified`; 0 is off.
    public var heuristicPercent = 10
    public var heuristicMax: Duration = .seconds(86_400)
    public var staleWhileRevalidate: Duration? = nil
    public var staleIfError: Duration? = nil
    /// 0...50 percent, by which freshness is shortened at random.
    public var ttlJitterPercent = 0
    public var storesSetCookie = false
    public var targeted = Targeted.drop
    /// Adds `Cache-Status` to responses.
    public var statusHeader = true
    public var immutableAssets = false
    public var earlyRefresh = true
    /// Validations in a second that clients may force. 0...1,000,000
    public var clientReloads = 50
    public var collapseTimeout: Duration = .seconds(10)
    public var uncacheableFor: Duration = .seconds(10)
    public var key = CacheKey()

    public init(name: String) { self.name = name }
  }

  /// What tells requests apart, beside method, scheme, host and path.
  public struct CacheKey: Equatable, Sendable {
    public enum Query: Equatable, Sendable {
      case all
      case none
      /// Only these parameters.
      case keep([Parameter])
      /// All but these.
      case drop([Parameter])
    }

    /// A parameter's name, percent-decoded, or how names begin.
    public struct Parameter: Equatable, Hashable, Sendable {
      /// 1...256 bytes.
      public var text: String
      public var isPrefix: Bool
      public init(_ text: String, isPrefix: Bool = false) {
        self.text = text
        self.isPrefix = isPrefix
      }
    }

    public var query = Query.all
    public var sortsQuery = false
    /// Lower case.
    public var headers: [String] = []
    /// Case counts.
    public var cookies: [String] = []
    public init() {}
  }
}

extension Config.Cache {
  /// As the data plane wants them.
  var rules: CacheRules {
    func seconds(_ duration: Duration?) -> Int64 { duration?.components.seconds ?? 0 }
    var rules = CacheRules()
    rules.maxObjectBytes = Int64(maxObjectBytes)
    rules.defaultTTL = seconds(defaultTTL)
    rules.heuristicPercent = Int64(heuristicPercent)
    rules.heuristicMaxSeconds = seconds(heuristicMax)
    rules.staleWhileRevalidate = seconds(staleWhileRevalidate)
    rules.staleIfError = seconds(staleIfError)
    rules.jitterPercent = Int64(ttlJitterPercent)
    rules.storesSetCookie = storesSetCookie
    rules.passesTargeted = targeted == .pass
    rules.addsStatus = statusHeader
    rules.pinsHashedNames = immutableAssets
    rules.refreshesEarly = earlyRefresh
    rules.clientReloadsPerSecond = Int64(clientReloads)
    rules.collapseTimeout = collapseTimeout.nanoseconds
    rules.uncacheableFor = uncacheableFor.nanoseconds
    return rules
  }
}
