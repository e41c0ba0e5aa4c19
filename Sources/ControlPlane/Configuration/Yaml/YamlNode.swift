/// A YAML document as the decoder walks it: scalars still text, every node with its place.
struct YamlNode: Sendable {
  /// What kind of node, and what is in it.
  enum Content: Sendable {
    /// `plain` is written without quotes.
    case scalar(String, plain: Bool)
    case list([YamlNode])
    /// In the order written, keys unique.
    case mapping([Entry])
  }

  /// A key and its value.
  struct Entry: Sendable {
    var key: String
    var keyPlace: Place
    var value: YamlNode
  }

  /// What an underline covers.
  struct Place: Sendable {
    var position: Position
    var length: Int
    /// Which file, by the order in which they were read.
    var source = 0
  }

  var place: Place
  var content: Content
  /// Environment variables that gave the scalar a part of its text.
  var variables: [String] = []
  /// An alias stands here: the text at this place is not the value's.
  var isCopied = false
  /// There is a problem with it already, so that no more need be said of its value.
  var isBroken = false

  /// A mapping that is not empty.
  var hasEntries: Bool {
    if case .mapping(let entries) = content { !entries.isEmpty } else { false }
  }

  /// A part of a scalar, given in scalars, if it stands in the file as in the value.
  func place(of range: Range<Int>?) -> Place {
    guard let range, case .scalar(let text, let plain) = content, variables.isEmpty, !isCopied,
      place.length == text.unicodeScalars.count + (plain ? 0 : 2)
    else { return place }
    var part = place
    part.position.column += range.lowerBound + (plain ? 0 : 1)
    part.length = range.count
    return part
  }

  /// A key without a value, `~` or `null`.
  var isNothing: Bool {
    guard case .scalar(let text, plain: true) = content, variables.isEmpty else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(text)
  }

  /// How an error names what it found.
  var found: String {
    if isNothing { return "nothing" }
    switch content {
    case .scalar(let text, _): return quoted(text)
    case .list: return "a list"
    case .mapping: return "a mapping"
    }
  }
}

/// A value in a message: in quotes, cut when long, without line ends.
func quoted(_ text: String) -> String {
  let shown = text.unicodeScalars.prefix(80).map { scalar in
    scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "?" : String(scalar)
  }
  let cut = text.unicodeScalars.count > 80 ? "..." : ""
  return "\"\(shown.joined())\(cut)\""
}
