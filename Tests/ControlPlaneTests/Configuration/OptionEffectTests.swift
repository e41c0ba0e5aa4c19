import Testing

@testable import ControlPlane

/// Every option that a file may set changes the config that the rest of the program runs by: a row
/// that is decoded and ignored fails here, and so does a new row without an example.
struct OptionEffectTests {
  /// Replaces in `base` what stands before the arrow, or adds a line.
  private static let changes: [String: (String, String)] = [
    "listen": ("listen: :8080", "listen: :8081"),
    "listeners": ("listen: :8080", "listeners: [{ address: \":1\" }, { address: \":2\" }]"),
    "listeners[].address": ("listen: :8080", "listeners: [{ address: \":8082\" }]"),
    "admin": ("", "admin: 127.0.0.1:9180"),
    "admin.address": ("", "admin: { address: 127.0.0.1:9180 }"),
    "routes": ("  - to: app", "  - respond: 404"),
    "routes[].name": ("  - to: app", "  - { to: app, name: x }"),
    "routes[].to": ("  - to: app", "  - to: other"),
    "routes[].timeout": ("  - to: app", "  - { to: app, timeout: 1s }"),
    "routes[].redirect": ("  - to: app", "  - redirect: https://a.b"),
    "routes[].redirect.to": ("  - to: app", "  - redirect: { to: https://a.b }"),
    "routes[].redirect.status": (
      "  - to: app", "  - redirect: { to: https://a.b, status: 301 }"
    ),
    "routes[].respond": ("  - to: app", "  - respond: 404"),
    "routes[].respond.status": ("  - to: app", "  - respond: { status: 404 }"),
    "routes[].respond.body": ("  - to: app", "  - respond: { body: a }"),
    "routes[].respond.file": ("  - to: app", "  - respond: { file: ok.txt }"),
    "routes[].respond.content_type": (
      "  - to: app", "  - respond: { body: a, content_type: a/b }"
    ),
    "trusted_proxies": ("", "trusted_proxies: [10.0.0.0/8, \"::1\"]"),
    "trusted_proxies[]": ("", "trusted_proxies: [\"::1\"]"),
    "error_pages": ("", "error_pages: { 5xx: ok.html }"),
    "error_pages.*": ("", "error_pages: { 404: ok.txt }"),
    "pools": ("pools:", "pools:\n  more: [127.0.0.1:9]"),
    "pools.*": ("  app: [127.0.0.1:3000]", "  app: [127.0.0.1:3001]"),
    "pools.*.strategy": (
      "  app: [127.0.0.1:3000]",
      "  app: { strategy: weighted_round_robin, backends: [127.0.0.1:3000] }"
    ),
    "pools.*.strategy.hash": (
      "  app: [127.0.0.1:3000]",
      "  app: { strategy: { hash: \"header:X-User\" }, backends: [127.0.0.1:3000] }"
    ),
    "pools.*.slow_start": (
      "  app: [127.0.0.1:3000]", "  app: { slow_start: 30s, backends: [127.0.0.1:3000] }"
    ),
    "pools.*.backends[].backup": (
      "  app: [127.0.0.1:3000]", "  app: [{ address: 127.0.0.1:3000, backup: true }]"
    ),
    "pools.*.backends": ("  app: [127.0.0.1:3000]", "  app: { backends: [127.0.0.1:4] }"),
    "pools.*.backends[].address": (
      "  app: [127.0.0.1:3000]", "  app: { backends: [{ address: 127.0.0.1:4 }] }"
    ),
    "pools.*.backends[].weight": (
      "  app: [127.0.0.1:3000]", "  app: [{ address: 127.0.0.1:3000, weight: 7 }]"
    ),
    "pools.*.health.path": pool("health: { path: /up }"),
    "pools.*.health.host": pool("health: { host: a.b }"),
    "pools.*.health.headers": pool("health: { headers: { A: b } }"),
    "pools.*.health.headers.*": pool("health: { headers: { A: c } }"),
    "pools.*.health.expect": pool("health: { expect: { status: 204 } }"),
    "pools.*.health.expect.status": pool("health: { expect: { status: [200, 300-399] } }"),
    "pools.*.health.expect.body": pool("health: { expect: { body: ok } }"),
    "pools.*.breaker.open_for": (
      "  app: [127.0.0.1:3000]",
      "  app: { breaker: { open_for: 7s }, backends: [127.0.0.1:3000] }"
    ),
    "pools.*.breaker.failure_statuses": (
      "  app: [127.0.0.1:3000]",
      "  app: { breaker: { failure_statuses: [500, 502-504] }, backends: [127.0.0.1:3000] }"
    ),
    "include": ("", "include: more.yaml"),
    "caches": ("caches:", "caches:\n  more: {}"), "caches.*": cache("default_ttl: 1s"),
    "caches.*.memory": cache("memory: 128MiB"),
    "routes[].cache": ("  - to: app", "  - { to: app, cache: c }"),
    "caches.*.key": cache("key: { query: none }"),
    "caches.*.key.query": cache("key: { query: none }"),
    "caches.*.key.query.keep": cache("key: { query: { keep: a } }"),
    "caches.*.key.query.drop": cache("key: { query: { drop: [a, \"b*\"] } }"),
    "caches.*.key.sort_query": cache("key: { sort_query: on }"),
    "caches.*.key.headers": cache("key: { headers: X-A }"),
    "caches.*.key.cookies": cache("key: { cookies: [a, b] }"),
    "compression.types": ("", "compression: { types: [text/*, +json] }"),
    "listeners[].proxy_protocol": listener("proxy_protocol: { from: \"::1\" }"),
    "listeners[].proxy_protocol.from": listener("proxy_protocol: { from: [10.0.0.0/8] }"),
    "listeners[].tls": tls(), "listeners[].tls.certificates": tls(),
    "listeners[].tls.certificates[].cert": tls(), "listeners[].tls.certificates[].key": tls(),
    "listeners[].tls.certificates[].names": listener(
      "tls: { certificates: [{ cert: site.pem, key: site.key, names: a.b }] }"),
    "listeners[].tls.minimum_version": tls("minimum_version: \"1.3\""),
    "listeners[].tls.ciphers": tls("ciphers: ECDHE-RSA-AES128-GCM-SHA256"),
    "listeners[].tls.client_certificates": tls("client_certificates: { ca: other.pem }"),
    "listeners[].tls.client_certificates.mode": tls(
      "client_certificates: { mode: optional, ca: other.pem }"),
    "listeners[].tls.client_certificates.ca": tls("client_certificates: { ca: site.pem }"),
    "listeners[].tls.session_tickets": tls("session_tickets: false"),
    "listeners[].tls.session_tickets.keys": tls("session_tickets: { keys: ticket.key }"),
    "listeners[].http2": listener("http2: false"),
    "listeners[].redirect_to_https": listener("redirect_to_https: true"),
    "routes[].client_certificate": verified("client_certificate: required"),
    "pools.*.protocol": pool("protocol: h2c"), "pools.*.tls": pool("tls: true"),
    "pools.*.tls.ca": pool("tls: { ca: other.pem }"),
    "pools.*.tls.server_name": pool("tls: { server_name: a.b }"),
    "pools.*.tls.verify": pool("tls: { verify: false }"),
    "pools.*.tls.cert": pool("tls: { cert: site.pem, key: site.key }"),
    "pools.*.tls.key": pool("tls: { cert: nameless.pem, key: nameless.key }"),
    "pools.*.tls.minimum_version": pool("tls: { minimum_version: \"1.3\" }"),
    "pools.*.sticky": ("  app: [127.0.0.1:3000]", sticky("on")),
    "pools.*.sticky.cookie": ("  app: [127.0.0.1:3000]", sticky("{ cookie: a }")),
    "pools.*.sticky.key": ("  app: [127.0.0.1:3000]", sticky("{ key: 0123456789abcdef }")),
    "pools.*.sticky.key_file": ("  app: [127.0.0.1:3000]", sticky("{ key_file: a }")),
    "pools.*.sticky.path": ("  app: [127.0.0.1:3000]", sticky("{ path: /a }")),
    "pools.*.sticky.domain": ("  app: [127.0.0.1:3000]", sticky("{ domain: a.b }")),
    "pools.*.sticky.same_site": ("  app: [127.0.0.1:3000]", sticky("{ same_site: strict }")),
  ]

