import ArgumentParser
import ControlPlane

/// `headrace check FILE`: all that is wrong with a config, without running it.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check a config file and list all that is wrong with it.",
    discussion: """
      Reads the file as run would, and starts nothing: names are not resolved and no address \
      is listened on, so another machine's config can be checked here.

      Examples:
        headrace check site.yaml
        headrace check --strict site.yaml && headrace reload site.yaml
        headrace check --json site.yaml | jq -r '.problems[].message'

      Exit status: 0 the file may be run, 1 it has errors, 3 it has warnings \
      (with --strict).
      """)

  @Flag(help: "Warnings fail too, with exit status 3.")
  var strict = false

  @Flag(help: "Print all problems as one JSON document on stdout.")
  var json = false

  @OptionGroup var config: ConfigArgument

  func run() throws {
    let (problems, isFine): ([ConfigProblem], Bool)
    switch ConfigLoader.load(path: config.file) {
    case .success(let loaded): (problems, isFine) = (loaded.warnings, true)
    case .failure(let errors): (problems, isFine) = (errors.problems, false)
    }
    if json {
      Terminal.write(ConfigProblem.json(problems), to: 1)
    } else {
      ConfigReport.write(problems)
    }
    guard isFine else { throw ExitStatus.failed }
    if strict, !problems.isEmpty { throw ExitStatus.warnings }
    if !json { Terminal.write("\(config.file): ok\n", to: 1) }
  }
}
