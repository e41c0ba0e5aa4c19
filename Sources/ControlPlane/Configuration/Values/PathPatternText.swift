/// `/exact`, `/one/*/segment`, `/users/{id}/orders`, `/static/**`, in the normalised form to which
/// requests' paths are brought: a pattern in any other form would never match.
enum PathPatternText {
  static let segmentsMax = 64
  /// Names that captures cannot have, because they mean something else in a template.
  static let reserved = ["rest"] + TemplateText.variables.map(\.name) + ["header"]

  static func parse(_ text: String) throws(Refusal) -> Config.PathPattern {
    let isBelow = text.hasSuffix("/**")
    let path = String(isBelow ? text.dropLast(3) : text[...])
    let tail = isBelow ? "/**" : ""
    if !(isBelow && path.isEmpty) { try PathText.check(path, written: text, tail: tail) }
    var words = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    let endsWithSlash = !isBelow && words.last == ""
    if endsWithSlash { words.removeLast() }
    guard words.count <= segmentsMax else {
      throw Refusal("must have at most \(segmentsMax) segments, not \(words.count)")
    }
    var segments: [Config.PathPattern.Segment] = []
    for word in words { segments.append(try segment(word, in: text)) }
    let pattern = Config.PathPattern(
      segments: segments, matchesBelow: isBelow, endsWithSlash: endsWithSlash)
    try checkNames(pattern, text)
    return pattern
  }

  /// Runs of slashes are checked by the decoder, which knows whether they are merged.
  static func hasEmptySegment(_ pattern: Config.PathPattern) -> Bool {
    pattern.segments.contains(.literal(""))
  }

  private static func segment(
    _ word: Substring, in text: String
  ) throws(Refusal) -> Config.PathPattern.Segment {
    let not = "not \(quoted(text))"
    if word == "*" { return .any }
    if word == "**" || word.hasSuffix("**") {
      throw Refusal("can have \"**\" only at its end, as in /static/**, \(not)", at: word, in: text)
    }
    if word.contains("*") {
      throw Refusal(
        "can have \"*\" only as a whole segment, as in /one/*/segment, \(not)", at: word, in: text)
    }
    guard word.contains(where: { "{}".contains($0) }) else { return .literal(String(word)) }
    let name = word.dropFirst().dropLast()
    if word.hasPrefix("{"), word.hasSuffix("...}") {
      throw Refusal(
        "names what is below by \"/**\" at its end, and {rest} in templates, \(not)", at: word,
        in: text)
    }
    guard word.hasPrefix("{"), word.hasSuffix("}"), VariableName.isName(name) else {
      throw Refusal(
        "can have braces only around the name of a whole segment, as in /users/{id}, \(not)",
        at: word, in: text)
    }
    return .capture(String(name))
  }

  private static func checkNames(
    _ pattern: Config.PathPattern, _ text: String
  ) throws(Refusal) {
    var names: Set<String> = []
    for case .capture(let name) in pattern.segments {
      if reserved.contains(name) {
        throw Refusal("cannot call a segment {\(name)}: that is a variable of its own")
      }
      guard names.insert(name).inserted else {
        throw Refusal("has two segments called {\(name)}, as in \(quoted(text))")
      }
    }
  }
}

/// `/api`, for prefixes that are stripped or replaced: whole segments, no pattern.
enum PathPrefixText {
  /// Without a slash at the end, so that `/` is empty.
  static func parse(_ text: String) throws(Refusal) -> String {
    if text.contains(where: { "*{}".contains($0) }) {
      throw Refusal("must be a plain path such as /api, without patterns, not \(quoted(text))")
    }
    try PathText.check(text, written: text)
    guard text != "/" else { return "" }
    guard !text.hasSuffix("/") else {
      throw Refusal("must be without a \"/\" at its end, not \(quoted(text))")
    }
    guard !text.contains("//") else {
      throw Refusal("must be without empty segments (\"//\"), not \(quoted(text))")
    }
    return text
  }
}

/// Names of captures and variables: letters, digits and `_`, no digit first.
enum VariableName {
  static func isName(_ text: some StringProtocol) -> Bool {
    guard (1...64).contains(text.utf8.count), let first = text.utf8.first,
      !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= first)
    else { return false }
    return text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
      default: false
      }
    }
  }
}

extension PathPatternText {
  /// As it is written in the config.
  static func format(_ pattern: Config.PathPattern) -> String {
    let segments = pattern.segments.map { segment in
      switch segment {
      case .literal(let text): "/\(text)"
      case .any: "/*"
      case .capture(let name): "/{\(name)}"
      }
    }
    return segments.joined() + (pattern.matchesBelow ? "/**" : pattern.endsWithSlash ? "/" : "")
  }
}
