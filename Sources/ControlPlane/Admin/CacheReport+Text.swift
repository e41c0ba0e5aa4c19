extension CacheReport {
  /// A table of the caches.
  var text: String {
    if caches.isEmpty { return "the config has no caches\n" }
    let rows = caches.map { cache in
      [
        cache.name, StoredResponse.size(cache.usedBytes), StoredResponse.size(cache.limitBytes),
        "\(cache.entries)", "\(cache.hits)", "\(cache.staleHits)", "\(cache.misses)",
        "\(cache.revalidations)", cache.hitRatio.map { "\(Int(($0 * 100).rounded()))%" } ?? "-",
        "\(cache.stored)", "\(cache.uncacheable)", "\(cache.evictions)", "\(cache.missedChances)",
      ]
    }
    let titles = [
      "CACHE", "USED", "LIMIT", "ENTRIES", "HITS", "STALE", "MISSES", "REVALIDATED", "RATIO",
      "STORED", "NOT STORED", "EVICTED", "MISSED CHANCES",
    ]
    return TextTable(titles, numbers: Set(1...12)).text(rows)
  }
}

extension StoredReport {
  /// What is stored for a URL: a block of lines for each response.
  var text: String {
    if responses.isEmpty { return "nothing is stored for \(subject)\(whereText)\n" }
    return responses.map(\.text).joined(separator: "\n") + restText
  }

  /// What is stored under a prefix: a line for each response.
  var listText: String {
    guard total > 0 else {
      let under = subject.isEmpty ? "" : " under \(subject)"
      return "nothing is stored\(under)\(whereText)\n"
    }
    let rows = responses.map { response in
      [
        response.cache, "\(response.status)", "\(response.ageSeconds)", "\(response.ttlSeconds)",
        StoredResponse.size(response.sizeBytes), "\(response.hits)",
        ([response.url] + response.keyItems).joined(separator: " "),
      ]
    }
    let titles = ["CACHE", "STATUS", "AGE", "TTL", "SIZE", "HITS", "URL"]
    let table = TextTable(titles, numbers: Set(1...5)).text(rows)
    return table + restText
  }

  private var restText: String {
    total > responses.count ? "\n\(responses.count) of \(total) are shown\n" : ""
  }

  private var whereText: String {
    if caches.isEmpty { return ": the config has no caches" }
    return " in cache \(ConfigWords.alternatives(caches))"
  }
}

extension StoredResponse {
  fileprivate var text: String {
    var lines = ["\(url) in cache \(cache)"]
    if !keyItems.isEmpty { lines.append("  key: \(keyItems.joined(separator: ", "))") }
    if let refusal {
      lines.append("  not stored: \(refusal); this is remembered for \(ttlSeconds) s more")
      return lines.map { $0 + "\n" }.joined()
    }
    let isStale = ttlSeconds <= 0 ? ", stale" : ""
    lines.append("  status \(status), age \(ageSeconds) s, ttl \(ttlSeconds) s\(isStale)")
    let compressed = compressedBytes.map { ", \(Self.size($0)) in gzip" } ?? ""
    let coming = state == .complete ? "" : " (\(state.rawValue))"
    lines.append(
      "  content \(Self.size(sizeBytes))\(coming)\(compressed), \(Self.size(memoryBytes)) of memory"
    )
    let last = lastHitSeconds.map { ", the last \($0) s ago" } ?? ""
    lines.append("  \(ConfigWords.count(Int(clamping: hits), "hit"))\(last)")
    if !vary.isEmpty { lines.append("  vary: \(vary.joined(separator: ", "))") }
    if !tags.isEmpty { lines.append("  tags: \(tags.joined(separator: ", "))") }
    if !flags.isEmpty { lines.append("  flags: \(flags.joined(separator: ", "))") }
    return lines.map { $0 + "\n" }.joined()
  }

  /// Such as `17 B`, `4.0 KiB`, `12.3 MiB`.
  static func size(_ bytes: Int) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var value = Double(bytes)
    var unit = 0
    while value >= 1024, unit + 1 < units.count {
      value /= 1024
      unit += 1
    }
    guard unit > 0 else { return "\(bytes) B" }
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }
}

extension CachePurge.Outcome {
  /// A line for each cache.
  var text: String {
    if counts.isEmpty { return "the config has no caches\n" }
    let done = isHard ? "purged" : "made stale"
    return counts.map { count in
      "\(count.cache): \(ConfigWords.count(count.responses, "response")) \(done)\n"
    }.joined()
  }
}

/// Rows under titles, in columns as wide as they must be.
struct TextTable {
  let titles: [String]
  /// Columns that stand to the right.
  let numbers: Set<Int>

  init(_ titles: [String], numbers: Set<Int>) {
    self.titles = titles
    self.numbers = numbers
  }

  func text(_ rows: [[String]]) -> String {
    let rows = [titles] + rows
    let widths = titles.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let gap = String(repeating: " ", count: widths[column] - cell.count)
        return numbers.contains(column) ? gap + cell : cell + gap
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }
}
