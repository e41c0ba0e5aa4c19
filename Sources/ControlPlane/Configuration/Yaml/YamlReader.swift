import Yams

/// Turns a text into a `YamlNode` through Yams, and its errors into problems with places.
struct YamlReader {
  private let source: SourceText
  private var tokens: [Int: YamlScanner.Token] = [:]
  /// Characters of first keys that were overwritten, by the mark that stands for them.
  private var overwritten: [Unicode.Scalar: Unicode.Scalar] = [:]
  /// A text without aliases cannot have more nodes than this. A second line of defence, should the
  /// scanner ever miss an alias: the walk ends, and the anchor is reported.
  private var nodesLeft = 0
  private(set) var problems: [ConfigProblem] = []

  init(_ source: SourceText) { self.source = source }

  /// `nil` when there are problems that leave nothing to walk, or nothing in the file.
  mutating func read() -> YamlNode? {
    var scanner = YamlScanner(source)
    scanner.scan()
    problems = scanner.problems
    tokens = scanner.tokens
    guard problems.isEmpty, let root = compose() else { return nil }
    nodesLeft = 2 * source.scalars.count + 16
    return convert(root)
  }

  /// Yams stops at a duplicate key. To go on and find the other problems too, the first of the
  /// two is made unique (its first character becomes a private one) and the text composed again.
  private mutating func compose() -> Node? {
    var scalars = source.scalars
    let rounds = roundsMax
    for round in 0..<rounds {
      do {
        let text = String(String.UnicodeScalarView(scalars))
        return try Yams.compose(yaml: text, .basic, .default, .utf8)
      } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
        guard round < rounds - 1, overwrite(context.mark, &scalars, round) else {
          add(context.mark, "duplicate key \(quoted(keys.first ?? ""))")
          return nil
        }
      } catch {
        addSyntax(error)
        return nil
      }
    }
    return nil
  }

  /// Each round reads the whole text: a huge one gets a single one, so that no file takes minutes.
  private var roundsMax: Int { max(1, min(32, 2_000_000 / max(1, source.scalars.count))) }

  private mutating func overwrite(
    _ mark: Mark, _ scalars: inout [Unicode.Scalar], _ round: Int
  ) -> Bool {
    guard let stand = Unicode.Scalar(0xE000 + UInt32(round)),
      let offset = source.offset(of: Position(line: mark.line, column: mark.column)),
      let token = tokens[offset]
    else { return false }
    let isQuoted = scalars[offset] == "\"" || scalars[offset] == "'"
    guard token.length > (isQuoted ? 2 : 0) else { return false }
    let index = isQuoted ? offset + 1 : offset
    guard scalars[index] != "\\", scalars[index] != "'", overwritten[scalars[index]] == nil
    else { return false }
    overwritten[stand] = scalars[index]
    scalars[index] = stand
    return true
  }

  private func restored(_ key: String) -> String {
    guard let first = key.unicodeScalars.first, let original = overwritten[first]
    else { return key }
    return String(original) + String(String.UnicodeScalarView(key.unicodeScalars.dropFirst()))
  }
}

extension YamlReader {
  private mutating func convert(_ node: Node) -> YamlNode {
    let place = place(node.mark)
    nodesLeft -= 1
    if node.anchor != nil || nodesLeft < 0 {
      if nodesLeft >= 0 { add(node.mark, "YAML anchors are not supported; repeat the value") }
      return YamlNode(place: place, content: .scalar("", plain: true))
    }
    switch node {
    case .scalar(let scalar):
      let plain = scalar.style == .plain
      return YamlNode(place: place, content: .scalar(scalar.string, plain: plain))
    case .sequence(let nodes):
      return YamlNode(place: place, content: .list(nodes.map { convert($0) }))
    case .mapping(let mapping):
      return YamlNode(place: place, content: .mapping(entries(mapping)))
    case .alias:
      return YamlNode(place: place, content: .scalar("", plain: true))
    }
  }

  /// Reports keys that are no text and keys that were there before; the first one counts.
  private mutating func entries(_ mapping: Node.Mapping) -> [YamlNode.Entry] {
    var entries: [YamlNode.Entry] = []
    var lines: [String: Int] = [:]
    for (keyNode, valueNode) in mapping {
      let keyPlace = place(keyNode.mark)
      guard case .scalar(let scalar) = keyNode else {
        add(keyNode.mark, "a key must be a word, not a list or a mapping")
        continue
      }
      let key = restored(scalar.string)
      let value = convert(valueNode)
      if let line = lines[key] {
        add(keyNode.mark, "duplicate key \(quoted(key)), first written in line \(line)")
      } else {
        lines[key] = keyPlace.position.line
        entries.append(YamlNode.Entry(key: key, keyPlace: keyPlace, value: value))
      }
    }
    return entries
  }

  private func place(_ mark: Mark?) -> YamlNode.Place {
    let position = Position(line: mark?.line ?? 1, column: mark?.column ?? 1)
    let token = source.offset(of: position).flatMap { tokens[$0] }
    return YamlNode.Place(position: position, length: token?.length ?? 1)
  }

  private mutating func add(_ mark: Mark?, _ message: String) {
    guard problems.count < ConfigLoader.collectedMax else { return }
    let place = place(mark)
    problems.append(source.problem(at: place.position, length: place.length, message))
  }

  private mutating func addSyntax(_ error: any Error) {
    switch error {
    case YamlError.composer(_, _, let mark, _):
      add(mark, "a config file is one YAML document; a second one starts here")
    case YamlError.scanner(let context, let problem, let mark, _),
      YamlError.parser(let context, let problem, let mark, _):
      let place = YamlSyntax.place(problem: problem, mark: mark, context: context)
      add(place, YamlSyntax.message(problem: problem, context: context))
    default:
      problems.append(ConfigProblem(file: source.file, message: "not valid YAML"))
    }
  }
}
