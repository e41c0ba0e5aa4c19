import ArgumentParser
import ControlPlane

/// `headrace dev-cert [NAME...]`: a certificate for trying TLS out.
struct DevCert: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dev-cert",
    abstract: "Make a certificate for trying TLS on this machine.",
    discussion: """
      Writes dev-cert.pem and, for its owner alone, dev-cert.key: ECDSA P-256, signed by itself, \
      valid for a year, for localhost, 127.0.0.1, ::1 and the given names. Then prints the lines \
      for the config and how to have it trusted.

      Examples:
        headrace dev-cert
        headrace dev-cert --out certs app.test '*.app.test'

      Exit status: 0 written, 1 not written, such as when the files are there already.
      """)

  @Option(help: ArgumentHelp("The folder for the files.", valueName: "folder"))
  var out = "."

  @Flag(help: "Replace the files if they are there.")
  var force = false

  @Argument(help: "Names and addresses that it is for.")
  var names: [String] = []

  func run() throws {
    do {
      let certificate = try DevCertificate(names: names, folder: out == "." ? "" : out)
      try certificate.write(replaces: force)
      Terminal.write(certificate.guide, to: 1)
    } catch {
      Terminal.say("\(error)")
      throw ExitStatus.failed
    }
  }
}
