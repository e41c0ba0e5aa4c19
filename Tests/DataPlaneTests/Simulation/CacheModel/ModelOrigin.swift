/// How a page is answered until it is changed: what a site's owner could have configured.
struct PageScript: Equatable, Sendable {
  enum Tag: Sendable { case none, strong, weak }

  var status = 200
  /// Lines of `Cache-Control`.
  var cacheControl: [String] = []
  /// `CDN-Cache-Control` (RFC 9213).
  var targeted: String?
  /// A 304 without validators.
  var isQuiet = false
  /// After `Date`, in seconds; or something that is no date.
  var expires: Int?
  var hasBadExpires = false
  var age: String?
  /// Of the clock of the backend against ours; nil: no `Date` is sent.
  var dateOffset: Int? = 0
  var tag = Tag.none
  /// Modified so long before the version came; nil: not said.
  var modifiedBefore: Int?
  var vary: [String] = []
  var hasCookie = false
  var hasPragma = false
  var isChunked = false
  /// Until the answer comes, in seconds.
  var delay = 0
  /// Changes without a new version: what a 304 has to say.
  var meta = 0
  /// Bytes of the body beside the words that tell pages apart.
  var padding = 0
  /// The answer to an unsafe method.
  var unsafeStatus = 200
  var location: String?
  var contentLocation: String?

  var line: String {
    var words = ["\(status)"] + cacheControl.map { "Cache-Control: \($0)" }
    if let targeted { words.append("CDN-Cache-Control: \(targeted)") }
    if isQuiet { words.append("304 without validators") }
    if let expires { words.append("Expires: Date\(expires < 0 ? "" : "+")\(expires)") }
    if hasBadExpires { words.append("Expires: 0") }
    if let age { words.append("Age: \(age)") }
    if dateOffset != 0 { words.append(dateOffset.map { "Date: now+\($0)" } ?? "no Date") }
    if tag != .none { words.append("ETag: \(tag)") }
    if let modifiedBefore { words.append("Last-Modified: -\(modifiedBefore)") }
    if !vary.isEmpty { words.append("Vary: \(vary.joined(separator: ", "))") }
    if hasCookie { words.append("Set-Cookie") }
    if hasPragma { words.append("Pragma") }
    if isChunked { words.append("chunked") }
    if delay > 0 { words.append("after \(delay) s") }
    if meta > 0 { words.append("X-Meta: \(meta)") }
    if unsafeStatus != 200 { words.append("unsafe: \(unsafeStatus)") }
    if let location { words.append("Location: \(location)") }
    if let contentLocation { words.append("Content-Location: \(contentLocation)") }
    return words.joined(separator: " | ")
  }
}

/// A request as the origin saw it: what a cache may have changed.
struct ModelContact: Equatable, Sendable {
  var request: ModelRequest

  /// Conditions and ranges count, and what the client said of itself.
  init(_ request: ModelRequest) {
    let names = [
      "if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range", "range",
      "authorization", "x-lang", "x-kind",
    ]
    self.request = request
    self.request.fields = request.fields
      .map { ModelField($0.name.lowercased(), $0.value) }
      .filter { names.contains($0.name) }
      .sorted { $0.name < $1.name }
  }
}

/// A site of pages with versions: its answers follow from its state and the request alone, so that
/// two copies that are asked the same say the same.
struct ModelOrigin: Sendable {
  struct Page: Sendable {
    var version = 1
    var changedAt: Int
    var script = PageScript()
  }

  private(set) var pages: [String: Page] = [:]
  private(set) var contacts: [ModelContact] = []
  private let start: Int

  init(start: Int) { self.start = start }

  mutating func change(_ path: String, to script: PageScript, isNewVersion: Bool, at time: Int) {
    var page = page(path)
    page.script = script
    if isNewVersion {
      page.version += 1
      page.changedAt = time
    }
    pages[path] = page
  }

  mutating func forgetContacts() { contacts = [] }

  private func page(_ path: String) -> Page { pages[path] ?? Page(changedAt: start) }

