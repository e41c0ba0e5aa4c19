/// What breakers do.
extension MetricsTable {
  /// Values of the label `reason`, by index of `breakerOpenings`.
  static let breakerReasons = ["consecutive_failures", "failure_rate", "slow_rate", "trial"]

  static let poolBreaker: [Metric<MetricsReport.Pool>] = [
    Metric(
      "headrace_pool_breaker_rejected_total",
      "Requests answered with 503 at once because breakers left no backend.",
      .counter { $0.breakerRejected }),
    Metric(
      "headrace_pool_breakers_overridden",
      "Backends in use although their breakers are not closed, because more than max_open would "
        + "be out.",
      .gauge { Double($0.overriddenBreakers) }),
  ]

  static let backendBreaker: [Metric<MetricsReport.Backend>] = [
    Metric(
      "headrace_backend_failures_total",
      "Tries that got no usable answer, and answers that were cut short.",
      .counter { $0.failures }),
    Metric(
      "headrace_backend_breaker_state", "The breaker: 0 closed, 1 open, 2 half-open.",
      .gauge { Double($0.breakerState) }),
    Metric(
      "headrace_backend_breaker_opened_total",
      "Openings of the breaker, by reason; trial is one that failed while half-open.",
      .counterByReason { backend in
        breakerReasons.enumerated().map { index, reason in
          (reason, index < backend.breakerOpenings.count ? backend.breakerOpenings[index] : 0)
        }
      }),
    Metric(
      "headrace_backend_breaker_trials_total",
      "Requests that a half-open breaker let through to see how they fare.",
      .counter { $0.breakerTrials }),
  ]
}
