/// docs/metrics.md, generated from `MetricsTable`. A test compares the committed file with it and
/// writes it when `UPDATE_DOCS=1` is set.
public enum MetricsDocument {
  public static var text: String {
    let sections = [
      section(MetricsTable.process), section(MetricsTable.worker), section(MetricsTable.route),
      section(MetricsTable.pool), section(MetricsTable.backend),
      section(MetricsTable.cache), section(MetricsTable.certificate),
    ]
    return ([introduction] + sections).joined(separator: "\n")
  }

  private static let introduction = """
    # Metrics

    <!-- Generated from MetricsTable (Sources/ControlPlane/Admin) by
         `UPDATE_DOCS=1 swift test --filter MetricsDocument`; do not edit. -->

    `GET /metrics` on the admin listener (`admin: 127.0.0.1:9180` in the config) answers in the
    Prometheus text format. Counters start at 0 with the process, survive reloads of the config,
    and are summed over the workers unless they carry the label `worker`.

    The label `class` is the class of the status in the answer:
    \(classList); or `aborted` when the client went away before one.
    Histograms have `_bucket` with the label `le`, `_sum` and `_count`, and share their bounds.

    Requests per second of each route, and the share of errors of each pool:

    ```
    sum by (route) (rate(headrace_route_requests_total[5m]))
    sum by (pool) (rate(headrace_pool_requests_total{class="5xx"}[5m]))
      / sum by (pool) (rate(headrace_pool_requests_total[5m]))
    ```

    The time within which 99 % of a backend's requests end:

    ```
    histogram_quantile(0.99,
      sum by (le, backend) (rate(headrace_backend_request_duration_seconds_bucket[5m])))
    ```

    Certificates that expire within 14 days ([tls.md](tls.md) has it as an alert):

    ```
    headrace_certificate_not_after_timestamp_seconds - time() < 14 * 86400
    ```

    """

  private static var classList: String {
    MetricsTable.classes.dropFirst().map { "`\($0)`" }.joined(separator: ", ")
  }

  private static func section<Item>(_ scope: MetricScope<Item>) -> String {
    var text = "## \(scope.title)\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n"
    for metric in scope.metrics {
      let labels = scope.labelNames + [metric.ownLabel].compactMap { $0 }
      let list = labels.map { "`\($0)`" }.joined(separator: ", ")
      text += "| `\(metric.name)` | \(metric.type) | \(list) | \(metric.help) |\n"
    }
    return text
  }
}
