/// Renders a report in the Prometheus text format, version 0.0.4, driven by `MetricsTable`.
///
/// Pure; work and output grow linearly with the report. Runs on the scraping connection's thread.
public enum PrometheusText {
  public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  public static func render(_ report: MetricsReport) -> String {
    String(decoding: bytes(report), as: UTF8.self)
  }

  /// The same as it goes on the wire.
  static func bytes(_ report: MetricsReport) -> [UInt8] {
    var writer = PrometheusWriter(bounds: report.durationBounds)
    writer.write(MetricsTable.process, of: [report])
    writer.write(MetricsTable.worker, of: report.workers)
    writer.write(MetricsTable.route, of: report.routes)
    writer.write(MetricsTable.pool, of: report.pools)
    writer.write(MetricsTable.backend, of: report.backends)
    writer.write(MetricsTable.cache, of: report.caches)
    writer.write(MetricsTable.certificate, of: report.certificates)
    return writer.output
  }
}
