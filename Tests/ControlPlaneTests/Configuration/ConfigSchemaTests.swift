import Foundation
import Testing

@testable import ControlPlane

/// conf/headrace.schema.json: current, and right about files that load and files that do not.
struct ConfigSchemaTests {
  private static let path = ConfigFixture.root + "/conf/headrace.schema.json"
  private static let python =
    ProcessInfo.processInfo.environment["HEADRACE_PYTHON"] ?? "python3"
  private static let hasValidator: Bool = {
    let result = try? Tool(named: "env")?.run([python, "-c", "import jsonschema"])
    return result?.status == 0
  }()

  @Test func committedSchemaIsCurrent() throws {
    let url = URL(filePath: Self.path)
    if ProcessInfo.processInfo.environment["UPDATE_DOCS"] != nil {
      try Data(ConfigSchema.json.utf8).write(to: url, options: .atomic)
    }
    let committed = try String(contentsOf: url, encoding: .utf8)
    #expect(committed == ConfigSchema.json, "run: UPDATE_DOCS=1 swift test --filter ConfigSchema")
  }

  @Test(.enabled(if: hasValidator, "needs python3 with jsonschema"))
  func examplesAreValid() throws {
    let texts = try ConfigReferenceTests.files.map { file in
      try String(contentsOf: URL(filePath: "\(ConfigFixture.root)/\(file)"), encoding: .utf8)
    }
    let documents = try (texts + ConfigReferenceTests.blocks).map { try Self.json($0) }
    #expect(documents.count >= 15)
    #expect(try Self.invalid(documents) == [])
  }

  @Test(.enabled(if: hasValidator, "needs python3 with jsonschema"))
  func mistakesAreInvalid() throws {
    let mistakes = [
      "listn: :8080", "workers: 0", "workers: many", "timeouts: { connect: 5 }", "via: 1",
      "routes: [{ match: { path: /a } }]", "routes: [{ to: a, respond: 404 }]",
      "routes: [{ redirect: { status: 301 } }]", "routes: [{ respond: 99 }]",
      "routes: [{ to: a, rewrite: { strip: /a } }]", "pools: { a: { strategy: random } }",
      "routes: [{ match: { headers: { A: { suffix: b } } }, to: a }]", "access_log: jsno",
      "caches: { a: { memory: lots } }", "caches: { a: { early_refresh: maybe } }",
      "caches: { a: { key: { query: some } } }", "caches: { a: { ttl: 1s } }", "caches: [a]",
    ]
    let documents = try mistakes.map { try Self.json($0) }
    #expect(try Self.invalid(documents) == Array(0..<mistakes.count))
  }

  /// The numbers of the documents that the schema refuses.
  private static func invalid(_ documents: [String]) throws -> [Int] {
    let script = """
      import json, sys, jsonschema
      schema = json.load(open(sys.argv[1]))
      jsonschema.Draft202012Validator.check_schema(schema)
      validator = jsonschema.Draft202012Validator(schema)
      for number, document in enumerate(json.load(sys.stdin)):
          if not validator.is_valid(document): print(number)
      """
    let input = "[" + documents.joined(separator: ",") + "]"
    let tool = try #require(Tool(named: "env"))
    let result = try tool.run([python, "-c", script, path], input: input)
    try #require(result.status == 0, "\(result.output)")
    return result.output.split(separator: "\n").compactMap { Int($0) }
  }

  /// As an editor's YAML parser sees it: plain numbers and switches are such.
  private static func json(_ text: String) throws -> String {
    let source = try SourceText.decode(Array(text.utf8), file: "a.yaml")
    var reader = YamlReader(source, number: 0, variable: { "${\($0)}" })
    let node = reader.read()
    return json(try #require(node)).compact
  }

  private static func json(_ node: YamlNode) -> JSONValue {
    switch node.content {
    case .list(let items): return .list(items.map { json($0) })
    case .mapping(let entries): return .object(entries.map { .init($0.key, json($0.value)) })
    case .scalar(let text, let plain):
      guard plain else { return .text(text) }
      if node.isNothing { return .null }
      if let number = Int(text) { return .number(number) }
      return text == "true" || text == "false" ? .flag(text == "true") : .text(text)
    }
  }
}
