/// The keys of all pools with a sticky cookie, by the pools' names.
///
/// Loaded at each start and reload, before anything is changed: a key that cannot be had stops
/// the start, or leaves the running config as it is.
struct StickyKeys: Equatable, Sendable {
  private(set) var keys: [String: [UInt8]] = [:]
  /// For the operator.
  private(set) var notes: [String] = []

  /// None of any pool.
  init() {}

  /// The keys that the config itself has: for `explain`, which reads no files.
  init(writtenIn config: Config) {
    for pool in config.pools where pool.sticky.isOn {
      if let key = pool.sticky.key { keys[pool.name] = Array(key.text.utf8) }
    }
  }

  /// All keys; files that do not exist are made.
  init(
    _ config: Config, variable: ConfigLoader.Variable = FileReader.environmentVariable
  ) throws(StickyKeyError) {
    self.init(writtenIn: config)
    var files: [String: [UInt8]] = [:]
    for pool in config.pools where pool.sticky.isOn && pool.sticky.key == nil {
      var file: KeyFile
      if let path = pool.sticky.keyFile {
        file = KeyFile(path: path)
      } else if let path = Self.defaultPath(variable) {
        file = KeyFile(path: path, makesFolders: true)
      } else {
        throw StickyKeyError(
          pool: pool.name,
          reason: "there is no place for a key file: STATE_DIRECTORY, XDG_STATE_HOME and HOME are "
            + "not set; write \"key\" or \"key_file\"")
      }
      if let key = files[file.path] {
        keys[pool.name] = key
        continue
      }
      do {
        let contents = try file.readOrMake()
        note(contents, file.path)
        files[file.path] = contents.key
        keys[pool.name] = contents.key
      } catch {
        throw StickyKeyError(pool: pool.name, reason: error.description)
      }
    }
  }

  private mutating func note(_ contents: KeyFile.Contents, _ path: String) {
    if contents.isNew { notes.append("made the key of sticky sessions: \(path)") }
    if contents.isOpenToOthers {
      notes.append("others may read or write the key of sticky sessions: chmod 600 \(path)")
    }
  }

  /// In the folder for state that systemd gives, or the user's (XDG Base Directory Specification).
  static func defaultPath(_ variable: ConfigLoader.Variable) -> String? {
    // systemd separates several folders by colons.
    if let folders = variable("STATE_DIRECTORY"),
      let folder = folders.split(separator: ":").first, folder.hasPrefix("/")
    {
      return "\(folder)/sticky.key"
    }
    if let folder = variable("XDG_STATE_HOME"), folder.hasPrefix("/") {
      return "\(folder)/headrace/sticky.key"
    }
    if let home = variable("HOME"), home.hasPrefix("/") {
      return "\(home)/.local/state/headrace/sticky.key"
    }
    return nil
  }
}

/// Why a pool cannot have its sticky cookie.
public struct StickyKeyError: Error, Equatable, Sendable, CustomStringConvertible {
  let pool: String
  let reason: String
  public var description: String { "sticky sessions of pool \(quoted(pool)): \(reason)" }
}
