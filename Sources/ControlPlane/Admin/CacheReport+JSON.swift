extension CacheReport {
  /// One document: `caches`. A ratio is null before the first request.
  var json: String {
    JSONValue.object([.init("caches", .list(caches.map(json)))]).formatted() + "\n"
  }

  private func json(_ cache: MetricsReport.Cache) -> JSONValue {
    .object([
      .init("name", .text(cache.name)), .init("used_bytes", .number(cache.usedBytes)),
      .init("limit_bytes", .number(cache.limitBytes)), .init("entries", .number(cache.entries)),
      .init("hits", .number(cache.hits)), .init("stale_hits", .number(cache.staleHits)),
      .init("misses", .number(cache.misses)),
      .init("revalidations", .number(cache.revalidations)),
      .init("bypasses", .number(cache.bypasses)),
      .init(
        "hit_ratio_percent", cache.hitRatio.map { .number(Int(($0 * 100).rounded())) } ?? .null),
      .init("stored", .number(cache.stored)), .init("not_stored", .number(cache.uncacheable)),
      .init("evictions", .number(cache.evictions)),
      .init("missed_chances", .number(cache.missedChances)),
    ])
  }
}

extension StoredReport {
  /// One document: `caches` that were looked through, `total`, `responses`.
  var json: String {
    let document = JSONValue.object([
      .init("caches", .texts(caches)), .init("total", .number(total)),
      .init("responses", .list(responses.map(json))),
    ])
    return document.formatted() + "\n"
  }

  private func json(_ response: StoredResponse) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("cache", .text(response.cache)), .init("url", .text(response.url)),
      .init("key", .texts(response.keyItems)),
      .init("not_stored", response.refusal.map { .text($0) } ?? .null),
      .init("age", .number(Int(clamping: response.ageSeconds))),
      .init("ttl", .number(Int(clamping: response.ttlSeconds))),
    ]
    if response.refusal == nil {
      members += [
        .init("status", .number(response.status)), .init("state", .text(response.state.rawValue)),
        .init("size_bytes", .number(response.sizeBytes)),
        .init("gzip_bytes", response.compressedBytes.map { .number($0) } ?? .null),
        .init("memory_bytes", .number(response.memoryBytes)),
        .init("hits", .number(Int(clamping: response.hits))),
        .init("last_hit_ago", response.lastHitSeconds.map { .number(Int(clamping: $0)) } ?? .null),
        .init("vary", .texts(response.vary)), .init("tags", .texts(response.tags)),
        .init("flags", .texts(response.flags)),
      ]
    }
    return .object(members)
  }
}

extension CachePurge.Outcome {
  /// One document: `soft`, and `caches` with what was purged in each.
  var json: String {
    let caches = counts.map { count in
      JSONValue.object([
        .init("name", .text(count.cache)), .init("purged", .number(count.responses)),
      ])
    }
    let members: [JSONValue.Member] = [
      .init("soft", .flag(!isHard)), .init("caches", .list(caches)),
    ]
    return JSONValue.object(members).formatted() + "\n"
  }
}

extension JSONValue {
  static func number(_ value: UInt64) -> JSONValue { .number(Int(clamping: value)) }
}
