/// Text with variables in braces: `https://{host}/new/{rest}`.
enum TemplateText {
  /// What the finished text is for, which decides what may stand in it.
  enum Use: Sendable {
    case fieldValue
    /// A `Location`: an absolute URL or a path.
    case location
    /// A path, with a query behind `?` if it has one.
    case path
  }

  /// A template and the captures that it uses, which only its route can check.
  struct Parsed: Equatable, Sendable {
    var template: Config.Template
    var captures: [CaptureUse] = []
  }

  /// A capture's name, and where in the text its braces are, in scalars.
  struct CaptureUse: Equatable, Sendable {
    var name: String
    var range: Range<Int>
  }

  static let variables: [(name: String, variable: Config.Variable)] = [
    ("client_address", .clientAddress), ("request_id", .requestID), ("host", .host),
    ("method", .method), ("path", .path), ("query", .query), ("scheme", .scheme),
    ("target", .target), ("remaining_ms", .remainingMilliseconds),
  ]

  static let bytesMax = 4096

  static func parse(_ text: String, for use: Use) throws(Refusal) -> Parsed {
    guard text.utf8.count <= bytesMax else {
      throw Refusal("must have at most \(bytesMax) bytes, not \(text.utf8.count)")
    }
    var parser = Parser(scalars: Array(text.unicodeScalars))
    try parser.parse()
    let parsed = Parsed(template: Config.Template(parser.parts), captures: parser.captures)
    switch use {
    case .fieldValue: try FieldText.checkValue(text)
    case .location: try LocationText.check(parsed.template, text)
    case .path: try checkPath(parsed.template, text)
    }
    return parsed
  }

  /// The text with `x` for each variable.
  static func sample(_ template: Config.Template) -> String {
    template.parts.map { if case .text(let text) = $0 { text } else { "x" } }.joined()
  }

  private static func checkPath(_ template: Config.Template, _ text: String) throws(Refusal) {
    let startsWithPath = [.path, .target].contains { template.parts.first == .variable($0) }
    let sample = (startsWithPath ? "/" : "") + sample(template)
    guard sample.hasPrefix("/") else {
      throw Refusal("must start with \"/\" or {path}, not \(quoted(text))")
    }
    let parts = sample.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    try PathText.check(String(parts[0]), written: text)
    if parts.count == 2 { try PathText.checkBytes(String(parts[1]), "not \(quoted(text))") }
  }
}

extension TemplateText {
  /// Takes a template apart; one pass.
  private struct Parser {
    let scalars: [Unicode.Scalar]
    var index = 0
    var literal = String.UnicodeScalarView()
    var parts: [Config.Template.Part] = []
    var captures: [CaptureUse] = []

    init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    mutating func parse() throws(Refusal) {
      while index < scalars.count {
        let scalar = scalars[index]
        if scalar == "{" || scalar == "}", next == scalar {
          literal.append(scalar)
          index += 2
        } else if scalar == "{" {
          try variable()
        } else if scalar == "}" {
          throw Refusal(
            "has a \"}\" without a \"{\"; a brace as such is written \"}}\"", at: index..<index + 1)
        } else {
          literal.append(scalar)
          index += 1
        }
      }
      endLiteral()
    }

    private var next: Unicode.Scalar? { index + 1 < scalars.count ? scalars[index + 1] : nil }

    private mutating func endLiteral() {
      if !literal.isEmpty { parts.append(.text(String(literal))) }
      literal = String.UnicodeScalarView()
    }

    private mutating func variable() throws(Refusal) {
      guard let end = scalars[index...].firstIndex(of: "}") else {
        throw Refusal(
          "has a \"{\" that is not closed; a brace as such is written \"{{\"", at: index..<index + 1
        )
      }
      let range = index..<end + 1
      let name = String(String.UnicodeScalarView(scalars[index + 1..<end]))
      endLiteral()
      parts.append(.variable(try variable(name, range)))
      index = end + 1
    }

    private mutating func variable(
      _ name: String, _ range: Range<Int>
    ) throws(Refusal) -> Config.Variable {
      if let known = TemplateText.variables.first(where: { $0.name == name }) {
        return known.variable
      }
      if name.hasPrefix("header.") {
        let field = String(name.dropFirst(7))
        guard FieldText.isToken(field) else {
          throw Refusal("has no field name in \(quoted("{\(name)}"))", at: range)
        }
        return .header(field.lowercased())
      }
      guard VariableName.isName(name) else {
        let known = TemplateText.variables.map(\.name)
        throw Refusal(
          "has an unknown variable \(quoted("{\(name)}"))"
            + Suggestion.variableSuffix(for: name, among: known), at: range)
      }
      captures.append(CaptureUse(name: name, range: range))
      return .capture(name)
    }
  }
}
