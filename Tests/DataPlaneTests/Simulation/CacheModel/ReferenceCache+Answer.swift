/// What goes to the client.
extension ReferenceCache {
  /// As it came, with what every answer says.
  func pass(
    _ request: ModelRequest, _ answer: ModelResponse, _ why: String, at time: Int
  ) -> ModelResponse {
    var response = answer
    response.fields = response.fields.without(["CDN-Cache-Control"])
    if request.method == "HEAD" { response.body = "" }
    response.fields.append(.init("Cache-Status", "headrace; fwd=\(why)"))
    if !response.fields.has("Date") { response.fields.append(.init("Date", ModelDate.text(time))) }
    return response
  }

  /// - Parameters:
  ///   - why: the origin was asked; nil: it was not.
  ///   - fresh: the fields of the response that has just been stored; its own client gets those
  ///     that are not for others, too.
  func serve(
    _ entry: Stored, _ request: ModelRequest, _ why: String?, isValidated: Bool = false,
    isStored: Bool = false, fresh: [ModelField]? = nil, at time: Int
  ) -> ModelResponse {
    let age = entry.response.age(at: time)
    let left = entry.response.lifetime(rules) - age
    var status = "headrace; " + (why.map { "fwd=\($0)" } ?? "hit")
    if isValidated { status += "; fwd-status=304" }
    // Choice: a validated response that may not be stored any more is fresh for nobody else.
    if entry.isKept { status += "; ttl=\(left)" }
    if isStored { status += "; stored" }
    var own: [ModelField] = [.init("Cache-Status", status)]
    if why == nil || age > 0 { own.append(.init("Age", "\(age)")) }
    var fields = entry.fields
    if let fresh {
      fields += fresh.without(entry.fields.map(\.name) + ["Age", "CDN-Cache-Control"])
    }
    if isNotModified(entry, request, at: time) {
      let names =
        ["cache-control", "content-location", "date", "etag", "expires", "vary"]
        + (entry.response.tag == nil ? ["last-modified"] : [])
      let kept = fields.filter {
        names.contains($0.name.lowercased()) || !entry.fields.has($0.name)
      }
      return ModelResponse(status: 304, fields: kept + own)
    }
    let length = entry.body.utf8.count
    switch part(entry, request) {
    case .whole: break
    case .unsatisfiable:
      return ModelResponse(
        status: 416,
        fields: own + fields.filter { !entry.fields.has($0.name) } + [
          .init("Date", ModelDate.text(time)), .init("Content-Range", "bytes */\(length)"),
        ])
    case .part(let range):
      let body = String(entry.body.dropFirst(range.lowerBound).prefix(range.count))
      let text = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(length)"
      return ModelResponse(
        status: 206, fields: fields + own + [.init("Content-Range", text)], body: body)
    }
    return ModelResponse(
      status: entry.response.status, fields: fields + own,
      body: request.method == "HEAD" ? "" : entry.body)
  }

  // MARK: Conditions of the client (section 4.3.2)

  private func isNotModified(_ entry: Stored, _ request: ModelRequest, at time: Int) -> Bool {
    guard (200..<300).contains(entry.response.status) else { return false }
    if let tags = request.fields.value("If-None-Match") {
      if tags == "*" { return true }
      guard let own = entry.response.tag else { return false }
      // Weak comparison.
      func opaque(_ tag: String) -> String { tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag }
      return ReferenceDirectives.split(tags).contains { opaque($0) == opaque(own) }
    }
    guard let text = request.fields.value("If-Modified-Since"), let since = ModelDate.seconds(text)
    else { return false }
    let response = entry.response
    return (response.modified ?? response.date ?? response.responseTime) <= since
  }

  // MARK: Ranges (RFC 9110 section 14.2)

  private enum Part {
    case whole, unsatisfiable
    case part(Range<Int>)
  }

  private func part(_ entry: Stored, _ request: ModelRequest) -> Part {
    guard request.method == "GET", entry.response.status == 200,
      let text = request.fields.value("Range"), text.hasPrefix("bytes="),
      isSame(entry, request.fields.value("If-Range"))
    else { return .whole }
    let ends = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
    guard !text.contains(","), ends.count == 2 else { return .whole }
    let length = entry.body.utf8.count
    switch (Int(ends[0]), Int(ends[1])) {
    case (nil, let count?) where ends[0].isEmpty:
      if count == 0 { return .unsatisfiable }
      return length == 0 ? .whole : .part(max(0, length - count)..<length)
    case (let first?, let last):
      if let last, last < first { return .whole }
      guard first < length else { return .unsatisfiable }
      return .part(first..<min(length, (last ?? length - 1) + 1))
    default: return .whole
    }
  }

  /// `If-Range` compares strongly (RFC 9110 section 13.1.5). Choice: a date is strong only with a
  /// `Date` of the origin's own.
  private func isSame(_ entry: Stored, _ value: String?) -> Bool {
    guard let value else { return true }
    if value.hasSuffix("\"") { return !value.hasPrefix("W/") && value == entry.response.tag }
    guard let modified = entry.response.modified else { return false }
    let date = entry.response.fields.value("Date").flatMap(ModelDate.seconds)
    return value == ModelDate.text(modified) && date ?? 0 > modified
  }
}
