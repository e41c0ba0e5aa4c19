/// All metrics of Headrace. `PrometheusText` renders from it, docs/metrics.md is generated from
/// it; there is no other list.
///
/// Base units (seconds, bytes) in the names, `_total` on counters, one word for one thing:
/// `route`, `pool`, `backend`, `worker`.
enum MetricsTable {
  /// Values of the label `class`, by index of `requestsByClass`.
  static let classes = ["aborted", "1xx", "2xx", "3xx", "4xx", "5xx"]

  static let process = MetricScope<MetricsReport>(
    title: "Process", labelNames: [], labelValues: { _, _ in [] },
    metrics: [
      Metric(
        "headrace_build_info", "The running version; always 1.",
        .info(label: "version") { $0.version }),
      Metric(
        "headrace_uptime_seconds", "Time since the start.",
        .gauge { $0.uptimeSeconds }),
      Metric(
        "headrace_resident_memory_bytes", "Memory of the process that is in RAM.",
        .gauge { Double($0.residentBytes) }),
      Metric(
        "headrace_open_descriptors", "Open file descriptors.",
        .gauge { Double($0.openDescriptors) }),
      Metric(
        "headrace_config_reloads_total", "Config reloads that took effect.",
        .counter { $0.configReloads }),
      Metric(
        "headrace_config_reload_failures_total",
        "Config reloads that were refused; the running config stayed.",
        .counter { $0.configReloadFailures }),
      Metric(
        "headrace_config_last_reload_timestamp_seconds",
        "Unix time at which the running config took effect.",
        .gauge { $0.configLastReloadTimestampSeconds }),
      Metric(
        "headrace_certificate_reloads_total",
        "Certificates, keys and authorities taken over because their files had changed.",
        .counter { $0.certificateReloads }),
      Metric(
        "headrace_certificate_reload_failures_total",
        "Changed files of certificates and keys that could not be used; the old ones stayed.",
        .counter { $0.certificateReloadFailures }),
      Metric(
        "headrace_access_log_dropped_total",
        "Access log lines lost because their reader was too slow.",
        .counter { $0.accessLogDropped }),
    ])

  static let worker = MetricScope<MetricsReport.Worker>(
    title: "Workers", labelNames: ["worker"], labelValues: { _, index in [String(index)] },
    metrics: [
      Metric(
        "headrace_worker_client_connections", "Client connections that are open.",
        .gauge { Double($0.clientConnections) }),
      Metric(
        "headrace_worker_client_connections_accepted_total", "Client connections accepted.",
        .counter { $0.clientConnectionsAccepted }),
      Metric(
        "headrace_worker_client_connections_refused_total",
        "Client connections closed at once because a limit was reached.",
        .counter { $0.clientConnectionsRefused }),
      Metric(
        "headrace_worker_proxy_header_failures_total",
        "Client connections closed because their PROXY header was malformed or did not come.",
        .counter { $0.proxyHeaderFailures }),
      Metric(
        "headrace_worker_tls_handshakes_total", "TLS handshakes with clients that were completed.",
        .counter { $0.tlsHandshakes }),
      Metric(
        "headrace_worker_tls_handshake_failures_total",
        "TLS handshakes with clients that were refused, broken off or too slow.",
        .counter { $0.tlsHandshakeFailures }),
      Metric(
        "headrace_worker_tls_sessions_resumed_total",
        "TLS handshakes with clients that resumed an earlier session.",
        .counter { $0.tlsSessionsResumed }),
      Metric(
        "headrace_worker_requests_refused_total",
        "Requests refused before a route was chosen: bad syntax, over a limit, no route.",
        .counter { $0.requestsRefused }),
      Metric(
        "headrace_worker_held_bytes", "Bytes held in memory for slow readers.",
        .gauge { Double($0.heldBytes) }),
      Metric(
        "headrace_worker_loop_turns_total", "Turns of the event loop.",
        .counter { $0.loopTurns }),
      Metric(
        "headrace_worker_http2_connections_total", "Client connections that spoke HTTP/2.",
        .counter { $0.http2Connections }),
      Metric(
        "headrace_worker_http2_streams_total", "Requests of clients over HTTP/2.",
        .counter { $0.http2Streams }),
      Metric(
        "headrace_worker_http2_streams_refused_total",
        "Requests over HTTP/2 that were refused because memory or slots ran short.",
        .counter { $0.http2StreamsRefused }),
      Metric(
        "headrace_worker_http2_upstream_streams_total", "Tries at backends over HTTP/2.",
        .counter { $0.http2UpstreamStreams }),
      Metric(
        "headrace_worker_http2_open_streams",
        "Open streams of HTTP/2 connections, of clients and to backends.",
        .gauge { Double($0.http2OpenStreams) }),
      Metric(
        "headrace_worker_http2_errors_total",
        "HTTP/2 connections, of clients or to backends, that ended by an error of the peer.",
        .counter { $0.http2Errors }),
    ])
}
