import Testing

@testable import ControlPlane

/// What `headrace diff` says for a change of a small config.
@Suite struct ConfigDiffTests {
  /// A change, and the exact sentences that are not about what is kept.
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let edits: [(old: String, new: String)]
    let says: [String]

    init(_ name: String, _ edits: [(String, String)], _ says: [String]) {
      testDescription = name
      self.edits = edits.map { (old: $0.0, new: $0.1) }
      self.says = says
    }
  }

  private static let base = """
    listeners: [{ address: ":8080" }, { address: "127.0.0.1:8443" }]
    admin: 127.0.0.1:9180
    routes:
      - { name: api, match: { host: example.com, path: /api/** }, to: api }
      - { name: old, match: { path: /old }, redirect: /new }
      - { name: robots, match: { path: /robots.txt }, respond: { body: none } }
      - { name: rest, to: web }
    pools:
      api: { strategy: weighted_round_robin, backends: [127.0.0.1:1, 127.0.0.1:2] }
      web: [127.0.0.1:3]
    trusted_proxies: [10.0.0.0/8]
    error_pages: { 5xx: ok.html }
    """ + "\n"

  private static let cases = [
    Case(
      "listeners", [("\"127.0.0.1:8443\"", "\"[::1]:80\" }, { address: unix:/run/x.sock")],
      [
        "changes: listener [::1]:80 is opened",
        "changes: listener unix:/run/x.sock is opened",
        "drains: listener 127.0.0.1:8443 is closed; its connections are served on",
      ]),
    Case(
      "a breaker's options",
      [
        (
          "  web: [127.0.0.1:3]",
          """
            web:
              backends: [127.0.0.1:3]
              breaker:
                window: 20s
                minimum_requests: 7
                failure_rate: off
                consecutive_failures: 9
                slow_after: 2s
                slow_rate: 30%
                open_for: 1s
                max_open_for: 2m
                probes: 1
                failure_statuses: [500, 502-504]
                max_open: 100%
          """
        )
      ],
      [
        "window was 10s, is now 20s", "minimum_requests was 20, is now 7",
        "failure_rate was 50%, is now off", "consecutive_failures was off, is now 9",
        "slow_after was off, is now 2s", "slow_rate was 50%, is now 30%",
        "open_for was 5s, is now 1s", "max_open_for was 1m, is now 2m",
        "probes was 3, is now 1", "failure_statuses was 500-599, is now 500, 502-504",
        "max_open was 50%, is now 100%",
      ].map { "changes: pool \"web\": breaker.\($0)" }),
    Case(
      "a breaker less",
      [("  web: [127.0.0.1:3]", "  web: { breaker: off, backends: [127.0.0.1:3] }")],
      ["changes: pool \"web\": breaker was on, is now off"]),
    Case(
      "a route in front",
      [("routes:\n", "routes:\n  - { name: new, to: web, match: { path: /a } }\n")],
      ["changes: route \"new\" is added, tried first: path /a -> to pool \"web\""]),
    Case(
      "a route behind",
      [
        (
          "  - { name: rest",
          "  - { name: v2, match: { path: \"/{v}\" }, to: api }\n  - { name: rest"
        )
      ],
      [
        "changes: route \"v2\" is added, tried 4th, after \"robots\": "
          + "path /{v} -> to pool \"api\""
      ]),
    Case(
      "a route less", [("  - { name: old, match: { path: /old }, redirect: /new }\n", "")],
      [
        "drains: route \"old\" is removed (path /old -> redirect 302 to /new); "
          + "requests under way end as they began"
      ]),
    Case(
      "routes change places",
      [
        ("  - { name: old, match: { path: /old }, redirect: /new }\n", ""),
        (
          "  - { name: api",
          "  - { name: old, match: { path: /old }, redirect: /new }\n  - { name: api"
        ),
      ], ["changes: route \"old\" moves: tried first"]),
    Case(
      "another name", [("name: robots", "name: crawlers")],
      [
        "changes: route \"robots\" is now called \"crawlers\"; its counters go by the new name"
      ]),
    Case(
      "all that a route says",
      [
        (
          "host: example.com, path: /api/** }, to: api",
          """
          host: "*.example.com", path: [/api/**, /b], method: [GET, PUT],
                headers: { X-A: "1", X-B: present, X-C: { prefix: p } }, query: { v: ["2", "3"] },
                client_address: [10.0.0.0/8, "::1"] },
              to: web, timeout: 2s, timeouts: { connect: off },
              rewrite: { path: "/x{path}?{query}" },
              request_headers: { set: { X-User: "{client_address}" }, remove: [X-D] },
              response_headers: { add: { X-E: "{{e}}" } }
          """
        )
      ],
      [
        "changes: route \"api\": host was example.com, is now *.example.com; "
          + "path was /api/**, is now /api/**, /b; method is now GET, PUT; "
          + "headers is now x-a = \"1\", x-b present, x-c begins with \"p\"; "
          + "query is now v = \"2\" or \"3\"; client_address is now 10.0.0.0/8, ::1; "
          + "action was to pool \"api\", is now to pool \"web\"; "
          + "rewrite is now path /x{path}?{query}; "
          + "request_headers is now remove X-D, set X-User: {client_address}; "
          + "response_headers is now add X-E: {{e}}; timeouts.request is now 2s; "
          + "timeouts.connect is now off"
      ]),
    Case(
      "a condition less", [("host: example.com, path", "path")],
      ["changes: route \"api\": host was example.com, is now left out"]),
    Case(
      "another redirect", [("redirect: /new", "redirect: { to: /newer, status: 308 }")],
      [
        "changes: route \"old\": action was redirect 302 to /new, is now redirect 308 to /newer"
      ]),
    Case(
      "an answer of the same length", [("body: none", "body: some")],
      ["changes: route \"robots\": its answer has another body"]),
    Case(
      "backends", [("[127.0.0.1:1, 127.0.0.1:2]", "[{ address: 127.0.0.1:1, weight: 5 }, app:4]")],
      [
        "changes: pool \"api\": backend 127.0.0.1:1: weight was 1, is now 5",
        "changes: pool \"api\": backend app:4 is added",
        "drains: pool \"api\": backend 127.0.0.1:2 is removed; it finishes the requests it has",
      ]),
    Case(
      "the order of backends", [("127.0.0.1:1, 127.0.0.1:2", "127.0.0.1:2, 127.0.0.1:1")],
      ["changes: pool \"api\": the order of its backends"]),
    Case(
      "a pool's settings",
      [
        (
          "strategy: weighted_round_robin,",
          "keep_alive: { max_idle: 3, idle_timeout: 1s, max_age: 1m },"
        )
      ],
      [
        "changes: pool \"api\": strategy was weighted_round_robin, is now round_robin",
        "changes: pool \"api\": keep_alive.max_idle was 256, is now 3",
        "changes: pool \"api\": keep_alive.idle_timeout was 4s, is now 1s",
        "changes: pool \"api\": keep_alive.max_age was 1h, is now 1m",
      ]),
    Case(
      "health checks turned on",
      [
        (
          "strategy: weighted_round_robin,",
          "strategy: weighted_round_robin, health: { interval: 5s }, panic_below: 0%,"
        )
      ],
      [
        "changes: pool \"api\": health was off, is now on",
        "changes: pool \"api\": health.interval was 30s, is now 5s",
        "changes: pool \"api\": panic_below was 10%, is now 0%",
      ]),
    Case(
      "a pool's choice of backends",
      [
        (
          "strategy: weighted_round_robin, backends: [127.0.0.1:1, 127.0.0.1:2]",
          "strategy: { hash: 'path:2' }, slow_start: 5s, backends: "
            + "[127.0.0.1:1, { address: 127.0.0.1:2, backup: true }, "
            + "{ address: 127.0.0.1:9, backup: true, weight: 2 }]"
        )
      ],
      [
        "changes: pool \"api\": strategy was weighted_round_robin, is now hash path:2",
        "changes: pool \"api\": slow_start was off, is now 5s",
        "changes: pool \"api\": backend 127.0.0.1:2 is now a backup",
        "changes: pool \"api\": backend 127.0.0.1:9 is added as a backup with weight 2",
      ]),
    Case(
      "another pool", [("  web: [127", "  www: [127"), ("rest, to: web", "rest, to: www")],
      [
        "changes: route \"rest\": action was to pool \"web\", is now to pool \"www\"",
        "changes: pool \"www\" is added: 127.0.0.1:3",
        "drains: pool \"web\" is removed; what its backends work at is finished: 127.0.0.1:3",
      ]),
    Case(
      "what needs a restart", [("admin: 127.0.0.1:9180", "workers: 3")],
      [
        "restart: workers was auto, is now 3",
        "restart: admin was 127.0.0.1:9180, is now off",
      ]),
    Case(
      "lists", [("10.0.0.0/8", "\"::1\""), ("5xx: ok.html", "502: ok.txt, 404: ok.html")],
      [
        "changes: trusted_proxies: ::1 is trusted now",
        "changes: trusted_proxies: 10.0.0.0/8 is not trusted any more",
        "changes: error_pages.404 is now /etc/headrace/ok.html",
        "changes: error_pages.502 is now /etc/headrace/ok.txt",
        "changes: error_pages.5xx is the built-in page again",
      ]),
    Case(
      "rates",
      [
        (
          "{ name: rest, to: web }",
          "{ name: rest, to: web, limits: { rate: [{ per_second: 20, burst: 40 }, { per_hour: 9, "
            + "key: 'header:X-Key' }, { per_minute: 5, ipv4_prefix: 24, ipv6_prefix: 48 }] } }"
        ), ("trusted_proxies:", "limits: { rate_keys: 5 }\ntrusted_proxies:"),
      ],
      [
        "changes: route \"rest\": limits.rate is now 20 per second by client_address, burst 40 and "
          + "9 per hour by header:X-Key, burst 9 and 5 per minute by client_address, "
          + "ipv4_prefix 24, ipv6_prefix 48, burst 5",
        "restart: limits.rate_keys was 100000, is now 5",
      ]),
    Case(
      "caches",
      [
        ("{ name: rest, to: web }", "{ name: rest, to: web, cache: pages }"),
        (
          "trusted_proxies:", "caches: { pages: {}, more: { memory: 1GiB } }\ntrusted_proxies:"
        ),
      ],
      [
        "changes: route \"rest\": cache is now \"pages\"",
        "changes: cache \"pages\" is added, with room for 64MiB",
        "changes: cache \"more\" is added, with room for 1GiB",
      ]),
    Case("a comment", [("routes:", "routes: # hello")], []),
  ]

  @Test(arguments: cases) func saysWhatChanges(_ sample: Case) throws {
    var text = Self.base
    for edit in sample.edits {
      #expect(text.contains(edit.old))
      text = text.replacing(edit.old, with: edit.new)
    }
    let diff = ConfigDiff(
      from: try ConfigFixture.config(Self.base), to: try ConfigFixture.config(text))
    let said = diff.entries.filter { $0.effect != .keeps }
      .map { "\($0.effect.rawValue): \($0.text)" }
    #expect(said == sample.says)
    #expect(diff.isEmpty == sample.says.isEmpty)
  }

  @Test func saysWhatIsKept() throws {
    let config = try ConfigFixture.config(Self.base)
    #expect(
      ConfigDiff(from: config, to: config).entries.map(\.text) == [
        "2 listeners and all connections: :8080, 127.0.0.1:8443",
        "4 routes as they are, with counters",
        "2 pools with counters and idle connections: api, web",
      ])
  }

  @Test func aRouteInFrontOfUnnamedOnesIsOneChange() throws {
    let old = try ConfigFixture.config(
      """
      listen: :80
      routes: [{ match: { path: /a }, to: p }, { match: { path: /b }, to: p }]
      pools: { p: [127.0.0.1:1] }
      """)
    let new = try ConfigFixture.config(
      """
      listen: :80
      routes:
        [{ match: { path: /0 }, to: p }, { match: { path: /a }, to: p },
         { match: { path: /b }, to: p }]
      pools: { p: [127.0.0.1:1] }
      """)
    let texts = ConfigDiff(from: old, to: new).texts(.changes)
    #expect(
      texts == [
        "route \"p\" is added, tried first: path /0 -> to pool \"p\"",
        "route \"p\" is now called \"p-2\"; its counters go by the new name",
        "route \"p-2\" is now called \"p-3\"; its counters go by the new name",
      ])
  }

  @Test func theTextHasAParagraphForEachEffect() throws {
    let old = try ConfigFixture.config(Self.base)
    let new = try ConfigFixture.config(
      Self.base.replacing(":8080", with: ":8081").replacing("9180", with: "9181"))
    #expect(
      ConfigDiff(from: old, to: new).description == """
        A reload changes, for requests and connections that come after it:
          - listener :8081 is opened

        It takes away, after what is at work there has ended:
          - listener :8080 is closed; its connections are served on

        It cannot change, until the next start:
          - admin was 127.0.0.1:9180, is now 127.0.0.1:9181

        It keeps:
          - 1 listener and all connections: 127.0.0.1:8443
          - 4 routes as they are, with counters
          - 2 pools with counters and idle connections: api, web

        """)
    #expect(ConfigDiff(from: old, to: old).description == "Nothing changes.\n")
    #expect(ConfigDiff(from: old, to: new).json.hasPrefix("{\n  \"changes\": true,"))
  }

  /// No option of the whole proxy can change without a word, and those that wait for a restart are
  /// the ones that the reference says do.
  @Test func everyOptionOfTheTableIsCompared() throws {
    var count = 0
    for row in OptionTable.rows {
      guard case .config(let store) = row.target else { continue }
      var old = Config()
      var new = Config()
      let (one, other) = try Self.values(row.kind)
      store(&old, try row.kind.decode(one))
      store(&new, try row.kind.decode(other))
      let effect: ConfigDiff.Effect = row.isReloadable ? .changes : .restart
      #expect(
        ConfigDiff(from: old, to: new).texts(effect)
          == ["\(row.path) was \(one), is now \(other)"])
      count += 1
    }
    #expect(count > 15)
  }

  /// Two that are allowed, as they are written.
  private static func values(_ kind: OptionKind) throws -> (String, String) {
    switch kind {
    case .integer(let range, _): ("\(range.lowerBound)", "\(range.upperBound)")
    case .size(let range, _):
      (SizeText.format(range.lowerBound), SizeText.format(range.upperBound))
    case .duration(let range, _):
      (DurationText.format(range.lowerBound), DurationText.format(range.upperBound))
    case .boolean: ("false", "true")
    case .choice(let words): (words[0], try #require(words.last))
    default: throw Refusal("a kind that the test does not know")
    }
  }

  @Test func manyRoutesAreComparedQuickly() {
    func config(_ names: [Int]) -> Config {
      var config = Config()
      config.routes = names.map { number in
        var match = Config.Match()
        match.paths = [.init(segments: [.literal("\(number)")])]
        return .init(name: "r\(number)", match: match, action: .pool("p"))
      }
      return config
    }
    let count = 10_000
    let rotated = Array(1..<count) + [0]
    let diff = ConfigDiff(from: config(Array(0..<count)), to: config(rotated))
    #expect(diff.texts(.changes) == ["route \"r0\" moves: tried 10000th, after \"r9999\""])
  }

  @Test("every option of health checks is told")
  func healthOptions() throws {
    func text(_ health: String) -> String {
      Self.base.replacing("  web: [127.0.0.1:3]", with: "  web: \(health)")
    }
    let old = try ConfigFixture.config(text("{ backends: [127.0.0.1:3], health: on }"))
    let options = """
      path: /up, method: HEAD, host: a.b, headers: { A: b }, interval: 1s, jitter: 0%,
      timeout: 1s, unhealthy_after: 5, healthy_after: 6, initial: unhealthy, port: 81,
      expect: { status: [200, 301-302] }
      """
    let new = try ConfigFixture.config(
      text("{ backends: [127.0.0.1:3], health: { \(options) } }"))
    let said = ConfigDiff(from: old, to: new).texts(.changes)
    #expect(
      said
        == [
          "path was /health, is now /up", "method was GET, is now HEAD",
          "host was the backend's address, is now a.b", "headers was none, is now A: b",
          "interval was 30s, is now 1s", "jitter was 10%, is now 0%",
          "timeout was 5s, is now 1s", "unhealthy_after was 2, is now 5",
          "healthy_after was 3, is now 6", "initial was healthy, is now unhealthy",
          "port was the backend's, is now 81", "expect.status was 200-299, is now 200, 301-302",
        ].map { "pool \"web\": health.\($0)" })
    let tcp = try ConfigFixture.config(
      text("{ backends: [127.0.0.1:3], health: { type: tcp } }"))
    #expect(
      ConfigDiff(from: old, to: tcp).texts(.changes) == [
        "pool \"web\": health.type was http, is now tcp"
      ])
    let body = try ConfigFixture.config(
      text("{ backends: [127.0.0.1:3], health: { expect: { body: ok } } }"))
    #expect(
      ConfigDiff(from: old, to: body).texts(.changes) == [
        "pool \"web\": health.expect.body was anything, is now \"ok\""
      ])
    #expect(ConfigDiff(from: new, to: old).texts(.changes).count == 12)
    let off = try ConfigFixture.config(text("{ backends: [127.0.0.1:3] }"))
    #expect(
      ConfigDiff(from: new, to: off).texts(.changes) == [
        "pool \"web\": health was on, is now off"
      ])
  }
}
