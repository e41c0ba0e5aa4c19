/// What a rate's buckets are told apart by: `client_address`, `route`, `header:NAME` or
/// `cookie:NAME`.
enum RateKeyText {
  static let words = ["client_address", "route", "header:NAME", "cookie:NAME"]

  static func parse(_ text: String) throws(Refusal) -> Config.Rate.Key {
    switch text {
    case "client_address": return .clientAddress
    case "route": return .route
    default: break
    }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0] == "header" || parts[0] == "cookie" else {
      throw Refusal(
        "must be \(ChoiceText.list(words)), not \(quoted(text))"
          + Suggestion.suffix(for: text, among: ["client_address", "route"]))
    }
    let name = String(parts[1])
    let kind = parts[0] == "header" ? "field" : "cookie"
    guard FieldText.isToken(name) else {
      throw Refusal("needs a \(kind)'s name behind the colon, not \(quoted(name))")
    }
    guard parts[0] == "header" else { return .cookie(name) }
    if name.lowercased() == "x-forwarded-for" {
      throw Refusal(
        "cannot be \(quoted(text)): \"client_address\" is the client that trusted proxies forward")
    }
    return .header(name)
  }

  static func format(_ key: Config.Rate.Key) -> String {
    switch key {
    case .route: "route"
    case .clientAddress: "client_address"
    case .header(let name): "header:\(name)"
    case .cookie(let name): "cookie:\(name)"
    }
  }
}
