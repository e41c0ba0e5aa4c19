/// conf/headrace.schema.json, made from the option table: completion and first checks in editors.
/// It accepts all that the loader accepts; what it cannot say, such as whether a pool exists, is
/// left to `headrace check`. A test keeps the committed file equal to it.
public enum ConfigSchema {
  public static var json: String {
    var members: [JSONValue.Member] = [
      .init("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
      .init("title", .text("Headrace config")),
      .init("$comment", .text("Made from the option table; see docs/configuration.md.")),
    ]
    members += object(at: "", root: true)
    members.append(.init("$defs", .object([.init("environment", environment)])))
    return JSONValue.object(members).formatted() + "\n"
  }

  /// A value that the environment gives may be anything.
  private static let environment = JSONValue.object([
    .init("description", .text("A value with ${NAME} or ${NAME:-default} in it.")),
    .init("type", .text("string")), .init("pattern", .text("\\$\\{")),
  ])

  /// The members of the schema of a mapping; `path` is the table's. An included file may lack what
  /// is required, so the root requires nothing.
  private static func object(at path: String, root: Bool = false) -> [JSONValue.Member] {
    let rows = OptionTable.children(of: path)
    let named = rows.filter { $0.key != "*" }
    let any = rows.first { $0.key == "*" }
    var members: [JSONValue.Member] = [.init("type", .text("object"))]
    if !named.isEmpty {
      members.append(
        .init("properties", .object(named.map { .init($0.key, schema(of: $0)) })))
    }
    members.append(.init("additionalProperties", any.map { schema(of: $0) } ?? .flag(false)))
    let required = named.filter(\.isRequired).map(\.key)
    if !root, !required.isEmpty { members.append(.init("required", .texts(required))) }
    if path == "routes[]" { members.append(.init("oneOf", .list(actions))) }
    return members
  }

  /// A route does exactly one thing.
  private static let actions = ["to", "redirect", "respond"].map { key in
    JSONValue.object([.init("required", .texts([key]))])
  }

  private static func schema(of row: OptionRow) -> JSONValue {
    var members: [JSONValue.Member] = [.init("description", .text(description(of: row)))]
    if let value = row.defaultText { members.append(.init("default", plainValue(value))) }
    return .object(members + schema(of: row.kind, at: row.path))
  }

  private static func description(of row: OptionRow) -> String {
    let value = "Value: \(row.kind.description)."
    return "\(row.summary) \(value)".replacing("`", with: "'")
  }

  private static func plainValue(_ text: String) -> JSONValue {
    if let number = IntegerText.digits(text) { return .number(number) }
    return text == "true" || text == "false" ? .flag(text == "true") : .text(text)
  }

  private static func schema(of kind: OptionKind, at path: String) -> [JSONValue.Member] {
    switch kind {
    case .list(_, let count):
      return [
        .init("type", .text("array")), .init("items", item(of: path)),
        .init("minItems", .number(count.lowerBound)), .init("maxItems", .number(count.upperBound)),
      ]
    case .oneOrMore(let item, let count):
      let list = JSONValue.object([
        .init("type", .text("array")), .init("items", .object(scalar(item))),
        .init("minItems", .number(count.lowerBound)), .init("maxItems", .number(count.upperBound)),
      ])
      return [.init("anyOf", .list([.object(scalar(item)), list]))]
    case .section: return object(at: path)
    case .switchedSection:
      let words = JSONValue.object([.init("enum", .texts(["on", "off"]))])
      return [.init("anyOf", .list([words, .object(object(at: path))]))]
    case .flagOrSection:
      let flag = JSONValue.object(scalar(.boolean))
      return [.init("anyOf", .list([flag, .object(object(at: path))]))]
    case .choiceOrSection(let words, _):
      let word = JSONValue.object(scalar(.choice(words)))
      return [.init("anyOf", .list([word, .object(object(at: path))]))]
    case .structure: return structure(at: path)
    default: return scalar(kind)
    }
  }

  /// The items of a list: a row of their own, or a mapping whose keys are rows.
  private static func item(of path: String) -> JSONValue {
    if let row = OptionTable.rows.first(where: { $0.path == "\(path)[]" }) {
      return schema(of: row)
    }
    let mapping = JSONValue.object(object(at: "\(path)[]"))
    guard path == "pools.*.backends" else { return mapping }
    return .object([.init("anyOf", .list([.object(scalar(.backendAddress)), mapping]))])
  }

  /// Mappings, and the short forms of some.
  private static func structure(at path: String) -> [JSONValue.Member] {
    let mapping = JSONValue.object(object(at: path))
    guard let short = shortForms[path] else { return object(at: path) }
    return [.init("anyOf", .list(short + [mapping]))]
  }

  private static let shortForms: [String: [JSONValue]] = [
    "admin": [.object(scalar(.listenAddress))],
    "pools.*": [
      .object(schema(of: OptionTable.row("pools.*.backends").kind, at: "pools.*.backends"))
    ],
    "routes[].limits.rate": [
      .object([
        .init("type", .text("array")), .init("items", .object(object(at: "routes[].limits.rate"))),
        .init("minItems", .number(1)), .init("maxItems", .number(4)),
      ])
    ],
    "routes[].redirect": [.object(scalar(.template(.location)))],
    "routes[].respond": [.object(scalar(.integer(200...599)))],
    "routes[].match.headers.*": condition,
    "routes[].match.query.*": condition,
  ]

  private static let condition: [JSONValue] = [
    .object(text),
    .object([
      .init("type", .text("array")), .init("items", .object(text)), .init("minItems", .number(1)),
      .init("maxItems", .number(100)),
    ]),
  ]

  /// Words that look like numbers or switches are text all the same.
  private static let text: [JSONValue.Member] = [
    .init("type", .texts(["string", "number", "boolean"]))
  ]

  private static func scalar(_ kind: OptionKind) -> [JSONValue.Member] {
    switch kind {
    case .integer(let range, let word):
      return either(
        [
          .init("type", .text("integer")), .init("minimum", .number(range.lowerBound)),
          .init("maximum", .number(range.upperBound)),
        ], word: word)
    case .percent(_, let word): return either(pattern("^[0-9]+%$"), word: word)
    case .size(let range, let word):
      let bytes = JSONValue.object([
        .init("type", .text("integer")), .init("minimum", .number(Int(range.lowerBound))),
        .init("maximum", .number(Int(range.upperBound))),
      ])
      return either(pattern("^[0-9]+(B|KiB|MiB|GiB|TiB)?$"), word: word, or: [bytes])
    case .duration(_, let word): return either(pattern("^[0-9]+(ms|s|m|h|d|y)$"), word: word)
    case .boolean: return either([.init("type", .text("boolean"))], word: nil)
    case .flagOrInteger(let range):
      return either(
        [.init("type", .text("boolean"))], word: nil, or: [.object(scalar(.integer(range)))])
    case .toggle: return either([.init("enum", .texts(["on", "off"]))], word: nil)
    case .choice(let words):
      let values =
        words.map { plainValue($0) }
        + words.filter { IntegerText.digits($0) != nil }
        .map { .text($0) }
      return either([.init("enum", .list(values))], word: nil)
    default: return text
    }
  }

  private static func pattern(_ pattern: String) -> [JSONValue.Member] {
    [.init("type", .text("string")), .init("pattern", .text(pattern))]
  }

  private static func either(
    _ members: [JSONValue.Member], word: String?, or others: [JSONValue] = []
  ) -> [JSONValue.Member] {
    let words = word.map { [JSONValue.object([.init("const", .text($0))])] } ?? []
    let environment = JSONValue.object([.init("$ref", .text("#/$defs/environment"))])
    return [.init("anyOf", .list([.object(members)] + others + words + [environment]))]
  }
}
