import DataPlane

/// What the proxy would do with a request, and why: `headrace explain`.
///
/// Pure: made from a config and a request by the same code that routes traffic. No name is
/// resolved and no backend is asked.
public struct Explanation: Equatable, Sendable {
  /// A route that was asked before, and why it did not take the request.
  public struct Miss: Equatable, Sendable {
    public var route: String
    public var reason: String
  }

  /// The route that takes the request: its place is counted from 1.
  public struct Route: Equatable, Sendable {
    public var name: String
    public var number: Int
    public var summary: String
  }

  /// What becomes of the request.
  public enum Outcome: Equatable, Sendable {
    /// It breaks the rules, before any route is asked.
    case refused(status: Int, reason: String)
    case noRoute
    /// `Max-Forwards` has come to 0: it ends here.
    case hopLimit(status: Int)
    case forward(Forward)
    case redirect(status: Int, location: String)
    case respond(status: Int, contentType: String, bytes: Int)
  }

  /// A request as a backend would see it, and what it has to wait for.
  public struct Forward: Equatable, Sendable {
    /// The request line and the fields.
    public var head: [String]
    public var pool: String
    public var strategy: String
    /// With their weights, where these count.
    public var backends: [String]
    /// What is spoken to them; nil for HTTP/1.1 in clear.
    public var spoken: String?
    /// Where the request's key belongs, in words; nil for a pool that does not hash.
    public var key: String?
    /// What the request's sticky cookie says; nil in pools that bind nobody.
    public var sticky: String?
    /// The cache that is asked first, in words; nil when the route has none.
    public var cache: String?
    /// What the response would be stored under there: the URL, then what else is in the key.
    public var cacheKey: [String] = []
    /// By name, `off` where there is none; marked when the route sets it.
    public var timeouts: [Setting]
  }

  /// A setting that applies, and whether the route or the whole proxy has it.
  public struct Setting: Equatable, Sendable {
    public var name: String
    public var value: String
    public var isOfRoute: Bool
  }

  public var request: ExplainRequest
  /// By `X-Forwarded-For` behind a trusted proxy, else the peer.
  public private(set) var clientAddress: String
  public private(set) var isTrusted: Bool
  /// nil in clear.
  public private(set) var tls: TLS?
  /// The route is only for connections with a verified client certificate.
  public private(set) var needsClientCertificate = false
  /// In its normal form, by which routes match; empty when the request was refused.
  public private(set) var path = ""
  public private(set) var misses: [Miss] = []
  /// nil when none takes the request.
  public private(set) var route: Route?
  public private(set) var outcome = Outcome.noRoute
  /// Of the route, in words.
  public private(set) var responseEdits: [String] = []
  /// The route's rates in words, each with the key that this request counts for.
  public private(set) var rates: [String] = []
  /// Of the whole proxy.
  public private(set) var limits: [Setting] = []

  public init(_ config: Config, _ request: ExplainRequest) {
    self.request = request
    isTrusted = ForwardedClient.isTrusted(request.client, by: config)
    clientAddress = ForwardedClient.address(request, config)
    limits = Self.limits(config)
    tls = Self.tls(request, config)
    if let location = Self.httpsLocation(request, config) {
      outcome = .redirect(status: 308, location: location)
      return
    }
    let probe: RouteProbe
    do {
      probe = try RouteProbe(
        head: request.head, clientAddress: clientAddress, isTrusted: isTrusted,
        isTLS: request.isSecure, mergeSlashes: config.mergeSlashes,
        limits: HeadLimits(
          requestLineBytes: config.limits.requestLineBytes, headBytes: config.limits.headerBytes,
          fieldCount: config.limits.headerCount))
    } catch {
      outcome = .refused(status: error.status, reason: "\(error.explanation)")
      return
    }
    if let limit = config.limits.bodyBytes, request.bodyBytes > limit {
      outcome = .refused(status: 413, reason: "the body is larger than limits.body")
      return
    }
    path = String(decoding: probe.path, as: UTF8.self)
    let built = SnapshotBuilder(
      config: config, registry: Registry(workers: 0), resolved: [:],
      stickyKeys: StickyKeys(writtenIn: config)
    ).build()
    defer { built.handle.destroy() }
    explain(probe, config, built.handle)
  }

  private mutating func explain(
    _ probe: RouteProbe, _ config: Config, _ snapshot: SnapshotHandle
  ) {
    let decision = probe.decide(snapshot.value)
    let end = decision.map { Int($0.route) } ?? config.routes.count
    for (index, mismatch) in probe.explain(snapshot.value, before: end).enumerated() {
      guard let mismatch else { continue }
      let route = config.routes[index]
      misses.append(Miss(route: route.name, reason: reason(mismatch, route, snapshot)))
    }
    guard let decision else { return }
    let found = config.routes[end]
    route = Route(name: found.name, number: end + 1, summary: ConfigDiff.summary(found))
    if let hsts = found.hsts, request.isSecure {
      responseEdits = ["set Strict-Transport-Security: \(hsts.fieldValue)"]
    }
    responseEdits += ConfigWords.edits(found.responseHeaders)
    needsClientCertificate = found.requiresClientCertificate
    if needsClientCertificate, tls?.clientCertificate == nil {
      outcome = .refused(
        status: 421, reason: "the route needs a client certificate, which nobody asks for here")
      return
    }
    rates = rates(found.limits.rates, probe, snapshot, decision)
    switch found.action {
    case .pool(let name):
      if let status = hopLimitStatus {
        outcome = .hopLimit(status: status)
      } else if let pool = config.pools.first(where: { $0.name == name }) {
        outcome = forward(probe, decision, config, found, pool, snapshot)
      }
    case .redirect(let status, _):
      let detail = snapshot.value.routing.details[Int(snapshot.value.routes[end].detail)]
      if let target = probe.text(of: detail.template, .address, snapshot.value, decision) {
        let location = Self.location(String(decoding: target, as: UTF8.self))
        outcome = .redirect(status: status, location: location)
      } else {
        outcome = .refused(status: 414, reason: "the redirect's target is too long")
      }
    case .respond(let response):
      outcome = .respond(
        status: response.status, contentType: response.contentType, bytes: response.body.count)
    }
  }

  /// RFC 9110 section 7.6.2.
  private var hopLimitStatus: Int? {
    guard request.method == "OPTIONS" || request.method == "TRACE",
      request.value("Max-Forwards").flatMap(IntegerText.digits) == 0
    else { return nil }
    return request.method == "OPTIONS" ? 200 : 501
  }

  /// As the worker finishes it: a path of the request never makes another host.
  private static func location(_ text: String) -> String {
    var text = text[...]
    while text.hasPrefix("//") { text = text.dropFirst() }
    // Only the one that begins the query: a later one is the client's own.
    if text.firstIndex(of: "?") == text.indices.last { text = text.dropLast() }
    return text.isEmpty ? "/" : String(text)
  }

  private static func limits(_ config: Config) -> [Setting] {
    let limits = config.limits
    return [
      ("request_line", SizeText.format(Int64(limits.requestLineBytes))),
      ("headers", SizeText.format(Int64(limits.headerBytes))),
      ("header_count", "\(limits.headerCount)"),
      ("body", limits.bodyBytes.map(SizeText.format) ?? "off"),
    ].map { Setting(name: $0.0, value: $0.1, isOfRoute: false) }
  }
}
