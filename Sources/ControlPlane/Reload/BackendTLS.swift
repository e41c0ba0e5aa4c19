import DataPlane

/// What pools speak TLS with, by their names.
///
/// Made as `ListenerTLS` is: before anything is changed, and what is as it was is used on. Pools
/// whose settings are equal share one.
struct BackendTLS: Sendable {
  private struct Entry: Sendable {
    let settings: TLSClientSettings
    let context: TLSClientContext
  }

  private var entries: [String: Entry] = [:]

  /// Of no pool.
  init() {}

  init(_ config: Config, former: BackendTLS, workers: Int) throws(BackendTLSError) {
    var made = Array(former.entries.values)
    for pool in config.pools {
      guard let tls = pool.tls else { continue }
      let settings = tls.settings(speaksHTTP2: pool.protocol == .h2)
      if let same = made.first(where: { $0.settings == settings }) {
        entries[pool.name] = same
        continue
      }
      do throws(TLSProblem) {
        let context = try TLSClientContext.make(settings, workers: workers)
        let entry = Entry(settings: settings, context: context)
        entries[pool.name] = entry
        made.append(entry)
      } catch {
        throw BackendTLSError(pool: pool.name, problem: error, of: tls)
      }
    }
  }

  func context(_ pool: String) -> TLSClientContext? { entries[pool]?.context }
}

/// Why a pool cannot speak TLS.
public struct BackendTLSError: Error, Sendable, CustomStringConvertible {
  public let description: String

  init(pool: String, problem: TLSProblem, of tls: Config.PoolTLS) {
    var place = ""
    switch problem {
    case .badCertificate, .mismatch: place = tls.certificate.map { $0.chain.path + ": " } ?? ""
    case .badKey: place = tls.certificate.map { $0.key.path + ": " } ?? ""
    case .badAuthorities: place = tls.authorities.map { $0.path + ": " } ?? ""
    case .noCertificate, .badCiphers, .badTicketKeys, .library: break
    }
    description = "TLS of pool \(pool): \(place)\(problem)"
  }
}

extension Config.PoolTLS {
  /// In the data plane's words.
  func settings(speaksHTTP2: Bool) -> TLSClientSettings {
    var settings = TLSClientSettings()
    settings.authorities = authorities?.bytes
    settings.verifies = verifies
    settings.certificate = certificate.map {
      TLSCertificateSettings(chain: $0.chain.bytes, key: $0.key.bytes)
    }
    settings.minimumVersion = minimumVersion == .tls13 ? .tls13 : .tls12
    settings.speaksHTTP2 = speaksHTTP2
    return settings
  }
}
