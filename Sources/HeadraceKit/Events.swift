import ArgumentParser
import ControlPlane

/// `headrace events`: what happened to the pools and backends of a running proxy.
struct Events: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what happened to pools and backends of late.",
    discussion: """
      The last 256 events with their time, newest last: backends that went out or came back, and \
      what operators did. Asks the admin listener of the running proxy, whose log has them too.

      Examples:
        headrace events
        headrace events --json site.yaml | jq -r '.events[].text'

      Exit status: 0 shown, 1 nobody answers.
      """)

  @Flag(help: "Print one JSON document on stdout.") var json = false
  @OptionGroup var target: AdminTarget

  func run() throws {
    let failing = "no events to show"
    let client = try target.client(failing: failing)
    let answer = try target.ask(failing: failing) { () throws(AdminClient.Failure) in
      try client.events(json: json)
    }
    try answer.show()
  }
}
