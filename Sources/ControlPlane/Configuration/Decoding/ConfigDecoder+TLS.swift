/// TLS of listeners, and what else they can do.
extension ConfigDecoder {
  /// - Parameter entries: of the listener.
  mutating func decodeListenerOptions(
    _ entries: [YamlNode.Entry], _ name: String, _ listener: inout Config.Listener
  ) {
    let path = "listeners[]"
    if let entry = entry("http2", entries),
      case .flag(let isOn) = scalar(entry.value, OptionTable.row("\(path).http2"), "\(name).http2")
    {
      listener.isHTTP2On = isOn
    }
    if let entry = entry("redirect_to_https", entries) {
      let row = OptionTable.row("\(path).redirect_to_https")
      switch scalar(entry.value, row, "\(name).redirect_to_https") {
      case .flag(true): listener.redirectToHTTPS = 443
      case .integer(let port): listener.redirectToHTTPS = UInt16(port)
      default: break
      }
    }
    guard let section = entry("tls", entries) else { return }
    if listener.redirectToHTTPS != nil, let redirect = entry("redirect_to_https", entries) {
      refuse(
        redirect.keyPlace,
        "a listener with \"tls\" has nothing to redirect; leave \"redirect_to_https\" out, or "
          + "write it on the listener in clear")
    }
    listener.tls = tls(section.value, "\(name).tls")
  }

  private mutating func tls(_ node: YamlNode, _ name: String) -> Config.TLS? {
    let path = "listeners[].tls"
    guard let entries = mapping(node, at: path, called: quoted(name)),
      let list = required("certificates", entries, of: node.place, called: quoted(name)),
      let items = self.list(list, OptionTable.row("\(path).certificates"), "\(name).certificates")
    else { return nil }
    var tls = Config.TLS(certificates: [])
    var places: [YamlNode.Place] = []
    for (index, item) in items.enumerated() {
      guard
        let certificate = listenerCertificate(
          item, "\(path).certificates[]", "\(name).certificates[\(index)]")
      else { continue }
      checkNames(certificate, at: item.place, tls.certificates, places)
      tls.certificates.append(certificate)
      places.append(item.place)
    }
    if let version = version(entries, path, name) { tls.minimumVersion = version }
    decodeCiphers(entries, path, name, &tls)
    tls.clientCertificates = clientCertificates(entries, path, name)
    if let tickets = sessionTickets(entries, path, name) { tls.sessionTickets = tickets }
    return tls
  }

  mutating func version(
    _ entries: [YamlNode.Entry], _ path: String, _ name: String
  ) -> Config.TLSVersion? {
    guard let node = entry("minimum_version", entries)?.value,
      case .word(let word) = scalar(
        node, OptionTable.row("\(path).minimum_version"), "\(name).minimum_version")
    else { return nil }
    return Config.TLSVersion(rawValue: word)
  }

  private mutating func decodeCiphers(
    _ entries: [YamlNode.Entry], _ path: String, _ name: String, _ tls: inout Config.TLS
  ) {
    guard let node = entry("ciphers", entries)?.value,
      case .word(let text) = scalar(
        node, OptionTable.row("\(path).ciphers"), "\(name).ciphers")
    else { return }
    if let reason = CertificateReader.problem(ofCiphers: text) {
      refuse(
        node.place,
        "\(quoted("\(name).ciphers")) must have names of OpenSSL's suites of TLS 1.2 (openssl "
          + "ciphers -s -tls1_2 lists them), not \(quoted(text)): \(reason)")
    }
    if tls.minimumVersion == .tls13 {
      warn(node.place, "ciphers has no effect with \"minimum_version: 1.3\" in \(quoted(name))")
    }
    tls.ciphers = text
  }

  private mutating func clientCertificates(
    _ entries: [YamlNode.Entry], _ path: String, _ name: String
  ) -> Config.ClientCertificates? {
    let name = "\(name).client_certificates"
    let path = "\(path).client_certificates"
    guard let node = entry("client_certificates", entries)?.value,
      let below = mapping(node, at: path, called: quoted(name))
    else { return nil }
    var mode = Config.ClientCertificates.Mode.required
    if let written = entry("mode", below)?.value,
      case .word(let word) = scalar(written, OptionTable.row("\(path).mode"), "\(name).mode")
    {
      mode = Config.ClientCertificates.Mode(rawValue: word) ?? mode
    }
    guard let ca = required("ca", below, of: node.place, called: quoted(name)),
      let file = authorities(ca, "\(path).ca", "\(name).ca")
    else { return nil }
    return Config.ClientCertificates(mode: mode, authorities: file)
  }

