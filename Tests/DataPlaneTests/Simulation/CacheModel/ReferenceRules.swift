/// RFC 9111 as one would read it aloud, over text: written apart from the rules of `Caching`, so
/// that the same mistake is not made twice. Places where the RFC leaves a choice say "choice".
///
/// Which config a cache has.
struct ReferenceRules: Sendable {
  var defaultTTL = 0
  var heuristicPercent = 10
  var heuristicMax = 86_400
  var staleWhileRevalidate = 0
  var staleIfError = 0
  var storesSetCookie = false
  /// Clients may force validations.
  var allowsReloads = true
}

/// Directives of `Cache-Control` by name; without a value: "".
struct ReferenceDirectives {
  private var found: [(name: String, value: String)] = []

  init(_ lines: [String]) {
    for item in Self.split(lines.joined(separator: ",")) {
      let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = parts.first, !name.isEmpty else { continue }
      var value = parts.count > 1 ? String(parts[1]) : ""
      // Parameters of structured fields mean nothing here.
      if !value.hasPrefix("\""), let end = value.firstIndex(of: ";") {
        value = String(value[..<end])
      }
      if value.count > 1, value.hasPrefix("\""), value.hasSuffix("\"") {
        value = String(value.dropFirst().dropLast())
      }
      found.append((name.lowercased(), value))
    }
  }

