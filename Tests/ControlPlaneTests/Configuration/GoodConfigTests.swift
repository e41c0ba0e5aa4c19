import ControlPlane
import Testing

/// Configs that load, and what they become.
struct GoodConfigTests {
  @Test func shortestFileHasTheDefaults() throws {
    let config = try ConfigFixture.config(ConfigFixture.complete(""))
    var expected = Config()
    expected.listeners = [Config.Listener(address: .ip(host: "", port: 8080))]
    expected.routes = [Config.Route(name: "app", action: .pool("app"))]
    let backend = Config.Backend(address: .ip(host: "127.0.0.1", port: 3000))
    expected.pools = [Config.Pool(name: "app", strategy: .roundRobin, backends: [backend])]
    // There is nobody else to go to.
    expected.pools[0].breaker.consecutiveFailures = nil
    #expect(config == expected)
  }

  @Test func listeners() throws {
    let config = try ConfigFixture.config(
      """
      listeners:
        - address: 127.0.0.1:0
        - address: 127.0.0.1:0
        - { address: "[::1]:8080" }
        - address: unix:/run/headrace.sock
      admin: { address: 127.0.0.1:0 }
      routes: [{ to: app }]
      pools: { app: [127.0.0.1:3000] }
      """)
    let addresses: [Endpoint] = [
      .ip(host: "127.0.0.1", port: 0), .ip(host: "127.0.0.1", port: 0),
      .ip(host: "::1", port: 8080), .unix(path: "/run/headrace.sock"),
    ]
    #expect(config.listeners.map(\.address) == addresses)
    #expect(config.admin?.address == .ip(host: "127.0.0.1", port: 0))
  }

