extension OptionTable {
  static let includeRows = [
    OptionRow(
      "include", .oneOrMore(.file, 1...100),
      """
      Other files to read, as paths or patterns such as `sites/*.yaml`, relative to this file. \
      Each has the same keys as this one.
      """,
      interactions: """
        Lists (`routes`, `listeners`, `trusted_proxies`) are appended: first this file's items, \
        then those of the included files in the order written, and by name within a pattern. \
        Mappings are merged; the same pool or option in two files is an error. Included files may \
        include others, four deep.
        """)
  ]

  static let serverRows = [
    OptionRow(
      "workers", .integer(1...1024, word: "auto"), default: "auto", into: .config(\.workers),
      "Event loops, one thread each.",
      reason: "`auto` is one for each core that the process may use; more only take turns.",
      reloadable: false),
    OptionRow(
      "trusted_proxies", .list("addresses and CIDR blocks", 0...10_000),
      """
      Peers whose `X-Forwarded-*`, `Forwarded`, `X-Real-IP` and `X-Request-Id` are believed: the \
      load balancers in front of this proxy, such as `[10.0.0.0/8, "::1"]`.
      """,
      reason: "Empty: whoever can connect could otherwise claim any client address."),
    OptionRow("trusted_proxies[]", .addressRange, "One address, or one block."),
    OptionRow(
      "via", .boolean, default: "false", into: .config(\.via),
      "Adds `Via: 1.1 headrace` to requests and responses.",
      reason: "Some apps and caches turn features off when they see it."),
    OptionRow(
      "merge_slashes", .boolean, default: "true", into: .config(\.mergeSlashes),
      "Runs of `/` in a path become one, for matching and forwarding alike.",
      reason: "`//admin` must not slip past a rule for `/admin`."),
  ]

  static let operationRows = [
    OptionRow(
      "error_pages", .structure("a mapping of statuses to files"),
      """
      Files to send instead of the built-in error answers. The key is a status, `400` to `599`, \
      or a class, `4xx` or `5xx`; a status wins over its class. The path is relative to the \
      config's folder; the file is UTF-8, at most 1MiB, and read when the config is loaded. \
      `.html` and `.json` files are sent as such, others as plain text.
      """),
    OptionRow("error_pages.*", .file, "The file for this status or class."),
    OptionRow(
      "access_log", .choice(Config.AccessLog.allCases.map(\.rawValue)), default: "off",
      into: .config(\.accessLog),
      "One line for each request: `text` for people, `json` (one object per line) for programs.",
      reason: "Metrics come without it, and writing lines costs time in every request."),
    OptionRow("drain", .section, "What happens between the signal to stop and the end."),
    OptionRow(
      "drain.readiness_delay", .duration(.zero...Bounds.day), default: "0s",
      into: .config(\.drain.readinessDelay),
      "`/ready` fails for this long before the listeners close.",
      reason: "Only needed behind a load balancer that polls `/ready`: then its interval or two."),
    OptionRow(
      "drain.timeout", .duration(.zero...Bounds.day), default: "30s",
      into: .config(\.drain.timeout),
      "How long requests may still run; what is left then is cut.",
      reason: "The time that Kubernetes gives a pod before it kills it."),
  ]
}
