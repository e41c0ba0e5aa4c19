import ControlPlane
import Foundation
import Testing

/// The committed documentation and example configs agree with the code.
struct ConfigReferenceTests {
  static let document = ConfigFixture.root + "/docs/configuration.md"

  @Test func committedReferenceIsCurrent() throws {
    let url = URL(filePath: Self.document)
    if ProcessInfo.processInfo.environment["UPDATE_DOCS"] != nil {
      try Data(ConfigReference.markdown.utf8).write(to: url, options: .atomic)
    }
    let committed = try String(contentsOf: url, encoding: .utf8)
    #expect(
      committed == ConfigReference.markdown,
      "run: UPDATE_DOCS=1 swift test --filter ConfigReference")
  }

  static let files: [String] = ["conf", "conf/examples"].flatMap { folder in
    let path = "\(ConfigFixture.root)/\(folder)"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { $0.hasSuffix(".yaml") }.sorted().map { "\(folder)/\($0)" }
  }

  @Test func thereAreExamples() { #expect(Self.files.count >= 12) }

  /// The ten ordinary jobs, each with a page that shows its example as it is.
  @Test func howToPagesShowTheExamples() throws {
    let folder = "\(ConfigFixture.root)/docs/how-to"
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".md") && $0 != "README.md" }.map { String($0.dropLast(3)) }
    #expect(names.count >= 10)
    for name in names {
      let example = URL(filePath: "\(ConfigFixture.root)/conf/examples/\(name).yaml")
      let text = try String(contentsOf: example, encoding: .utf8)
      #expect(Self.blocks(of: "\(folder)/\(name).md").first == text, "\(name)")
    }
  }

  @Test(arguments: files) func loads(file: String) throws {
    let loaded = try ConfigLoader.load(path: "\(ConfigFixture.root)/\(file)").get()
    #expect(loaded.warnings.isEmpty)
  }

  /// What the starter file has commented out are the defaults, as it says.
  @Test func starterWithAllLinesUncommentedHasTheDefaults() throws {
    let path = ConfigFixture.root + "/conf/headrace.yaml"
    let text = try String(contentsOf: URL(filePath: path), encoding: .utf8)
    let start = try #require(text.range(of: "# access_log:"))
    let end = try #require(text.range(of: "# error_pages:"))
    let drain = try #require(text.range(of: "# drain:"))
    let commented = text[start.lowerBound..<end.lowerBound] + text[drain.lowerBound...]
    let options = commented.split(separator: "\n").map { $0.dropFirst(2) }
    let before = String(text[..<start.lowerBound])
    let all = try ConfigFixture.config(before + options.joined(separator: "\n"))
    #expect(try all == ConfigFixture.config(before))
  }

  static let blocks: [String] = {
    ["docs", "docs/how-to"].flatMap { folder in
      let path = "\(ConfigFixture.root)/\(folder)"
      let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
      return names.filter { $0.hasSuffix(".md") }.sorted().flatMap { blocks(of: "\(path)/\($0)") }
    }
  }()

  private static func blocks(of file: String) -> [String] {
    let text = try? String(contentsOf: URL(filePath: file), encoding: .utf8)
    return (text ?? "").components(separatedBy: "```yaml\n").dropFirst().map {
      $0.components(separatedBy: "```")[0]
    }
  }

  @Test(arguments: blocks) func documentedConfigLoads(text: String) {
    #expect(ConfigFixture.messages(text) == [])
  }

  @Test func textOfAnOption() throws {
    let expected = """
      timeouts.connect

        For a connection to a backend. After it another backend is tried; at the
        end: 504.

        Value: a duration, 1ms to 24h, or off
        Unit: ms, s, m, h, d or y (365d)
        Default: 5s
        Reload: changes it
        Since: 0.1

        Why: Time for two lost SYN packets; a backend in the same network needs
        milliseconds.

      """
    #expect(ConfigReference.text(forKey: "timeouts.connect") == expected)
    let strategy = try #require(ConfigReference.text(forKey: "pools.NAME.strategy"))
    #expect(ConfigReference.text(forKey: "pools.app.strategy") == strategy)
    #expect(ConfigReference.text(forKey: "strategy") == strategy)
    let path = ConfigReference.text(forKey: "routes[].match.path")
    #expect(path != nil && ConfigReference.text(forKey: "routes.match.path") == path)
    #expect(ConfigReference.text(forKey: "routes[3].match.path") == path)
    #expect(ConfigReference.text(forKey: "nothing") == nil)
    #expect(ConfigReference.suggestion(forKey: "timeouts.conect") == "timeouts.connect")
    #expect(ConfigReference.keys.allSatisfy { ConfigReference.text(forKey: $0) != nil })
  }
}
