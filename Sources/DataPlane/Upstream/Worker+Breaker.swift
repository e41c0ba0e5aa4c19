/// The breakers' shell: what tries come to goes in, trials and events come out. The state itself is
/// a word that all workers share (`BreakerWord`), each change of it one compare-and-replace.
extension Worker {
  // MARK: Counting

  /// A try has been judged. An answer that is neither failed nor slow, at a closed breaker, costs a
  /// few loads and stores.
  @inline(__always)
  mutating func tellBreaker(_ x: Int32, _ outcome: TryOutcome) {
    let id = Int32(exchanges[x].poolCounters)
    guard balancers[id].breaker.isOn else { return }
    if case .answered(let status) = outcome, exchanges[x].trial == 0 {
      let state = setup.shared.backend(exchanges[x].backendIdentity)
      state.clearConsecutiveFailures()
      guard state.breaker.isClosed else { return }
      if !balancers[id].breaker.isFailure(status: status), !isSlow(x) {
        window(x).record(at: now, window: balancers[id].breaker.window)
        return
      }
    }
    tellBreakerOfTrouble(x, outcome)
  }

  @inline(__always) private func isSlow(_ x: Int32) -> Bool {
    let limit = balancers[Int32(exchanges[x].poolCounters)].breaker.slowAfter
    return limit != .max && exchanges[x].isTimed && now &- exchanges[x].triedAt > limit
  }

  /// This worker's window of the exchange's backend, emptied when it is of before.
  @inline(__always) private func window(_ x: Int32) -> CounterRow {
    let row = setup.counters.backends[exchanges[x].backendIdentity]
    let mark = windowMark(x)
    if row.load(word: Counter.windowMark) != mark {
      row.clearWindow()
      row.set(word: Counter.windowMark, mark)
    }
    return row
  }

  /// Windows of different epochs or lengths cannot be added.
  @inline(__always) private func windowMark(_ x: Int32) -> UInt64 {
    let length = balancers[Int32(exchanges[x].poolCounters)].breaker.window
    return setup.shared.backend(exchanges[x].backendIdentity).windowEpoch << 40 | length >> 20
  }

  private mutating func tellBreakerOfTrouble(_ x: Int32, _ outcome: TryOutcome) {
    if exchanges[x].trial != 0 { return judgeTrial(x, outcome) }
    let state = setup.shared.backend(exchanges[x].backendIdentity)
    // What began before it came back says nothing of how it is now.
    guard state.breaker.isClosed, exchanges[x].triedAt >= state.recoveredAt else { return }
    let policy = balancers[Int32(exchanges[x].poolCounters)].breaker
    var consecutive: UInt64 = 0
    switch outcome {
    case .abandoned: return
    case .cut: window(x).recordExtra(at: now, window: policy.window)
    case .failed:
      consecutive = state.addConsecutiveFailure()
      window(x).record(at: now, window: policy.window, failed: true)
    case .answered(let status):
      window(x).record(
        at: now, window: policy.window, failed: policy.isFailure(status: status), slow: isSlow(x))
    }
    guard let reason = Breaker.decide(windowTotals(x), consecutive: consecutive, policy) else {
      return
    }
    let word = state.breaker
    guard word.isClosed else { return }
    let next = word.opened(at: now, policy, random: random.next())
    if state.replaceBreaker(word, with: next) { breakerOpened(x, reason, next) }
  }

  /// Over all workers.
  private func windowTotals(_ x: Int32) -> WindowTotals {
    let mark = windowMark(x)
    let length = balancers[Int32(exchanges[x].poolCounters)].breaker.window
    var totals = WindowTotals()
    for counters in setup.allCounters {
      let row = counters.backends[exchanges[x].backendIdentity]
      guard row.load(word: Counter.windowMark) == mark else { continue }
      row.addWindow(at: now, window: length, to: &totals)
    }
    return totals
  }

  // MARK: Trials

  /// Makes the exchange a trial of a backend whose breaker wants one. One that may not be sent
  /// again is a trial only where there is nobody else, or no other has come for long.
  ///
  /// - Parameters:
  ///   - limit: those with as many requests at work have no room for one.
  ///   - isLast: there is nobody else to go to.
  /// - Returns: the backend's place in its pool; nil when all trials are taken.
  mutating func takeTrial(_ x: Int32, below limit: UInt64, isLast: Bool = false) -> Int? {
    let id = Int32(exchanges[x].poolCounters)
    let count = balancers[id].trials.count
    // In a large pool a request looks at a few only, unless it depends on it.
    let looks = isLast ? count : min(count, 8)
    let start = count > looks ? Int(random.next() % UInt64(count)) : 0
    for step in 0..<looks {
      let place = Int(balancers[id].trials[(start &+ step) % count])
      if exchanges[x].tried.contains(place) { continue }
      let identity = identity(x, place)
      if limit != .max, setup.shared.backend(identity).load.inFlight >= limit { continue }
      let mayTry =
        isLast || exchanges[x].isReplayable
        || setup.shared.backend(identity).breaker.isOverdue(at: now, balancers[id].breaker)
      if mayTry, admitTrial(x, identity) { return place }
    }
    return nil
  }

  private mutating func admitTrial(_ x: Int32, _ identity: UInt32) -> Bool {
    let policy = balancers[Int32(exchanges[x].poolCounters)].breaker
    let state = setup.shared.backend(identity)
    while true {
      let word = state.breaker
      guard let next = word.trialAdmitted(at: now, policy) else { return false }
      guard state.replaceBreaker(word, with: next) else { continue }
      exchanges[x].trial = next.ticket
      setup.counters.backends[identity].add(.breakerTrials)
      if word.phase != .halfOpen {
        breakerChanged(x, identity, BreakerText.halfOpen(policy))
      }
      return true
    }
  }

