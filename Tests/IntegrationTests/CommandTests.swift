import Foundation
import Testing

/// The command line of the real binary.
@Suite("Commands") struct CommandTests {
  private static let good =
    "listen: 127.0.0.1:0\nroutes: [{ to: app }]\npools: { app: [127.0.0.1:1] }\n"
  private static let bad =
    "listen: 127.0.0.1:0\nroutes: [{ to: ap }]\npools: { app: [127.0.0.1:1] }\n"

  private func run(
    _ arguments: String..., files: [String: String] = [:]
  ) throws -> Program.Result {
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (name, text) in files { try write(text, to: folder + "/" + name) }
    let process = try ChildProcess(
      [Proxy.binary] + arguments.map { $0.replacing("$", with: folder + "/") }, folder: folder)
    let status = try process.waitForExit()
    return Program.Result(
      status: status, output: process.output.replacing(folder + "/", with: ""),
      errors: process.errors.replacing(folder + "/", with: ""))
  }

  @Test("version") func version() throws {
    let version = try run("version")
    #expect(version.status == .exited(0))
    #expect(version.output.hasPrefix("headrace "))
    #expect(try run("--version").output == version.output)
  }

  @Test("wrong usage is status 2, on stderr")
  func usage() throws {
    let wrong = [
      ["nonsense"], ["check", "a", "b"], ["diff", "a"], ["reload", "--admin", "nonsense"],
      ["explain", "a", "/", "-H", "nonsense"], ["demo", "--port", "x"],
    ]
    for arguments in wrong {
      let folder = try makeFolder()
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let process = try ChildProcess([Proxy.binary] + arguments, folder: folder)
      #expect(try process.waitForExit() == .exited(2), "\(arguments)")
      #expect(process.output == "")
      #expect(process.errors.contains("Usage: headrace"), "\(process.errors)")
    }
    #expect(try run("--help").status == .exited(0))
  }

  @Test("check: statuses, words and documents")
  func check() throws {
    let good = try run("check", "$a.yaml", files: ["a.yaml": Self.good])
    #expect(good.status == .exited(0))
    #expect(good.output == "a.yaml: ok\n")
    let bad = try run("check", "$a.yaml", files: ["a.yaml": Self.bad])
    #expect(bad.status == .exited(1))
    #expect(bad.output == "")
    #expect(bad.errors.hasPrefix("a.yaml:2:16: "))
    #expect(!bad.errors.contains("\u{1B}"), "no colour in a file")
    let document = try run("check", "--json", "$a.yaml", files: ["a.yaml": Self.bad])
    #expect(document.status == .exited(1))
    #expect(document.errors == "")
    let json = try Self.object(document.output)
    #expect(json["errors"] as? Int == 1)
    let problems = try #require(json["problems"] as? [[String: Any]])
    #expect(problems.first?["line"] as? Int == 2)
    #expect(problems.first?["suggestion"] as? String == "app")
  }

  @Test("check --strict: warnings are status 3")
  func strict() throws {
    let unused = Self.good.replacing("] }\n", with: "], unused: [127.0.0.1:2] }\n")
    let lenient = try run("check", "$a.yaml", files: ["a.yaml": unused])
    #expect(lenient.status == .exited(0))
    #expect(lenient.errors.contains("warning: "))
    #expect(
      try run("check", "--strict", "$a.yaml", files: ["a.yaml": unused]).status == .exited(3))
    #expect(
      try run("check", "--strict", "$a.yaml", files: ["a.yaml": Self.good]).status == .exited(0))
    let both = try run("check", "--strict", "--json", "$a.yaml", files: ["a.yaml": unused])
    #expect(both.status == .exited(3))
    #expect(try Self.object(both.output)["warnings"] as? Int == 1)
  }

  @Test("diff")
  func diff() throws {
    let files = ["a.yaml": Self.good, "b.yaml": Self.good + "via: true\n", "c.yaml": Self.bad]
    let change = try run("diff", "$a.yaml", "$b.yaml", files: files)
    #expect(change.status == .exited(0))
    #expect(change.output.contains("  - via was false, is now true\n"))
    #expect(try run("diff", "$a.yaml", "$a.yaml", files: files).output == "Nothing changes.\n")
    let json = try run("diff", "--json", "$a.yaml", "$b.yaml", files: files)
    #expect(try Self.object(json.output)["changes"] as? Bool == true)
    let broken = try run("diff", "$a.yaml", "$c.yaml", files: files)
    #expect(broken.status == .exited(1))
    #expect(broken.errors.hasPrefix("c.yaml:2:16: "))
  }

  @Test("explain")
  func explain() throws {
    let files = ["a.yaml": Self.good]
    let text = try run(
      "explain", "$a.yaml", "-X", "PUT", "-H", "X-A: 1", "-d", "x", "http://h/p?q",
      "--client", "::1", files: files)
    #expect(text.status == .exited(0))
    #expect(text.output.hasPrefix("PUT /p?q of h\nfrom ::1\n"))
    #expect(text.output.contains("\n  X-A: 1\n"))
    let json = try run("explain", "--json", "$a.yaml", "/", files: files)
    #expect(try Self.object(json.output)["route"] as? String == "app")
  }

  @Test("config show, reference and schema")
  func config() throws {
    let show = try run("config", "show", "$a.yaml", files: ["a.yaml": Self.good])
    #expect(show.status == .exited(0))
    #expect(show.output.hasPrefix("listen "))
    #expect(show.output.contains(" a.yaml:1:9\n"))
    let one = try run("config", "reference", "timeouts.connect")
    #expect(one.output.hasPrefix("timeouts.connect\n"))
    #expect(try run("config", "reference").output.contains("\ntimeouts.connect\n"))
    let unknown = try run("config", "reference", "timeouts.conect")
    #expect(unknown.status == .exited(1))
    #expect(unknown.errors.contains("did you mean"))
    #expect(try Self.object(run("config", "schema").output)["$schema"] != nil)
  }

  @Test("colour on a terminal only, and not with NO_COLOR", .enabled(if: Program.python != nil))
  func colour() throws {
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try write(Self.bad, to: folder + "/a.yaml")
    func said(_ variables: String...) throws -> String {
      let python = try #require(Program.python)
      let terminal = [python, "-c", "import pty, sys; pty.spawn(sys.argv[1:])"]
      return try Program.run(
        ["env", "-u", "NO_COLOR"] + variables + terminal
          + [Proxy.binary, "check", folder + "/a.yaml"]
      ).output
    }
    #expect(try said("TERM=xterm").contains("\u{1B}[1m\(folder)/a.yaml:2:16:\u{1B}[0m "))
    #expect(try said("TERM=xterm", "NO_COLOR=").contains("\u{1B}[31m"))
    #expect(try !said("TERM=xterm", "NO_COLOR=1").contains("\u{1B}"))
    #expect(try !said("TERM=dumb").contains("\u{1B}"))
  }

  private static func object(_ text: String) throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
    return try #require(value as? [String: Any])
  }
}
