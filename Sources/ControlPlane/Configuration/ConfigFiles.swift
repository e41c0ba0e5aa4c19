/// Reads the config file and all that it includes, and merges them into one tree of nodes, whose
/// places still name their files. Pure but for its closures; lives for one load.
struct ConfigFiles {
  private static let depthMax = 4
  private static let filesMax = 1000
  private static let bytesMax = 16 << 20

  private let readFile: ConfigLoader.ReadFile
  private let listFiles: ConfigLoader.ListFiles
  private let variable: ConfigLoader.Variable
  private(set) var sources: [SourceText] = []
  private(set) var problems: [ConfigProblem] = []
  private(set) var warnings: [ConfigProblem] = []
  private(set) var settings: [ConfigSetting] = []
  private var bytesRead = 0
  /// Absolute paths of the files that are being read, the main one first.
  private var chain: [String] = []
  /// Absolute paths of all files, and where they were included.
  private var included: [String: YamlNode.Place] = [:]

  init(
    readFile: @escaping ConfigLoader.ReadFile, listFiles: @escaping ConfigLoader.ListFiles,
    variable: @escaping ConfigLoader.Variable
  ) {
    self.readFile = readFile
    self.listFiles = listFiles
    self.variable = variable
  }

  /// `nil` when there are problems that leave nothing to decode.
  mutating func read(_ text: [UInt8], file: String) -> YamlNode? {
    let number = sources.count
    // A file with nothing in it, or only comments, is fine where it is included.
    if text.isEmpty, number > 0 { return nil }
    bytesRead += text.count
    do throws(ConfigErrors) {
      sources.append(try SourceText.decode(text, file: file))
    } catch {
      problems += error.problems
      return nil
    }
    var reader = YamlReader(sources[number], number: number, variable: variable)
    let root = reader.read()
    problems += reader.problems
    guard let root, !root.isNothing else {
      if reader.problems.isEmpty, number == 0 {
        problems.append(ConfigProblem(file: file, message: SourceText.emptyMessage))
      }
      return nil
    }
    return including(root, file)
  }

  private mutating func including(_ root: YamlNode, _ file: String) -> YamlNode {
    guard case .mapping(var entries) = root.content,
      let node = entries.first(where: { $0.key == "include" })?.value
    else { return root }
    chain.append(FilePath.identity(file))
    defer { chain.removeLast() }
    for (pattern, place) in patterns(node) {
      for path in paths(pattern, place, besides: file) {
        guard let more = include(path, place) else { continue }
        guard case .mapping(let added) = more.content else {
          refuse(more.place, "an included file must be a mapping (key: value), not \(more.found)")
          continue
        }
        merge(added, into: &entries, at: "")
      }
    }
    var merged = root
    merged.content = .mapping(entries)
    return merged
  }

  private mutating func patterns(_ node: YamlNode) -> [(String, YamlNode.Place)] {
    var decoder = ConfigDecoder(sources: sources, now: 0, readFile: readFile)
    let values = decoder.scalars(node, OptionTable.row("include"), "include")
    problems += decoder.problems
    settings += decoder.settings
    return values.compactMap { value, node in
      if case .word(let pattern) = value { (pattern, node.place) } else { nil }
    }
  }

  /// A path without a pattern stands for itself, whether it is there or not.
  private mutating func paths(
    _ pattern: String, _ place: YamlNode.Place, besides file: String
  ) -> [String] {
    let folder = pattern.hasPrefix("/") ? "" : FilePath.folder(of: file)
    guard pattern.contains(where: { "*?[".contains($0) }) else { return [folder + pattern] }
    let found = listFiles(FilePath.escaped(folder) + pattern)
    if found.isEmpty {
      var warning = sources[place.source].problem(at: place, "no file matches \(quoted(pattern))")
      warning.isWarning = true
      warnings.append(warning)
    }
    return found
  }

  private mutating func include(_ path: String, _ place: YamlNode.Place) -> YamlNode? {
    let identity = FilePath.identity(path)
    if chain.contains(identity) {
      refuse(place, "\(quoted(path)) includes itself, by way of this line")
      return nil
    }
    if let other = included[identity] {
      let line = sources[other.source].file
      refuse(
        place, "\(quoted(path)) is included already, in line \(other.position.line) of \(line)")
      return nil
    }
    included[identity] = place
    guard chain.count <= Self.depthMax else {
      refuse(place, "files are included more than \(Self.depthMax) deep")
      return nil
    }
    guard sources.count < Self.filesMax, bytesRead <= Self.bytesMax else {
      refuse(place, "more than \(Self.filesMax) files or 16MiB are included; the rest is left out")
      return nil
    }
    switch readFile(path, SourceText.bytesMax) {
    case .success(let bytes): return read(bytes, file: path)
    case .failure(let failure):
      refuse(place, "cannot read \(quoted(path)): \(failure)")
      return nil
    }
  }

  private mutating func refuse(_ place: YamlNode.Place, _ message: String) {
    guard problems.count < ConfigLoader.collectedMax else { return }
    problems.append(sources[place.source].problem(at: place, message))
  }
}

/// Merging: lists are appended, mappings merged, and what is written twice is refused.
extension ConfigFiles {
  private mutating func merge(
    _ added: [YamlNode.Entry], into entries: inout [YamlNode.Entry], at path: String
  ) {
    var indices = Dictionary(uniqueKeysWithValues: zip(entries.map(\.key), 0...))
    for entry in added where !(path.isEmpty && entry.key == "include") {
      guard let index = indices[entry.key] else {
        indices[entry.key] = entries.count
        entries.append(entry)
        continue
      }
      mergeSame(entry, into: &entries[index], at: path.isEmpty ? entry.key : "\(path).\(entry.key)")
    }
  }

  private mutating func mergeSame(
    _ added: YamlNode.Entry, into entry: inout YamlNode.Entry, at path: String
  ) {
    switch (entry.value.content, added.value.content) {
    case (.list(let first), .list(let second)) where OptionTable.isList(path):
      entry.value.content = .list(first + second)
    case (.mapping(var first), .mapping(let second)) where OptionTable.isMergeable(path):
      merge(second, into: &first, at: path)
      entry.value.content = .mapping(first)
    default:
      let file = sources[entry.keyPlace.source].file
      let line = entry.keyPlace.position.line
      refuse(added.keyPlace, "\(quoted(path)) is there already, in line \(line) of \(file)")
    }
  }
}

extension OptionTable {
  static func isList(_ path: String) -> Bool {
    guard let row = rows.first(where: { $0.path == path }), case .list = row.kind else {
      return false
    }
    return true
  }

  /// Sections, and mappings with names that the file chooses.
  static func isMergeable(_ path: String) -> Bool {
    guard let row = rows.first(where: { $0.path == path }) else { return false }
    if case .section = row.kind { return true }
    return ["pools", "caches", "error_pages"].contains(path)
  }
}
