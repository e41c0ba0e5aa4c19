/// A cache that does what RFC 9111 says, slowly: a list of stored responses for each URL.
struct ReferenceCache: Sendable {
  struct Stored: Sendable {
    /// As it came, for decisions.
    var response: ReferenceResponse
    /// As it is sent.
    var fields: [ModelField]
    var body: String
    /// What the request had in the fields that `Vary` names.
    var vary: [ModelField] = []
    /// Names without a value above.
    var absent: [String] = []
    var number: Int
    /// An error was answered with it: until then it is not asked for again.
    var restsUntil = 0
    /// It may be found again.
    var isKept = true

    mutating func vary(for request: ModelRequest) {
      let names = response.fields.values("Vary").flatMap(ReferenceDirectives.split)
      vary = names.compactMap { ModelField($0, request.fields) }
      absent = names.filter { !request.fields.has($0) }
    }

    func matches(_ request: ModelRequest) -> Bool {
      vary.allSatisfy { ModelField($0.name, request.fields) == $0 }
        && absent.allSatisfy { !request.fields.has($0) }
    }
  }

  private struct Client {
    var request: ModelRequest
    var noCache = false
    var noStore = false
    var onlyIfCached = false
    var maxAge: Int?
    var minFresh: Int?
    var maxStale: Int?
    var staleIfError = 0

    init(_ request: ModelRequest) {
      self.request = request
      guard request.fields.has("Cache-Control") else {
        // Section 5.4.
        noCache = request.fields.value("Pragma") == "no-cache"
        return
      }
      let control = ReferenceDirectives(request.fields.values("Cache-Control"))
      noCache = control.has("no-cache")
      noStore = control.has("no-store")
      onlyIfCached = control.has("only-if-cached")
      maxAge = control.seconds("max-age")
      minFresh = control.seconds("min-fresh")
      maxStale = control.allSeconds("max-stale", bare: .max).min()
      staleIfError = control.seconds("stale-if-error") ?? 0
    }
  }

  let rules: ReferenceRules
  private(set) var stored: [String: [Stored]] = [:]
  private var nextNumber = 0

  init(_ rules: ReferenceRules) { self.rules = rules }

  /// What a client of the cache gets.
  ///
  /// - Parameter time: seconds since 1970; goes on while the origin takes its time.
  mutating func answer(
    _ request: ModelRequest, _ origin: inout ModelOrigin, at time: inout Int
  ) -> ModelResponse {
    guard request.method == "GET" || request.method == "HEAD" else {
      let response = origin.answer(request, at: &time)
      if request.method != "OPTIONS", (200..<400).contains(response.status) {
        invalidate(request, response)
      }
      return pass(request, response, "method", at: time)
    }
    if request.fields.has("If-Match") || request.fields.has("If-Unmodified-Since") {
      return pass(request, origin.answer(request, at: &time), "bypass", at: time)
    }
    let client = Client(request)
    let all = stored[request.path] ?? []
    guard let found = all.first(where: { $0.matches(request) }) else {
      return fetch(client, nil, all.isEmpty ? "uri-miss" : "vary-miss", &origin, at: &time)
    }
    switch use(found, client, at: time, mayReload: rules.allowsReloads) {
    case .asIs: return serve(found, request, nil, at: time)
    case .refresh:
      let answer = serve(found, request, nil, at: time)
      if found.restsUntil <= time, request.method == "GET", !client.noStore {
        var plain = request
        // Nobody waits for it: what the client wants of it does not count.
        plain.fields = plain.fields.without(["Cache-Control", "Pragma", "Range", "If-Range"])
        _ = fetch(Client(plain), found, "stale", &origin, at: &time, isBackground: true)
      }
      return answer
    case .ask(let why):
      if found.restsUntil > time, mayStandForError(found, client, at: time) {
        return serve(found, request, nil, at: time)
      }
      return fetch(client, found, why, &origin, at: &time)
    }
  }

  // MARK: May it be used? (sections 4, 4.2.4, 5.2.1)

  private enum Use {
    case asIs, refresh
    case ask(String)
  }

  private func use(_ found: Stored, _ client: Client, at time: Int, mayReload: Bool) -> Use {
    let response = found.response
    if response.control.hasWhole("no-cache") { return .ask("stale") }
    let age = response.age(at: time)
    let left = response.lifetime(rules) - age
    var isUsable = Use.asIs
    if left <= 0 {
      if response.mustNotBeStale { return .ask("stale") }
      if -left < response.whileRevalidate(rules) {
        isUsable = .refresh
      } else if -left <= client.maxStale ?? -1 {
        isUsable = .asIs
      } else {
        return .ask("stale")
      }
    }
    guard mayReload else { return isUsable }
    if client.noCache { return .ask("request") }
    if let maxAge = client.maxAge {
      // Choice: `max-age=0` is a reload even in the second in which it came; one of an immutable
      // response is not asked about (RFC 8246).
      let isTooOld = age > maxAge || maxAge == 0
      if isTooOld, !(response.control.has("immutable") && left > 0) { return .ask("request") }
      // Section 5.2.1.1: "Unless the max-stale request directive is also present".
      if left <= 0, client.maxStale == nil { return .ask("request") }
    }
    if let minFresh = client.minFresh, left < minFresh { return .ask("request") }
    return isUsable
  }

