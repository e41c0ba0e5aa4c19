extension OptionTable {
  static let retryRows = [
    OptionRow(
      "pools.*.retry", .section,
      """
      When a request is sent again, as long as nothing of a response was forwarded. What failed \
      before a byte was sent is always sent again. Else only idempotent methods are (`GET`, \
      `HEAD`, `PUT`, `DELETE`, `OPTIONS`, `TRACE`), after a lost connection, a timeout, a \
      malformed answer, or an answer 502, 503 or 504.
      """),
    OptionRow(
      "pools.*.retry.tries", .integer(1...8), default: "3", into: .pool(\.retry.tries),
      "Tries of one request in all, the first included, each at another backend if there is one.",
      reason: """
        One backend may die, and the next one may have a bad moment; more tries make an outage \
        worse.
        """),
    OptionRow(
      "pools.*.retry.backoff", .duration(.zero...Bounds.hour), default: "25ms",
      into: .pool(\.retry.backoff),
      """
      The longest wait before the first retry; it doubles with each. The wait is a random time \
      below that.
      """,
      reason: "Short next to a page's load, and random, so that retries do not come in step."),
    OptionRow(
      "pools.*.retry.max_backoff", .duration(.zero...Bounds.hour), default: "250ms",
      into: .pool(\.retry.maxBackoff), "The wait does not grow beyond this.",
      reason: "A person waits for the answer."),
    OptionRow(
      "pools.*.retry.budget", .percent(0...1000, word: "off"), default: "20%",
      into: .pool(\.retry.budgetPercent),
      """
      Retries in the last 10 s, in percent of the pool's requests in that time. Beyond it and \
      `reserve`, a failure is passed on. `off` is no bound.
      """,
      reason: """
        When all backends fail, retries would triple their load; so it grows by a fifth at most.
        """,
      interactions: """
        Retries after failed connects are not counted: the backend did no work for them. Nor are \
        requests sent again because a kept connection had been closed.
        """),
    OptionRow(
      "pools.*.retry.reserve", .integer(0...1_000_000), default: "100",
      into: .pool(\.retry.budgetReserve),
      "Retries within 10 s that are allowed whatever the budget says.",
      reason: "A pool with little traffic has no budget to speak of, and still loses backends."),
    OptionRow(
      "pools.*.retry.body", .size(0...(16 << 20)), default: "64KiB",
      into: .pool(\.retry.bodyBytes),
      """
      Bytes of a request, head and body, that are kept to be sent again. A longer one gets one \
      try. Only requests with an idempotent method are kept.
      """,
      reason: "Most bodies of PUT and DELETE fit, and memory stays bounded."),
  ]

  static let capacityRows = [
    OptionRow(
      "pools.*.capacity", .section,
      """
      How much a pool may have at work. Beyond it requests wait in one queue, first come first \
      served; who finds the queue full, or waits too long, gets 503 with `Retry-After`.
      """),
    OptionRow(
      "pools.*.capacity.in_flight", .integer(1...1_000_000, word: "off"), default: "off",
      into: .pool(\.capacity.inFlight), "Requests that the pool is at work on, over all workers.",
      reason: "What a pool can bear depends on the app."),
    OptionRow(
      "pools.*.capacity.in_flight_per_backend", .integer(1...1_000_000, word: "off"),
      default: "off", into: .pool(\.capacity.inFlightPerBackend),
      "Requests that each backend is at work on; backends that have as many are passed over.",
      reason: "What a backend can bear depends on the app."),
    OptionRow(
      "pools.*.capacity.max_connections", .integer(1...1_000_000, word: "off"), default: "off",
      into: .pool(\.capacity.maxConnections),
      """
      Connections to each backend, idle ones too, over all workers. A connection that is idle at \
      one worker is closed when another one needs it.
      """,
      reason: "Most servers take all that come; one process per connection wants a bound.",
      interactions: "Health checks have connections of their own, which are not counted."),
    OptionRow(
      "pools.*.capacity.queue", .integer(0...1_000_000), default: "100",
      into: .pool(\.capacity.queue), "Requests that may wait for room, over all workers.",
      reason: "A burst is smoothed; a queue that is longer only makes everybody late.",
      interactions: "Only with one of the bounds above."),
    OptionRow(
      "pools.*.capacity.queue_timeout", .duration(.milliseconds(1)...Bounds.hour), default: "1s",
      into: .pool(\.capacity.queueTimeout), "The longest that a request waits for room.",
      reason: "After a second a person begins to wonder, and tries again."),
  ]
}
