/// What a pool hashes: `client_address`, `header:X-User`, `cookie:sid`, `query:user`, `path`,
/// `path:2` or `path:{id}`.
enum HashKeyText {
  static let segmentMax = 64
  static let description = """
    client_address, header:NAME, cookie:NAME, query:NAME, path, path:NUMBER (a segment) or \
    path:{NAME} (a capture of the route's path)
    """
  private static let words = ["client_address", "header", "cookie", "query", "path"]

  static func parse(_ text: String) throws(Refusal) -> Config.HashKey {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let word = String(parts.first ?? "")
    let name = parts.count > 1 ? String(parts[1]) : nil
    switch (word, name) {
    case ("client_address", nil): return .clientAddress
    case ("path", nil): return .path
    case ("path", let name?): return try parsePath(name, text)
    case ("header", let name?):
      guard FieldText.isToken(name) else { throw badName("a header's", "header:X-User", text) }
      return .header(name.lowercased())
    case ("cookie", let name?):
      guard FieldText.isToken(name) else { throw badName("a cookie's", "cookie:sid", text) }
      return .cookie(name)
    case ("query", let name?):
      guard (1...256).contains(name.utf8.count) else {
        throw badName("a parameter's", "query:user", text)
      }
      return .query(name)
    case ("header", nil), ("cookie", nil), ("query", nil):
      throw Refusal("needs a name behind \(quoted(word)), as in \(word):NAME")
    default:
      let hint = Suggestion.suffix(for: word, among: words)
      throw Refusal("must be \(description), not \(quoted(text))\(hint)")
    }
  }

  private static func badName(_ whose: String, _ example: String, _ text: String) -> Refusal {
    Refusal("must have \(whose) name, as in \(example), not \(quoted(text))")
  }

  private static func parsePath(_ name: String, _ text: String) throws(Refusal) -> Config.HashKey {
    if let number = IntegerText.digits(name), (1...segmentMax).contains(number) {
      return .segment(number)
    }
    let inner = name.dropFirst().dropLast()
    if name.hasPrefix("{"), name.hasSuffix("}"), VariableName.isName(inner) {
      return .capture(String(inner))
    }
    throw Refusal(
      "must have a segment's number, 1 to \(segmentMax), or a capture's name in braces behind "
        + "\"path:\", as in path:2 or path:{id}, not \(quoted(text))")
  }
}
