import Glibc

/// A file with a random key: read, or made when it does not exist.
///
/// It comes into being complete or not at all, so two processes that start at the same time end up
/// with one key. Blocking calls; the control plane's threads.
struct KeyFile {
  /// Bytes that a key may have.
  static let sizes = 16...4096
  /// Bytes of a key that is made here.
  static let newBytes = 32

  /// Why there is no key. Its description names the file.
  struct Failure: Error, Equatable, CustomStringConvertible {
    let description: String
  }

  /// What was found or made.
  struct Contents: Equatable {
    var key: [UInt8]
    var isNew = false
    /// Its group may write it, or all others read or write it.
    var isOpenToOthers = false
  }

  let path: String
  /// Folders that are missing are made, for their owner alone.
  var makesFolders = false

  func readOrMake() throws(Failure) -> Contents {
    if let contents = try read() { return contents }
    if makesFolders { makeFolders() }
    let key = (0..<Self.newBytes).map { _ in UInt8.random(in: .min ... .max) }
    if try make(key) { return Contents(key: key, isNew: true) }
    // Another process was faster.
    if let contents = try read() { return contents }
    throw Failure(description: "the key file \(quoted(path)) comes and goes")
  }

  /// - Returns: nil when there is no such file.
  func read() throws(Failure) -> Contents? {
    switch FileReader.read(path, bytesMax: Self.sizes.upperBound) {
    case .failure(.system(ENOENT)): return nil
    case .failure(let failure):
      throw Failure(description: "cannot read the key file \(quoted(path)): \(failure)")
    case .success(let key):
      guard Self.sizes.contains(key.count) else {
        throw Failure(
          description: "the key file \(quoted(path)) must have \(Self.sizes.lowerBound) to "
            + "\(Self.sizes.upperBound) bytes, not \(key.count)")
      }
      var status = stat()
      let isOpen = stat(path, &status) == 0 && status.st_mode & 0o027 != 0
      return Contents(key: key, isOpenToOthers: isOpen)
    }
  }

  /// False when there is such a file by now.
  private func make(_ key: [UInt8]) throws(Failure) -> Bool {
    // Not by the process's id: in containers that share the folder it is the same.
    let draft = "\(path).\(UInt64.random(in: .min ... .max)).new"
    let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw failure(errno) }
    defer { unlink(draft) }
    let written = write(file, key, key.count)
    let problem = written < 0 ? errno : written < key.count ? ENOSPC : fsync(file) < 0 ? errno : 0
    close(file)
    guard problem == 0 else { throw failure(problem) }
    if link(draft, path) == 0 { return true }
    let reason = errno
    guard reason == EEXIST else { throw failure(reason) }
    return false
  }

  private func failure(_ reason: Int32) -> Failure {
    Failure(
      description: "cannot make the key file \(quoted(path)): \(String(cString: strerror(reason)))")
  }

  /// What cannot be made shows when the file is.
  private func makeFolders() {
    var folder = ""
    for part in path.split(separator: "/").dropLast() {
      folder += "/\(part)"
      mkdir(folder, 0o700)
    }
  }
}
