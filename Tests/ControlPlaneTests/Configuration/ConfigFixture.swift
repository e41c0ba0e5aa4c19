import ControlPlane

/// Paths and loading that the config tests share.
enum ConfigFixture {
  /// The folder of this file.
  static let folder = #filePath.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
  /// The repository.
  static let root = folder + "/../../.."

  /// Knows `pages/ok.html` and a few files that are wrong in some way, in any folder.
  static let readFile: ConfigLoader.ReadFile = { path, bytesMax in
    switch path.split(separator: "/").last {
    case "ok.html", "ok.json", "ok.txt": .success(Array("sorry".utf8))
    case "large.html": .failure(.tooLarge(bytesMax: bytesMax))
    case "folder": .failure(.notRegular)
    case "latin1.html": .success([0x66, 0xFC, 0x72])
    default: .failure(.system(errno: 2))
    }
  }

  static func load(_ text: String) -> Result<ConfigLoader.Loaded, ConfigErrors> {
    ConfigLoader.load(text: Array(text.utf8), file: "/etc/headrace/site.yaml", readFile: readFile)
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
