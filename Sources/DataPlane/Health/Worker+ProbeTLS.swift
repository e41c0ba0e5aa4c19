/// TLS of health checks. Each is a whole handshake: a session that is resumed would not show that
/// the backend's certificate has expired.
extension Worker {
  /// False when there is no memory.
  mutating func prepareTLS(probe p: Int32, _ check: HealthCheck) -> Bool {
    guard let with = check.tls else { return true }
    let name = with.name.span
    guard
      let connection = TLSConnection(
        client: with.context.set(setup.index), name: name, 0, name.count, backend: .max,
        transport: with.transport, tlsSessions, tls)
    else { return false }
    probes[p].stream.beginTLS(connection)
    return true
  }

  mutating func handshakeEvent(probe p: Int32, _ readiness: Poller.Readiness) {
    if readiness.isWritable, probes[p].stream.hasOutput,
      case .failed = probes[p].stream.flush(&pool)
    {
      return endCheck(p, HealthResult(.tlsFailed))
    }
    if probes[p].stream.isReadable { queueHandshake(probe: p) }
  }

  mutating func shakeHands(probe p: Int32) {
    guard let check = probes[p].check else { return }
    let result = probes[p].stream.shakeHands(&tls, &pool)
    tls.forgetSession()
    switch result {
    case .needsMore: if probes[p].stream.isReadable { queueHandshake(probe: p) }
    case .done:
      guard probes[p].stream.tls?.speaksHTTP2 == check.speaksHTTP2 else {
        return endCheck(p, HealthResult(TLSFailure(.otherProtocol)))
      }
      sendCheck(p, check)
    case .failed(let failure): endCheck(p, HealthResult(failure))
    }
  }
}

extension HealthResult {
  init(_ failure: TLSFailure) {
    switch failure.kind {
    case .timeout: self.init(.tlsTimeout)
    case .otherProtocol: self.init(.tlsFailed, detail: TLSFailure.noApplicationProtocol)
    case .closed, .plainHTTP, .refused:
      if failure.verification != 0 {
        self.init(.certificateRefused, detail: failure.verification)
      } else {
        self.init(.tlsFailed, detail: failure.reason)
      }
    }
  }
}