  /// A listener with TLS, in place of the one of the base.
  private static func tls(_ setting: String = "") -> (String, String) {
    let pair = "{ cert: site.pem, key: site.key }"
    let tls = "{ certificates: [\(pair)]\(setting.isEmpty ? "" : ", ")\(setting) }"
    return ("listen: :8080", "listeners: [{ address: \":8080\", tls: \(tls) }]")
  }

  private static func listener(_ setting: String) -> (String, String) {
    ("listen: :8080", "listeners: [{ address: \":8080\", \(setting) }]")
  }

  /// A route behind a listener that asks for certificates.
  private static func verified(_ setting: String) -> (String, String) {
    let (_, listener) = tls("client_certificates: { mode: optional, ca: other.pem }")
    return (
      "listen: :8080\nroutes:\n  - to: app",
      "\(listener)\nroutes:\n  - { to: app, \(setting) }"
    )
  }

  private static func pool(_ setting: String) -> (String, String) {
    ("  app: [127.0.0.1:3000]", "  app: { \(setting), backends: [127.0.0.1:3000] }")
  }

  /// In place of the cache of the base, which has the defaults.
  private static func cache(_ setting: String) -> (String, String) {
    ("  c: {}", "  c: { \(setting) }")
  }

  private static func sticky(_ value: String) -> String {
    "  app: { backends: [127.0.0.1:3000], sticky: \(value) }"
  }

