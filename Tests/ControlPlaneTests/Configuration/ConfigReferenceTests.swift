import ControlPlane
import Foundation
import Testing

/// The committed documentation and example configs agree with the code.
struct ConfigReferenceTests {
  static let document = ConfigFixture.root + "/docs/configuration.md"

  @Test func committedReferenceIsCurrent() throws {
    let url = URL(filePath: Self.document)
    if ProcessInfo.processInfo.environment["UPDATE_DOCS"] != nil {
      try Data(ConfigReference.markdown.utf8).write(to: url)
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

  @Test func thereAreExamples() { #expect(Self.files.count >= 5) }

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
    let folder = ConfigFixture.root + "/docs"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".md") }.sorted().flatMap { name in
      let url = URL(filePath: "\(folder)/\(name)")
      let text = try? String(contentsOf: url, encoding: .utf8)
      return (text ?? "").components(separatedBy: "```yaml\n").dropFirst().map {
        $0.components(separatedBy: "```")[0]
      }
    }
  }()

  @Test(arguments: blocks) func documentedConfigLoads(text: String) {
    #expect(ConfigFixture.messages(text) == [])
  }
}
