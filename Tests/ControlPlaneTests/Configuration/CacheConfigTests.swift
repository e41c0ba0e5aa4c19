import Testing

@testable import ControlPlane

/// Caches in files: what is filled in, and what several files make together.
@Suite struct CacheConfigTests {
  private static let text = """
    listen: :8080
    include: more.yaml
    routes: [{ to: app, cache: one }]
    pools: { app: [127.0.0.1:3000] }
    caches: { one: { max_object: 1MiB, key: { query: { keep: a }, cookies: [b, c] } } }
    """

  @Test func filesAddCaches() throws {
    let loaded = try ConfigFixture.load(Self.text, files: ["more.yaml": "caches: { two: {} }"])
      .get()
    #expect(loaded.config.caches.map(\.name) == ["one", "two"])
    #expect(loaded.config.routes[0].cache == "one")
    #expect(loaded.warnings.map(\.message) == ["no route uses cache \"two\""])
  }

  @Test func oneCacheIsOfOneFile() {
    let result = ConfigFixture.load(Self.text, files: ["more.yaml": "caches: { one: {} }"])
    guard case .failure(let errors) = result else {
      Issue.record("it loads")
      return
    }
    #expect(
      errors.problems.map(\.message) == [
        "\"caches.one\" is there already, in line 5 of /etc/headrace/site.yaml"
      ])
  }

  @Test func everyOptionIsShownWithItsSource() throws {
    let loaded = try ConfigFixture.load(Self.text, files: ["more.yaml": "caches: { two: {} }"])
      .get()
    let shown = loaded.settings.filter { $0.path.hasPrefix("caches.") }
    func value(_ path: String) -> [String] {
      shown.filter { $0.path == "caches.\(path)" }.map { "\($0.value) \($0.source)" }
    }
    #expect(value("one.max_object") == ["1MiB /etc/headrace/site.yaml:5:30"])
    #expect(value("one.memory") == ["64MiB default"])
    #expect(value("one.key.query") == [])
    #expect(value("one.key.query.keep") == ["a /etc/headrace/site.yaml:5:58"])
    #expect(value("one.key.cookies[1]") == ["c /etc/headrace/site.yaml:5:76"])
    #expect(value("two.key.query") == ["all default"])
    let defaults = OptionTable.rows.filter {
      $0.path.hasPrefix("caches.") && $0.defaultText != nil
    }
    #expect(shown.filter { $0.path.hasPrefix("caches.two.") }.count == defaults.count)
  }

  @Test func asManyAsMayBe() throws {
    func text(_ count: Int) -> String {
      let names = (0..<count).map { "c\($0): {}" }.joined(separator: ", ")
      return ConfigFixture.complete("caches: { \(names) }\n")
    }
    #expect(try ConfigFixture.config(text(256)).caches.count == 256)
    #expect(
      ConfigFixture.messages(text(257)) == ["\"caches\" must have 1 to 256 caches, not 257"])
  }
}
