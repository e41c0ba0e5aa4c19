import DataPlane
import Foundation
import Testing

@testable import ControlPlane

/// Names of custom strategies. Adding one changes what all configs of a process may say, so it is
/// done in processes of their own.
@Suite("Names of custom strategies") struct StrategyRegistrationTests {
  private struct First: CustomStrategy {
    mutating func choose(
      _ backends: Span<BackendView>, for request: RequestView, random: inout RandomSource
    ) -> Int? { 0 }
  }

  /// What is said about the name; nil when it is fine.
  private static func refusal(_ name: String) -> String? {
    do throws(StrategyNameError) {
      try StrategyRegistration.add(name) { First() }
      return nil
    } catch {
      return error.description
    }
  }

  private static func check(_ isTrue: Bool, _ line: Int = #line) {
    guard !isTrue else { return }
    print("line \(line) is not so")
    exit(1)
  }

  private static func text(_ strategy: String) -> String {
    """
    listen: :8080
    routes: [{ to: app }]
    pools: { app: { strategy: \(strategy), backends: [127.0.0.1:3000] } }
    """
  }

  @Test(
    "what is no word is refused",
    arguments: [
      "", "9lives", "_a", "Coldest", "cold-est", "cold est", "kälteste", "a\n", "a:b",
      String(repeating: "a", count: 65),
    ])
  func words(name: String) {
    #expect(Self.refusal(name)?.contains("a name has 1 to 64 of a-z, 0-9 and _") == true)
  }

  @Test("built-in names are refused", arguments: ["hash", "ip_hash", "round_robin", "peak_ewma"])
  func builtIn(name: String) {
    #expect(Self.refusal(name)?.contains("Headrace has one of that name") == true)
  }

  @Test("a name that was added is known to the config, its errors, its reference and its schema")
  func known() async {
    await #expect(processExitsWith: .success) {
      Self.check(Self.refusal("coldest") == nil)
      Self.check(Self.refusal("hottest") == nil)
      Self.check(Self.refusal("coldest")?.contains("one of that name already") == true)
      let config = try ConfigFixture.config(Self.text("hottest"))
      Self.check(config.pools[0].strategy == .custom("hottest"))
      Self.check(config.pools[0].strategy.text == "hottest")
      guard case .custom = config.pools[0].strategy.kind else { return Self.check(false) }
      let other = try ConfigFixture.config(Self.text("coldest"))
      Self.check(other.pools[0].strategy.kind != config.pools[0].strategy.kind)
      Self.check(
        ConfigDiff(from: config, to: other).text(title: { $0 })
          .contains("strategy was hottest, is now coldest"))
      let message = ConfigFixture.messages(Self.text("colder")).first ?? ""
      Self.check(message.contains("ip_hash, coldest or hottest, or a mapping"))
      Self.check(message.hasSuffix("(did you mean \"coldest\"?)"))
      Self.check(ConfigReference.text(forKey: "pools.app.strategy")?.contains("coldest") == true)
      Self.check(ConfigSchema.json.contains("\"coldest\""))
    }
  }

  @Test("after the first config no name can be added")
  func late() async {
    await #expect(processExitsWith: .success) {
      _ = try ConfigFixture.config(Self.text("random"))
      Self.check(Self.refusal("coldest")?.contains("a config was read already") == true)
    }
  }

  @Test("there is a bound")
  func many() async {
    await #expect(processExitsWith: .success) {
      for number in 0..<256 { Self.check(Self.refusal("s\(number)") == nil) }
      Self.check(Self.refusal("s256")?.contains("there are 256 already") == true)
    }
  }
}
