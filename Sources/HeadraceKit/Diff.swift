import ArgumentParser
import ControlPlane

/// `headrace diff OLD NEW`: what a reload from one config to another would do.
struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say in words what a reload would change, keep and drain.",
    discussion: """
      Compares what the files mean, not how they are written: comments, order of keys and \
      spelled out defaults make no difference. Asks no running proxy.

      Examples:
        headrace diff /etc/headrace/headrace.yaml new.yaml
        git show HEAD:site.yaml > old.yaml; headrace diff old.yaml site.yaml
        headrace diff --json old.yaml new.yaml | jq -r '.entries[].text'

      Exit status: 0 whether or not they differ, 1 one of the files has errors.
      """)

  @Flag(help: "Print one JSON document on stdout.")
  var json = false

  @Argument(
    help: "The config that runs now.", completion: .file(extensions: ["yaml", "yml"]))
  var old: String

  @Argument(
    help: "The config that it would be given.", completion: .file(extensions: ["yaml", "yml"]))
  var new: String

  func run() throws {
    // Both, so that the errors of both are seen.
    let (before, after) = (ConfigReport.load(old), ConfigReport.load(new))
    guard let before, let after else { throw ExitStatus.failed }
    let diff = ConfigDiff(from: before.config, to: after.config)
    let paint = Paint(descriptor: 1)
    Terminal.write(json ? diff.json : diff.text(title: paint.bold), to: 1)
  }
}
