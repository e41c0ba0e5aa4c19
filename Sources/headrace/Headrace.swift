import ArgumentParser
import ControlPlane

/// The command line: each subcommand in a file of its own.
@main
struct Headrace: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "headrace",
    abstract: "A layer-7 load balancer, reverse proxy and cache.",
    discussion: """
      Try it:          headrace demo
      Check a config:  headrace check conf/headrace.yaml
      Run a config:    headrace run conf/headrace.yaml
      """,
    version: "headrace \(Version.text)",
    subcommands: [Run.self, Check.self, Demo.self])
}
