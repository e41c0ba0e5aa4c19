/// One check from its moment to its result.
extension Worker {
  @inline(__always) func probeToken(_ p: Int32) -> Token {
    Token(.probe, p, probes[p].generation)
  }

  private mutating func setProbeTimer(_ p: Int32, _ deadline: Instant) {
    wheel.set(&probes[p].timer, deadline, token: probeToken(p).raw)
  }

  /// The moment of the next check, or the end of the present one's time.
  mutating func probeTimeout(_ p: Int32) {
    switch probes[p].state {
    case .free: break
    case .waiting: beginCheck(p)
    case .connecting: endCheck(p, HealthResult(.connectTimeout))
    case .handshake: endCheck(p, HealthResult(.tlsTimeout))
    case .awaiting: endCheck(p, HealthResult(.answerTimeout))
    }
  }

  mutating func probeEvent(_ p: Int32, _ readiness: Poller.Readiness) {
    if readiness.isEnding { probes[p].stream.isEnding = true }
    if readiness.isReadable { probes[p].stream.isReadable = true }
    switch probes[p].state {
    case .free, .waiting: break
    case .connecting:
      guard readiness.isWritable else { return }
      if let error = Sockets.connectError(probes[p].stream.descriptor) {
        return connectBroke(p, error)
      }
      connected(p)
    case .handshake: handshakeEvent(probe: p, readiness)
    case .awaiting:
      if readiness.isWritable, probes[p].stream.hasOutput {
        if case .failed(let error) = probes[p].stream.flush(&pool) {
          return endCheck(p, HealthResult(.connectionBroke, detail: Int(error.code)))
        }
      }
      receiveCheck(p)
    }
  }

  private mutating func beginCheck(_ p: Int32) {
    guard let check = probes[p].check else { return }
    probes[p].machine.begin(now: now)
    switch Sockets.connect(check.address) {
    case .failure(let error): connectBroke(p, error)
    case .success(let (descriptor, inProgress)):
      probes[p].stream.open(descriptor)
      probes[p].reader = HealthReader()
      guard prepareTLS(probe: p, check), poller.add(stream: descriptor, probeToken(p)) else {
        return endCheck(p, HealthResult(.notMade, detail: Int(SystemError.noMemory.code)))
      }
      probes[p].state = .connecting
      setProbeTimer(p, now &+ check.rules.timeout)
      if !inProgress { connected(p) }
    }
  }

  /// What this machine lacks is not held against the backend.
  private mutating func connectBroke(_ p: Int32, _ error: SystemError) {
    let isOurs = error.isResourceShortage || error == .addressNotAvailable
    endCheck(p, HealthResult(isOurs ? .notMade : .connectFailed, detail: Int(error.code)))
  }

  private mutating func connected(_ p: Int32) {
    guard let check = probes[p].check else { return }
    if let version = check.proxyVersion,
      let error = sendProxyHeader(
        ProxyHeader(.local), version, to: probes[p].stream.descriptor,
        more: !check.isConnectOnly)
    {
      return endCheck(p, HealthResult(.connectionBroke, detail: Int(error.code)))
    }
    if check.isConnectOnly { return endCheck(p, HealthResult(.passed)) }
    if check.tls == nil { return sendCheck(p, check) }
    probes[p].state = .handshake
    queueHandshake(probe: p)
  }

  mutating func sendCheck(_ p: Int32, _ check: HealthCheck) {
    probes[p].state = .awaiting
    if check.speaksHTTP2 { return sendCheckFrames(p, check) }
    outgoing.removeAll()
    outgoing.append(check.request)
    let result =
      check.tls == nil
      ? probes[p].stream.send(&outgoing, 0, outgoing.end, &pool)
      : probes[p].stream.sendTLS(outgoing, 0, outgoing.end, &tls, &pool)
    if case .failed(let error) = result {
      return endCheck(p, HealthResult(.connectionBroke, detail: Int(error.code)))
    }
    if probes[p].stream.isReadable { receiveCheck(p) }
  }

