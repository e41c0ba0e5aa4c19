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

/// Whole files, up to a size.
enum FileReader {
  @Sendable static func read(_ path: String, bytesMax: Int) -> Result<[UInt8], FileFailure> {
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
    let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
    let joined = folder + path
    return joined.hasPrefix("/") ? joined : "\(currentFolder())/\(joined)"
  }

  private static func currentFolder() -> String {
    guard let folder = getcwd(nil, 0) else { return "." }
    defer { free(folder) }
    return String(cString: folder)
  }
}
