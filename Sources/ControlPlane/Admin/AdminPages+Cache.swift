/// The pages of caches.
extension AdminPages {
  /// How many responses `list` shows without `limit`, and at most.
  private static var listed: Int { 100 }
  private static var listedMax: Int { 10_000 }

  func cachePage(_ request: LocalRequest) -> LocalResponse {
    let parameters = ["url", "list", "limit", "cache", "format"]
    return shown(caches, request, parameters: parameters) { caches, isJSON in
      answer { () throws(CacheProblem) in
        let name = request.queryValue("cache")
        let url = request.queryValue("url")
        let prefix = request.queryValue("list")
        if url != nil, prefix != nil {
          throw .invalid("url and list are two questions: ask one at a time")
        }
        let limit = try Self.limit(request, isList: prefix != nil)
        if let url {
          let report = try caches.show(url, name)
          return isJSON ? Self.json(report.json) : .text(report.text)
        }
        if let prefix {
          let report = try caches.list(prefix, name, limit)
          return isJSON ? Self.json(report.json) : .text(report.listText)
        }
        let report = try caches.report(name)
        return isJSON ? Self.json(report.json) : .text(report.text)
      }
    }
  }

  func purgePage(_ request: LocalRequest) -> LocalResponse {
    if let refusal = refusal(request) { return refusal }
    let parameters = ["url", "prefix", "tag", "all", "cache", "soft", "format"]
    return shown(caches, request, parameters: parameters) { caches, isJSON in
      answer { () throws(CacheProblem) in
        var purge = CachePurge(subject: try Self.subject(request))
        purge.cache = request.queryValue("cache")
        purge.isHard = try !Self.flag("soft", request)
        let outcome = try caches.purge(purge)
        return isJSON ? Self.json(outcome.json) : .text(outcome.text)
      }
    }
  }

  private func answer(
    _ page: () throws(CacheProblem) -> LocalResponse
  ) -> LocalResponse {
    do throws(CacheProblem) {
      return try page()
    } catch {
      switch error {
      case .unknown(let text): return .text(text + "\n", status: 404)
      case .invalid(let text): return .text(text + "\n", status: 422)
      }
    }
  }

  private static func limit(
    _ request: LocalRequest, isList: Bool
  ) throws(CacheProblem) -> Int {
    guard let text = request.queryValue("limit") else { return listed }
    guard isList else { throw .invalid("limit goes with list") }
    guard let limit = IntegerText.digits(text), (1...listedMax).contains(limit) else {
      throw .invalid("limit must be 1 to \(listedMax), not \(quoted(text))")
    }
    return limit
  }

  private static func subject(_ request: LocalRequest) throws(CacheProblem) -> CachePurge.Subject {
    var subjects: [CachePurge.Subject] = []
    if let url = request.queryValue("url") { subjects.append(.url(url)) }
    if let prefix = request.queryValue("prefix") { subjects.append(.prefix(prefix)) }
    if let tag = request.queryValue("tag") { subjects.append(.tag(tag)) }
    if try flag("all", request) { subjects.append(.all) }
    guard let subject = subjects.first, subjects.count == 1 else {
      throw .invalid(
        "needs one of url, prefix, tag, all=1, as in /cache/purge?url=http://example.com/a")
    }
    return subject
  }

  private static func flag(
    _ name: String, _ request: LocalRequest
  ) throws(CacheProblem) -> Bool {
    switch request.queryValue(name) {
    case nil, "0": return false
    case "1": return true
    case .some(let text): throw .invalid("\(name) must be 1 or 0, not \(quoted(text))")
    }
  }
}
