import Foundation
import Testing

/// `headrace` run to its end.
enum Command {
  /// `$` in an argument stands for a new folder with the files.
  static func run(_ arguments: [String], files: [String: String] = [:]) throws -> Program.Result {
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (name, text) in files { try write(text, to: folder + "/" + name) }
    return try Program.run(
      [Proxy.binary] + arguments.map { $0.replacing("$", with: folder) })
  }

  static func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }
}

@Suite("Commands and their files") struct CommandFileTests {
  private static let good = """
    listen: 127.0.0.1:0
    routes:
      - { name: api, match: { path: /api/** }, to: app }
      - { name: rest, respond: 404 }
    pools: { app: [127.0.0.1:3000] }

    """
  private static let warned = good.replacing(
    "pools: {", with: "  - { name: never, match: { path: /x }, respond: 200 }\npools: {")
  private static let bad = good.replacing("to: app", with: "too: app")
    .replacing("respond: 404", with: "respond: 999")

  @Test("check says ok, or all that is wrong, with its place and an exit status")
  func check() throws {
    let files = ["good.yaml": Self.good, "warned.yaml": Self.warned, "bad.yaml": Self.bad]
    func check(_ arguments: String...) throws -> Program.Result {
      try Command.run(["check"] + arguments, files: files)
    }
    let good = try check("--strict", "$/good.yaml")
    #expect(good.status == .exited(0) && good.errors == "" && good.output.contains("ok"))
    let warned = try check("$/warned.yaml")
    #expect(warned.status == .exited(0) && warned.errors.contains("warning"))
    #expect(try check("--strict", "$/warned.yaml").status == .exited(3))
    let bad = try check("$/bad.yaml")
    #expect(bad.status == .exited(1) && bad.output == "")
    #expect(bad.errors.contains("bad.yaml:3:") && bad.errors.contains("bad.yaml:4:"))
    #expect(bad.errors.contains("\"to\""), "a suggestion: \(bad.errors)")
    #expect(try check("--strict", "$/bad.yaml").status == .exited(1))
    #expect(try check("$/missing.yaml").status == .exited(1))
    #expect(try check("--nonsense", "$/good.yaml").status == .exited(2))
    #expect(try check("$/good.yaml", "more").status == .exited(2))
  }

  @Test("check --json is one document, whatever the file is")
  func checkJSON() throws {
    let files = ["good.yaml": Self.good, "warned.yaml": Self.warned, "bad.yaml": Self.bad]
    for (name, count) in [("good", 0), ("warned", 1), ("bad", 2), ("missing", 1)] {
      let result = try Command.run(["check", "--json", "$/\(name).yaml"], files: files)
      let isBad = name == "bad" || name == "missing"
      #expect(result.status == .exited(isBad ? 1 : 0) && result.errors == "", "\(name)")
      let problems = try Command.object(result.output)["problems"] as? [[String: Any]]
      #expect((problems?.count ?? -1) >= count && (problems?.isEmpty == (count == 0)), "\(name)")
      #expect(problems?.allSatisfy { $0["message"] is String } == true)
    }
  }

  @Test("config show prints each value with its source")
  func configShow() throws {
    let text =
      Self.good.replacing("127.0.0.1:0", with: "\"127.0.0.1:${HR_NO:-8123}\"")
      + "timeouts: { connect: 2s }\n"
    let result = try Command.run(["config", "show", "$/a.yaml"], files: ["a.yaml": text])
    #expect(result.status == .exited(0) && result.errors == "")
    let lines = result.output.split(separator: "\n").map(String.init)
    let connect = lines.first { $0.hasPrefix("timeouts.connect ") } ?? ""
    #expect(connect.contains(" 2s ") && connect.contains("a.yaml:6"), "\(connect)")
    let request = lines.first { $0.hasPrefix("timeouts.first_byte ") } ?? ""
    #expect(request.contains(" 60s ") || request.contains(" 1m "), "\(request)")
    #expect(request.hasSuffix("default"))
    #expect(result.output.contains("8123"))
    #expect(try Command.run(["config", "show", "$/none.yaml"]).status == .exited(1))
  }

