extension MetricsReport {
  /// One certificate of a listener or, to show to backends, of a pool.
  public struct Certificate: Equatable, Sendable {
    /// Of a listener: its address; empty for a pool's.
    public var listener = ""
    public var pool = ""
    /// The file that it is in.
    public var file: String
    /// The first of its names.
    public var name: String
    /// Unix time.
    public var notBefore: Int64 = 0
    public var notAfter: Int64 = 0

    public init(file: String, name: String) {
      self.file = file
      self.name = name
    }
  }
}

extension MetricsReport.Certificate {
  init(_ certificate: Config.Certificate) {
    self.init(
      file: certificate.chain.path, name: certificate.names.first ?? certificate.facts.subject)
    notBefore = certificate.facts.notBefore
    notAfter = certificate.facts.notAfter
  }

  /// All of a config, listeners before pools.
  static func all(_ config: Config) -> [MetricsReport.Certificate] {
    var all: [MetricsReport.Certificate] = []
    for listener in config.listeners {
      for certificate in listener.tls?.certificates ?? [] {
        var item = MetricsReport.Certificate(certificate)
        item.listener = listener.address.description
        all.append(item)
      }
    }
    for pool in config.pools {
      guard let certificate = pool.tls?.certificate else { continue }
      var item = MetricsReport.Certificate(certificate)
      item.pool = pool.name
      all.append(item)
    }
    return all
  }
}

/// When certificates end.
extension MetricsTable {
  static let certificate = MetricScope<MetricsReport.Certificate>(
    title: "Certificates", labelNames: ["listener", "pool", "file", "name"],
    labelValues: { item, _ in [item.listener, item.pool, item.file, item.name] },
    metrics: [
      Metric(
        "headrace_certificate_not_after_timestamp_seconds",
        "Unix time at which the certificate expires; a listener's, or one that is shown to the "
          + "backends of a pool.",
        .gauge { Double($0.notAfter) }),
      Metric(
        "headrace_certificate_not_before_timestamp_seconds",
        "Unix time from which the certificate is valid.", .gauge { Double($0.notBefore) }),
    ])
}
