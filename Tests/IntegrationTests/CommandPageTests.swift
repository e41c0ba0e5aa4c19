import Foundation
import Testing

/// docs/commands.md and the completion scripts, held against what the binary says of itself.
@Suite("The page of the commands") struct CommandPageTests {
  /// A command as `--experimental-dump-help` describes it.
  private struct Command: Decodable {
    struct Argument: Decodable {
      struct Name: Decodable {
        let kind: String
        let name: String
        var text: String { (kind == "short" ? "-" : "--") + name }
      }
      let kind: String
      let names: [Name]?
      let abstract: String?
    }
    let commandName: String
    let abstract: String?
    let discussion: String?
    let arguments: [Argument]?
    let subcommands: [Command]?
  }

  private struct Dump: Decodable { let command: Command }

  private static func root() throws -> Command {
    let dump = try Program.run([Proxy.binary, "--experimental-dump-help"])
    return try JSONDecoder().decode(Dump.self, from: Data(dump.output.utf8)).command
  }

  private static let page =
    #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/docs/commands.md"

  /// Each section of the page by its heading, such as `headrace config show`.
  private static func sections() throws -> [String: String] {
    let text = try String(contentsOfFile: page, encoding: .utf8)
    var sections: [String: String] = [:]
    for part in text.components(separatedBy: "\n## ").dropFirst() {
      let lines = part.split(separator: "\n", maxSplits: 1)
      sections[String(lines[0])] = String(lines.last ?? "")
    }
    return sections
  }

  @Test("every command, option and argument is on the page")
  func complete() throws {
    let sections = try Self.sections()
    func visit(_ command: Command, _ path: String) {
      let below = (command.subcommands ?? []).filter { $0.commandName != "help" }
      for next in below { visit(next, "\(path) \(next.commandName)") }
      guard below.isEmpty else { return }
      guard let section = sections[path] else {
        Issue.record("no section \(path)")
        return
      }
      for argument in command.arguments ?? [] {
        for name in argument.names ?? [] where !["help", "h", "version"].contains(name.name) {
          #expect(section.contains("`\(name.text)"), "\(path) \(name.text)")
        }
        #expect(argument.abstract?.isEmpty == false, "\(path): an option without help")
      }
      #expect(path == "headrace version" || command.discussion?.contains("Example") == true)
    }
    let root = try Self.root()
    visit(root, root.commandName)
    #expect(sections.count > 8)
  }

  @Test("help fits a terminal of 80 columns: its examples are not broken")
  func width() throws {
    func visit(_ command: Command, _ path: String) {
      for next in command.subcommands ?? [] { visit(next, "\(path) \(next.commandName)") }
      let lines = (command.discussion ?? "").split(separator: "\n")
      for line in lines where line.hasPrefix("  ") { #expect(line.count <= 80, "\(path): \(line)") }
    }
    visit(try Self.root(), "headrace")
  }

  @Test(
    "completion scripts name every command and complete files", arguments: ["bash", "zsh", "fish"])
  func completion(_ shell: String) throws {
    let script = try Program.run([Proxy.binary, "--generate-completion-script", shell])
    #expect(script.status == .exited(0))
    for word in [
      "run", "check", "explain", "diff", "reload", "backends", "drain", "cache", "purge", "events",
      "config", "dev-cert", "demo", "version", "yaml",
    ] {
      #expect(script.output.contains(word), "\(word)")
    }
    guard let program = Program.find(shell) else { return }
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try write(script.output, to: folder + "/script")
    #expect(try Program.run([program, "-n", folder + "/script"]).status == .exited(0))
  }

  @Test("bash completes commands and config files", .enabled(if: Program.find("bash") != nil))
  func bash() throws {
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let script = try Program.run([Proxy.binary, "--generate-completion-script", "bash"])
    try write(script.output, to: folder + "/script")
    try write("", to: folder + "/site.yaml")
    try write("", to: folder + "/notes.txt")
    func complete(_ words: String) throws -> [String] {
      let text = """
        cd \(folder); source ./script
        COMP_WORDS=(\(words) ''); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        COMP_LINE="\(words) "; COMP_POINT=${#COMP_LINE}
        _headrace 2>/dev/null; printf '%s\\n' "${COMPREPLY[@]}"
        """
      let bash = try #require(Program.find("bash"))
      return try Program.run([bash, "-c", text]).output.split(separator: "\n").map(String.init)
    }
    #expect(try complete("headrace").contains("explain"))
    let files = try complete("headrace check")
    #expect(files.contains("site.yaml"))
    #expect(!files.contains("notes.txt"))
  }
}