  @Test("config reference lists the keys, and explains one")
  func configReference() throws {
    let all = try Command.run(["config", "reference"])
    #expect(all.status == .exited(0))
    #expect(all.output.split(separator: "\n").contains("timeouts.connect"))
    let one = try Command.run(["config", "reference", "timeouts.connect"])
    #expect(one.status == .exited(0) && one.output.contains("5s"))
    #expect(try Command.run(["config", "reference", "max_idle"]).output.contains("256"))
    let route = try Command.run(["config", "reference", "routes.rewrite.strip_prefix"])
    #expect(route.output.contains("/api"))
    let wrong = try Command.run(["config", "reference", "timeouts.conect"])
    #expect(wrong.status == .exited(1) && wrong.errors.contains("timeouts.connect"))
  }

  @Test("config schema is JSON, and the file in conf is the same")
  func configSchema() throws {
    let schema = try Command.run(["config", "schema"])
    #expect(schema.status == .exited(0))
    #expect(try Command.object(schema.output)["properties"] is [String: Any])
    let file = try Repository.text("conf/headrace.schema.json")
    #expect(schema.output == file)
  }

  @Test("diff says what a reload would change, restart and keep")
  func diff() throws {
    let new =
      Self.good.replacing("/api/**", with: "/v2/**")
      .replacing("127.0.0.1:3000", with: "127.0.0.1:3001") + "workers: 7\n"
    let files = [
      "old.yaml": Self.good, "new.yaml": new, "same.yaml": "# A word.\n" + Self.good,
      "bad.yaml": Self.bad,
    ]
    func diff(_ arguments: String...) throws -> Program.Result {
      try Command.run(["diff"] + arguments, files: files)
    }
    let text = try diff("$/old.yaml", "$/new.yaml")
    #expect(text.status == .exited(0))
    for part in ["api", "127.0.0.1:3001", "workers", "until the next start"] {
      #expect(text.output.contains(part), "\(part) in \(text.output)")
    }
    let json = try diff("--json", "$/old.yaml", "$/new.yaml")
    let entries = try Command.object(json.output)["entries"] as? [[String: Any]] ?? []
    let effects = Set(entries.compactMap { $0["effect"] as? String })
    #expect(effects.contains("restart") && effects.contains("changes"))
    let same = try diff("--json", "$/old.yaml", "$/same.yaml")
    let kept = try Command.object(same.output)["entries"] as? [[String: Any]] ?? []
    #expect(kept.allSatisfy { $0["effect"] as? String == "keeps" })
    let wrong = try diff("$/old.yaml", "$/bad.yaml")
    #expect(wrong.status == .exited(1) && wrong.errors.contains("bad.yaml:3:"))
    #expect(try diff("$/old.yaml").status == .exited(2))
  }

  @Test("included files: their routes come behind, and errors name the file")
  func includes() throws {
    let main =
      "include: site-*.yaml\n"
      + Self.good.replacing("  - { name: rest, respond: 404 }\n", with: "")
    let site = "routes:\n  - { name: site, match: { path: /site }, to: other }\n"
    let pool = "pools: { other: [127.0.0.1:1] }\n"
    let files = ["a.yaml": main, "site-1.yaml": site + pool]
    let shown = try Command.run(["explain", "$/a.yaml", "/site", "--json"], files: files)
    #expect(try Command.object(shown.output)["route"] as? String == "site")
    let broken = ["a.yaml": main, "site-1.yaml": site]
    let result = try Command.run(["check", "$/a.yaml"], files: broken)
    #expect(result.status == .exited(1) && result.errors.contains("site-1.yaml:2:"))
    let twice = ["a.yaml": main, "site-1.yaml": site + pool, "site-2.yaml": pool]
    let both = try Command.run(["check", "$/a.yaml"], files: twice)
    #expect(both.status == .exited(1))
    #expect(both.errors.contains("site-1.yaml") && both.errors.contains("site-2.yaml"))
  }
}

/// Files of this repository.
enum Repository {
  static func path(_ name: String) -> String {
    let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    return here.appendingPathComponent("../../" + name).standardizedFileURL.path
  }
  static func text(_ name: String) throws -> String {
    try String(contentsOfFile: path(name), encoding: .utf8)
  }
}
