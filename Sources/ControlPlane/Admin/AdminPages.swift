/// What the admin listener answers: a table of paths, each with a function.
///
/// Owned by `AdminServer`, called on connection threads.
struct AdminPages: Sendable {
  let metrics: @Sendable () -> MetricsReport
  let readiness: @Sendable () -> Readiness
  /// nil where there is no file to read again.
  var reload: (@Sendable () -> ReloadOutcome)? = nil
  /// nil where there is no proxy.
  var backends: BackendAdmin? = nil
  /// nil where there is no proxy.
  var caches: CacheAdmin? = nil

  /// What changes something wants this field: a web page cannot send it to another origin without
  /// asking first (a preflight request), which is never granted here.
  static let guardField = "X-Headrace-Admin"

  private struct Page: Sendable {
    let path: String
    let about: String
    var methods = ["GET", "HEAD"]
    let answer: @Sendable (AdminPages, LocalRequest) -> LocalResponse
  }

  private static let pages = [
    Page(path: "/metrics", about: "counters in Prometheus text") { pages, _ in
      pages.metricsPage()
    },
    Page(path: "/live", about: "200 as long as the process answers") { _, _ in .text("live\n") },
    Page(path: "/ready", about: "200 when it wants traffic, else 503") { pages, _ in
      pages.readyPage()
    },
    Page(
      path: "/reload", about: "POST: reads the config file again (headrace reload)",
      methods: ["POST"]
    ) { $0.reloadPage($1) },
    Page(
      path: "/backends", about: "who gets requests, and why; POST: drain, maintenance, ready",
      methods: ["GET", "HEAD", "POST"]
    ) { $0.backendsPage($1) },
    Page(path: "/events", about: "what happened to pools and backends") { $0.eventsPage($1) },
    Page(path: "/cache", about: "what is in the caches; url=URL, list=PREFIX") {
      $0.cachePage($1)
    },
    Page(
      path: "/cache/purge", about: "POST: url=URL, prefix=PREFIX, tag=TAG, all=1; soft=1",
      methods: ["POST"]
    ) { $0.purgePage($1) },
  ]

  func answer(_ request: LocalRequest) -> LocalResponse {
    guard let page = find(request.path) else {
      return Self.uncached(.error(404))
    }
    guard page.methods.contains(request.method) else {
      let allowed = LocalField("Allow", page.methods.joined(separator: ", "))
      return Self.uncached(.error(405, headers: [allowed]))
    }
    return Self.uncached(page.answer(self, request))
  }

  private func find(_ path: String) -> Page? {
    if path == "/" { return Page(path: "/", about: "this list") { _, _ in Self.list() } }
    return Self.pages.first { $0.path == path }
  }

  private func metricsPage() -> LocalResponse {
    LocalResponse(
      status: 200, headers: [LocalField("Content-Type", PrometheusText.contentType)],
      body: PrometheusText.bytes(metrics()))
  }

  private func readyPage() -> LocalResponse {
    let state = readiness()
    return .text("\(state.rawValue)\n", status: state == .ready ? 200 : 503)
  }

  /// What a request gets that may not change anything; nil when it may.
  func refusal(_ request: LocalRequest) -> LocalResponse? {
    // Browsers add Origin to every POST, even where a rebound name makes it their own origin.
    guard request.header("Origin") == nil else {
      return .text("not for web pages\n", status: 403)
    }
    guard request.headerValues(Self.guardField) == ["1"] else {
      return .text("needs the field \(Self.guardField): 1\n", status: 403)
    }
    return nil
  }

  private func reloadPage(_ request: LocalRequest) -> LocalResponse {
    if let refusal = refusal(request) { return refusal }
    guard let reload else { return .text("there is no config file to reload\n", status: 404) }
    let outcome = reload()
    let status =
      switch outcome {
      case .reloaded: 200
      case .refused: 422
      case .unavailable: 503
      }
    return .text(outcome.text + "\n", status: status)
  }

  private static func list() -> LocalResponse {
    let lines = pages.map { page in
      let gap = String(repeating: " ", count: max(1, 14 - page.path.count))
      return "\(page.path)\(gap)\(page.about)\n"
    }
    return .text("Headrace admin\n\n" + lines.joined())
  }

  /// States of this moment are nothing for a cache.
  private static func uncached(_ response: LocalResponse) -> LocalResponse {
    var response = response
    response.headers.append(LocalField("Cache-Control", "no-store"))
    return response
  }
}
