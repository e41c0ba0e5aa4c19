import DataPlane

/// What the listeners speak TLS with, by their addresses.
///
/// Made at each start and reload, before anything is changed: certificates that cannot be used stop
/// the start, or leave the running config as it is. Where nothing changed, what there was is used
/// on.
struct ListenerTLS: Sendable {
  private struct Entry: Sendable {
    let address: Endpoint
    let settings: TLSServerSettings
    let tickets: Config.SessionTickets
    let contexts: TLSServerContexts
  }

  private var entries: [Entry] = []
  /// One ring for all listeners whose keys rotate by themselves, for the life of the process.
  let rotating: TLSTicketRing

  /// Of no listener.
  init() { rotating = TLSTicketRing() }

  init(_ config: Config, former: ListenerTLS, workers: Int) throws(ListenerTLSError) {
    rotating = former.rotating
    for listener in config.listeners {
      guard let tls = listener.tls else { continue }
      do throws(TLSProblem) {
        let settings = tls.settings(offersHTTP2: listener.isHTTP2On)
        let tickets = tls.sessionTickets
        let same = former.entries.first { $0.settings == settings && $0.tickets == tickets }
        let contexts: TLSServerContexts
        if let same {
          contexts = same.contexts
        } else {
          contexts = try TLSServerContexts.make(
            settings, tickets: try ring(tickets), workers: workers)
        }
        entries.append(
          Entry(
            address: listener.address, settings: settings, tickets: tickets, contexts: contexts))
      } catch {
        throw ListenerTLSError(address: listener.address, problem: error, of: tls)
      }
    }
  }

  func contexts(_ address: Endpoint) -> TLSServerContexts? {
    entries.first { $0.address == address }?.contexts
  }

  private func ring(_ tickets: Config.SessionTickets) throws(TLSProblem) -> TLSTicketRing? {
    switch tickets {
    case .off: return nil
    case .rotating: return rotating
    case .files(let files): return try TLSTicketRing(keys: files.map(\.bytes))
    }
  }
}

/// Why a listener cannot speak TLS.
public struct ListenerTLSError: Error, Sendable, CustomStringConvertible {
  public let description: String

  init(address: Endpoint, problem: TLSProblem, of tls: Config.TLS) {
    var place = ""
    switch problem {
    case .badCertificate(let index, _), .mismatch(let index):
      place = tls.certificates[index].chain.path + ": "
    case .badKey(let index, _): place = tls.certificates[index].key.path + ": "
    case .badAuthorities: place = (tls.clientCertificates?.authorities.path ?? "") + ": "
    case .noCertificate, .badCiphers, .badTicketKeys, .library: break
    }
    description = "TLS of listener \(address): \(place)\(problem)"
  }
}

extension Config.TLS {
  /// In the data plane's words.
  func settings(offersHTTP2: Bool) -> TLSServerSettings {
    var settings = TLSServerSettings(
      certificates: certificates.map {
        TLSCertificateSettings(chain: $0.chain.bytes, key: $0.key.bytes, names: $0.names)
      })
    settings.minimumVersion = minimumVersion == .tls13 ? .tls13 : .tls12
    settings.ciphers = ciphers
    settings.offersHTTP2 = offersHTTP2
    switch (clientCertificates, clientCertificates?.mode) {
    case (let wanted?, .required):
      settings.clientCertificates = .required(authorities: wanted.authorities.bytes)
    case (let wanted?, .optional):
      settings.clientCertificates = .optional(authorities: wanted.authorities.bytes)
    default: break
    }
    return settings
  }
}
