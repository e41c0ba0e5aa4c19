/// What the admin listener answers: a table of paths, each with a function.
///
/// Owned by `AdminServer`, called on connection threads.
struct AdminPages: Sendable {
  let metrics: @Sendable () -> MetricsReport
  let readiness: @Sendable () -> Readiness

  private struct Page: Sendable {
    let path: String
    let about: String
    let answer: @Sendable (AdminPages) -> LocalResponse
  }

  private static let pages = [
    Page(path: "/metrics", about: "counters in Prometheus text") { $0.metricsPage() },
    Page(path: "/live", about: "200 as long as the process answers") { _ in .text("live\n") },
    Page(path: "/ready", about: "200 when it wants traffic, else 503") { $0.readyPage() },
  ]

  func answer(_ request: LocalRequest) -> LocalResponse {
    guard let page = find(request.path) else {
      return Self.uncached(.error(404))
    }
    guard request.method == "GET" || request.method == "HEAD" else {
      return Self.uncached(.error(405, headers: [LocalField("Allow", "GET, HEAD")]))
    }
    return Self.uncached(page(self))
  }

  private func find(_ path: String) -> (@Sendable (AdminPages) -> LocalResponse)? {
    if path == "/" { return { _ in Self.list() } }
    return Self.pages.first { $0.path == path }?.answer
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

  private static func list() -> LocalResponse {
    let lines = pages.map { page in
      let gap = String(repeating: " ", count: max(1, 12 - page.path.count))
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
