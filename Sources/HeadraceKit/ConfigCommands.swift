import ArgumentParser
import ControlPlane

/// `headrace config ...`: what a config comes to, and what may be in one.
struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "Show a config's values, the reference of its options, its schema.",
    discussion: """
      Examples:
        headrace config show site.yaml
        headrace config reference timeouts.connect
        headrace config schema > headrace.schema.json
      """,
    subcommands: [Show.self, Reference.self, Schema.self])

  /// `headrace config show FILE`
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print every value that is in force, and where it comes from.",
      discussion: """
        One line for each option: its path, its value, and the place in the file (or in an \
        included one), the environment variable, or "default".

        Examples:
          headrace config show site.yaml
          headrace config show site.yaml | grep -v 'default$'
        """)

    @OptionGroup var config: ConfigArgument

    func run() throws {
      guard let loaded = ConfigReport.load(config.file) else { throw ExitStatus.failed }
      let settings = loaded.settings.map { ($0.path, $0.value.debugWord, $0.source) }
      let paths = min(settings.map(\.0.count).max() ?? 0, 44)
      let values = min(settings.map(\.1.count).max() ?? 0, 32)
      let lines = settings.map { path, value, source in
        "\(path.padded(to: paths))  \(value.padded(to: values))  \(source)\n"
      }
      Terminal.write(lines.joined(), to: 1)
    }
  }

  /// `headrace config reference [KEY]`
  struct Reference: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print what an option means, its default and the reason for it.",
      discussion: """
        Examples:
          headrace config reference                     (all keys)
          headrace config reference timeouts.connect
          headrace config reference max_idle            (every option of that name)
        """)

    @Argument(
      help: "An option, such as pools.app.strategy or max_idle; without it all keys are listed.",
      completion: .list(ConfigReference.keys))
    var key: String?

    func run() throws {
      guard let key else {
        return Terminal.write(ConfigReference.keys.map { $0 + "\n" }.joined(), to: 1)
      }
      guard let text = ConfigReference.text(forKey: key) else {
        let hint = ConfigReference.suggestion(forKey: key).map { "; did you mean \"\($0)\"?" }
        Terminal.say("there is no option \"\(key)\"\(hint ?? "")")
        throw ExitStatus.failed
      }
      Terminal.write(text.hasSuffix("\n") ? text : text + "\n", to: 1)
    }
  }

  /// `headrace config schema`
  struct Schema: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the JSON schema of config files, for editors.",
      discussion: """
        Editors with YAML support complete and check by it, with this as the file's first \
        line:
          # yaml-language-server: $schema=headrace.schema.json

        Example:
          headrace config schema > headrace.schema.json
        """)

    func run() { Terminal.write(ConfigSchema.json, to: 1) }
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }

  /// On one line.
  fileprivate var debugWord: String {
    let isLong = count > 200
    return replacing("\n", with: "\\n").prefix(200) + (isLong ? "..." : "")
  }
}
