extension OptionTable {
  static let versions = Config.TLSVersion.allCases.map(\.rawValue)

  static let listenerTLSRows = [
    OptionRow(
      "listeners[].tls", .section,
      """
      Speaks TLS on this address, and nothing else. The files are read when the config is loaded; \
      when they change, the config is loaded again by itself. [tls.md](tls.md) is the guide.
      """),
    OptionRow(
      "listeners[].tls.certificates", .list("{ cert: ..., key: ... }", 1...1000), required: true,
      """
      Certificates with their keys. A client gets the one for the name that it asks for (SNI): the \
      exact name before a wildcard. The first is for clients that ask for no name or one that no \
      certificate has.
      """,
      interactions: """
        Of one name there may be an RSA and an ECDSA certificate side by side: clients get ECDSA \
        if they know it.
        """),
    OptionRow(
      "listeners[].tls.certificates[].cert", .file, required: true,
      """
      The server's certificate and, behind it, those between it and the root: what Let's Encrypt \
      calls `fullchain.pem`. PEM; relative to the config's folder.
      """),
    OptionRow(
      "listeners[].tls.certificates[].key", .file, required: true,
      "Its private key: PEM, without a password; relative to the config's folder."),
    OptionRow(
      "listeners[].tls.certificates[].names", .oneOrMore(.hostPattern, 1...1000),
      """
      The names that it is for, instead of the DNS names that the certificate has. `*` stands for \
      one label.
      """),
    OptionRow(
      "listeners[].tls.minimum_version", .choice(versions), default: "1.2",
      "The oldest version of TLS that is spoken; `1.3` is the newest that there is.",
      reason: "All clients of the last ten years know 1.2; what is older is broken."),
    OptionRow(
      "listeners[].tls.ciphers", .text(1...4096),
      """
      The suites of TLS 1.2, best first, by OpenSSL's names and separated by colons. Those of TLS \
      1.3 are all fine and not chosen here. Without it: Mozilla's intermediate list.
      """,
      interactions: "No effect with `minimum_version: \"1.3\"`."),
    OptionRow(
      "listeners[].tls.client_certificates", .section,
      """
      Asks clients for certificates (mTLS) and verifies them. With `optional`, \
      `routes[].client_certificate` says which routes need one.
      """),
    OptionRow(
      "listeners[].tls.client_certificates.mode",
      .choice(Config.ClientCertificates.Mode.allCases.map(\.rawValue)), default: "required",
      """
      `required`: without a good certificate there is no connection. `optional`: connections go on \
      without one, or with a bad one; routes and backends tell them apart.
      """,
      reason: "Whoever asks for certificates mostly means to let nobody else in."),
    OptionRow(
      "listeners[].tls.client_certificates.ca", .file, required: true,
      """
      The authorities that signed clients' certificates: one or more in PEM; relative to the \
      config's folder.
      """),
    OptionRow(
      "listeners[].tls.session_tickets", .flagOrSection(example: "{ keys: ticket.key }"),
      default: "true",
      """
      Clients that come back continue their session without a full handshake. `true`: with keys \
      that are made at start, shared by all workers, and renewed every 12 hours. `false`: every \
      connection has a full handshake.
      """,
      reason: "A resumed handshake costs a fraction of a full one, for both sides."),
    OptionRow(
      "listeners[].tls.session_tickets.keys", .oneOrMore(.file, 1...16), required: true,
      """
      Files of 80 random bytes (`openssl rand 80`), for several proxies with the same clients. The \
      first seals new tickets, all of them open old ones. Relative to the config's folder; put a \
      new one in front at least once a day.
      """),
    OptionRow(
      "listeners[].http2", .boolean, default: "true",
      """
      Clients may speak HTTP/2: those over TLS choose it in the handshake (ALPN), those in clear \
      may begin with it (prior knowledge). HTTP/1.1 is always spoken too.
      """,
      reason: "Browsers load pages faster with it, and whoever does not know it does not ask."),
    OptionRow(
      "listeners[].redirect_to_https", .flagOrInteger(1...65535), default: "false",
      """
      Every request of this listener is answered with 308 and its own address, with `https`. \
      `true`: on port 443; a number: on that port. Before any route is looked at.
      """,
      reason: "An address in clear may well be meant.",
      interactions: """
        Not with `tls`. A request that a proxy in `trusted_proxies` received over https \
        (`X-Forwarded-Proto: https`) is not sent there again.
        """),
  ]

