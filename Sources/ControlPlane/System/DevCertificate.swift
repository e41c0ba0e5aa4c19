/// `headrace dev-cert`: a certificate for one's own machine, its files, and how to use them.
public struct DevCertificate: Sendable {
  /// Why there is none, in a sentence.
  public struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String
  }

  public let names: [String]
  public let certificateFile: String
  public let keyFile: String

  /// What every such certificate is for.
  static let always = ["localhost", "127.0.0.1", "::1"]

  /// - Parameters:
  ///   - names: DNS names, with `*.` in front or without, and addresses.
  ///   - folder: where the files go: `dev-cert.pem` and `dev-cert.key`.
  public init(names: [String], folder: String) throws(Failure) {
    var all: [String] = []
    for name in names + Self.always {
      let lower = name.lowercased()
      let isName = HostNameText.isName(lower.hasPrefix("*.") ? String(lower.dropFirst(2)) : lower)
      guard isName || AddressText.parse4(lower) != nil || AddressText.parse6(lower) != nil else {
        throw Failure(
          description: "\(quoted(name)) is neither a name such as app.test or *.app.test nor an "
            + "address")
      }
      if !all.contains(lower) { all.append(lower) }
    }
    self.names = all
    let prefix = folder.isEmpty || folder.hasSuffix("/") ? folder : folder + "/"
    certificateFile = "\(prefix)dev-cert.pem"
    keyFile = "\(prefix)dev-cert.key"
  }

  /// Makes the certificate and writes both files; without `replaces` only if none is there.
  public func write(replaces: Bool) throws(Failure) {
    if !replaces, let file = [certificateFile, keyFile].first(where: NewFile.exists) {
      throw Failure(description: "\(quoted(file)) is there already; --force replaces it")
    }
    do {
      let pair = try CertificateMaker(names: names).make()
      try NewFile.write(pair.key, to: keyFile, mode: 0o600, replaces: replaces)
      try NewFile.write(pair.certificate, to: certificateFile, mode: 0o644, replaces: replaces)
    } catch {
      throw Failure(description: "\(error)")
    }
  }

  /// What to do with the files.
  public var guide: String {
    return """
      Wrote \(certificateFile) and \(keyFile), valid for a year, for:
      \(names.joined(separator: ", "))

      In the config:

        listeners:
          - address: :8443
            tls:
              certificates:
                - { cert: \(FilePath.identity(certificateFile)), key: \
      \(FilePath.identity(keyFile)) }

      Try it:

        curl --cacert \(certificateFile) https://localhost:8443/

      Browsers warn of it, for nobody has signed it but itself. To trust it on this machine:

        Debian, Ubuntu:   sudo cp \(certificateFile) /usr/local/share/ca-certificates/\
      headrace-dev.crt
                          sudo update-ca-certificates
        Fedora:           sudo trust anchor \(certificateFile)
        Chromium, Linux:  certutil -d sql:$HOME/.pki/nssdb -A -t P,, -n headrace-dev -i \
      \(certificateFile)
        Firefox:          accept the warning, once

      Never use it where others depend on it.

      """
  }
}
