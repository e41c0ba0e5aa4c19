import Glibc

/// Why a file could not be read; its description continues "cannot read the file: ".
public enum FileFailure: Error, Equatable, Sendable, CustomStringConvertible {
  case notRegular
  case tooLarge(bytesMax: Int)
  case system(errno: Int32)

  public var description: String {
    switch self {
    case .notRegular: return "it is not a regular file"
    case .tooLarge(let bytesMax): return "it is larger than \(SizeText.format(Int64(bytesMax)))"
    case .system(let errno): return String(cString: strerror(errno))
    }
  }
}

/// What the loader asks the system for: whole files up to a size, files by a pattern, variables of
/// the environment.
public enum FileReader {
  @Sendable public static func environmentVariable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  /// As glob(3), sorted by name.
  @Sendable public static func list(_ pattern: String) -> [String] {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(pattern, 0, nil, &found) == 0 else { return [] }
    return (0..<Int(found.gl_pathc)).compactMap { index in
      found.gl_pathv[index].map { String(cString: $0) }
    }.sorted()
  }

  @Sendable public static func read(
    _ path: String, bytesMax: Int
  ) -> Result<[UInt8], FileFailure> {
    // A named pipe without a writer would block an open without O_NONBLOCK.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return .failure(.system(errno: errno)) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { return .failure(.system(errno: errno)) }
    guard status.st_mode & S_IFMT == S_IFREG else { return .failure(.notRegular) }
    return read(file, bytesMax: bytesMax)
  }

  /// To the end, whatever size the file had at first: it may grow while it is read.
  private static func read(_ file: Int32, bytesMax: Int) -> Result<[UInt8], FileFailure> {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = Glibc.read(file, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count < 0 { return .failure(.system(errno: errno)) }
      if count == 0 { return .success(bytes) }
      bytes += buffer[..<count]
      if bytes.count > bytesMax { return .failure(.tooLarge(bytesMax: bytesMax)) }
    }
  }
}

/// Paths as text, without touching the files.
enum FilePath {
  /// `path` against the folder of `file`, made absolute.
  static func resolve(_ path: String, besides file: String) -> String {
    if path.hasPrefix("/") { return path }
    let joined = folder(of: file) + path
    return joined.hasPrefix("/") ? joined : "\(currentFolder())/\(joined)"
  }

  /// With the slash at its end; empty for a file in the current folder.
  static func folder(of file: String) -> String {
    file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
  }

  /// Absolute, without `.` and `..`: to tell whether two paths are of one file.
  static func identity(_ path: String) -> String {
    let absolute = path.hasPrefix("/") ? path : "\(currentFolder())/\(path)"
    var parts: [Substring] = []
    for part in absolute.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  /// Characters that a pattern would not take as they are, behind a backslash.
  static func escaped(_ path: String) -> String {
    String(path.flatMap { "*?[\\".contains($0) ? ["\\", $0] : [$0] })
  }

  private static func currentFolder() -> String {
    guard let folder = getcwd(nil, 0) else { return "." }
    defer { free(folder) }
    return String(cString: folder)
  }
}
