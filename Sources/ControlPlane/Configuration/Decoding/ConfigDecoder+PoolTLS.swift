/// What is spoken to backends.
extension ConfigDecoder {
  /// - Parameter entries: of the pool.
  mutating func decodePoolTLS(
    _ entries: [YamlNode.Entry], _ path: String, _ pool: inout Config.Pool
  ) {
    if let node = entry("tls", entries)?.value {
      let name = "\(path).tls"
      if case .mapping = node.content {
        note(name, "true", node)
        if let below = mapping(node, at: "pools.*.tls", called: quoted(name)) {
          pool.tls = poolTLS(below, name)
        }
      } else if scalar(node, OptionTable.row("pools.*.tls"), name) == .flag(true) {
        pool.tls = Config.PoolTLS()
      }
    }
    checkProtocol(entries, pool)
  }

  private mutating func poolTLS(_ entries: [YamlNode.Entry], _ name: String) -> Config.PoolTLS {
    let path = "pools.*.tls"
    var tls = Config.PoolTLS()
    if let node = entry("ca", entries)?.value {
      tls.authorities = authorities(node, "\(path).ca", "\(name).ca")
    }
    if let node = entry("server_name", entries)?.value,
      case .host(let host) = scalar(
        node, OptionTable.row("\(path).server_name"), "\(name).server_name")
    {
      if case .exact(let text) = host {
        tls.serverName = text
      } else {
        refuse(node.place, "\(quoted("\(name).server_name")) must be one name, without \"*\"")
      }
    }
    if let node = entry("verify", entries)?.value,
      case .flag(let verifies) = scalar(
        node, OptionTable.row("\(path).verify"), "\(name).verify")
    {
      tls.verifies = verifies
    }
    if let version = version(entries, path, name) { tls.minimumVersion = version }
    switch (entry("cert", entries), entry("key", entries)) {
    case (let cert?, let key?):
      tls.certificate = certificate(cert.value, key.value, path, name)
    case (let lone?, nil), (nil, let lone?):
      let other = lone.key == "cert" ? "key" : "cert"
      refuse(lone.keyPlace, "\(quoted(lone.key)) needs \(quoted(other)) beside it in \(name)")
    case (nil, nil): break
    }
    if !tls.verifies, let ca = entry("ca", entries) {
      refuse(ca.keyPlace, "\"ca\" has no effect with \"verify: false\" in \(name); leave one out")
    }
    return tls
  }

  private mutating func checkProtocol(_ entries: [YamlNode.Entry], _ pool: Config.Pool) {
    let isWritten = entry("tls", entries) != nil
    guard let place = entry("protocol", entries)?.value.place else { return }
    if pool.protocol == .h2, pool.tls == nil, !isWritten {
      refuse(
        place,
        "\"protocol: h2\" is HTTP/2 over TLS and needs \"tls: true\" in pool "
          + "\(quoted(pool.name)); for HTTP/2 in clear write \"protocol: h2c\"")
    } else if pool.protocol == .h2, isWritten, pool.tls == nil {
      refuse(
        place,
        "\"protocol: h2\" is HTTP/2 over TLS and cannot be with \"tls: false\" in pool "
          + "\(quoted(pool.name)); for HTTP/2 in clear write \"protocol: h2c\"")
    } else if pool.protocol == .h2c, pool.tls != nil {
      refuse(
        place,
        "\"protocol: h2c\" is HTTP/2 in clear and excludes \"tls\" in pool \(quoted(pool.name)); "
          + "for HTTP/2 over TLS write \"protocol: h2\"")
    }
  }

  /// A socket's path is no name that a certificate could have.
  mutating func checkServerName(_ entries: [YamlNode.Entry], _ pool: Config.Pool) {
    guard let tls = pool.tls, tls.verifies, tls.serverName == nil,
      let section = entry("tls", entries),
      let backend = pool.backends.first(where: { backend in
        if case .unix = backend.address { true } else { false }
      })
    else { return }
    refuse(
      section.keyPlace,
      "\"tls\" needs \"server_name\" in pool \(quoted(pool.name)): \(backend.address) has no name "
        + "to look for in its certificate")
  }
}

/// What routes have to do with TLS.
extension ConfigDecoder {
  mutating func decodeRouteTLS(_ entries: [YamlNode.Entry], _ draft: inout RouteDraft) {
    if let entry = entry("hsts", entries) {
      draft.route.hsts = hsts(entry.value, "\(draft.name).hsts")
      if draft.route.hsts != nil { hstsPlaces.append(entry.keyPlace) }
    }
    guard let entry = entry("client_certificate", entries) else { return }
    let row = OptionTable.row("routes[].client_certificate")
    guard scalar(entry.value, row, "\(draft.name).client_certificate") != nil else { return }
    draft.route.requiresClientCertificate = true
    clientCertificatePlaces.append(entry.keyPlace)
  }

  private mutating func hsts(_ node: YamlNode, _ name: String) -> Config.HSTS? {
    let path = "routes[].hsts"
    guard case .mapping = node.content else {
      return scalar(node, OptionTable.row(path), name) == .flag(true) ? Config.HSTS() : nil
    }
    guard let entries = mapping(node, at: path, called: quoted(name)) else { return nil }
    var hsts = Config.HSTS()
    for entry in entries {
      let name = "\(name).\(entry.key)"
      switch (entry.key, scalar(entry.value, OptionTable.row("\(path).\(entry.key)"), name)) {
      case ("max_age", .duration(let age)):
        if age.components.attoseconds != 0 {
          refuse(entry.value.place, "\(quoted(name)) must be whole seconds")
        }
        hsts.maxAge = age
      case ("include_subdomains", .flag(let isOn)): hsts.includesSubdomains = isOn
      case ("preload", .flag(let isOn)): hsts.preload = isOn
      default: break
      }
    }
    // https://hstspreload.org: the list takes no other.
    if hsts.preload, !hsts.includesSubdomains || hsts.maxAge < .seconds(31_536_000) {
      refuse(
        entry("preload", entries)?.keyPlace ?? node.place,
        "\"preload\" needs \"include_subdomains: true\" and a \"max_age\" of at least 1y in "
          + quoted(name))
    }
    return hsts
  }

  mutating func checkTLSOfRoutes() {
    if !config.listeners.contains(where: { $0.tls != nil }) {
      for place in hstsPlaces {
        warn(
          place, "hsts has no effect: no listener has \"tls\", and only answers over TLS have it")
      }
    }
    // A listener whose TLS is broken has been told of.
    let asks = config.listeners.contains { $0.tls?.clientCertificates != nil }
    guard !asks, !tlsIsBroken else { return }
    for place in clientCertificatePlaces {
      refuse(
        place,
        "\"client_certificate: required\" needs a listener that asks for them: write "
          + "\"tls: { client_certificates: { mode: optional, ca: FILE } }\" on it")
    }
  }
}
