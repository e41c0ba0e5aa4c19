/// Walks a YAML text as libyaml's scanner does, before libyaml sees it.
///
/// It refuses what a config has no use for and what could hurt: tags, blocks of text, and deep
/// nesting (the library recurses). Anchors and aliases are kept from the library, for which a few
/// lines could stand for billions of nodes: `YamlReader` resolves them within bounds.
/// It also notes where each scalar ends, which the library does not tell. It follows libyaml in
/// quotes, comments, flow levels and indentation; syntax errors are left to libyaml.
struct YamlScanner {
  /// A scalar or the opening bracket of a flow collection.
  struct Token {
    var offset: Int
    var length: Int
  }

  /// `&name`, and where the node starts that it names: the next token.
  struct Anchor {
    var name: String
    var offset: Int
    var length: Int
    var node: Int?
  }

  static let depthMax = 64
  static let aliasesMax = 100
  /// Stands for the `*` of an alias, so that the library reads it as a word.
  static let aliasMark: Unicode.Scalar = "\u{F000}"

  private let source: SourceText
  var scalars: [Unicode.Scalar] { source.scalars }
  var index = 0
  var flowDepth = 0
  /// Columns from 0 of the open block collections, as `parser->indents` in libyaml.
  private var indents: [Int] = []
  /// Where a key would have started if a `:` follows on this line.
  private(set) var keyOffset: Int?
  private var lineStart = 0

  private(set) var tokens: [Int: Token] = [:]
  var anchors: [Anchor] = []
  /// Names of anchors by the offset of the alias.
  var aliases: [Int: String] = [:]
  private(set) var problems: [ConfigProblem] = []

  init(_ source: SourceText) { self.source = source }

  /// The text without anchors, and with words for aliases, all at their places.
  var plainText: [Unicode.Scalar] {
    var text = source.scalars
    for anchor in anchors {
      for offset in anchor.offset..<anchor.offset + anchor.length { text[offset] = " " }
    }
    for offset in aliases.keys { text[offset] = Self.aliasMark }
    return text
  }

  var indent: Int { indents.last ?? -1 }
  var current: Unicode.Scalar? { peek(0) }

  func peek(_ distance: Int) -> Unicode.Scalar? {
    index + distance < scalars.count ? scalars[index + distance] : nil
  }

  /// To the end, or to the first thing after which the rest cannot be told.
  mutating func scan() {
    while problems.count < 20, toNextToken(), let first = current {
      noteAnchored(first)
      if flowDepth == 0 { while let last = indents.last, last > column { indents.removeLast() } }
      guard scanToken(first) else { return }
      if indents.count + flowDepth > Self.depthMax {
        return refuse("nested deeper than \(Self.depthMax) levels")
      }
    }
  }

  var column: Int { index - lineStart }

  func line(of offset: Int) -> Int { source.position(of: offset).line }

  mutating func newLine() {
    index += 1
    lineStart = index
    if flowDepth == 0 { keyOffset = nil }
  }

  /// Skips blanks, comments and line ends. False at the end of the text.
  private mutating func toNextToken() -> Bool {
    while let scalar = current {
      switch scalar {
      case " ", "\t", "\r": index += 1
      case "#": while let next = current, next != "\n" { index += 1 }
      case "\n": newLine()
      default: return true
      }
    }
    return false
  }

  /// False when nothing sensible can follow.
  private mutating func scanToken(_ first: Unicode.Scalar) -> Bool {
    switch first {
    case "[", "{": return openFlow()
    case "]", "}":
      flowDepth = max(0, flowDepth - 1)
      index += 1
    case ",": index += 1
    case "-" where isBlank(peek(1)), "?" where flowDepth > 0 || isBlank(peek(1)):
      rollIndent(to: column)
      index += 1
    case ":" where flowDepth > 0 && startsPort(): refusePort()
    case ":" where flowDepth > 0 || isBlank(peek(1)):
      if flowDepth == 0 {
        refuseAnchoredKey()
        rollIndent(to: (keyOffset ?? index) - lineStart)
      }
      keyOffset = nil
      index += 1
    case "&": anchor()
    case "*": return alias()
    case "!": refuseTag()
    case "|" where flowDepth == 0, ">" where flowDepth == 0:
      refuse("blocks of text are not supported; write it in double quotes, line ends as \\n")
      return false
    default: scalar(first)
    }
    return true
  }

  private mutating func openFlow() -> Bool {
    if current == "{", flowDepth > 0, index > 0, scalars[index - 1] == "$" {
      refuse("between brackets a value with \"${\" must be in quotes")
      return false
    }
    noteKey(at: index)
    if current == "[", let length = bracketedAddressLength() {
      let text = String(String.UnicodeScalarView(scalars[index..<index + length]))
      refuse("an IPv6 address must be in quotes: \(quoted(text))", length: length)
      return false
    }
    flowDepth += 1
    index += 1
    return true
  }

  private mutating func scalar(_ first: Unicode.Scalar) {
    let start = index
    noteKey(at: start)
    let end = first == "\"" || first == "'" ? quotedEnd(first) : plainEnd()
    index = max(index, start + 1)
    note(start, length: max(1, end - start))
  }

  mutating func note(_ offset: Int, length: Int) {
    tokens[offset] = Token(offset: offset, length: length)
  }

  mutating func noteKey(at offset: Int) {
    if flowDepth == 0, keyOffset == nil { keyOffset = offset }
  }

  private mutating func rollIndent(to column: Int) {
    if flowDepth == 0, indent < column { indents.append(column) }
  }

  mutating func refuse(_ message: String, length: Int = 1) {
    refuse(at: index, message, length: length)
  }

  mutating func refuse(at offset: Int, _ message: String, length: Int = 1) {
    problems.append(source.problem(at: source.position(of: offset), length: length, message))
  }
}

/// A blank, a line end or the end of the text.
func isBlank(_ scalar: Unicode.Scalar?) -> Bool {
  scalar == nil || scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r"
}