  /// - Parameter time: seconds since 1970; goes on by the time that the answer takes.
  mutating func answer(_ request: ModelRequest, at time: inout Int) -> ModelResponse {
    contacts.append(ModelContact(request))
    var page = page(request.path)
    time += page.script.delay
    guard request.method == "GET" || request.method == "HEAD" else {
      let status = page.script.unsafeStatus
      if request.method != "OPTIONS", status < 400 {
        page.version += 1
        page.changedAt = time
        pages[request.path] = page
      }
      var answer = ModelResponse(status: status, body: status == 204 ? "" : "done")
      answer.fields = date(page.script, time)
      if let location = page.script.location { answer.fields.append(.init("Location", location)) }
      if let content = page.script.contentLocation {
        answer.fields.append(.init("Content-Location", content))
      }
      return answer
    }
    var answer = ModelResponse(status: page.script.status)
    answer.isChunked = page.script.isChunked
    answer.fields = fields(page, request, time)
    if page.script.status == 200 {
      if isPreconditionFailed(request, page) {
        return ModelResponse(status: 412, fields: date(page.script, time), body: "failed")
      }
      if isNotModified(request, page) {
        answer.status = 304
        if page.script.isQuiet {
          answer.fields = answer.fields.without(["ETag", "Last-Modified"])
        }
        return answer
      }
    }
    answer.body = page.script.status == 204 ? "" : body(page, request)
    return answer
  }

  private func body(_ page: Page, _ request: ModelRequest) -> String {
    let chosen = page.script.vary.map { request.fields.value($0) ?? "-" }
    return "\(request.path) v\(page.version) [\(chosen.joined(separator: ","))] 0123456789"
      + String(repeating: "x", count: page.script.padding)
  }

  private func date(_ script: PageScript, _ time: Int) -> [ModelField] {
    script.dateOffset.map { [ModelField("Date", ModelDate.text(time + $0))] } ?? []
  }

  private func tag(_ page: Page, _ request: ModelRequest) -> String? {
    // A tag holds no blanks.
    let chosen = page.script.vary.map { request.fields.value($0) ?? "-" }.joined()
      .filter { $0 != " " && $0 != "," }
    switch page.script.tag {
    case .none: return nil
    case .strong: return "\"\(page.version)\(chosen)\""
    case .weak: return "W/\"\(page.version)\(chosen)\""
    }
  }

  private func modified(_ page: Page) -> Int? {
    page.script.modifiedBefore.map { page.changedAt - $0 }
  }

  private func fields(_ page: Page, _ request: ModelRequest, _ time: Int) -> [ModelField] {
    let script = page.script
    var fields = date(script, time)
    for line in script.cacheControl { fields.append(.init("Cache-Control", line)) }
    if let targeted = script.targeted { fields.append(.init("CDN-Cache-Control", targeted)) }
    if let expires = script.expires {
      let date = ModelDate.text(time + (script.dateOffset ?? 0) + expires)
      fields.append(.init("Expires", date))
    }
    if script.hasBadExpires { fields.append(.init("Expires", "0")) }
    if let age = script.age { fields.append(.init("Age", age)) }
    if let tag = tag(page, request) { fields.append(.init("ETag", tag)) }
    if let modified = modified(page) {
      fields.append(.init("Last-Modified", ModelDate.text(modified)))
    }
    if !script.vary.isEmpty { fields.append(.init("Vary", script.vary.joined(separator: ", "))) }
    if script.hasCookie { fields.append(.init("Set-Cookie", "id=\(page.version)")) }
    if script.hasPragma { fields.append(.init("Pragma", "no-cache")) }
    if script.meta > 0 { fields.append(.init("X-Meta", "\(script.meta)")) }
    return fields
  }

  // MARK: Conditions (RFC 9110 section 13.2.2)

  private func isPreconditionFailed(_ request: ModelRequest, _ page: Page) -> Bool {
    if let tags = request.fields.value("If-Match") {
      guard let tag = tag(page, request), !tag.hasPrefix("W/") else { return true }
      return !tags.contains(tag)
    }
    if let text = request.fields.value("If-Unmodified-Since"), let date = ModelDate.seconds(text),
      let modified = modified(page)
    {
      return modified > date
    }
    return false
  }

  private func isNotModified(_ request: ModelRequest, _ page: Page) -> Bool {
    if let tags = request.fields.value("If-None-Match") {
      guard let tag = tag(page, request) else { return tags == "*" }
      // Weak comparison; tags of the model hold no commas.
      let own = tag.split(separator: "\"").last ?? ""
      return tags == "*"
        || tags.split(separator: ",").contains { $0.split(separator: "\"").last ?? "" == own }
    }
    if let text = request.fields.value("If-Modified-Since"), let date = ModelDate.seconds(text),
      let modified = modified(page)
    {
      return modified <= date
    }
    return false
  }
}
