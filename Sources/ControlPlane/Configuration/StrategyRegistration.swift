public import DataPlane

/// Strategies that a program adds to the built-in ones, under names for the config.
public enum StrategyRegistration {
  /// - Parameter make: called by each worker for each pool with this strategy, on that worker's
  ///   thread.
  public static func add(
    _ name: String, make: @escaping @Sendable () -> any CustomStrategy
  ) throws(StrategyNameError) {
    func refuse(_ reason: String) -> StrategyNameError {
      StrategyNameError("the strategy \(quoted(name)) cannot be added: \(reason)")
    }
    guard isWord(name) else {
      throw refuse("a name has 1 to 64 of a-z, 0-9 and _, and begins with a letter")
    }
    guard name != "hash", !Config.Strategy.builtIn.contains(where: { $0.word == name }) else {
      throw refuse("Headrace has one of that name")
    }
    do throws(CustomStrategies.Refusal) {
      try CustomStrategies.add(name, make)
    } catch {
      switch error {
      case .taken: throw refuse("there is one of that name already")
      case .tooMany: throw refuse("there are \(CustomStrategies.countMax) already")
      case .tooLate: throw refuse("a config was read already; add strategies before that")
      }
    }
  }

  private static func isWord(_ name: String) -> Bool {
    guard let first = name.utf8.first, UInt8(ascii: "a")...UInt8(ascii: "z") ~= first else {
      return false
    }
    return name.utf8.count <= 64
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: byte == UInt8(ascii: "_")
        }
      }
  }
}

/// Why a strategy cannot have that name, in a sentence.
public struct StrategyNameError: Error, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}