  static let routeTLSRows = [
    OptionRow(
      "routes[].hsts", .flagOrSection(example: "{ max_age: 1y, include_subdomains: true }"),
      default: "false",
      """
      Tells browsers to use https for this host from now on, and to accept no broken certificate \
      (`Strict-Transport-Security`). `true`: for a year. Only answers over TLS have it.
      """,
      reason: "Browsers keep to it for the whole time, whatever you decide later.",
      interactions: "Replaces what the backend sent."),
    OptionRow(
      "routes[].hsts.max_age", .duration(.zero...Bounds.day * 3650), default: "1y",
      "For how long, from each answer on. `0s` makes browsers forget it.",
      reason: "What the preload lists of browsers ask for."),
    OptionRow(
      "routes[].hsts.include_subdomains", .boolean, default: "false",
      "For all names below the host as well.", reason: "Only you know whether all speak https."),
    OptionRow(
      "routes[].hsts.preload", .boolean, default: "false",
      "Allows browsers to have the host in the list that they come with (hstspreload.org).",
      reason: "It takes months to get off that list.",
      interactions: "Needs `include_subdomains` and a `max_age` of `1y`."),
    OptionRow(
      "routes[].client_certificate", .choice(["required"]),
      """
      Only for connections whose client showed a certificate that was verified. On others the \
      answer is 421, on which a client may come again by a connection of its own.
      """,
      interactions: """
        Needs a listener with `tls.client_certificates`. The route matches all the same: a request \
        without a certificate does not go on to the next one.
        """),
  ]

  static let poolTLSRows = [
    OptionRow(
      "pools.*.protocol", .choice(Config.PoolProtocol.allCases.map(\.rawValue)),
      default: "http/1.1",
      into: .pool { pool, value in
        guard case .word(let word) = value, let name = Config.PoolProtocol(rawValue: word)
        else { return }
        pool.protocol = name
      },
      """
      What is spoken to the backends: `http/1.1`, `h2` (HTTP/2 over TLS) or `h2c` (HTTP/2 in \
      clear).
      """,
      reason: "Every backend knows it.", interactions: "`h2` needs `tls`; `h2c` excludes it."),
    OptionRow(
      "pools.*.tls", .flagOrSection(example: "{ ca: backends.pem }"), default: "false",
      """
      Speaks TLS to the backends, and verifies their certificates. `true`, or a mapping of the \
      options below.
      """,
      reason: "Backends are mostly beside the proxy, on the same machine or network."),
    OptionRow(
      "pools.*.tls.ca", .file,
      """
      The authorities that sign backends' certificates: one or more in PEM; relative to the \
      config's folder. Without it: those of the system.
      """),
    OptionRow(
      "pools.*.tls.server_name", .hostPattern,
      """
      The name that the backends' certificates must have, which is also the one that they are \
      asked for (SNI). Without it: each backend's own, as written in its `address`.
      """),
    OptionRow(
      "pools.*.tls.verify", .boolean, default: "true",
      """
      Whether backends' certificates are verified: signed by a known authority, for the right \
      name, not expired.
      """,
      reason: "Without it whoever gets in between reads and changes everything."),
    OptionRow(
      "pools.*.tls.cert", .file,
      "A certificate to show to backends (mTLS): PEM; relative to the config's folder.",
      interactions: "Needs `key`."),
    OptionRow(
      "pools.*.tls.key", .file, "Its private key: PEM, without a password.",
      interactions: "Needs `cert`."),
    OptionRow(
      "pools.*.tls.minimum_version", .choice(versions), default: "1.2",
      "The oldest version of TLS that is spoken to the backends.",
      reason: "As for listeners."),
  ]
}
