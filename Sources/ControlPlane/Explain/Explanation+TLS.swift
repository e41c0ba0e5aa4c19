/// Which certificate a client would be shown, and what the listener does before any route.
extension Explanation {
  /// Of a request to an `https://` URL.
  public struct TLS: Equatable, Sendable {
    /// The listener's address; nil when none speaks TLS.
    public var listener: String?
    /// The files of the certificates that stand for the name: RSA and ECDSA may both do.
    public var certificates: [String] = []
    /// None of them is for the name: the first one is shown all the same.
    public var isDefault = false
    /// In words; nil when clients are not asked.
    public var clientCertificate: String?
  }

  static func tls(_ request: ExplainRequest, _ config: Config) -> TLS? {
    guard request.isSecure else { return nil }
    var found = TLS()
    // The port that clients see may be another than the one that is listened on.
    let secure = config.listeners.filter { $0.tls != nil }
    let listener = secure.first { $0.address.listenPort == request.port } ?? secure.first
    guard let listener, let tls = listener.tls else { return found }
    found.listener = listener.address.description
    let certificates = Self.certificates(tls.certificates, for: Self.serverName(request))
    found.isDefault = certificates.isEmpty
    found.certificates = (found.isDefault ? Array(tls.certificates.prefix(1)) : certificates)
      .map(\.chain.path)
    found.clientCertificate = tls.clientCertificates.map { clients in
      "\(clients.mode.rawValue), signed by an authority of \(clients.authorities.path)"
    }
    return found
  }

  /// As a client would send it: without port; addresses are not sent (RFC 6066 section 3).
  private static func serverName(_ request: ExplainRequest) -> String {
    let host = request.value("Host") ?? ""
    guard !host.hasPrefix("["), AddressText.parse4(String(host.prefix { $0 != ":" })) == nil
    else { return "" }
    return host.prefix { $0 != ":" }.lowercased()
  }

  private static func certificates(
    _ all: [Config.Certificate], for name: String
  ) -> [Config.Certificate] {
    guard !name.isEmpty else { return [] }
    let wildcard = name.firstIndex(of: ".").map { "*" + name[$0...] } ?? ""
    var found: [Config.Certificate] = []
    for certificate in all.filter({ $0.names.contains(name) })
      + all.filter({ $0.names.contains(wildcard) })
    where !found.contains(where: { $0.facts.keyType == certificate.facts.keyType }) {
      found.append(certificate)
    }
    return found
  }

  /// Of a listener that sends every request in clear to https.
  static func httpsLocation(_ request: ExplainRequest, _ config: Config) -> String? {
    guard !request.isSecure,
      let port = config.listeners.first(where: { $0.address.listenPort == request.port })?
        .redirectToHTTPS,
      !ForwardedClient.isTrusted(request.client, by: config)
        || request.value("X-Forwarded-Proto")?.lowercased() != "https",
      let host = request.value("Host")
    else { return nil }
    let end = host.hasPrefix("[") ? host.lastIndex(of: "]").map(host.index(after:)) : nil
    let name = end.map { host[..<$0] } ?? host.prefix { $0 != ":" }
    let target = request.target == "*" ? "/" : request.target
    return "https://\(name)\(port == 443 ? "" : ":\(port)")\(target)"
  }

  // MARK: In words

  var tlsLines: [String] {
    guard let tls else { return [] }
    guard let listener = tls.listener else {
      return ["over TLS, which no listener speaks"]
    }
    let files = ConfigWords.list(tls.certificates)
    var lines = [
      tls.isDefault
        ? "over TLS of listener \(listener), by the default certificate \(files)"
        : "over TLS of listener \(listener), by the certificate \(files)"
    ]
    if let wanted = tls.clientCertificate { lines.append("client certificate: \(wanted)") }
    return lines
  }

  var tlsJSON: JSONValue {
    guard let tls else { return .null }
    return .object([
      .init("listener", tls.listener.map { .text($0) } ?? .null),
      .init("certificates", .texts(tls.certificates)), .init("default", .flag(tls.isDefault)),
      .init("client_certificate", tls.clientCertificate.map { .text($0) } ?? .null),
    ])
  }
}

extension Endpoint {
  /// nil for a unix socket.
  fileprivate var listenPort: Int? {
    switch self {
    case .ip(_, let port), .name(_, let port): Int(port)
    case .unix: nil
    }
  }
}
