extension OptionTable {
  static let healthRows = [
    OptionRow(
      "pools.*.health", .switchedSection, default: "off", into: .pool(\.health.isOn),
      """
      Active health checks: each backend is asked at an interval whether it is well, and gets no \
      requests while it is not. `on` takes the defaults below; writing any of them turns it on.
      """,
      reason: """
        Checks run only where they are asked for: a path that does not exist would take all \
        backends out.
        """),
    OptionRow(
      "pools.*.health.type", .choice(Config.Health.Kind.allCases.map(\.rawValue)),
      default: "http",
      into: .pool { pool, value in
        pool.health.kind = word(value) ?? pool.health.kind
      },
      "`http` sends a request and judges the answer; `tcp` only opens a connection.",
      reason: "A process that accepts connections may still answer nothing but errors."),
    OptionRow(
      "pools.*.health.path", .requestPath, default: "/health",
      into: .pool { pool, value in
        if case .word(let path) = value { pool.health.path = path }
      },
      "What is asked for, with a query if one is needed.",
      reason: "The usual name of such a page."),
    OptionRow(
      "pools.*.health.method", .choice(Config.Health.Method.allCases.map(\.rawValue)),
      default: "GET",
      into: .pool { pool, value in
        pool.health.method = word(value) ?? pool.health.method
      },
      "The method of the request.",
      reason: "Every framework answers it, and the answer's body can be looked at."),
    OptionRow(
      "pools.*.health.host", .fieldValue(1...255),
      into: .pool { pool, value in
        if case .word(let host) = value { pool.health.host = host }
      },
      """
      The `Host` of the request. Without it: the backend's address as written, `localhost` for a \
      unix socket.
      """),
    OptionRow(
      "pools.*.health.headers", .structure("a mapping of field names to values"),
      "Fields that are added to the request, at most 50."),
    OptionRow(
      "pools.*.health.headers.*", .fieldValue(0...1024),
      """
      The field's value, sent as written. `Host` and the fields that frame a message cannot be \
      set here; `User-Agent` and `Accept` replace the check's own.
      """),
    OptionRow(
      "pools.*.health.interval", .duration(.milliseconds(10)...Bounds.day), default: "30s",
      into: .pool(\.health.interval),
      """
      From the beginning of one check of a backend to the next. The first comes within a second \
      of the start; while a change is being decided, checks come every 2 seconds.
      """,
      reason: """
        Next to no load on the backends; failing requests are noticed by the requests themselves \
        long before.
        """),
    OptionRow(
      "pools.*.health.jitter", .percent(0...50), default: "10%",
      into: .pool(\.health.jitterPercent),
      "Each interval is longer or shorter by up to this share, at random.",
      reason: "Keeps the checks of many backends and many proxies from falling into step."),
    OptionRow(
      "pools.*.health.timeout", .duration(.milliseconds(10)...Bounds.hour), default: "5s",
      into: .pool(\.health.timeout),
      """
      A check fails that has not connected and got its answer in this time. It may be longer than \
      the interval: checks of one backend never overlap.
      """,
      reason: "A page that only says that all is well and takes longer says that it is not."),
    OptionRow(
      "pools.*.health.unhealthy_after", .integer(1...100), default: "2",
      into: .pool(\.health.unhealthyAfter),
      "A backend is out after this many failed checks in a row.",
      reason: "One lost packet takes nobody out."),
    OptionRow(
      "pools.*.health.healthy_after", .integer(1...100), default: "3",
      into: .pool(\.health.healthyAfter),
      "A backend that was out is back after this many passed checks in a row.",
      reason: "A backend that only answers now and then stays out."),
    OptionRow(
      "pools.*.health.initial", .choice(Config.Health.Initial.allCases.map(\.rawValue)),
      default: "healthy",
      into: .pool { pool, value in
        pool.health.initial = word(value) ?? pool.health.initial
      },
      """
      What a backend is before its first check: `unhealthy` keeps it out until one check has \
      passed.
      """,
      reason: "A start must not refuse requests for a second although all backends are well.",
      interactions: """
        `panic_below` does not use a backend that waits for its first checks: at the very start \
        the pool answers 503 for a moment.
        """),
    OptionRow(
      "pools.*.health.port", .integer(1...65535), into: .pool(\.health.port),
      "The port that is checked, where it is not the backend's own.",
      interactions: "Cannot be used with a backend on a unix socket, which has no port."),
    OptionRow(
      "pools.*.health.expect", .section, "What the answer must be."),
    OptionRow(
      "pools.*.health.expect.status", .oneOrMore(.statuses, 1...100), default: "200-299",
      "The statuses that are well: a number or a range, or a list of them.",
      reason: "A redirect or an error is not the page that was asked for."),
    OptionRow(
      "pools.*.health.expect.body", .text(1...1024),
      into: .pool { pool, value in
        if case .word(let text) = value { pool.health.body = text }
      },
      "Text that must be in the first 64 KiB of the answer's body, in this spelling."),
    OptionRow(
      "pools.*.panic_below", .percent(0...100), default: "10%", into: .pool(\.panicBelowPercent),
      """
      When fewer than this share of a pool's backends are left because health checks fail, all of \
      them are used, as if there were no checks (panic). `0%`: only when none is left.
      """,
      reason: """
        Checks that fail nearly everywhere are more often wrong than right, and the few that are \
        left would break under the load of all.
        """,
      interactions: """
        Never uses a backend that the operator has taken out, by command or by weight 0. Shown by \
        `headrace_pool_panic`.
        """),
  ]

  private static func word<Word: RawRepresentable<String>>(_ value: OptionValue) -> Word? {
    if case .word(let text) = value { Word(rawValue: text) } else { nil }
  }
}
