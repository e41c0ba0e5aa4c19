extension OptionTable {
  static let breakerRows = [
    OptionRow(
      "pools.*.breaker", .switchedSection, default: "on", into: .pool(\.breaker.isOn),
      """
      A circuit breaker for each backend: one that fails is left alone for a while, then shown to \
      be well by a few requests. See docs/breaker.md.
      """,
      reason: """
        A backend that fails most of its requests helps nobody, and one that is left alone \
        recovers faster.
        """,
      interactions: "The operator and health checks come first; what they take out stays out."),
    OptionRow(
      "pools.*.breaker.window", .duration(.seconds(1)...hour), default: "10s",
      into: .pool(\.breaker.window), "The time that the rates look back on.",
      reason: "Long enough to see a rate, short enough to open within seconds."),
    OptionRow(
      "pools.*.breaker.minimum_requests", .integer(1...1_000_000), default: "20",
      into: .pool(\.breaker.minimumRequests),
      "With fewer tries in the window, over all workers, the rates say nothing.",
      reason: "Three failures of five may be chance; ten of twenty are not."),
    OptionRow(
      "pools.*.breaker.failure_rate", .percent(1...100, word: "off"), default: "50%",
      into: .pool(\.breaker.failureRate),
      """
      Opens when so many of the tries in the window failed: no usable answer, one that was cut \
      short, or one with a status of `failure_statuses`.
      """,
      reason: "One broken page or one bad release of a part must not take a backend out."),
    OptionRow(
      "pools.*.breaker.consecutive_failures", .integer(1...1_000_000, word: "off"), default: "5",
      into: .pool(\.breaker.consecutiveFailures),
      """
      Opens when so many tries in a row got no usable answer: refused, reset, silent for too long. \
      An answer of any status starts the row anew.
      """,
      reason: """
        A dead backend is found at once, without waiting for `minimum_requests`. A pool with one \
        backend has `off` instead: there is nobody else to go to, and an app that is restarted \
        should not stay unreachable for `open_for` after it is back.
        """),
    OptionRow(
      "pools.*.breaker.slow_after", .duration(.milliseconds(1)...hour, word: "off"),
      default: "off", into: .pool(\.breaker.slowAfter),
      """
      An answer whose head takes longer is slow. Requests whose body was still on its way from the \
      client when the backend was chosen are not looked at.
      """,
      reason: "What is slow depends on the app."),
    OptionRow(
      "pools.*.breaker.slow_rate", .percent(1...100), default: "50%",
      into: .pool(\.breaker.slowRate), "Opens when so many of the tries in the window were slow.",
      reason: "The same as for failures.", interactions: "Only with `slow_after`."),
    OptionRow(
      "pools.*.breaker.open_for", .duration(.milliseconds(10)...hour), default: "5s",
      into: .pool(\.breaker.openFor),
      """
      How long an open breaker keeps requests away, the first time. It doubles with each opening \
      that follows without closing in between, give or take a fifth.
      """,
      reason: "A process that restarts is back after a few seconds.",
      interactions: "At most `max_open_for`."),
    OptionRow(
      "pools.*.breaker.max_open_for", .duration(.milliseconds(10)...Bounds.day), default: "1m",
      into: .pool(\.breaker.maxOpenFor),
      """
      What that time grows to. Trials that come to no end in this time make room for others.
      """,
      reason: "A backend that is repaired gets its requests back within a minute."),
    OptionRow(
      "pools.*.breaker.probes", .integer(1...100), default: "3", into: .pool(\.breaker.probes),
      """
      Trials of a half-open breaker: so many requests go there, and all must pass before the \
      others follow; one that fails opens it again.
      """,
      reason: "One could pass by chance; more would fail more requests of real clients."),
    OptionRow(
      "pools.*.breaker.failure_statuses", .oneOrMore(.statuses, 1...32), default: "500-599",
      into: .poolList(\.breaker.failureStatuses),
      "Answers that count as failures, such as `[500, 502-504]`; 200 to 599.",
      reason: "4xx is the client's fault, 5xx the backend's (RFC 9110 section 15)."),
    OptionRow(
      "pools.*.breaker.max_open", .percent(1...100), default: "50%", into: .pool(\.breaker.maxOpen),
      """
      The part of the pool that may be out through breakers; one backend always may. Beyond it \
      backends are used although their breakers are open.
      """,
      reason: """
        When most backends fail, the fault is probably not theirs, and the rest would be flooded.
        """),
  ]

  private static let hour = Duration.seconds(3600)
}
