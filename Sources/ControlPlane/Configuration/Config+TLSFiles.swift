/// The files of TLS, read once more: what a config comes to when they have changed.
extension Config {
  /// What was found.
  struct RereadTLS: Equatable {
    var config: Config
    /// A sentence for each pair, and each other file, that is new.
    var changes: [String] = []
    /// A sentence for each that is not as it has to be; what was there before stays.
    var problems: [String] = []
  }

  func rereadingTLSFiles(_ read: @escaping ConfigLoader.ReadFile) -> RereadTLS {
    var result = RereadTLS(config: self)
    let reader = TLSFileReader(read: read)
    for index in listeners.indices {
      guard var tls = listeners[index].tls else { continue }
      let place = "listener \(listeners[index].address)"
      for number in tls.certificates.indices {
        reader.renew(&tls.certificates[number], of: place, isServer: true, &result)
      }
      if var clients = tls.clientCertificates {
        reader.renewAuthorities(&clients.authorities, of: place, &result)
        tls.clientCertificates = clients
      }
      if case .files(var keys) = tls.sessionTickets {
        reader.renewTicketKeys(&keys, of: place, &result)
        tls.sessionTickets = .files(keys)
      }
      result.config.listeners[index].tls = tls
    }
    for index in pools.indices {
      guard var tls = pools[index].tls else { continue }
      let place = "pool \(pools[index].name)"
      if var certificate = tls.certificate {
        reader.renew(&certificate, of: place, isServer: false, &result)
        tls.certificate = certificate
      }
      if var authorities = tls.authorities {
        reader.renewAuthorities(&authorities, of: place, &result)
        tls.authorities = authorities
      }
      result.config.pools[index].tls = tls
    }
    return result
  }
}

private struct TLSFileReader {
  let read: ConfigLoader.ReadFile

  /// A pair changes as a whole or not at all.
  func renew(
    _ certificate: inout Config.Certificate, of place: String, isServer: Bool,
    _ result: inout Config.RereadTLS
  ) {
    guard let chain = load(certificate.chain.path, place, &result),
      let key = load(certificate.key.path, place, &result),
      chain != certificate.chain || key != certificate.key
    else { return }
    do throws(CertificateReader.Problem) {
      let facts = try CertificateReader.facts(chain.bytes)
      try CertificateReader.check(chain: chain.bytes, key: key.bytes)
      let names = certificate.hasWrittenNames ? certificate.names : facts.names
      if names.isEmpty, isServer {
        throw CertificateReader.Problem(message: "has no DNS names, and the config gives it none")
      }
      certificate.chain = chain
      certificate.key = key
      certificate.names = names
      certificate.facts = facts
      result.changes.append("\(place): \(chain.path) is a new certificate, taken into use")
    } catch {
      let file = error.isOfKey ? key : chain
      result.problems.append(
        "\(place): \(quoted(file.path)) \(error.message); the old certificate stays in use")
    }
  }

  func renewAuthorities(
    _ file: inout Config.LoadedFile, of place: String, _ result: inout Config.RereadTLS
  ) {
    guard let found = load(file.path, place, &result), found != file else { return }
    do {
      _ = try CertificateReader.authorities(found.bytes)
      file = found
      result.changes.append("\(place): \(found.path) has new authorities, taken into use")
    } catch {
      result.problems.append(
        "\(place): \(quoted(found.path)) \(error.message); the old authorities stay in use")
    }
  }

  /// All or none: a key that moves from one file to another must not be lost on the way.
  func renewTicketKeys(
    _ keys: inout [Config.LoadedFile], of place: String, _ result: inout Config.RereadTLS
  ) {
    var fresh: [Config.LoadedFile] = []
    for key in keys {
      guard let found = load(key.path, place, &result) else { return }
      guard found.bytes.count == Config.SessionTickets.keyBytes else {
        result.problems.append(
          "\(place): \(quoted(found.path)) must have \(Config.SessionTickets.keyBytes) bytes, not "
            + "\(found.bytes.count); the old keys of session tickets stay in use")
        return
      }
      fresh.append(found)
    }
    guard fresh != keys else { return }
    keys = fresh
    result.changes.append("\(place): the keys of session tickets are new, taken into use")
  }

  private func load(
    _ path: String, _ place: String, _ result: inout Config.RereadTLS
  ) -> Config.LoadedFile? {
    switch read(path, ConfigDecoder.fileBytesMax) {
    case .success(let bytes): return Config.LoadedFile(path: path, bytes: bytes)
    case .failure(let failure):
      result.problems.append(
        "\(place): cannot read \(quoted(path)): \(failure); what was read before stays in use")
      return nil
    }
  }
}
