extension OptionTable {
  static let stickyRows = [
    OptionRow(
      "pools.*.sticky", .switchedSection, default: "off", into: .pool(\.sticky.isOn),
      """
      Binds each client to the backend that answered it first, by a cookie that Headrace sets. \
      The cookie is opaque, and nobody makes one without the key. A client is bound anew when its \
      backend is gone, in maintenance, fails its checks, or has an open breaker; one that is \
      drained, or has weight 0, keeps its clients. `on`, or a mapping of the options below.
      """,
      reason: """
        Requests that may go anywhere are balanced better; only apps that keep state of their \
        users in the process need this.
        """,
      interactions: """
        The `strategy` chooses for clients that are not bound yet. With `capacity`, a request \
        whose backend is full goes to another one, and the client stays bound.
        """),
    OptionRow(
      "pools.*.sticky.cookie", .cookieName, default: "headrace",
      into: .sticky { if case .word(let word) = $1 { $0.cookie = word } },
      "The cookie's name.", reason: "Unlikely to be a name of the app's.",
      interactions: """
        Pools that are reached under the same host need names, paths or domains of their own: else \
        a client's cookie of one replaces that of the other.
        """),
    OptionRow(
      "pools.*.sticky.key", .secret(16...4096),
      into: .sticky { if case .word(let word) = $1 { $0.key = Config.Secret(word) } },
      """
      The key by which cookies are made, usually `${HEADRACE_STICKY_KEY}`. Proxies with the same \
      key honour each other's cookies. With another key all clients are bound anew. It is never \
      shown.
      """,
      interactions: "Not with `key_file`."),
    OptionRow(
      "pools.*.sticky.key_file", .file,
      into: .sticky { if case .word(let word) = $1 { $0.keyFile = word } },
      """
      A file whose bytes (16 to 4096) are the key: relative to the config's folder. `run` makes \
      it, with 32 random bytes that only its user may read, when it does not exist. Without `key` \
      and `key_file` it is `$STATE_DIRECTORY/sticky.key` (under systemd), else \
      `$XDG_STATE_HOME/headrace/sticky.key`, else `~/.local/state/headrace/sticky.key`.
      """,
      interactions: "Not with `key`. Read at each start and reload."),
    OptionRow(
      "pools.*.sticky.max_age", .duration(.seconds(1)...Bounds.day * 400, word: "off"),
      default: "off", into: .pool(\.sticky.maxAge),
      """
      How long browsers keep the cookie, from when they got it. `off` is until the browser is \
      closed.
      """,
      reason: "State in a process is seldom worth more than a session."),
    OptionRow(
      "pools.*.sticky.path", .cookiePath, default: "/",
      into: .sticky { if case .word(let word) = $1 { $0.path = word } },
      "Browsers send the cookie with requests for this path and those below it.",
      reason: "The cookie is for the whole site."),
    OptionRow(
      "pools.*.sticky.domain", .cookieDomain,
      into: .sticky { if case .word(let word) = $1 { $0.domain = word } },
      """
      Browsers send the cookie to this domain and all below it. Without it: to the host that set \
      it, and no other.
      """),
    OptionRow(
      "pools.*.sticky.secure", .boolean, default: "false", into: .pool(\.sticky.secure),
      "Browsers send the cookie over HTTPS only.",
      reason: "Over plain HTTP browsers drop such a cookie; set it where clients use HTTPS."),
    OptionRow(
      "pools.*.sticky.same_site", .choice(Config.Sticky.SameSite.allCases.map(\.rawValue)),
      default: "lax",
      into: .sticky { sticky, value in
        guard case .word(let word) = value, let site = Config.Sticky.SameSite(rawValue: word)
        else { return }
        sticky.sameSite = site
      },
      """
      Whether browsers send the cookie with requests that other sites cause: `lax` with links that \
      are followed, `strict` with none, `none` with all.
      """,
      reason: "What browsers do without the attribute, written out.",
      interactions: "`none` needs `secure: true`."),
    OptionRow(
      "pools.*.sticky.http_only", .boolean, default: "true", into: .pool(\.sticky.httpOnly),
      "Keeps the cookie from scripts in the page.", reason: "No script needs it."),
  ]
}

extension OptionTarget {
  fileprivate static func sticky(
    _ store: @escaping @Sendable (inout Config.Sticky, OptionValue) -> Void
  ) -> OptionTarget {
    .pool { store(&$0.sticky, $1) }
  }
}
