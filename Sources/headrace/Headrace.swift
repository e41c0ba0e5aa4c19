import ArgumentParser
import ControlPlane

/// The command line: the subcommands are in the files beside this one.
@main
struct Headrace: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "headrace", abstract: "A layer-7 load balancer, reverse proxy and cache.")
}
