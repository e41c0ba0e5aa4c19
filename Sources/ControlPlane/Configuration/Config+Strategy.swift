extension Config {
  /// How the backend of a request is chosen.
  public enum Strategy: Equatable, Sendable {
    case roundRobin, weightedRoundRobin, random, leastConnections, twoChoices, peakEWMA
    /// The same key goes to the same backend.
    case hash(HashKey)
    /// One that this program has added, by its name.
    case custom(String)

    /// Those that are a word in the file.
    static var words: [(word: String, strategy: Strategy)] {
      builtIn + StrategyRegistration.names.map { ($0, .custom($0)) }
    }

    /// `ip_hash` is `{ hash: client_address }`.
    static let builtIn: [(word: String, strategy: Strategy)] = [
      ("round_robin", .roundRobin), ("weighted_round_robin", .weightedRoundRobin),
      ("random", .random), ("least_connections", .leastConnections),
      ("two_choices", .twoChoices), ("peak_ewma", .peakEWMA),
      ("ip_hash", .hash(.clientAddress)),
    ]

    init?(word: String) {
      guard let found = Strategy.words.first(where: { $0.word == word }) else { return nil }
      self = found.strategy
    }

    /// As in the file; a mapping as `hash KEY`.
    public var text: String {
      if let word = Strategy.builtIn.first(where: { $0.strategy == self })?.word { return word }
      switch self {
      case .hash(let key): return "hash \(key.text)"
      case .custom(let name): return name
      default: return ""
      }
    }

    var hashes: Bool { if case .hash = self { true } else { false } }
  }

  /// What a request's backend hangs on.
  public enum HashKey: Equatable, Sendable {
    /// Behind trusted proxies the forwarded one; of IPv6 its /64.
    case clientAddress
    /// Lower case.
    case header(String)
    case cookie(String)
    case query(String)
    /// The whole path.
    case path
    /// From 1 on.
    case segment(Int)
    /// What `{name}` of the route's path stands for.
    case capture(String)

    public var text: String {
      switch self {
      case .clientAddress: "client_address"
      case .header(let name): "header:\(name)"
      case .cookie(let name): "cookie:\(name)"
      case .query(let name): "query:\(name)"
      case .path: "path"
      case .segment(let number): "path:\(number)"
      case .capture(let name): "path:{\(name)}"
      }
    }
  }
}
