import ArgumentParser
import ControlPlane

/// Which running proxy a command asks, with the same words everywhere.
struct AdminTarget: ParsableArguments {
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

  /// To ask the proxy; without an address, says why and ends with status 1.
  ///
  /// - Parameters:
  ///   - failing: what the operator does not get then.
  ///   - withoutAdmin: what to do when the config has no admin listener.
  func client(
    failing: String, withoutAdmin: String = "add one, or give its address with --admin"
  ) throws -> AdminClient {
    if let admin, let endpoint = AdminClient.endpoint(admin) { return AdminClient(endpoint) }
    guard let loaded = ConfigReport.load(config.file) else {
      Terminal.say(failing)
      throw ExitStatus.failed
    }
    guard let address = loaded.config.admin?.address else {
      Terminal.say("\(failing): \(config.file) has no admin; \(withoutAdmin)")
      throw ExitStatus.failed
    }
    if address.port == 0 {
      Terminal.say("\(failing): admin has port 0; give the real address with --admin")
      throw ExitStatus.failed
    }
    return AdminClient(address)
  }

  /// What the proxy answers; when it does not, says why and ends with status 1.
  func ask<Answer>(
    failing: String, _ question: () throws(AdminClient.Failure) -> Answer
  ) throws -> Answer {
    do throws(AdminClient.Failure) {
      return try question()
    } catch {
      Terminal.say("\(failing): \(error)")
      if admin == nil { Terminal.say("does it run with another address? Then use --admin") }
      throw ExitStatus.failed
    }
  }
}

extension AdminClient.Answer {
  /// On stdout; on stderr, with status 1, when the proxy refused.
  func show() throws {
    Terminal.write(text, to: status == 200 ? 1 : 2)
    guard status == 200 else { throw ExitStatus.failed }
  }
}
