import ArgumentParser
import ControlPlane

/// `headrace check FILE`: all that is wrong with a config, without running it.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check a config file and list all that is wrong with it.",
    discussion: "Exit status 0 when the file may be run, 1 when not. Nothing is started.")

  @Argument(help: "The config file.")
  var file = "/etc/headrace/headrace.yaml"

  func run() throws {
    guard ConfigReport.load(file) != nil else { throw ExitCode(1) }
    print("\(file): ok")
  }
}
