/// Options of the whole proxy.
extension ConfigDiff {
  /// A value as words, by the name of its option.
  private struct Setting: Sendable {
    let name: String
    let isReloadable: Bool
    let text: @Sendable (Config) -> String

    init(_ name: String, reloads: Bool = true, _ text: @escaping @Sendable (Config) -> String) {
      self.name = name
      isReloadable = reloads
      self.text = text
    }
  }

  private static let settings: [Setting] = [
    Setting("workers", reloads: false) { $0.workers.map(String.init) ?? "auto" },
    Setting("admin", reloads: false) { $0.admin?.address.description ?? "off" },
    Setting("limits.connections_per_worker", reloads: false) {
      $0.limits.connectionsPerWorker.map(String.init) ?? "auto"
    },
    Setting("limits.rate_keys", reloads: false) { "\($0.limits.rateKeys)" },
    Setting("limits.request_line") { SizeText.format(Int64($0.limits.requestLineBytes)) },
    Setting("limits.headers") { SizeText.format(Int64($0.limits.headerBytes)) },
    Setting("limits.header_count") { "\($0.limits.headerCount)" },
    Setting("limits.body") { $0.limits.bodyBytes.map(SizeText.format) ?? "off" },
    Setting("limits.memory_per_worker") {
      SizeText.format(Int64($0.limits.memoryPerWorkerBytes))
    },
    Setting("timeouts.tls_handshake") { ConfigWords.duration($0.timeouts.tlsHandshake) },
    Setting("timeouts.client_header") { ConfigWords.duration($0.timeouts.clientHeader) },
    Setting("timeouts.client_body_idle") { ConfigWords.duration($0.timeouts.clientBodyIdle) },
    Setting("timeouts.keep_alive_idle") { ConfigWords.duration($0.timeouts.keepAliveIdle) },
    Setting("timeouts.client_write_idle") { ConfigWords.duration($0.timeouts.clientWriteIdle) },
    Setting("timeouts.connect") { ConfigWords.duration($0.timeouts.connect) },
    Setting("timeouts.first_byte") { ConfigWords.duration($0.timeouts.firstByte) },
    Setting("timeouts.response_idle") { ConfigWords.duration($0.timeouts.responseIdle) },
    Setting("timeouts.request") { ConfigWords.duration($0.timeouts.request) },
    Setting("timeouts.try") { ConfigWords.duration($0.timeouts.singleTry) },
    Setting("timeouts.tunnel_idle") { ConfigWords.duration($0.timeouts.tunnelIdle) },
    Setting("via") { "\($0.via)" },
    Setting("merge_slashes") { "\($0.mergeSlashes)" },
    Setting("access_log") { $0.accessLog.rawValue },
    Setting("drain.readiness_delay") { ConfigWords.duration($0.drain.readinessDelay) },
    Setting("drain.timeout") { ConfigWords.duration($0.drain.timeout) },
    Setting("compression.level") { "\($0.compression.level)" },
    Setting("compression.min_size") { SizeText.format(Int64($0.compression.minBytes)) },
    Setting("compression.types") { ConfigWords.list($0.compression.types) },
  ]

  /// What a reload cannot change while the process runs, as sentences.
  static func restarts(from old: Config, to new: Config) -> [String] {
    settings.filter { !$0.isReloadable }.compactMap { changed($0, old, new) }
  }

  private static func changed(_ setting: Setting, _ old: Config, _ new: Config) -> String? {
    let before = setting.text(old)
    let after = setting.text(new)
    return before == after ? nil : "\(setting.name) was \(before), is now \(after)"
  }

  mutating func addSettings(_ old: Config, _ new: Config) {
    for setting in Self.settings {
      guard let text = Self.changed(setting, old, new) else { continue }
      add(setting.isReloadable ? .changes : .restart, .settings, text)
    }
    addTrustedProxies(old, new)
    addErrorPages(old, new)
  }

  private mutating func addTrustedProxies(_ old: Config, _ new: Config) {
    for range in new.trustedProxies where !old.trustedProxies.contains(range) {
      add(.changes, .settings, "trusted_proxies: \(ConfigWords.range(range)) is trusted now")
    }
    for range in old.trustedProxies where !new.trustedProxies.contains(range) {
      add(
        .changes, .settings, "trusted_proxies: \(ConfigWords.range(range)) is not trusted any more"
      )
    }
  }

  private mutating func addErrorPages(_ old: Config, _ new: Config) {
    func key(_ page: Config.ErrorPage) -> String {
      let (low, high) = (page.statuses.lowerBound, page.statuses.upperBound)
      return low == high ? "\(low)" : "\(low / 100)xx"
    }
    let before = Dictionary(old.errorPages.map { (key($0), $0) }) { first, _ in first }
    let after = Dictionary(new.errorPages.map { (key($0), $0) }) { first, _ in first }
    for name in Set(before.keys).union(after.keys).sorted() {
      let change: String
      switch (before[name], after[name]) {
      case (nil, let page?): change = "is now \(page.file)"
      case (_?, nil): change = "is the built-in page again"
      case (let old?, let new?):
        if old == new { continue }
        change =
          old.file == new.file
          ? "has another text (\(new.file))" : "was \(old.file), is now \(new.file)"
      case (nil, nil): continue
      }
      add(.changes, .settings, "error_pages.\(name) \(change)")
    }
  }
}
