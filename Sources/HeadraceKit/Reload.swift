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

  @Option(
    help: ArgumentHelp(
      "The admin listener, such as 127.0.0.1:9180 or unix:/run/admin.sock; the file is not read.",
      valueName: "address"))
  var admin: String?

  @OptionGroup var config: ConfigArgument

  func validate() throws {
    if let admin, AdminClient.endpoint(admin) == nil {
      throw ValidationError("--admin must be an address such as 127.0.0.1:9180, not \"\(admin)\"")
    }
  }

  func run() throws {
    let answer: AdminClient.Answer
    do {
      answer = try AdminClient(try endpoint()).reload()
    } catch let failure as AdminClient.Failure {
      Terminal.say("not reloaded: \(failure)")
      if admin == nil { Terminal.say("does it run with another address? Then use --admin") }
      throw ExitStatus.failed
    }
    let isReloaded = answer.status == 200
    Terminal.write(answer.text, to: isReloaded ? 1 : 2)
    guard isReloaded else { throw ExitStatus.failed }
  }

  private func endpoint() throws -> Endpoint {
    if let admin, let endpoint = AdminClient.endpoint(admin) { return endpoint }
    guard let loaded = ConfigReport.load(config.file) else {
      Terminal.say("not reloaded")
      throw ExitStatus.failed
    }
    guard let address = loaded.config.admin?.address else {
      Terminal.say("not reloaded: \(config.file) has no admin; send SIGHUP to the process instead")
      throw ExitStatus.failed
    }
    if address.port == 0 {
      Terminal.say("not reloaded: admin has port 0; give the real address with --admin")
      throw ExitStatus.failed
    }
    return address
  }
}