  /// RFC 5861 section 4, RFC 9111 section 4.2.4.
  private func mayStandForError(_ found: Stored, _ client: Client, at time: Int) -> Bool {
    let response = found.response
    if response.control.hasWhole("no-cache") || client.noCache { return false }
    let staleness = response.age(at: time) - response.lifetime(rules)
    if staleness < 0 { return true }
    if response.mustNotBeStale { return false }
    return staleness < max(response.ifError(rules), client.staleIfError)
      || staleness <= client.maxStale ?? -1
  }

  // MARK: Asking the origin

  /// A request with a condition or a range, for which nothing is stored, as its client sent it.
  mutating func passOn(
    _ request: ModelRequest, _ origin: inout ModelOrigin, at time: inout Int
  ) -> ModelResponse? {
    let all = stored[request.path] ?? []
    let names = ["If-None-Match", "If-Modified-Since", "Range"]
    guard request.method == "GET", !all.contains(where: { $0.matches(request) }),
      names.contains(where: { request.fields.has($0) }), !Client(request).onlyIfCached
    else { return nil }
    let answer = origin.answer(request, at: &time)
    return pass(request, answer, all.isEmpty ? "uri-miss" : "vary-miss", at: time)
  }

  private mutating func fetch(
    _ client: Client, _ found: Stored?, _ why: String, _ origin: inout ModelOrigin,
    at time: inout Int, isBackground: Bool = false
  ) -> ModelResponse {
    if client.onlyIfCached, !isBackground { return ModelResponse(status: 504) }
    let request = client.request
    let began = time
    if request.method == "HEAD" {
      let response = origin.answer(request, at: &time)
      if !client.noStore, let old = standIn(found, for: response, client, at: time) {
        return serve(old, request, why, at: time)
      }
      return answerHead(client, found, response, why, began: began, at: time)
    }
    if client.noStore {
      return pass(request, origin.answer(request, at: &time), why, at: time)
    }
    var asked = request
    asked.fields = asked.fields.without(["If-None-Match", "If-Modified-Since", "If-Range", "Range"])
    if let tag = found?.response.tag { asked.fields.append(.init("If-None-Match", tag)) }
    if let date = found?.fields.value("Last-Modified") {
      asked.fields.append(.init("If-Modified-Since", date))
    }
    let answer = origin.answer(asked, at: &time)
    if answer.status == 304, let found, !isMeant(found, by: answer.fields) {
      remove(request.path, found)
      return fetch(client, nil, why, &origin, at: &time, isBackground: isBackground)
    }
    if answer.status == 304, let found {
      let entry = freshen(found, answer, request, began: began, at: time)
      return serve(entry, request, why, isValidated: true, at: time)
    }
    if let old = standIn(found, for: answer, client, at: time) {
      return serve(old, request, why, at: time)
    }
    if Self.errors.contains(answer.status) { rest(found, request, at: time) }
    let response = ReferenceResponse(
      status: answer.status, fields: answer.fields, requestTime: began, responseTime: time)
    guard response.mayBeStored(for: request, rules) else {
      // Choice: what is older than a response that cannot be stored is not used any more.
      if answer.status < 500, let found { remove(request.path, found) }
      return pass(request, answer, why, at: time)
    }
    let entry = store(response, answer.body, for: request)
    return serve(entry, request, why, isStored: true, fresh: answer.fields, at: time)
  }

  private static let errors = [500, 502, 503, 504]

  /// What is served in place of an error.
  private mutating func standIn(
    _ found: Stored?, for answer: ModelResponse, _ client: Client, at time: Int
  ) -> Stored? {
    guard Self.errors.contains(answer.status), let found, mayStandForError(found, client, at: time)
    else { return nil }
    rest(found, client.request, at: time)
    return found
  }

  /// Choice: after an error the backend is not asked again for a second, as long as that can be.
  private mutating func rest(_ found: Stored?, _ request: ModelRequest, at time: Int) {
    guard var found else { return }
    found.restsUntil = time + 1
    replace(request.path, found)
  }

  private mutating func store(
    _ response: ReferenceResponse, _ body: String, for request: ModelRequest
  ) -> Stored {
    var entry = Stored(
      response: response, fields: response.storedFields, body: body, number: nextNumber)
    entry.vary(for: request)
    nextNumber += 1
    insert(request.path, entry)
    return entry
  }

  /// Newest first; it takes the place of what the same requests would have got, and of all variants
  /// when it is none (choice).
  private mutating func insert(_ path: String, _ entry: Stored) {
    let isVariant = !entry.vary.isEmpty || !entry.absent.isEmpty
    let others = (stored[path] ?? []).filter {
      isVariant && !($0.vary == entry.vary && $0.absent == entry.absent)
    }
    stored[path] = [entry] + others
  }