  @Test func routes() throws {
    let config = try ConfigFixture.config(
      """
      listen: :8080
      routes:
        - { name: app, match: { host: "*.Example.COM", path: /static/** }, to: app }
        - { match: { host: WWW.example.com, path: / }, to: app }
        - { match: { path: /a%2Fb/** }, to: app }
        - { match: { host: "[::1]", path: /** }, to: app }
        - { match: {}, to: other }
      pools: { app: [127.0.0.1:3000], other: [localhost:3000] }
      """)
    #expect(config.routes.map(\.name) == ["app", "app-2", "app-3", "app-4", "other"])
    let matches = config.routes.map(\.match)
    #expect(
      matches.map(\.hosts) == [
        [.suffix(".example.com")], [.exact("www.example.com")], [], [.exact("[::1]")], [],
      ])
    typealias Pattern = Config.PathPattern
    #expect(
      matches.map(\.paths) == [
        [Pattern(segments: [.literal("static")], matchesBelow: true)],
        [Pattern(segments: [], endsWithSlash: true)],
        [Pattern(segments: [.literal("a%2Fb")], matchesBelow: true)],
        [Pattern(segments: [], matchesBelow: true)], [],
      ])
  }

  @Test func pools() throws {
    let config = try ConfigFixture.config(
      """
      listen: :8080
      routes: [{ to: a }, { to: b }, { to: c }]
      pools:
        a: [127.0.0.1:3000, LocalHost:3001, "unix:/run/app.sock", "[::1]:3002"]
        b: { backends: [127.0.0.1:1, { address: "127.0.0.1:2", weight: 5 }] }
        c:
          strategy: weighted_round_robin
          backends: [127.0.0.1:1]
          keep_alive: { max_idle: 0, idle_timeout: 250ms, max_age: 2m }
      """)
    #expect(config.pools.map(\.name) == ["a", "b", "c"])
    let addresses: [Endpoint] = [
      .ip(host: "127.0.0.1", port: 3000), .name(host: "localhost", port: 3001),
      .unix(path: "/run/app.sock"), .ip(host: "::1", port: 3002),
    ]
    #expect(config.pools[0].backends.map(\.address) == addresses)
    #expect(config.pools[0].strategy == .roundRobin)
    #expect(config.pools[1].strategy == .weightedRoundRobin)
    #expect(config.pools[1].backends.map(\.weight) == [1, 5])
    #expect(config.pools[2].strategy == .weightedRoundRobin)
    let keepAlive = config.pools[2].keepAlive
    #expect(keepAlive.maxIdle == 0 && keepAlive.idleTimeout == .milliseconds(250))
    #expect(keepAlive.maxAge == .seconds(120))
  }

  @Test(arguments: [
    ("random", Config.Strategy.random), ("least_connections", .leastConnections),
    ("two_choices", .twoChoices), ("peak_ewma", .peakEWMA), ("ip_hash", .hash(.clientAddress)),
    ("{ hash: client_address }", .hash(.clientAddress)),
    ("{ hash: 'header:X-User' }", .hash(.header("x-user"))),
    ("{ hash: 'cookie:Sid' }", .hash(.cookie("Sid"))),
    ("{ hash: 'query:a:b c' }", .hash(.query("a:b c"))), ("{ hash: path }", .hash(.path)),
    ("{ hash: 'path:64' }", .hash(.segment(64))),
    ("{ hash: 'path:{rest}' }", .hash(.capture("rest"))),
  ])
  func strategies(text: String, strategy: Config.Strategy) throws {
    let config = try ConfigFixture.config(
      """
      listen: :8080
      routes: [{ to: a, match: { path: /a/** } }]
      pools:
        a:
          strategy: \(text)
          backends: [127.0.0.1:1, { address: 127.0.0.1:2, weight: 3, backup: true }]
      """)
    #expect(config.pools[0].strategy == strategy)
    #expect(config.pools[0].backends.map(\.isBackup) == [false, true])
    #expect(config.pools[0].slowStart == nil)
  }

  @Test func roundRobinMayDrain() throws {
    let config = try ConfigFixture.config(
      """
      listen: :8080
      routes: [{ to: a }]
      pools:
        a:
          strategy: round_robin
          slow_start: 30s
          backends: [{ address: 127.0.0.1:1, weight: 1 }, { address: 127.0.0.1:2, weight: 0 }]
      """)
    #expect(config.pools[0].strategy == .roundRobin)
    #expect(config.pools[0].backends.map(\.weight) == [1, 0])
    #expect(config.pools[0].slowStart == .seconds(30))
  }

  @Test func timeouts() throws {
    let config = try ConfigFixture.config(
      ConfigFixture.complete(
        """
        timeouts: { client_header: 1ms, client_body_idle: 2s, keep_alive_idle: 3m,
          client_write_idle: 4h, connect: off, first_byte: 6s, response_idle: 7s, request: 8s,
          tunnel_idle: off }
        """))
    var expected = Config.Timeouts()
    expected.clientHeader = .milliseconds(1)
    expected.clientBodyIdle = .seconds(2)
    expected.keepAliveIdle = .seconds(180)
    expected.clientWriteIdle = .seconds(14_400)
    expected.connect = nil
    expected.firstByte = .seconds(6)
    expected.responseIdle = .seconds(7)
    expected.request = .seconds(8)
    expected.tunnelIdle = nil
    #expect(config.timeouts == expected)
  }

  @Test func limits() throws {
    let config = try ConfigFixture.config(
      ConfigFixture.complete(
        """
        limits: { request_line: 4096, headers: 16KiB, header_count: 50, body: 1GiB,
          connections_per_worker: 1000, memory_per_worker: 2MiB }
        """))
    var expected = Config.Limits()
    expected.requestLineBytes = 4096
    expected.headerBytes = 16384
    expected.headerCount = 50
    expected.bodyBytes = 1 << 30
    expected.connectionsPerWorker = 1000
    expected.memoryPerWorkerBytes = 2 << 20
    #expect(config.limits == expected)
  }

  @Test func theRest() throws {
    let config = try ConfigFixture.config(
      ConfigFixture.complete(
        """
        workers: 2
        via: true
        merge_slashes: false
        access_log: json
        trusted_proxies: [10.0.0.0/8, 127.0.0.1, "::1", "2001:db8::/32", 0.0.0.0/0]
        drain: { readiness_delay: 5s, timeout: 1m }
        """))
    #expect(config.workers == 2 && config.via && !config.mergeSlashes)
    #expect(config.accessLog == .json)
    #expect(config.trustedProxies.map(\.prefixLength) == [104, 128, 128, 32, 96])
    let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 10, 0, 0, 0]
    #expect(config.trustedProxies[0].bytes == mapped)
    #expect(config.drain.readinessDelay == .seconds(5) && config.drain.timeout == .seconds(60))
  }

  @Test func errorPages() throws {
    let config = try ConfigFixture.config(
      ConfigFixture.complete(
        "error_pages: { 5xx: pages/ok.json, 502: pages/ok.html, 404: /srv/ok.txt }"))
    let pages = config.errorPages
    #expect(pages.map(\.statuses) == [502...502, 404...404, 500...599])
    #expect(
      pages.map(\.file) == [
        "/etc/headrace/pages/ok.html", "/srv/ok.txt", "/etc/headrace/pages/ok.json",
      ])
    let types = ["text/html", "text/plain", "application/json"]
    #expect(pages.map(\.contentType) == types.map { "\($0); charset=utf-8" })
    #expect(pages[0].body == Array("sorry".utf8))
  }

  @Test func windowsLineEndsAndByteOrderMark() throws {
    let text = ConfigFixture.complete("access_log: text\n")
    let windows = "\u{FEFF}" + text.replacing("\n", with: "\r\n")
    #expect(try ConfigFixture.config(windows) == ConfigFixture.config(text))
  }
}
