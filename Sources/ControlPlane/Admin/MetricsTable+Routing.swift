extension MetricsTable {
  static let route = MetricScope<MetricsReport.Route>(
    title: "Routes", labelNames: ["route"], labelValues: { route, _ in [route.name] },
    metrics: [
      Metric(
        "headrace_route_requests_total", "Requests that ended, by class of the answer.",
        .counterByClass { $0.requestsByClass }),
      Metric(
        "headrace_route_request_duration_seconds",
        "Time from the request head to the end of the answer.",
        .histogram { ($0.durationBuckets, $0.durationSumSeconds) }),
      Metric(
        "headrace_route_requests_in_flight", "Requests being served.",
        .gauge { Double($0.inFlight) }),
      Metric(
        "headrace_route_request_bytes_total", "Bytes received from clients.",
        .counter { $0.requestBytes }),
      Metric(
        "headrace_route_response_bytes_total", "Bytes sent to clients.",
        .counter { $0.responseBytes }),
      Metric(
        "headrace_route_rate_limited_total", "Requests that the route's rates refused with 429.",
        .counter { $0.rateLimited }),
      Metric(
        "headrace_route_rate_overflow_total",
        "Requests that the route's shared bucket decided on, as their key had no room of its own.",
        .counter { $0.rateOverflow }),
    ])

  static let pool = MetricScope<MetricsReport.Pool>(
    title: "Pools", labelNames: ["pool"], labelValues: { pool, _ in [pool.name] },
    metrics: [
      Metric(
        "headrace_pool_requests_total", "Requests that ended, by class of the answer.",
        .counterByClass { $0.requestsByClass }),
      Metric(
        "headrace_pool_request_duration_seconds",
        "Time from the request head to the end of the answer.",
        .histogram { ($0.durationBuckets, $0.durationSumSeconds) }),
      Metric(
        "headrace_pool_requests_in_flight", "Requests being served.",
        .gauge { Double($0.inFlight) }),
      Metric(
        "headrace_pool_stale_retries_total",
        "Requests sent again because a kept connection had been closed by the backend.",
        .counter { $0.staleRetries }),
      Metric(
        "headrace_pool_connect_retries_total",
        "Requests that went to another backend because connecting failed.",
        .counter { $0.connectRetries }),
      Metric(
        "headrace_pool_retries_total",
        "Requests sent again though a backend may have seen them: lost, too slow, 502 to 504.",
        .counter { $0.retries }),
      Metric(
        "headrace_pool_retry_budget_spent_total",
        "Failures that were passed on because the retry budget was spent.",
        .counter { $0.retryBudgetSpent }),
      Metric(
        "headrace_pool_queued_total", "Requests that waited because the pool had no room.",
        .counter { $0.queued }),
      Metric(
        "headrace_pool_queue_length", "Requests that wait for room.",
        .gauge { Double($0.waiting) }),
      Metric(
        "headrace_pool_queue_timeouts_total", "Requests that waited for room too long.",
        .counter { $0.queueTimeouts }),
      Metric(
        "headrace_pool_queue_overflows_total", "Requests that found the queue full.",
        .counter { $0.queueOverflows }),
      Metric(
        "headrace_pool_no_backend_total", "Requests for which no backend was usable.",
        .counter { $0.noBackend }),
      Metric(
        "headrace_pool_resolve_failures_total",
        "Look-ups of backend names that failed; the last good answer stayed.",
        .counter { $0.resolveFailures }),
      Metric(
        "headrace_pool_panic",
        "1 while so few backends are healthy that all are used (panic_below), else 0.",
        .gauge { $0.isPanic ? 1 : 0 }),
    ] + poolBreaker)

  static let backend = MetricScope<MetricsReport.Backend>(
    title: "Backends", labelNames: ["pool", "backend"],
    labelValues: { backend, _ in [backend.pool, backend.address] },
    metrics: [
      Metric(
        "headrace_backend_available",
        "1 while the backend may get new requests, else 0; /backends says why.",
        .gauge { $0.isAvailable ? 1 : 0 }),
      Metric(
        "headrace_backend_operator_state",
        "What the operator said of it: 0 nothing, 1 drain, 2 maintenance.",
        .gauge { Double($0.operatorState) }),
      Metric(
        "headrace_backend_weight", "The configured weight; 0 gets no new requests.",
        .gauge { Double($0.weight) }),
      Metric(
        "headrace_backend_requests_total", "Tries that ended, by class of the answer.",
        .counterByClass { $0.requestsByClass }),
      Metric(
        "headrace_backend_request_duration_seconds",
        "Time from the choice of the backend to the end of its answer.",
        .histogram { ($0.durationBuckets, $0.durationSumSeconds) }),
      Metric(
        "headrace_backend_requests_in_flight", "Requests that the backend is at work on.",
        .gauge { Double($0.inFlight) }),
      Metric(
        "headrace_backend_connections_open", "Open connections to the backend, idle ones too.",
        .gauge { Double($0.connectionsOpen) }),
      Metric(
        "headrace_backend_connections_idle", "Connections kept for the next request.",
        .gauge { Double($0.connectionsIdle) }),
      Metric(
        "headrace_backend_connections_opened_total", "Connections made to the backend.",
        .counter { $0.connectionsOpened }),
      Metric(
        "headrace_backend_connect_failures_total",
        "Connections that could not be made: refused, unreachable, too slow, TLS failed.",
        .counter { $0.connectFailures }),
      Metric(
        "headrace_backend_tls_handshakes_total", "TLS handshakes with the backend that succeeded.",
        .counter { $0.tlsHandshakes }),
      Metric(
        "headrace_backend_tls_resumed_total",
        "TLS handshakes with the backend that resumed a session.",
        .counter { $0.tlsResumed }),
      Metric(
        "headrace_backend_tls_failures_total",
        "TLS that failed: handshakes, and what the backend refused after one.",
        .counter { $0.tlsFailures }),
      Metric(
        "headrace_backend_stale_retries_total",
        "Requests sent again because the backend had closed a kept connection.",
        .counter { $0.staleRetries }),
      Metric(
        "headrace_backend_resets_total",
        "Connections that broke while an answer was expected or under way.",
        .counter { $0.resets }),
      Metric(
        "headrace_backend_up",
        "0 while health checks keep the backend out, else 1; always 1 without checks.",
        .gauge { $0.isUp ? 1 : 0 }),
      Metric(
        "headrace_backend_health_checks_passed_total", "Health checks that passed.",
        .counter { $0.healthPasses }),
      Metric(
        "headrace_backend_health_checks_failed_total",
        "Health checks that failed; those that this machine could not make count nowhere.",
        .counter { $0.healthFailures }),
      Metric(
        "headrace_backend_health_changes_total",
        "How often health checks took the backend out or brought it back.",
        .counter { $0.healthChanges }),
    ] + backendBreaker)
}