  private mutating func sessionTickets(
    _ entries: [YamlNode.Entry], _ path: String, _ name: String
  ) -> Config.SessionTickets? {
    let name = "\(name).session_tickets"
    let path = "\(path).session_tickets"
    guard let node = entry("session_tickets", entries)?.value else { return nil }
    guard case .mapping = node.content else {
      let value = scalar(node, OptionTable.row(path), name)
      return value.map { $0 == .flag(true) ? .rotating : .off }
    }
    guard let below = mapping(node, at: path, called: quoted(name)),
      let keys = required("keys", below, of: node.place, called: quoted(name))
    else { return nil }
    var files: [Config.LoadedFile] = []
    for (value, node) in scalars(keys, OptionTable.row("\(path).keys"), "\(name).keys") {
      guard case .word(let written) = value, let file = load(written, node, "\(name).keys")
      else { continue }
      guard file.bytes.count == Config.SessionTickets.keyBytes else {
        refuse(
          node.place,
          "\(quoted("\(name).keys")): \(quoted(file.path)) must have 80 bytes, not "
            + "\(file.bytes.count); make one by: openssl rand 80 > FILE")
        continue
      }
      if files.contains(where: { $0.bytes == file.bytes }) {
        refuse(node.place, "\(quoted("\(name).keys")) has the key of \(quoted(file.path)) twice")
      }
      files.append(file)
    }
    return .files(files)
  }
}

/// Certificates with their keys.
extension ConfigDecoder {
  private mutating func listenerCertificate(
    _ node: YamlNode, _ path: String, _ name: String
  ) -> Config.Certificate? {
    guard let entries = mapping(node, at: path, called: quoted(name)),
      let cert = required("cert", entries, of: node.place, called: quoted(name)),
      let key = required("key", entries, of: node.place, called: quoted(name)),
      var certificate = certificate(cert, key, path, name)
    else { return nil }
    if let written = entry("names", entries)?.value {
      var names: [String] = []
      for (value, item) in scalars(written, OptionTable.row("\(path).names"), "\(name).names") {
        guard case .host(let pattern) = value else { continue }
        let text = ConfigWords.host(pattern)
        if names.contains(text) {
          refuse(item.place, "\(quoted("\(name).names")) has \(quoted(text)) twice")
        }
        names.append(text)
      }
      certificate.names = names
      certificate.hasWrittenNames = true
    } else if certificate.names.isEmpty {
      refuse(
        cert.place,
        "\(quoted("\(name).cert")): \(quoted(certificate.chain.path)) has no DNS names; write "
          + "those that it is for as \"names\", or get a certificate that has them (browsers "
          + "ask for that)")
    }
    return certificate
  }

  /// Read and known to fit together; its names are those of the certificate.
  mutating func certificate(
    _ cert: YamlNode, _ key: YamlNode, _ path: String, _ name: String
  ) -> Config.Certificate? {
    let chain = file(cert, "\(path).cert", "\(name).cert")
    let secret = file(key, "\(path).key", "\(name).key")
    guard let chain else { return nil }
    do {
      let facts = try CertificateReader.facts(chain.bytes)
      warnOfTime(facts, chain, cert.place)
      guard let secret else { return nil }
      try CertificateReader.check(chain: chain.bytes, key: secret.bytes)
      return Config.Certificate(chain: chain, key: secret, names: facts.names, facts: facts)
    } catch {
      let file = error.isOfKey ? secret : chain
      let option = error.isOfKey ? "\(name).key" : "\(name).cert"
      refuse(
        error.isOfKey ? key.place : cert.place,
        "\(quoted(option)): \(quoted(file?.path ?? "")) \(error.message)")
      return nil
    }
  }

  /// Of two certificates for one name, with keys of one kind, one would never be shown.
  private mutating func checkNames(
    _ certificate: Config.Certificate, at place: YamlNode.Place, _ others: [Config.Certificate],
    _ places: [YamlNode.Place]
  ) {
    for (other, otherPlace) in zip(others, places)
    where other.facts.keyType == certificate.facts.keyType {
      guard let name = certificate.names.first(where: other.names.contains) else { continue }
      let line = line(of: otherPlace, seenFrom: place)
      refuse(
        place,
        "two \(certificate.facts.keyType.rawValue) certificates are for \(quoted(name)); the "
          + "other is in \(line); leave one out, or say by "
          + "\"names\" which is for what")
      return
    }
  }

  private mutating func warnOfTime(
    _ facts: CertificateFacts, _ file: Config.LoadedFile, _ place: YamlNode.Place
  ) {
    guard let text = CertificateExpiry.warning(facts, now: now) else { return }
    warn(place, "the certificate \(quoted(file.path)) \(text)")
  }

  mutating func authorities(
    _ node: YamlNode, _ path: String, _ name: String
  ) -> Config.LoadedFile? {
    guard let file = file(node, path, name) else { return nil }
    do {
      _ = try CertificateReader.authorities(file.bytes)
      return file
    } catch {
      refuse(node.place, "\(quoted(name)): \(quoted(file.path)) \(error.message)")
      return nil
    }
  }

  private mutating func file(
    _ node: YamlNode, _ path: String, _ name: String
  ) -> Config.LoadedFile? {
    guard case .word(let written) = scalar(node, OptionTable.row(path), name) else { return nil }
    return load(written, node, name)
  }

  /// Relative to the file that names it.
  private mutating func load(
    _ written: String, _ node: YamlNode, _ name: String
  ) -> Config.LoadedFile? {
    let path = FilePath.resolve(written, besides: sources[node.place.source].file)
    switch readFile(path, Self.fileBytesMax) {
    case .success(let bytes): return Config.LoadedFile(path: path, bytes: bytes)
    case .failure(let failure):
      refuse(node.place, "\(quoted(name)): cannot read \(quoted(path)): \(failure)")
      return nil
    }
  }
}
