/// What the options of a breaker demand of each other.
extension ConfigDecoder {
  /// The default of `consecutive_failures` is off where there is nobody else to go to.
  func settleBreaker(_ node: YamlNode, _ pool: inout Config.Pool) {
    guard pool.backends.count == 1 else { return }
    if case .mapping(let entries) = node.content,
      case .mapping(let below)? = entry("breaker", entries)?.value.content,
      entry("consecutive_failures", below) != nil
    {
      return
    }
    pool.breaker.consecutiveFailures = nil
  }

  mutating func checkBreaker(_ entries: [YamlNode.Entry], _ pool: Config.Pool) {
    guard let node = entry("breaker", entries)?.value, case .mapping(let below) = node.content
    else { return }
    let breaker = pool.breaker
    if breaker.openFor > breaker.maxOpenFor {
      let written = entry("open_for", below) ?? entry("max_open_for", below)
      refuse(
        written?.value.place ?? node.place,
        "open_for (\(DurationText.format(breaker.openFor))) must not be longer than max_open_for "
          + "(\(DurationText.format(breaker.maxOpenFor))) in pool \(quoted(pool.name))")
    }
    if let rate = entry("slow_rate", below), breaker.slowAfter == nil {
      warn(
        rate.keyPlace,
        "slow_rate has no effect without slow_after in pool \(quoted(pool.name))")
    }
    if breaker.failureRate == nil, breaker.consecutiveFailures == nil, breaker.slowAfter == nil {
      warn(
        node.place,
        "the breaker of pool \(quoted(pool.name)) never opens: failure_rate, "
          + "consecutive_failures and slow_after are all off; write \"breaker: off\"")
    }
  }
}
