/// `true` and `false`, and nothing else: YAML's other spellings differ between parsers.
enum BooleanText {
  static func parse(_ text: String, plain: Bool) throws(Refusal) -> Bool {
    guard plain else {
      throw Refusal("must be true or false without quotes, not \(quoted(text))")
    }
    switch text {
    case "true": return true
    case "false": return false
    default: throw Refusal("must be true or false, not \(quoted(text))")
    }
  }
}

/// One of a few words.
enum ChoiceText {
  static func parse(_ text: String, of words: [String]) throws(Refusal) -> String {
    guard !words.contains(text) else { return text }
    // Of numbers, such as statuses, the nearest in spelling is no better than another.
    let isNumber = IntegerText.digits(text) != nil
    let hint = isNumber ? "" : Suggestion.suffix(for: text, among: words)
    throw Refusal("must be \(list(words)), not \(quoted(text))\(hint)")
  }

  static func list(_ words: [String]) -> String {
    guard words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
  }
}

/// Paths of files that the config names.
enum FileText {
  static func parse(_ text: String) throws(Refusal) -> String {
    guard !text.isEmpty, !text.utf8.contains(0) else {
      throw Refusal("must be the path of a file, not \(quoted(text))")
    }
    return text
  }
}

/// Names of routes and pools, which become metric labels and fields of log lines.
enum NameText {
  static func parse(_ text: String) throws(Refusal) -> String {
    let isFine = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
      case UInt8(ascii: "0")...UInt8(ascii: "9"): true
      case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
      default: false
      }
    }
    guard isFine, (1...64).contains(text.utf8.count) else {
      throw Refusal(
        "must be 1 to 64 letters, digits, \"-\", \"_\" or \".\", not \(quoted(text))")
    }
    return text
  }
}
