import Glibc

/// Files that come into being complete or not at all. Blocking calls.
enum NewFile {
  /// Why there is none. Its description names the file.
  struct Failure: Error, Equatable, CustomStringConvertible {
    let description: String
    var exists = false
  }

  static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  /// - Parameter replaces: whether a file of that name gives way.
  static func write(
    _ bytes: [UInt8], to path: String, mode: mode_t, replaces: Bool
  ) throws(Failure) {
    let draft = "\(path).\(UInt64.random(in: .min ... .max)).new"
    let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard file >= 0 else { throw failure(path, errno) }
    defer { unlink(draft) }
    let written = Glibc.write(file, bytes, bytes.count)
    let problem =
      written < 0 ? errno : written < bytes.count ? ENOSPC : fsync(file) < 0 ? errno : 0
    close(file)
    guard problem == 0 else { throw failure(path, problem) }
    guard (replaces ? rename(draft, path) : link(draft, path)) == 0 else {
      throw failure(path, errno)
    }
  }

  private static func failure(_ path: String, _ reason: Int32) -> Failure {
    Failure(
      description: "cannot write \(quoted(path)): \(String(cString: strerror(reason)))",
      exists: reason == EEXIST)
  }
}
