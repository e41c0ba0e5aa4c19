/// Names of a cache's key: fields of the request, and parameters of its query.
enum CacheNameText {
  /// RFC 9110 section 7.6.1 and RFC 9112: of the connection or the framing, not of the request.
  private static let hopByHop: Set<String> = [
    "connection", "content-length", "expect", "keep-alive", "max-forwards", "proxy-authorization",
    "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
  ]

  /// Directives and conditions that the cache obeys itself (RFC 9111 section 5, RFC 9110 section
  /// 13): a fetch does not carry them.
  private static let obeyed: Set<String> = [
    "cache-control", "if-match", "if-modified-since", "if-none-match", "if-range",
    "if-unmodified-since", "pragma", "range",
  ]

  /// In lower case.
  static func parseField(_ text: String) throws(Refusal) -> String {
    let name = try FieldText.parseName(text).lowercased()
    if hopByHop.contains(name) {
      throw Refusal(
        "cannot have \(quoted(text)), which is about the connection and not about the response")
    }
    if obeyed.contains(name) {
      throw Refusal("cannot have \(quoted(text)), which the cache answers to itself")
    }
    switch name {
    case "host": throw Refusal("need not have \(quoted(text)): the host is always part of the key")
    case "cookie":
      throw Refusal(
        "cannot have \(quoted(text)), which differs for almost every client: name the cookies that "
          + "count in \"cookies\"")
    case "x-forwarded-for", "x-request-id":
      throw Refusal(
        "cannot have \(quoted(text)), which differs for each client or request: nothing would be "
          + "used twice")
    default: return name
    }
  }

  /// `fbclid`, or `utm_*` for all names that begin with `utm_`.
  static func parseParameter(_ text: String) throws(Refusal) -> Config.CacheKey.Parameter {
    let isPrefix = text.hasSuffix("*")
    let name = isPrefix ? String(text.dropLast()) : text
    if name.contains("*") {
      throw Refusal("may have \"*\" at the end only, as in \"utm_*\", not \(quoted(text))")
    }
    if isPrefix, name.isEmpty {
      throw Refusal("would be every parameter with \"*\"; write \"query: all\" or \"query: none\"")
    }
    guard (1...256).contains(name.utf8.count) else {
      throw Refusal("must be a parameter's name of 1 to 256 bytes, not \(quoted(text))")
    }
    return Config.CacheKey.Parameter(name, isPrefix: isPrefix)
  }

  static func format(_ parameter: Config.CacheKey.Parameter) -> String {
    parameter.text + (parameter.isPrefix ? "*" : "")
  }
}
