public import DataPlane

/// Strategies that a program adds to the built-in ones, under names for the config.
///
/// Any thread. What a config may say does not change any more once the first was read, so names are
/// added before that.
public enum StrategyRegistration {
  private struct Book: Sendable {
    var entries: [(name: String, kind: StrategyKind)] = []
    var isClosed = false
  }

  private static let book = Locked(Book())
  static let countMax = 256

  /// - Parameter make: called by each worker for each pool with this strategy, on that worker's
  ///   thread.
  public static func add(
    _ name: String, make: @escaping @Sendable () -> any CustomStrategy
  ) throws(StrategyNameError) {
    func refusal(_ reason: String) -> StrategyNameError {
      StrategyNameError("the strategy \(quoted(name)) cannot be added: \(reason)")
    }
    guard isWord(name) else {
      throw refusal("a name has 1 to 64 of a-z, 0-9 and _, and begins with a letter")
    }
    guard name != "hash", !Config.Strategy.builtIn.contains(where: { $0.word == name }) else {
      throw refusal("Headrace has one of that name")
    }
    try book.withLock { book throws(StrategyNameError) in
      if book.isClosed { throw refusal("a config was read already; add strategies before that") }
      if book.entries.contains(where: { $0.name == name }) {
        throw refusal("there is one of that name already")
      }
      if book.entries.count >= countMax { throw refusal("there are \(countMax) already") }
      book.entries.append((name, CustomStrategies.add(make)))
    }
  }

  /// In the order in which they were added. From now on no other can be.
  static var names: [String] {
    book.withLock { book in
      book.isClosed = true
      return book.entries.map(\.name)
    }
  }

  /// - Precondition: it was added.
  static func kind(_ name: String) -> StrategyKind {
    let entry = book.withLock { book in book.entries.first { $0.name == name } }
    guard let entry else { preconditionFailure("no strategy \(name) was added") }
    return entry.kind
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
