import Yams

/// libyaml's error texts in words that help someone who edits a config.
enum YamlSyntax {
  /// Where to point: at what was left open rather than at where that came out.
  static func place(problem: String, mark: Mark, context: YamlError.Context?) -> Mark {
    switch problem {
    case "could not find expected ':'", "found unexpected end of stream":
      return context?.mark ?? mark
    default: return mark
    }
  }

  static func message(problem: String, context: YamlError.Context?) -> String {
    let start = context.map { "that starts in line \($0.mark.line)" } ?? ""
    switch problem {
    case "did not find expected ',' or ']'":
      return "YAML syntax: expected \",\" or \"]\" in the list \(start)"
    case "did not find expected ',' or '}'":
      return "YAML syntax: expected \",\" or \"}\" in the mapping \(start)"
    default: break
    }
    if let better = better[problem] { return "YAML syntax: \(better)" }
    guard let context else { return "YAML syntax: \(problem)" }
    return "YAML syntax: \(problem) \(context.text) \(start)"
  }

  private static let better = [
    "found character that cannot start any token":
      "this character cannot start a value; indent with spaces, put odd values in quotes",
    "mapping values are not allowed in this context":
      "a key is not allowed here; look at the indentation and for a missing line break",
    "could not find expected ':'": "expected a \":\" after the key",
    "did not find expected key":
      "expected a key; the indentation may differ from the lines above",
    "did not find expected '-' indicator":
      "expected \"- \"; the indentation may differ from the lines above",
    "found unexpected end of stream": "the quote that starts here is not closed",
  ]
}
