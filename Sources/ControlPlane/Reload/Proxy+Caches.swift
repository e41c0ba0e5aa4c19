import DataPlane

/// What the operator sees of caches, and takes out of them.
///
/// The proxy's lock is held while names become rules, not while a cache is looked through: that
/// goes in slices under the cache's own lock, between which requests are served.
extension Proxy {
  var cacheAdmin: CacheAdmin {
    CacheAdmin(
      report: { [weak self] name throws(CacheProblem) in
        try self?.cacheReport(name) ?? CacheReport()
      },
      show: { [weak self] url, name throws(CacheProblem) in
        try self?.stored(url, in: name) ?? StoredReport(subject: url, caches: [])
      },
      list: { [weak self] prefix, name, limit throws(CacheProblem) in
        try self?.stored(under: prefix, in: name, limit: limit)
          ?? StoredReport(subject: prefix, caches: [])
      },
      purge: { [weak self] purge throws(CacheProblem) in
        try self?.purge(purge) ?? CachePurge.Outcome()
      })
  }

  func cacheReport(_ name: String?) throws(CacheProblem) -> CacheReport {
    let config = state.withLock { $0.config }
    let names = try Self.chosen(name, config)
    let collector = MetricsCollector(registry: registry, config: config, backends: [])
    return CacheReport(caches: names.map(collector.cache))
  }

  // MARK: Looking

  /// A URL may have as many variants as there are values of a cookie of the key.
  private static var variantsMax: Int { 1000 }

  func stored(_ url: String, in name: String?) throws(CacheProblem) -> StoredReport {
    let (report, stores) = try targets(.url(url), in: name, subject: url)
    return Self.copied(stores, report, limit: Self.variantsMax) { _ in true }
  }

  func stored(
    under prefix: String, in name: String?, limit: Int
  ) throws(CacheProblem) -> StoredReport {
    let subject = prefix.isEmpty ? CachePurge.Subject.all : .prefix(prefix)
    let targets = try targets(subject, in: name, subject: prefix)
    var report = Self.copied(targets.stores, targets.report, limit: limit) {
      $0.info.kind == .response
    }
    report.responses.sort { ($0.url, $0.keyItems.count) < ($1.url, $1.keyItems.count) }
    return report
  }

  /// With what the targets' rules match and `isWanted` takes, at most so many. Memories that have
  /// run out say nothing any more.
  private static func copied(
    _ targets: [Target], _ report: StoredReport, limit: Int, _ isWanted: (CachedEntry) -> Bool
  ) -> StoredReport {
    var report = report
    for target in targets {
      var copies: [StoredResponse.Copy] = []
      let room = limit - report.responses.count
      var count = 0
      func look(_ entry: CachedEntry) {
        guard isWanted(entry), entry.matches(target.rule) else { return }
        count += 1
        if copies.count < room { copies.append(StoredResponse.Copy(entry)) }
      }
      target.store.forEach(look)
      let now = Clock.now()
      let found = copies.map { StoredResponse($0, cache: target.name, at: now) }
        .filter { $0.refusal == nil || $0.ttlSeconds > 0 }
      report.responses += found
      report.total += found.count + count - copies.count
    }
    return report
  }

  // MARK: Purging

  func purge(_ purge: CachePurge) throws(CacheProblem) -> CachePurge.Outcome {
    let stores = try targets(purge.subject, in: purge.cache, subject: "", isHard: purge.isHard)
      .stores
    var outcome = CachePurge.Outcome(isHard: purge.isHard)
    for target in stores {
      let count = target.store.purge(target.rule, at: Clock.now())
      outcome.counts.append(.init(cache: target.name, responses: count))
    }
    return outcome
  }

  // MARK: Which caches, and what in them

  private struct Target {
    let name: String
    let store: CacheStore
    let rule: PurgeRule
  }

  /// The rule of each cache: keys differ, so what a URL is stored under does too.
  private func targets(
    _ what: CachePurge.Subject, in name: String?, subject: String, isHard: Bool = true
  ) throws(CacheProblem) -> (report: StoredReport, stores: [Target]) {
    let result = state.withLock { state -> Result<[Target], CacheProblem> in
      Result { () throws(CacheProblem) in
        let names = try Self.chosen(name, state.config)
        guard let snapshot = state.snapshots.last else { return [] }
        var targets: [Target] = []
        for index in 0..<snapshot.value.caches.count {
          let row = snapshot.value.caches[index]
          let name = snapshot.value.string(row.name)
          guard names.contains(name), let store = registry.stores[row.identity] else { continue }
          let rule = try Self.rule(what, row.key, snapshot, isHard: isHard)
          targets.append(Target(name: name, store: store, rule: rule))
        }
        return targets
      }
    }
    let stores = try result.get()
    return (StoredReport(subject: subject, caches: stores.map(\.name)), stores)
  }

  private static func rule(
    _ subject: CachePurge.Subject, _ key: CacheKeyRow, _ snapshot: SnapshotHandle, isHard: Bool
  ) throws(CacheProblem) -> PurgeRule {
    do throws(PurgeText.Problem) {
      switch subject {
      case .url(let url):
        return try PurgeText.url(url, isHard: isHard, key: key, snapshot.value)
      case .prefix(let prefix):
        return try PurgeText.prefix(prefix, isHard: isHard, snapshot.value)
      case .tag(let tag): return try PurgeText.tag(tag, isHard: isHard)
      case .all: return PurgeRule(.all, isHard: isHard)
      }
    } catch {
      throw .invalid(error.description)
    }
  }

  /// All caches of the config, or the one that is named.
  private static func chosen(
    _ name: String?, _ config: Config
  ) throws(CacheProblem) -> [String] {
    let names = config.caches.map(\.name)
    guard let name else { return names }
    guard names.contains(name) else {
      let known = names.isEmpty ? "none" : names.joined(separator: ", ")
      throw .unknown("there is no cache \(quoted(name)); there is \(known)")
    }
    return [name]
  }
}
