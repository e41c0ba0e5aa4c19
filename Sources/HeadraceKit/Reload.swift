import ArgumentParser
import ControlPlane

/// `headrace reload`: has a running proxy read its file again, and says what came of it.
struct Reload: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Have the running proxy read its config file again.",
    discussion: """
      Asks the admin listener, whose address is taken from the config file. The proxy reads the \
      file that it was started with; errors are printed here, and then it runs on as before. \
      Without an admin listener, send SIGHUP and look into its log.

      Examples:
        headrace reload                         (of /etc/headrace/headrace.yaml)
        headrace reload site.yaml
        headrace reload --admin 127.0.0.1:9180  (the file has another one now)

      Exit status: 0 reloaded, 1 refused, or nobody answers.
      """)

  @OptionGroup var target: AdminTarget

  func run() throws {
    let failing = "not reloaded"
    let client = try target.client(
      failing: failing, withoutAdmin: "send SIGHUP to the process instead")
    let answer = try target.ask(failing: failing) { () throws(AdminClient.Failure) in
      try client.reload()
    }
    try answer.show()
  }
}
