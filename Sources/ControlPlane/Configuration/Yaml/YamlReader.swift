import Yams

/// Turns a text into a `YamlNode` through Yams, and its errors into problems with places.
struct YamlReader {
  private let source: SourceText
  /// Of the source, for places.
  private let number: Int
  private let variable: ConfigLoader.Variable
  private var scanner: YamlScanner
  private var tokens: [Int: YamlScanner.Token] = [:]
  /// Characters of first keys that were overwritten, by the mark that stands for them.
  private var overwritten: [Unicode.Scalar: Unicode.Scalar] = [:]
  /// A text without aliases cannot have more nodes than this. A second line of defence, should the
  /// scanner ever miss an alias: the walk ends, and the anchor is reported.
  private var nodesLeft = 0
  /// Anchored nodes by name; `nil` while one is being read.
  private var anchored: [String: Anchored?] = [:]
  private var nodesRead = 0
  private var nodesCopied = 0
  private var bytesExpanded = 0
  var problems: [ConfigProblem] = []

  /// A node that aliases may stand for, and how many nodes are in it.
  private struct Anchored {
    var node: YamlNode
    var count: Int
  }

  static let nodesCopiedMax = 10_000
  static let bytesExpandedMax = 4 << 20

  init(_ source: SourceText, number: Int, variable: @escaping ConfigLoader.Variable) {
    self.source = source
    self.number = number
    self.variable = variable
    scanner = YamlScanner(source)
  }

  /// `nil` when there are problems that leave nothing to walk, or nothing in the file.
  mutating func read() -> YamlNode? {
    scanner.scan()
    problems = scanner.problems
    tokens = scanner.tokens
    guard problems.isEmpty, let root = compose() else { return nil }
    nodesLeft = 2 * source.scalars.count + 16
    let node = convert(root)
    refuseUnusedAnchors()
    return node
  }

  /// Yams stops at a duplicate key. To go on and find the other problems too, the first of the
  /// two is made unique (its first character becomes a private one) and the text composed again.
  private mutating func compose() -> Node? {
    var scalars = scanner.plainText
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
    let offset = source.offset(of: place.position) ?? 0
    if let name = scanner.aliases[offset], isAlias(node) {
      return resolve(name, node, place)
    }
    nodesRead += 1
    nodesLeft -= 1
    guard let name = scanner.anchors.first(where: { $0.node == offset })?.name,
      anchored.index(forKey: name) == nil
    else { return content(of: node, place) }
    let before = nodesRead + nodesCopied
    anchored.updateValue(nil, forKey: name)
    let converted = content(of: node, place)
    let count = nodesRead + nodesCopied - before + 1
    anchored.updateValue(Anchored(node: converted, count: count), forKey: name)
    return converted
  }

  private mutating func content(of node: Node, _ place: YamlNode.Place) -> YamlNode {
    let nothing = YamlNode(place: place, content: .scalar("", plain: true))
    guard nodesLeft >= 0 else { return nothing }
    switch node {
    case .scalar(let scalar):
      return expanded(scalar.string, plain: scalar.style == .plain, place)
    case .sequence(let nodes):
      return YamlNode(place: place, content: .list(nodes.map { convert($0) }))
    case .mapping(let mapping):
      return YamlNode(place: place, content: .mapping(entries(mapping)))
    case .alias: return nothing
    }
  }

  private func isAlias(_ node: Node) -> Bool {
    guard case .scalar(let scalar) = node else { return false }
    return scalar.string.unicodeScalars.first == YamlScanner.aliasMark
  }

  private mutating func resolve(
    _ name: String, _ node: Node, _ place: YamlNode.Place
  ) -> YamlNode {
    let nothing = YamlNode(place: place, content: .scalar("", plain: false), isBroken: true)
    guard case .scalar(let scalar) = node,
      scalar.string.unicodeScalars.dropFirst().elementsEqual(
        name.unicodeScalars)
    else {
      add(node.mark, "nothing may follow the alias \(quoted("*" + name)); or put it in quotes")
      return nothing
    }
    guard let known = anchored[name] else {
      add(node.mark, "there is no value with the anchor \(quoted("&" + name)) above")
      return nothing
    }
    guard let known else {
      add(node.mark, "the alias \(quoted("*" + name)) is inside of the value that it stands for")
      return nothing
    }
    let wasFine = nodesCopied <= Self.nodesCopiedMax
    nodesCopied += min(known.count, Self.nodesCopiedMax + 1)
    guard nodesCopied <= Self.nodesCopiedMax else {
      if wasFine {
        add(node.mark, "aliases stand for more than \(Self.nodesCopiedMax) values in all")
      }
      return nothing
    }
    // What is wrong with the value as a whole is shown where it is used.
    var copy = known.node
    copy.place = place
    copy.isCopied = true
    return copy
  }

  private mutating func refuseUnusedAnchors() {
    for anchor in scanner.anchors where anchored.index(forKey: anchor.name) == nil {
      let place = source.position(of: anchor.offset)
      problems.append(
        source.problem(
          at: place, length: anchor.length, "an anchor must stand in front of a value"))
    }
  }

  /// With the environment's variables filled in.
  private mutating func expanded(
    _ text: String, plain: Bool, _ place: YamlNode.Place
  ) -> YamlNode {
    let written = YamlNode(place: place, content: .scalar(text, plain: plain))
    guard text.utf8.contains(UInt8(ascii: "$")) else { return written }
    do throws(Refusal) {
      let result = try EnvironmentText.expand(text, variable)
      bytesExpanded += result.text.utf8.count
      guard bytesExpanded <= Self.bytesExpandedMax else {
        throw Refusal("environment variables make the config too long")
      }
      // Between brackets a variable must be in quotes, which are not the value's.
      let plain = plain || (result.isWhole && !result.text.isEmpty)
      return YamlNode(
        place: place, content: .scalar(result.text, plain: plain), variables: result.variables)
    } catch {
      problems.append(source.problem(at: written.place(of: error.range), error.message))
      var broken = written
      broken.isBroken = true
      return broken
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
      guard !isAlias(keyNode) else {
        add(keyNode.mark, "a key must be a word, not an alias; put it in quotes")
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
    return YamlNode.Place(position: position, length: token?.length ?? 1, source: number)
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