  /// Lines of a route to the pool, by the row that they show.
  private static let routeParts: [String: String] = [
    "match": "match: { method: GET }", "match.host": "match: { host: a.b }",
    "match.path": "match: { path: /a }", "match.method": "match: { method: PUT }",
    "match.headers": "match: { headers: { A: b } }",
    "match.headers.*": "match: { headers: { A: present } }",
    "match.headers.*.prefix": "match: { headers: { A: { prefix: a } } }",
    "match.headers.*.contains": "match: { headers: { A: { contains: a } } }",
    "match.query": "match: { query: { a: b } }", "match.query.*": "match: { query: { a: absent } }",
    "match.query.*.prefix": "match: { query: { a: { prefix: a } } }",
    "match.query.*.contains": "match: { query: { a: { contains: a } } }",
    "match.client_address": "match: { client_address: 10.0.0.0/8 }",
    "timeouts": "timeouts: { request: off }", "timeouts.request": "timeouts: { request: 1s }",
    "timeouts.connect": "timeouts: { connect: 1s }",
    "timeouts.first_byte": "timeouts: { first_byte: 1s }",
    "timeouts.response_idle": "timeouts: { response_idle: 1s }",
    "timeouts.try": "timeouts: { try: 1s }",
    "limits": "limits: { rate: { per_second: 1 } }",
    "limits.rate": "limits: { rate: [{ per_second: 1 }, { per_hour: 9 }] }",
    "limits.rate.key": "limits: { rate: { per_second: 1, key: route } }",
    "limits.rate.per_second": "limits: { rate: { per_second: 2 } }",
    "limits.rate.per_minute": "limits: { rate: { per_minute: 2 } }",
    "limits.rate.per_hour": "limits: { rate: { per_hour: 2 } }",
    "limits.rate.burst": "limits: { rate: { per_second: 1, burst: 3 } }",
    "limits.rate.ipv4_prefix": "limits: { rate: { per_second: 1, ipv4_prefix: 24 } }",
    "limits.rate.ipv6_prefix": "limits: { rate: { per_second: 1, ipv6_prefix: 48 } }",
    "compress": "compress: on", "hsts": "hsts: true", "hsts.max_age": "hsts: { max_age: 1d }",
    "hsts.include_subdomains": "hsts: { include_subdomains: true }",
    "hsts.preload": "hsts: { preload: true, include_subdomains: true }",
    "rewrite": "rewrite: { path: /a }", "rewrite.strip_prefix": "rewrite: { strip_prefix: /a }",
    "rewrite.replace_prefix": "rewrite: { replace_prefix: { from: /a, to: /b } }",
    "rewrite.replace_prefix.from": "rewrite: { replace_prefix: { from: /c, to: /b } }",
    "rewrite.replace_prefix.to": "rewrite: { replace_prefix: { from: /a, to: /c } }",
    "rewrite.path": "rewrite: { path: '/b{path}' }",
    "request_headers": "request_headers: { remove: A }",
    "request_headers.set": "request_headers: { set: { A: b } }",
    "request_headers.set.*": "request_headers: { set: { A: '{host}' } }",
    "request_headers.add": "request_headers: { add: { A: b } }",
    "request_headers.add.*": "request_headers: { add: { A: '{host}' } }",
    "request_headers.remove": "request_headers: { remove: [A, B] }",
    "response_headers": "response_headers: { remove: A }",
    "response_headers.set": "response_headers: { set: { A: b } }",
    "response_headers.set.*": "response_headers: { set: { A: '{host}' } }",
    "response_headers.add": "response_headers: { add: { A: b } }",
    "response_headers.add.*": "response_headers: { add: { A: '{host}' } }",
    "response_headers.remove": "response_headers: { remove: [A, B] }",
  ]