  private mutating func remove(_ path: String, _ entry: Stored) {
    stored[path]?.removeAll { $0.number == entry.number }
    if stored[path]?.isEmpty == true { stored[path] = nil }
  }

  private mutating func replace(_ path: String, _ entry: Stored) {
    guard let place = stored[path]?.firstIndex(where: { $0.number == entry.number }) else { return }
    stored[path]?[place] = entry
  }

  // MARK: Validation (sections 3.2, 4.3.4)

  /// Whether a 304 speaks of the stored response.
  private func isMeant(_ found: Stored, by new: [ModelField]) -> Bool {
    if let tag = new.value("ETag") {
      guard let own = found.response.tag else { return false }
      return tag.hasPrefix("W/") ? own.hasSuffix(tag.dropFirst(2)) : own == tag
    }
    guard let date = new.value("Last-Modified") else { return true }
    return date == found.fields.value("Last-Modified")
  }

  private mutating func freshen(
    _ found: Stored, _ answer: ModelResponse, _ request: ModelRequest, began: Int, at time: Int
  ) -> Stored {
    let own = ReferenceResponse(
      status: 304, fields: answer.fields, requestTime: began, responseTime: time)
    var entry = found
    let new = answer.fields.without(
      [
        "Age", "Content-Length", "Content-Encoding", "Content-Range", "Vary",
      ] + (rules.storesSetCookie ? [] : ["Set-Cookie"])
        + own.control.fieldNames)
    // Choice: Vary is never made less; a line that names something else is added.
    let varied = found.fields.values("Vary").flatMap(ReferenceDirectives.split)
    let lines = answer.fields.filter { field in
      field.name.lowercased() == "vary"
        && ReferenceDirectives.split(field.value).contains { name in
          !varied.contains { $0.lowercased() == name.lowercased() }
        }
    }
    var merged = found.fields.without(new.map(\.name) + ["Date"]) + new + lines
    // Taken out for clients, but still known.
    if !new.has("CDN-Cache-Control") {
      merged =
        merged.without(["CDN-Cache-Control"])
        + found.response.fields.filter { $0.name == "CDN-Cache-Control" }
    }
    let response = ReferenceResponse(
      status: found.response.status, fields: merged, requestTime: began, responseTime: time,
      ageInstead: ReferenceResponse.age(answer.fields))
    entry.response = response
    entry.fields = response.storedFields
    entry.restsUntil = 0
    // Choice: a 304 is judged like a response; what may not be stored serves this request only.
    remove(request.path, found)
    entry.isKept = response.mayBeStored(for: request, rules)
    if entry.isKept {
      entry.vary(for: request)
      entry.number = nextNumber
      nextNumber += 1
      insert(request.path, entry)
    }
    return entry
  }

  /// Section 4.3.5; without a validator the answer says nothing of the stored content (ours).
  private mutating func answerHead(
    _ client: Client, _ found: Stored?, _ answer: ModelResponse, _ why: String, began: Int,
    at time: Int
  ) -> ModelResponse {
    guard answer.status == 200, let found, !client.noStore else {
      return pass(client.request, answer, why, at: time)
    }
    let new = answer.fields
    let isLengthSame = answer.isChunked || answer.body.utf8.count == found.body.utf8.count
    let isSame =
      found.response.status == 200 && isLengthSame
      && (new.has("ETag") || new.has("Last-Modified"))
      && (!new.has("ETag") || new.value("ETag") == found.response.tag)
      && (!new.has("Last-Modified")
        || new.value("Last-Modified") == found.fields.value("Last-Modified"))
    guard isSame else {
      // "should consider it stale".
      var entry = found
      entry.response.lifetimeLimit = min(
        entry.response.lifetimeLimit, entry.response.age(at: time))
      replace(client.request.path, entry)
      return pass(client.request, answer, why, at: time)
    }
    let entry = freshen(found, answer, client.request, began: began, at: time)
    return serve(entry, client.request, why, at: time)
  }

  // MARK: Invalidation (section 4.4)

  private mutating func invalidate(_ request: ModelRequest, _ response: ModelResponse) {
    stored[request.path] = nil
    for name in ["Location", "Content-Location"] {
      guard var target = response.fields.value(name) else { continue }
      if target.hasPrefix("http://model.example/") {
        target = String(target.dropFirst("http://model.example".count))
      } else if !target.hasPrefix("/") {
        if target.contains("://") { continue }
        let end = request.path.lastIndex(of: "/") ?? request.path.startIndex
        target = request.path[...end] + target
      }
      stored[target] = nil
    }
  }
}

extension ModelField {
  /// For `Vary`: white space around commas means nothing (section 4.1).
  fileprivate init?(_ name: String, _ fields: [ModelField]) {
    guard let value = fields.value(name) else { return nil }
    self.init(name, ReferenceDirectives.split(value).joined(separator: ","))
  }
}