  /// At commas outside of quotes.
  static func split(_ text: String) -> [String] {
    var items = [""]
    var isQuoted = false
    for character in text {
      if character == "\"" { isQuoted.toggle() }
      if character == ",", !isQuoted {
        items.append("")
      } else {
        items[items.count - 1].append(character)
      }
    }
    return items.map { item in
      String(item.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
  }

  func has(_ name: String) -> Bool { found.contains { $0.name == name } }

  /// `no-cache` and `private` that name no fields.
  func hasWhole(_ name: String) -> Bool { found.contains { $0.name == name && $0.value.isEmpty } }

  /// The fields that `no-cache="…"` and `private="…"` name.
  var fieldNames: [String] {
    found.filter { $0.name == "no-cache" || $0.name == "private" }
      .flatMap { Self.split($0.value) }.filter { !$0.isEmpty }
  }

  /// The smallest of contradicting ones; what is no number is 0 (RFC 9111 section 4.2.1).
  func seconds(_ name: String) -> Int? { allSeconds(name, bare: 0).min() }

  func allSeconds(_ name: String, bare: Int) -> [Int] {
    found.filter { $0.name == name }.map { $0.value.isEmpty ? bare : max(Int($0.value) ?? 0, 0) }
  }
}

/// A response of the origin, and when it came.
struct ReferenceResponse: Sendable {
  var status: Int
  var fields: [ModelField]
  var requestTime: Int
  var responseTime: Int
  /// Of a 304 that was merged into stored fields: its own; the merged ones have none.
  var ageInstead: Int?
  /// Something showed that it is stale since it was so old.
  var lifetimeLimit = Int.max

  /// RFC 9213: what is for caches like this one counts in place of the rest.
  var isTargeted: Bool { fields.has("CDN-Cache-Control") }
  var control: ReferenceDirectives {
    ReferenceDirectives(fields.values(isTargeted ? "CDN-Cache-Control" : "Cache-Control"))
  }

  var date: Int? { fields.value("Date").flatMap(ModelDate.seconds) }
  var modified: Int? { fields.value("Last-Modified").flatMap(ModelDate.seconds) }
  var tag: String? { fields.value("ETag") }

  // MARK: Age (section 4.2.3)

  var correctedInitialAge: Int {
    // Choice (the RFC leaves it open): Date counts with Expires and guesses, and for responses that
    // came through a proxy without Age.
    let saysAge = control.seconds("max-age") != nil || control.seconds("s-maxage") != nil
    let countsDate = !saysAge || fields.has("Via") && !fields.has("Age")
    let apparent = countsDate ? max(0, responseTime - (date ?? responseTime)) : 0
    let corrected = (ageInstead ?? Self.age(fields)) + (responseTime - requestTime)
    return max(apparent, corrected)
  }

  /// What is no number says nothing.
  static func age(_ fields: [ModelField]) -> Int {
    fields.value("Age").flatMap { $0.allSatisfy(\.isNumber) ? Int($0) : nil } ?? 0
  }

  func age(at now: Int) -> Int { correctedInitialAge + now - responseTime }

  // MARK: Freshness (sections 4.2.1, 4.2.2)

  var explicitLifetime: Int? {
    if let seconds = control.seconds("s-maxage") { return seconds }
    if let seconds = control.seconds("max-age") { return seconds }
    guard !isTargeted, let text = fields.value("Expires") else { return nil }
    guard let expires = ModelDate.seconds(text) else { return 0 }
    return max(0, expires - (date ?? responseTime))
  }

  /// RFC 9110 section 15.1, and what says `public`.
  var mayBeHeuristic: Bool {
    [200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501].contains(status)
      || control.has("public")
  }

  /// Nil when there is nothing to guess from.
  func heuristicLifetime(_ rules: ReferenceRules) -> Int? {
    guard mayBeHeuristic, let modified, rules.heuristicPercent > 0, !isOldNoCache else {
      return nil
    }
    let unchanged = max(0, (date ?? responseTime) - modified)
    return min(unchanged * rules.heuristicPercent / 100, rules.heuristicMax)
  }

  /// Choice: `Pragma: no-cache` without `Cache-Control` means that nothing is guessed.
  var isOldNoCache: Bool { fields.has("Pragma") && !fields.has("Cache-Control") && !isTargeted }

  func lifetime(_ rules: ReferenceRules) -> Int {
    if let explicit = explicitLifetime { return min(explicit, lifetimeLimit) }
    guard mayBeHeuristic, !isOldNoCache else { return 0 }
    return min(heuristicLifetime(rules) ?? rules.defaultTTL, lifetimeLimit)
  }

  // MARK: Staleness (section 4.2.4, RFC 5861)

  var mustNotBeStale: Bool {
    ["must-revalidate", "proxy-revalidate", "s-maxage"].contains { control.has($0) }
      || control.hasWhole("no-cache")
  }

  func whileRevalidate(_ rules: ReferenceRules) -> Int {
    mustNotBeStale
      ? 0 : control.seconds("stale-while-revalidate") ?? rules.staleWhileRevalidate
  }

  func ifError(_ rules: ReferenceRules) -> Int {
    mustNotBeStale ? 0 : control.seconds("stale-if-error") ?? rules.staleIfError
  }

  // MARK: Storing (sections 3, 3.5)

  func mayBeStored(for request: ModelRequest, _ rules: ReferenceRules) -> Bool {
    guard request.method == "GET" || request.method == "HEAD", status >= 200, status != 206,
      status != 304, !ReferenceDirectives(request.fields.values("Cache-Control")).has("no-store")
    else { return false }
    if control.has("must-understand") {
      guard status != 299, status != 599 else { return false }
    } else if control.has("no-store") {
      return false
    }
    if control.hasWhole("private") { return false }
    if request.fields.has("Authorization"),
      !["must-revalidate", "public", "s-maxage"].contains(where: { control.has($0) })
    {
      return false
    }
    // Choice: cookies are somebody's, unless the response says that the rest is everybody's.
    if fields.has("Set-Cookie"), !rules.storesSetCookie,
      !control.fieldNames.contains(where: { $0.lowercased() == "set-cookie" })
    {
      return false
    }
    // It would never be found again.
    if fields.values("Vary").contains("*") { return false }
    guard explicitLifetime != nil || mayBeHeuristic else { return false }
    return isOfUse(rules)
  }

  /// Choice: what is stale from the begin and can neither be validated nor used so is not kept;
  /// nor is what says nothing of caching and gives nothing to guess from.
  private func isOfUse(_ rules: ReferenceRules) -> Bool {
    let isNoCache = control.hasWhole("no-cache")
    let staleness = correctedInitialAge - lifetime(rules)
    if !isNoCache, staleness < 0 { return true }
    if explicitLifetime == nil, heuristicLifetime(rules) == nil, !isNoCache,
      !control.has("public")
    {
      return false
    }
    if tag != nil || modified != nil { return true }
    return !isNoCache && staleness < max(whileRevalidate(rules), ifError(rules))
  }

  // MARK: What is stored (section 3.1)

  var storedFields: [ModelField] {
    var kept = fields.without(
      control.fieldNames + [
        "Content-Length", "Transfer-Encoding", "Connection", "Age", "CDN-Cache-Control",
      ])
    if !kept.has("Date") { kept.append(.init("Date", ModelDate.text(responseTime))) }
    return kept
  }
}
