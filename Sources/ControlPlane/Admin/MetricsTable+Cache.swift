/// What caches do.
extension MetricsTable {
  static let cache = MetricScope<MetricsReport.Cache>(
    title: "Caches", labelNames: ["cache"], labelValues: { cache, _ in [cache.name] },
    metrics: [
      Metric(
        "headrace_cache_requests_total",
        "Requests on routes with the cache: hit and stale asked no backend, miss found nothing, "
          + "revalidate asked whether what was found is still good, bypass is not for a cache.",
        .counterByResult { cache in
          [
            ("hit", cache.hits), ("stale", cache.staleHits), ("miss", cache.misses),
            ("revalidate", cache.revalidations), ("bypass", cache.bypasses),
          ]
        }),
      Metric(
        "headrace_cache_entries",
        "Stored responses, and memories of responses that could not be stored.",
        .gauge { Double($0.entries) }),
      Metric(
        "headrace_cache_used_bytes", "Memory that the cache has taken.",
        .gauge { Double($0.usedBytes) }),
      Metric(
        "headrace_cache_limit_bytes", "Memory that the cache may take.",
        .gauge { Double($0.limitBytes) }),
      Metric(
        "headrace_cache_evictions_total", "Entries that were given up to make room.",
        .counter { $0.evictions }),
      Metric(
        "headrace_cache_stored_total", "Responses that were stored.", .counter { $0.stored }),
      Metric(
        "headrace_cache_uncacheable_total", "Responses that could not be stored.",
        .counter { $0.uncacheable }),
      Metric(
        "headrace_cache_validated_total",
        "Answers of backends that what is stored is still good (304).",
        .counter { $0.validated }),
      Metric(
        "headrace_cache_collapsed_total", "Requests that waited for another one's fetch.",
        .counter { $0.collapsed }),
      Metric(
        "headrace_cache_collapse_timeouts_total",
        "Requests that waited for another one's fetch too long and made their own.",
        .counter { $0.collapseTimeouts }),
      Metric(
        "headrace_cache_refreshes_total", "Fetches in the background, of what was still in use.",
        .counter { $0.refreshes }),
      Metric(
        "headrace_cache_orphaned_fetches_total",
        "Fetches that went on for others when their client had gone.",
        .counter { $0.orphanedFetches }),
      Metric(
        "headrace_cache_stale_on_error_total", "Stale responses in the place of an error.",
        .counter { $0.staleOnError }),
      Metric(
        "headrace_cache_overflows_total",
        "Responses of unknown length that grew longer than the cache takes.",
        .counter { $0.overflows }),
      Metric(
        "headrace_cache_missed_chances_total",
        "Responses under a content-hashed name that say too little of caching.",
        .counter { $0.missedChances }),
    ])
}
