/// Walks a YAML text as libyaml's scanner does, before libyaml sees it.
///
/// It refuses what a config has no use for and what could hurt: anchors and aliases (a few lines
/// can stand for billions of nodes), tags, blocks of text, and deep nesting (the library recurses).
/// It also notes where each scalar ends, which the library does not tell. It follows libyaml in
/// quotes, comments, flow levels and indentation; syntax errors are left to libyaml.
struct YamlScanner {
  /// A scalar or the opening bracket of a flow collection.
  struct Token {
    var offset: Int
    var length: Int
  }

  static let depthMax = 64

  private let source: SourceText
  var scalars: [Unicode.Scalar] { source.scalars }
  var index = 0
  var flowDepth = 0
  /// Columns from 0 of the open block collections, as `parser->indents` in libyaml.
  private var indents: [Int] = []
  /// Where a key would have started if a `:` follows on this line.
  private var keyOffset: Int?
  private var lineStart = 0

  private(set) var tokens: [Int: Token] = [:]
  private(set) var problems: [ConfigProblem] = []

  init(_ source: SourceText) { self.source = source }

  var indent: Int { indents.last ?? -1 }
  var current: Unicode.Scalar? { peek(0) }

  func peek(_ distance: Int) -> Unicode.Scalar? {
    index + distance < scalars.count ? scalars[index + distance] : nil
  }

  /// To the end, or to the first thing after which the rest cannot be told.
  mutating func scan() {
    while problems.count < 20, toNextToken(), let first = current {
      if flowDepth == 0 { while let last = indents.last, last > column { indents.removeLast() } }
      guard scanToken(first) else { return }
      if indents.count + flowDepth > Self.depthMax {
        return refuse("nested deeper than \(Self.depthMax) levels")
      }
    }
  }

  var column: Int { index - lineStart }

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
      if flowDepth == 0 { rollIndent(to: (keyOffset ?? index) - lineStart) }
      keyOffset = nil
      index += 1
    case "*", "&", "!": refuseReference(first)
    case "|" where flowDepth == 0, ">" where flowDepth == 0:
      refuse("no option takes a block of text; write the value on one line, in quotes")
      return false
    default: scalar(first)
    }
    return true
  }

  private mutating func openFlow() -> Bool {
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
    tokens[start] = Token(offset: start, length: max(1, end - start))
  }

  private mutating func noteKey(at offset: Int) {
    if flowDepth == 0, keyOffset == nil { keyOffset = offset }
  }

  private mutating func rollIndent(to column: Int) {
    if flowDepth == 0, indent < column { indents.append(column) }
  }

  mutating func refuse(_ message: String, length: Int = 1) {
    problems.append(source.problem(at: source.position(of: index), length: length, message))
  }
}

/// A blank, a line end or the end of the text.
func isBlank(_ scalar: Unicode.Scalar?) -> Bool {
  scalar == nil || scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r"
}