  /// Reads what there is; the reader's bounds end this, whatever the backend sends.
  private mutating func receiveCheck(_ p: Int32) {
    guard let expectation = probes[p].check?.expectation else { return }
    if probes[p].session >= 0 { return receiveCheckFrames(p, expectation) }
    while probes[p].stream.isReadable {
      _ = probes[p].stream.restoreInput(&scratch, &pool)
      var isEnded = false
      let received: Transfer
      if probes[p].stream.kind == .tls {
        received = probes[p].stream.receiveTLS(
          &scratch, count: Stream.smallReceive, &tls, &pool)
        tls.forgetSession()
      } else {
        received = probes[p].stream.receive(&scratch, count: Stream.smallReceive)
      }
      switch received {
      case .bytes: break
      case .endOfStream: isEnded = true
      case .wouldBlock:
        return probes[p].stream.keepInput(scratch, scratch.start, scratch.end, &pool)
      case .failed(let error): return checkBroke(p, error)
      }
      let step = probes[p].reader.read(
        scratch, isEnded: isEnded, expectation, into: &head)
      switch step {
      case .done(let result): return endCheck(p, result)
      case .more(let consumed):
        probes[p].stream.keepInput(scratch, consumed, scratch.end, &pool)
      }
    }
  }

  /// An alert says more than the socket.
  mutating func checkBroke(_ p: Int32, _ error: SystemError) {
    if let failure = probes[p].stream.tls?.lateFailure {
      return endCheck(p, HealthResult(failure))
    }
    endCheck(p, HealthResult(.connectionBroke, detail: Int(error.code)))
  }

  // MARK: The result

  mutating func endCheck(_ p: Int32, _ result: HealthResult) {
    guard let check = probes[p].check else { return }
    closeProbe(p)
    probes[p].state = .waiting
    let state = setup.shared.backend(check.backend)
    state.lastCheck = LastCheck(result, wallMilliseconds: Clock.wallMilliseconds())
    if result.outcome == .notMade {
      probes[p].machine.skip(check.rules, now: now, random: &random)
    } else {
      let isPass = result.isPass
      probes[p].sameResults = probes[p].lastPassed == isPass ? probes[p].sameResults &+ 1 : 1
      probes[p].lastPassed = isPass
      setup.counters.backends[check.backend].add(isPass ? .healthPasses : .healthFailures)
      let verdict = probes[p].machine.record(
        passed: isPass, check.rules, now: now, random: &random)
      carryOut(verdict, p, check, result)
    }
    setProbeTimer(p, probes[p].machine.nextAt)
  }

  /// The connection's end; its events that are still on their way are dropped.
  mutating func closeProbe(_ p: Int32) {
    if probes[p].session >= 0 { endProbeSession(p) }
    if probes[p].stream.kind == .tls { probes[p].stream.sayEndTLS(&tls, &pool) }
    probes[p].stream.close(&pool)
    wheel.remove(&probes[p].timer)
    probes[p].generation &+= 1
  }

  private mutating func carryOut(
    _ verdict: HealthMachine.Verdict, _ p: Int32, _ check: HealthCheck, _ result: HealthResult
  ) {
    let count = probes[p].sameResults
    switch verdict {
    case .none: break
    case .staysDown:
      setHealth(check, .down)
      refreshPools([check.pool])
      say(check, "health check failed: \(result) (\(count) in a row); stays out")
    case .wentDown:
      setHealth(check, .down)
      refreshPools([check.pool])
      say(check, "health check failed: \(result) (\(count) in a row); out")
    case .cameUp:
      setHealth(check, .up)
      refreshPools([check.pool])
      say(check, count == 1 ? "back: a check passed" : "back: \(count) checks passed")
    }
  }

  private func say(_ check: HealthCheck, _ text: String) {
    setup.events.add(
      Event(
        wallMilliseconds: Clock.wallMilliseconds(), pool: check.pool, backend: check.backend,
        text: text))
  }

  /// Tells all workers; they look at the pool anew before they choose from it again.
  mutating func setHealth(_ check: HealthCheck, _ health: HealthState) {
    let state = setup.shared.backend(check.backend)
    guard state.health != health else { return }
    state.healthChangedAt = now
    if health == .up, state.health == .down {
      state.recoveredAt = now
      state.load.storeAverage(0, at: now)
    }
    state.health = health
    setup.counters.backends[check.backend].add(.healthChanges)
    setup.shared.pool(check.pool).availabilityChanged()
    callFirst(check.pool)
  }
}

extension HealthReader {
  /// The span of a worker's block, lent for the call.
  mutating func read(
    _ block: borrowing Block, isEnded: Bool, _ expectation: HealthExpectation,
    into head: inout MessageHead
  ) -> Step {
    read(block.bytes, block.start, block.end, isEnded: isEnded, expectation, into: &head)
  }
}
