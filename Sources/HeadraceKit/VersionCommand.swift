import ArgumentParser
import ControlPlane

/// `headrace version`: the same as `--version`.
struct VersionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: "Print the version.")

  func run() { Terminal.write(Version.line + "\n", to: 1) }
}
