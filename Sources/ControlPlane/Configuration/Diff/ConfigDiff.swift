/// What becomes of a running proxy when it is given another config: `headrace diff OLD NEW`.
///
/// Made from two configs alone, so it says the same on any machine. A pure value.
public struct ConfigDiff: Equatable, Sendable {
  /// When and how a difference shows.
  public enum Effect: String, Equatable, Sendable, CaseIterable {
    /// From the reload on, for what begins then.
    case changes
    /// Gets nothing new, and finishes what it has.
    case drains
    /// Not by a reload.
    case restart
    case keeps
  }

  /// The part of the config that an entry is about.
  public enum Area: String, Equatable, Sendable, CaseIterable {
    case listeners, routes, pools, caches, settings
  }

  /// One sentence.
  public struct Entry: Equatable, Sendable {
    public var effect: Effect
    public var area: Area
    public var text: String
  }

  /// By effect, then by area, then in the order of the configs.
  public private(set) var entries: [Entry] = []

  public init(from old: Config, to new: Config) {
    addListeners(old, new)
    addRoutes(old, new)
    addPools(old, new)
    addCaches(old, new)
    addSettings(old, new)
    let sorted = Effect.allCases.flatMap { effect in
      Area.allCases.flatMap { area in
        entries.filter { $0.effect == effect && $0.area == area }
      }
    }
    entries = sorted
  }

  /// A reload would change nothing, and neither would a restart.
  public var isEmpty: Bool { entries.allSatisfy { $0.effect == .keeps } }

  public func texts(_ effect: Effect) -> [String] {
    entries.filter { $0.effect == effect }.map(\.text)
  }

  mutating func add(_ effect: Effect, _ area: Area, _ text: String) {
    entries.append(Entry(effect: effect, area: area, text: text))
  }
}

extension ConfigDiff.Effect {
  /// The line above its entries.
  public var title: String {
    switch self {
    case .changes: "A reload changes, for requests and connections that come after it:"
    case .drains: "It takes away, after what is at work there has ended:"
    case .restart: "It cannot change, until the next start:"
    case .keeps: "It keeps:"
    }
  }
}

extension ConfigDiff: CustomStringConvertible {
  /// For people: a paragraph for each effect. `title` marks a heading up, such as with colour.
  public func text(title: (String) -> String) -> String {
    if isEmpty { return "Nothing changes.\n" }
    let parts = Effect.allCases.compactMap { effect -> String? in
      let lines = texts(effect)
      guard !lines.isEmpty else { return nil }
      return title(effect.title) + "\n" + lines.map { "  - \($0)\n" }.joined()
    }
    return parts.joined(separator: "\n")
  }

  public var description: String { text { $0 } }
}
