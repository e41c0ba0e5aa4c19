import DataPlane

/// Certificates that renew themselves.
extension Proxy {
  func makeCertificateKeeper() throws(LocalServerError) -> CertificateKeeper {
    try CertificateKeeper(
      CertificateKeeper.Actions(
        filesChanged: { [weak self] in self?.renewCertificates() },
        ticketsAged: { [weak self] in self?.rotateTicketKeys() },
        dayPassed: { [weak self] in self?.warnOfExpiry() }))
  }

  /// Reads the files of TLS again; what is new and fits together is used by connections that come
  /// from now on. What does not, stays as it was, and is told.
  func renewCertificates(_ read: @escaping ConfigLoader.ReadFile = FileReader.read) {
    let areNew = state.withLock { state in
      guard state.readiness != .draining else { return false }
      let reread = state.config.rereadingTLSFiles(read)
      state.certificateReloadFailures += UInt64(reread.problems.count)
      for problem in reread.problems { tell(problem) }
      guard reread.config != state.config, adopt(reread.config, &state) else { return false }
      state.certificateReloads += UInt64(reread.changes.count)
      for change in reread.changes { tell(change) }
      return true
    }
    if areNew { warnOfExpiry() }
  }

  /// False when listeners or pools cannot be run by it, which is told.
  private func adopt(_ config: Config, _ state: inout State) -> Bool {
    do {
      let workers = registry.counters.count
      let tls = try ListenerTLS(config, former: state.tls, workers: workers)
      state.backendTLS = try BackendTLS(config, former: state.backendTLS, workers: workers)
      state.tls = tls
    } catch {
      state.certificateReloadFailures += 1
      tell("\(error); what was read before stays in use")
      return false
    }
    state.config = config
    publish(&state)
    return true
  }

  private func rotateTicketKeys() { state.withLock { $0.tls.rotating.rotate() } }

  /// Those that expire soon, are over, or not valid yet.
  private func warnOfExpiry() {
    let now = Clock.wallSeconds()
    for text in CertificateExpiry.warnings(state.withLock { $0.config }, now: now) { tell(text) }
  }

  /// For the log and for `headrace events`.
  private func tell(_ text: String) {
    eventWriter.log.add(
      Event(wallMilliseconds: Clock.wallMilliseconds(), pool: 0, backend: 0, text: text))
  }
}