  /// Whether another than this exchange could be a trial now.
  func hasFreeTrial(_ x: Int32, below limit: UInt64) -> Bool {
    let id = Int32(exchanges[x].poolCounters)
    if balancers[id].trials.isEmpty { return false }
    let snapshot = snapshots[exchanges[x].snapshot]
    let first = Int(snapshot.value.pools[Int(exchanges[x].pool)].firstBackend)
    for place in balancers[id].trials {
      let state = setup.shared.backend(snapshot.value.backends[first &+ Int(place)].identity)
      if state.load.inFlight < limit,
        state.breaker.trialAdmitted(at: now, balancers[id].breaker) != nil
      {
        return true
      }
    }
    return false
  }

  /// The exchange does not go where it was to be a trial: its place is for another.
  mutating func returnTrial(_ x: Int32, _ identity: UInt32) {
    let state = setup.shared.backend(identity)
    while exchanges[x].trial != 0 {
      let word = state.breaker
      guard let next = word.trialReturned(exchanges[x].trial) else { break }
      if state.replaceBreaker(word, with: next) { break }
    }
    exchanges[x].trial = 0
  }

  private mutating func judgeTrial(_ x: Int32, _ outcome: TryOutcome) {
    let ticket = exchanges[x].trial
    let identity = exchanges[x].backendIdentity
    let state = setup.shared.backend(identity)
    let policy = balancers[Int32(exchanges[x].poolCounters)].breaker
    let failure = trialFailure(x, outcome)
    let dice = random.next()
    while true {
      let word = state.breaker
      let next: BreakerWord?
      if case .abandoned = outcome {
        next = word.trialReturned(ticket)
      } else if failure != nil {
        next = word.trialFailed(ticket, at: now, policy, random: dice)
      } else {
        next = word.trialPassed(ticket, policy)
      }
      guard let next else { return }
      if next.isClosed {
        // Before anybody can count anew.
        state.forgetWindow()
        state.clearConsecutiveFailures()
        state.recoveredAt = now
        // Its failures made it look slow; it may show what it is.
        state.load.storeAverage(0, at: now)
      }
      guard state.replaceBreaker(word, with: next) else { continue }
      if let failure {
        exchanges[x].trial = 0
        breakerOpened(x, .trial(failure), next)
      } else if next.isClosed {
        breakerChanged(x, identity, BreakerText.closed(policy))
      }
      return
    }
  }

  private func trialFailure(_ x: Int32, _ outcome: TryOutcome) -> TrialFailure? {
    switch outcome {
    case .abandoned: return nil
    case .failed: return exchanges[x].step == .connect ? .notConnected : .noAnswer
    case .cut: return .cut
    case .answered(let status):
      let policy = balancers[Int32(exchanges[x].poolCounters)].breaker
      if policy.isFailure(status: status) { return .status(status) }
      return isSlow(x) ? .slow(now &- exchanges[x].triedAt) : nil
    }
  }

  // MARK: Saying so

  private mutating func breakerOpened(_ x: Int32, _ reason: BreakerReason, _ word: BreakerWord) {
    let identity = exchanges[x].backendIdentity
    let id = exchanges[x].poolCounters
    let counter: Counter
    switch reason {
    case .consecutiveFailures: counter = .breakerOpenedConsecutive
    case .failureRate: counter = .breakerOpenedFailureRate
    case .slowRate: counter = .breakerOpenedSlowRate
    case .trial: counter = .breakerOpenedTrial
    }
    setup.counters.backends[identity].add(counter)
    setup.shared.backend(identity).clearConsecutiveFailures()
    var next: Instant = 0
    if case .open(let until) = word.phase { next = until &- now }
    let policy = balancers[Int32(id)].breaker
    breakerChanged(
      x, identity, BreakerText.opened(reason, policy, next: next) + overriddenText(x))
  }

  /// The backends that `max_open` keeps in use; empty when there are none.
  private mutating func overriddenText(_ x: Int32) -> String {
    // Its snapshot is gone when the answer is cut behind its head.
    guard exchanges[x].snapshot != UInt8.max else { return "" }
    let id = exchanges[x].poolCounters
    let serial = snapshots.serial(exchanges[x].snapshot)
    refreshBalancer(x, epoch: setup.shared.pool(id).epoch, serial: serial)
    let count = balancers[Int32(id)].overriddenCount
    guard count > 0 else { return "" }
    let row = snapshots[exchanges[x].snapshot].value.pools[Int(exchanges[x].pool)]
    return BreakerText.overridden(
      count, of: Int(row.backendCount), maxOpenPercent: row.availability.maxOpenPercent)
  }

  private mutating func breakerChanged(_ x: Int32, _ identity: UInt32, _ text: String) {
    let id = exchanges[x].poolCounters
    setup.shared.pool(id).availabilityChanged()
    callFirst(id)
    setup.events.add(
      Event(
        wallMilliseconds: Clock.wallMilliseconds(), pool: id, backend: identity, text: text))
  }

  // MARK: Failing fast

  /// Answers at once when open breakers are why nobody can be chosen; false when they are not.
  mutating func failFast(_ x: Int32) -> Bool {
    let id = exchanges[x].poolCounters
    guard let until = balancers[Int32(id)].blockedUntil else { return false }
    let wait = until > now ? until &- now : 0
    setup.counters.pools[id].add(.breakerRejected)
    refuseForNow(
      x, .breakerOpen, "no backend available: breaker open",
      seconds: max(1, Int((wait &+ 999_999_999) / 1_000_000_000)))
    return true
  }
}