  private static let base = """
    listen: :8080
    routes:
      - to: app
      - { match: { path: /other }, to: other }
    pools:
      app: [127.0.0.1:3000]
      other: [127.0.0.1:3005]
    caches:
      c: {}

    """

  @Test(arguments: OptionTable.rows.map(\.path)) func changesTheConfig(path: String) throws {
    let row = OptionTable.row(path)
    let (old, new) = try #require(Self.change(row), "no example of \(path)")
    let text = old.isEmpty ? Self.base + new + "\n" : Self.base.replacing(old, with: new)
    #expect(text != Self.base)
    let files = ["more.yaml": "via: true\n"]
    let config = try ConfigFixture.load(text, files: files).get().config
    #expect(try config != ConfigFixture.config(Self.base), "\(path) changes nothing")
  }

  private static func change(_ row: OptionRow) -> (String, String)? {
    if let change = changes[row.path] { return change }
    if row.path.hasPrefix("routes[].") {
      let part = routeParts[String(row.path.dropFirst(9))]
      return part.map { ("  - to: app", "  - { to: app, \($0) }") }
    }
    let value: String
    switch row.kind {
    case .section: return section(row)
    case .switchedSection: value = row.defaultText == "on" ? "off" : "on"
    case .percent(let range, _): value = "\(range.upperBound)%"
    case .integer(let range, _): value = "\(range.lowerBound + 1)"
    case .size(let range, _): value = "\(range.lowerBound + 1)"
    case .duration(let range, _): value = DurationText.format(range.upperBound)
    case .toggle: value = row.defaultText == "on" ? "off" : "on"
    case .boolean: value = row.defaultText == "true" ? "false" : "true"
    case .choice(let words): value = words.last ?? ""
    default: return nil
    }
    return nested(row.path, value)
  }

  /// A section is shown by its first option.
  private static func section(_ row: OptionRow) -> (String, String)? {
    OptionTable.children(of: row.path).first.flatMap { change($0) }
  }

  private static func nested(_ path: String, _ value: String) -> (String, String) {
    let keys = path.split(separator: ".")
    if keys[0] == "pools" {
      let setting = keys.count == 3 ? value : "{ \(keys[3]): \(value) }"
      let inner = "{ \(keys[2]): \(setting), backends: [127.0.0.1:3000] }"
      return ("  app: [127.0.0.1:3000]", "  app: \(inner)")
    }
    if keys[0] == "caches" { return cache("\(keys[2]): \(value)") }
    return ("", keys.count == 1 ? "\(path): \(value)" : "\(keys[0]): { \(keys[1]): \(value) }")
  }
}
