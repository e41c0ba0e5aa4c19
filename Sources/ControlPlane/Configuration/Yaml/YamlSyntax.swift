import Yams

/// libyaml's error texts in words that help someone who edits a config.
enum YamlSyntax {
  static func message(problem: String, context: YamlError.Context?) -> String {
    if let better = better(problem) { return "YAML syntax: \(better)" }
    guard let context else { return "YAML syntax: \(problem)" }
    let mark = context.mark
    return "YAML syntax: \(problem) \(context.text) that starts at \(mark.line):\(mark.column)"
  }

  private static func better(_ problem: String) -> String? {
    switch problem {
    case "found character that cannot start any token":
      return "this character cannot start a value; indent with spaces, put odd values in quotes"
    case "mapping values are not allowed in this context":
      return "a key is not allowed here; look at the indentation and for a missing line break"
    case "could not find expected ':'":
      return "expected a \":\" after the key"
    case "did not find expected key":
      return "expected a key; the indentation may differ from the lines above"
    case "did not find expected '-' indicator":
      return "expected \"- \"; the indentation may differ from the lines above"
    case "did not find expected ',' or ']'":
      return "expected \",\" or \"]\" in the list"
    case "did not find expected ',' or '}'":
      return "expected \",\" or \"}\" in the mapping"
    case "found unexpected end of stream":
      return "a quote is not closed"
    default: return nil
    }
  }
}
