import ArgumentParser
import ControlPlane

@main
struct Headrace: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "headrace", abstract: "A layer-7 load balancer, reverse proxy and cache.")
}
