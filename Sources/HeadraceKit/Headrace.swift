import ControlPlane
@_exported import DataPlane

/// Headrace as a library: the whole program, to which another can add strategies.
///
///     try Headrace.register(strategy: "coldest") { Coldest() }
///     Headrace.main()
///
/// `Examples/CustomStrategy` is such a program. What `CustomStrategy` promises and asks for is said
/// there; nothing else of Headrace's modules is meant for others.
public enum Headrace {
  /// Adds a strategy that pools can name: `strategy: coldest`. Once it is added, every command
  /// knows it: `check`, `explain`, `config reference` and the others.
  ///
  /// - Parameters:
  ///   - name: 1 to 64 of a-z, 0-9 and `_`, beginning with a letter; not a built-in one's.
  ///   - make: called by each worker for each pool with this strategy, on that worker's thread.
  /// - Throws: when the name is not fine or not free, or a config was read already.
  public static func register(
    strategy name: String, make: @escaping @Sendable () -> any CustomStrategy
  ) throws(StrategyNameError) {
    try StrategyRegistration.add(name, make: make)
  }

  /// Runs the command that the process's arguments name, to its end. Call it on the main thread,
  /// before the process has others: they would get its signals.
  public static func main() -> Never { RootCommand.runToEnd() }
}
