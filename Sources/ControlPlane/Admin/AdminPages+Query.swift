/// What pages with a query have in common.
extension AdminPages {
  static let nothing = "there is no proxy here\n"

  /// As text, or as JSON where the query or `Accept` says so.
  func shown<Admin>(
    _ admin: Admin?, _ request: LocalRequest, parameters: [String],
    _ page: (Admin, _ isJSON: Bool) -> LocalResponse
  ) -> LocalResponse {
    guard let admin else { return .text(Self.nothing, status: 404) }
    if let problem = problem(request, parameters: parameters) { return problem }
    switch request.queryValue("format") {
    case "text": return page(admin, false)
    case "json": return page(admin, true)
    case nil: return page(admin, Self.wantsJSON(request))
    case .some(let other):
      return .text("no format \(quoted(other)); there is text, json\n", status: 422)
    }
  }

  /// A parameter that is not known or not clear; nil when all are.
  func problem(_ request: LocalRequest, parameters: [String]) -> LocalResponse? {
    var seen: Set<String> = []
    for parameter in request.query {
      guard parameters.contains(parameter.name) else {
        let known = parameters.joined(separator: ", ")
        return .text("no parameter \(quoted(parameter.name)); there is \(known)\n", status: 422)
      }
      guard seen.insert(parameter.name).inserted else {
        return .text("\(parameter.name) is there twice\n", status: 422)
      }
    }
    return nil
  }

  private static func wantsJSON(_ request: LocalRequest) -> Bool {
    request.headerTokens("Accept").contains { token in
      token.prefix { $0 != ";" && $0 != " " } == "application/json"
    }
  }

  static func json(_ text: String) -> LocalResponse {
    LocalResponse(
      status: 200, headers: [LocalField("Content-Type", "application/json")],
      body: Array(text.utf8))
  }
}
