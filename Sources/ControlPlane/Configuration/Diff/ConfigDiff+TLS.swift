/// TLS of listeners and of pools.
extension ConfigDiff {
  mutating func addListener(_ old: Config.Listener, _ new: Config.Listener) {
    let name = "listener \(new.address)"
    for (before, after) in zip(Self.words(old), Self.words(new)) where before.text != after.text {
      add(.changes, .listeners, "\(name): \(before.name) was \(before.text), is now \(after.text)")
    }
    guard let before = old.tls, let after = new.tls else { return }
    addCertificates(name, before.certificates, after.certificates)
    if let former = before.clientCertificates?.authorities,
      let authorities = after.clientCertificates?.authorities, former.path == authorities.path,
      former.bytes != authorities.bytes
    {
      add(.changes, .listeners, "\(name): \(authorities.path) has other authorities")
    }
    if case .files(let former) = before.sessionTickets,
      case .files(let keys) = after.sessionTickets,
      former.map(\.path) == keys.map(\.path), former != keys
    {
      add(.changes, .listeners, "\(name): the keys of session tickets are others")
    }
  }

  /// By file: what is in it may be new.
  private mutating func addCertificates(
    _ name: String, _ old: [Config.Certificate], _ new: [Config.Certificate]
  ) {
    let before = Dictionary(old.map { ($0.chain.path, $0) }) { first, _ in first }
    let after = Set(new.map(\.chain.path))
    for certificate in new {
      let path = certificate.chain.path
      let names = ConfigWords.list(certificate.names)
      guard let former = before[path] else {
        add(.changes, .listeners, "\(name): certificate \(path) is added, for \(names)")
        continue
      }
      if former.chain.bytes != certificate.chain.bytes || former.key != certificate.key {
        add(.changes, .listeners, "\(name): certificate \(path) is a new one, for \(names)")
      } else if former.names != certificate.names {
        let formerly = ConfigWords.list(former.names)
        add(
          .changes, .listeners,
          "\(name): certificate \(path) was for \(formerly), is now for \(names)")
      }
    }
    for certificate in old where !after.contains(certificate.chain.path) {
      add(.changes, .listeners, "\(name): certificate \(certificate.chain.path) is removed")
    }
    if Set(before.keys) == after, old.first?.chain.path != new.first?.chain.path {
      let path = new.first?.chain.path ?? ""
      add(.changes, .listeners, "\(name): certificate \(path) is now the default")
    }
  }

  private static func words(_ listener: Config.Listener) -> [(name: String, text: String)] {
    let tls = listener.tls
    let clients = tls?.clientCertificates
    var words = [
      ("tls", tls == nil ? "off" : "on"), ("http2", "\(listener.isHTTP2On)"),
      ("redirect_to_https", listener.redirectToHTTPS.map { "port \($0)" } ?? "off"),
      ("proxy_protocol", listener.proxyProtocol.map(words) ?? "off"),
      ("tls.client_certificates", clients?.mode.rawValue ?? "off"),
      ("tls.client_certificates.ca", clients?.authorities.path ?? "left out"),
    ]
    // What a listener in clear does not have is the default.
    words += [
      ("tls.minimum_version", (tls?.minimumVersion ?? .tls12).rawValue),
      ("tls.ciphers", tls?.ciphers ?? "the built-in list"),
      ("tls.session_tickets", text(tls?.sessionTickets ?? .rotating)),
    ]
    return words
  }

  private static func words(_ proxyProtocol: Config.ProxyProtocol) -> String {
    let sources = proxyProtocol.ranges.map(ConfigWords.range) + (proxyProtocol.unix ? ["unix"] : [])
    return "from \(ConfigWords.list(sources))"
  }

  private static func text(_ tickets: Config.SessionTickets) -> String {
    switch tickets {
    case .off: "off"
    case .rotating: "on"
    case .files(let files): "by \(ConfigWords.list(files.map(\.path)))"
    }
  }

  static func settings(_ tls: Config.PoolTLS?) -> [(name: String, text: String)] {
    let shown = tls ?? Config.PoolTLS()
    func text(_ file: Config.LoadedFile?, none: String) -> String {
      file.map { "\($0.path) (\(ContentMark.of($0.bytes)))" } ?? none
    }
    return [
      ("tls", tls == nil ? "off" : "on"),
      ("tls.ca", text(shown.authorities, none: "the system's")),
      ("tls.server_name", shown.serverName ?? "the backend's"),
      ("tls.verify", "\(shown.verifies)"),
      ("tls.cert", text(shown.certificate?.chain, none: "left out")),
      ("tls.key", shown.certificate?.key.path ?? "left out"),
      ("tls.minimum_version", shown.minimumVersion.rawValue),
    ]
  }
}

/// A few letters that tell contents of files apart.
enum ContentMark {
  static func of(_ bytes: [UInt8]) -> String {
    // FNV-1a: not for secrets, only for public certificates.
    let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01b3
    }
    return String(hash & 0xffff_ffff, radix: 16)
  }
}
