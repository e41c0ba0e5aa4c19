import ArgumentParser
import ControlPlane
import Glibc

/// The command line: each subcommand in a file of its own.
struct RootCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "headrace",
    abstract: "A layer-7 load balancer, reverse proxy and cache.",
    discussion: """
      Try it, with nothing to set up:  headrace demo
      Check a config:                  headrace check conf/headrace.yaml
      Run it, in the foreground:       headrace run conf/headrace.yaml
      After an edit:                   headrace reload conf/headrace.yaml
      Who gets requests, and why:      headrace backends conf/headrace.yaml
      What is cached:                  headrace cache conf/headrace.yaml

      Exit status: 0 fine, 1 the config has errors or it did not work, 2 wrong \
      usage.
      """,
    version: Version.line,
    subcommands: RootCommand.subcommands)

  private static let subcommands: [any ParsableCommand.Type] = [
    Run.self, Check.self, Explain.self, Diff.self, Reload.self, Backends.self, Cache.self,
    Events.self, ConfigCommand.self, DevCert.self, Demo.self, VersionCommand.self,
  ]

  /// By the arguments of the process, to its end.
  static func runToEnd() -> Never {
    do {
      var command = try parseAsRoot()
      try command.run()
      Glibc.exit(0)
    } catch {
      guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
      Terminal.write(fullMessage(for: error) + "\n", to: 2)
      Glibc.exit(ExitStatus.usage.rawValue)
    }
  }
}

/// What the process says with its end, to scripts.
enum ExitStatus {
  /// The config has errors, or what was asked for did not work.
  static let failed = ExitCode(1)
  static let usage = ExitCode(2)
  /// `check --strict`: the config may be run, but has warnings.
  static let warnings = ExitCode(3)
}

extension Version {
  static var line: String { "headrace \(text)" }
}

/// The config file of a command, with the same words everywhere.
struct ConfigArgument: ParsableArguments {
  static let standard = "/etc/headrace/headrace.yaml"

  @Argument(help: "The config file.", completion: .file(extensions: ["yaml", "yml"]))
  var file = ConfigArgument.standard
}
