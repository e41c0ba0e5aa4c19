import ControlPlane

/// Paths and loading that the config tests share.
enum ConfigFixture {
  /// The folder of this file.
  static let folder = #filePath.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
  /// The repository.
  static let root = folder + "/../../.."

  /// Knows `pages/ok.html`, what `CertificateFixture` has, and a few files that are wrong in some way, in any folder.
  static let readFile: ConfigLoader.ReadFile = { path, bytesMax in
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    if let bytes = CertificateFixture.files[name] { return .success(bytes) }
    return switch name {
    case "ok.html", "ok.json", "ok.txt", "maintenance.html": .success(Array("sorry".utf8))
    case "large.html": .failure(.tooLarge(bytesMax: bytesMax))
    case "folder": .failure(.notRegular)
    case "latin1.html": .success([0x66, 0xFC, 0x72])
    default: .failure(.system(errno: 2))
    }
  }

  static let variables = [
    "PORT": "8080", "EMPTY": "", "HOST": "example.com", "COUNT": "3", "WORD": "*",
    "LONG": String(repeating: "x", count: 200_000),
  ]

  static let variable: ConfigLoader.Variable = { variables[$0] }

  static func load(
    _ text: String, files: [String: String] = [:]
  ) -> Result<ConfigLoader.Loaded, ConfigErrors> {
    load(Array(text.utf8), file: "/etc/headrace/site.yaml", files: files)
  }

  /// `files` are the included ones, by their path without the folder of the config.
  static func load(
    _ text: [UInt8], file: String, files: [String: String]
  ) -> Result<ConfigLoader.Loaded, ConfigErrors> {
    let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
    let included = Dictionary(uniqueKeysWithValues: files.map { (folder + $0.key, $0.value) })
    return ConfigLoader.load(
      text: text, file: file,
      readFile: { path, bytesMax in
        included[path].map { .success(Array($0.utf8)) } ?? readFile(path, bytesMax)
      },
      listFiles: { pattern in
        // Enough of a pattern for the tests: one `*`.
        let ends = pattern.split(separator: "*", omittingEmptySubsequences: false)
        return included.keys.sorted().filter { $0.hasPrefix(ends[0]) && $0.hasSuffix(ends[1]) }
      }, variable: variable)
  }

  /// A config that is complete but for `extra`.
  static func complete(_ extra: String) -> String {
    "listen: :8080\nroutes: [{ to: app }]\npools: { app: [127.0.0.1:3000] }\n" + extra
  }

  static func config(_ text: String) throws -> Config { try load(text).get().config }

  /// The messages alone; empty when the text loads.
  static func messages(_ text: String) -> [String] {
    switch load(text) {
    case .success: []
    case .failure(let errors): errors.problems.map(\.message)
    }
  }
}
