import Testing

@testable import ControlPlane

/// Reports in, exposition text out.
@Suite struct PrometheusTextTests {
  private func lines(_ report: MetricsReport, starting prefix: String) -> [String] {
    PrometheusText.render(report).split(separator: "\n").map(String.init)
      .filter { $0.hasPrefix(prefix) }
  }

  @Test func countsByClass() {
    #expect(
      lines(.sample(routes: 1), starting: "headrace_route_requests_total") == [
        #"headrace_route_requests_total{route="route-0",class="aborted"} 1"#,
        #"headrace_route_requests_total{route="route-0",class="1xx"} 0"#,
        #"headrace_route_requests_total{route="route-0",class="2xx"} 20"#,
        #"headrace_route_requests_total{route="route-0",class="3xx"} 3"#,
        #"headrace_route_requests_total{route="route-0",class="4xx"} 4"#,
        #"headrace_route_requests_total{route="route-0",class="5xx"} 5"#,
      ])
  }

  @Test func histogramsAreCumulative() {
    let name = "headrace_route_request_duration_seconds"
    #expect(
      lines(.sample(routes: 1), starting: name) == [
        #"\#(name)_bucket{route="route-0",le="0.005"} 10"#,
        #"\#(name)_bucket{route="route-0",le="0.1"} 15"#,
        #"\#(name)_bucket{route="route-0",le="1"} 17"#,
        #"\#(name)_bucket{route="route-0",le="10"} 17"#,
        #"\#(name)_bucket{route="route-0",le="+Inf"} 18"#,
        #"\#(name)_sum{route="route-0"} 3.25"#,
        #"\#(name)_count{route="route-0"} 18"#,
      ])
  }

  @Test func countsByReason() {
    var report = MetricsReport()
    report.backends = [.init(pool: "p", address: "a:1")]
    report.backends[0].breakerOpenings = [4, 0, 2]
    let name = "headrace_backend_breaker_opened_total"
    #expect(
      lines(report, starting: name) == [
        #"\#(name){pool="p",backend="a:1",reason="consecutive_failures"} 4"#,
        #"\#(name){pool="p",backend="a:1",reason="failure_rate"} 0"#,
        #"\#(name){pool="p",backend="a:1",reason="slow_rate"} 2"#,
        #"\#(name){pool="p",backend="a:1",reason="trial"} 0"#,
      ])
  }

  @Test func labelsOfEveryScope() {
    let text = PrometheusText.render(.sample(routes: 1))
    #expect(text.contains("\nheadrace_uptime_seconds 12.5\n"))
    #expect(text.contains("\nheadrace_resident_memory_bytes 9437184\n"))
    #expect(text.contains("\nheadrace_worker_client_connections{worker=\"1\"} 3\n"))
    #expect(text.contains("\nheadrace_pool_no_backend_total{pool=\"pool-0\"} 0\n"))
    #expect(
      text.contains(
        "\nheadrace_backend_weight{pool=\"pool-0\",backend=\"127.0.0.1:3000\"} 1\n"))
    #expect(text.contains("\n# TYPE headrace_backend_resets_total counter\n"))
  }

  @Test func escapesLabelValues() {
    var report = MetricsReport()
    report.routes = [.init(name: "a\\b\"c\nd é")]
    #expect(
      lines(report, starting: "headrace_route_requests_in_flight") == [
        #"headrace_route_requests_in_flight{route="a\\b\"c\nd é"} 0"#
      ])
  }

  /// Half-filled reports are rendered, with zeros, and nothing overflows.
  @Test func toleratesArraysOfAnyLength() {
    var report = MetricsReport()
    report.durationBounds = [1, 2]
    report.routes = [.init(name: "short"), .init(name: "long")]
    report.routes[1].requestsByClass = [UInt64](repeating: .max, count: 20)
    report.routes[1].durationBuckets = [UInt64](repeating: .max, count: 20)
    report.routes[1].durationSumSeconds = .infinity
    let name = "headrace_route_request_duration_seconds"
    #expect(lines(report, starting: "\(name)_bucket").count == 6)
    #expect(lines(report, starting: "\(name)_count").first?.hasSuffix(" 0") == true)
    #expect(lines(report, starting: "\(name)_sum").last?.hasSuffix(" +Inf") == true)
  }

  @Test func namesAndHelpFollowTheRules() {
    check(MetricsTable.process)
    check(MetricsTable.worker)
    check(MetricsTable.route)
    check(MetricsTable.pool)
    check(MetricsTable.backend)
  }

  private func check<Item>(_ scope: MetricScope<Item>) {
    for metric in scope.metrics {
      #expect(metric.name.hasPrefix("headrace_"))
      #expect(metric.name.hasSuffix("_total") == (metric.type == "counter"), "\(metric.name)")
      #expect(metric.help.hasSuffix("."), "\(metric.name)")
      #expect(!metric.help.contains("\n") && !metric.help.contains("\\"), "\(metric.name)")
    }
    #expect(Set(scope.metrics.map(\.name)).count == scope.metrics.count)
  }

  /// Ten times the routes: about ten times the time and the text, not a hundred times.
  @Test func growsWithTheReportOnly() {
    let small = MetricsReport.sample(routes: 1_000)
    let large = MetricsReport.sample(routes: 10_000)
    var (smallBytes, largeBytes) = (0, 0)
    let clock = ContinuousClock()
    let smallTime = (0..<3).map { _ in
      clock.measure { smallBytes = PrometheusText.bytes(small).count }
    }.min()
    let largeTime = clock.measure { largeBytes = PrometheusText.bytes(large).count }
    #expect(largeBytes < smallBytes * 12)
    #expect(largeTime < (smallTime ?? .zero) * 50)
  }
}
