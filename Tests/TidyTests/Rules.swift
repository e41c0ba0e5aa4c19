import Foundation

/// The house rules as pure functions: a file in, what breaks the rule out.
///
/// The lists of folders and exceptions are at the top; change them there, in the commit that needs
/// it. `RuleTests` shows that each rule can fail; `TidyTests` applies them to the repository.
enum Rules {
  /// The only folders with unsafe code and C: few, small files, each use with its reason.
  static let unsafeFolders = [
    "Sources/DataPlane/Runtime/", "Sources/DataPlane/System/",
    "Sources/DataPlane/Telemetry/", "Sources/DataPlane/Snapshot/", "Sources/DataPlane/Storage/",
    "Sources/DataPlane/TLS/",
    "Sources/ControlPlane/System/",
  ]

  /// The only folders that call OpenSSL: TLS, and what the control plane has made for the data
  /// plane to look up.
  static let openSSLFolders = ["Sources/DataPlane/TLS/", "Sources/ControlPlane/System/"]

  /// Bytes, tables and time go in, decisions come out: no I/O, no clock, no randomness of its own.
  static let pureFolders = [
    "Sources/DataPlane/HTTP1/", "Sources/DataPlane/Routing/",
    "Sources/DataPlane/Balancing/", "Sources/DataPlane/Limits/",
    "Sources/DataPlane/Resilience/", "Sources/DataPlane/Caching/",
    "Sources/DataPlane/ProxyProtocol/",
  ]

  static let lineLengthMax = 100
  static let fileLengthMax = 500

  /// Files that may be longer than `fileLengthMax`, with the lines that they may have. An entry
  /// that is no longer needed fails the test.
  static let longFiles: [String: Int] = [:]

  /// Stand-ins of the package skeleton. Remove the entry with the file.
  static let placeholders: Set<String> = []

  /// Pages that are linked but still to be written. Remove the entry with the page's commit.
  static let pagesToCome: Set<String> = []

  // MARK: Text

  static func lineLength(_ file: SourceFile) -> [Violation] {
    file.lines.enumerated().compactMap { index, line in
      line.count <= lineLengthMax
        ? nil
        : Violation(
          path: file.path, line: index + 1,
          problem: "\(line.count) characters, \(lineLengthMax) are allowed")
    }
  }

  static func whiteSpace(_ file: SourceFile) -> [Violation] {
    var found: [Violation] = []
    for (index, line) in file.lines.enumerated() {
      func add(_ problem: String) {
        found.append(Violation(path: file.path, line: index + 1, problem: problem))
      }
      if line.unicodeScalars.contains("\r") { add("carriage return") }
      if line.contains("\t") { add("tab") }
      if line.last == " " { add("white space at the end") }
    }
    if !file.text.isEmpty && !file.text.hasSuffix("\n") {
      found.append(
        Violation(path: file.path, line: file.lines.count, problem: "no line feed at the end"))
    }
    return found
  }

  static func fileLength(
    _ file: SourceFile, exceptions: [String: Int] = longFiles
  ) -> [Violation] {
    let count = file.lines.count
    let limit = exceptions[file.path] ?? fileLengthMax
    if count > limit {
      return [
        Violation(path: file.path, line: count, problem: "\(count) lines, \(limit) are allowed")
      ]
    }
    if exceptions[file.path] != nil && count <= fileLengthMax {
      return [
        Violation(path: file.path, line: count, problem: "needs no exception in longFiles now")
      ]
    }
    return []
  }

  /// Unfinished work is finished or written into an issue, not left in the code.
  static func unfinished(_ file: SourceFile) -> [Violation] {
    let marks: Set<Substring> = ["TO" + "DO", "FIX" + "ME", "X" + "XX"]
    let trap = "fatal" + "Error(\"to" + "do"
    return file.lines.enumerated().compactMap { index, line in
      let mark = SwiftCode.words(String(line)).first { marks.contains($0) }
      guard mark != nil || line.lowercased().contains(trap.lowercased()) else { return nil }
      return Violation(
        path: file.path, line: index + 1, problem: "unfinished: \(mark ?? "a trap")")
    }
  }

  static func placeholder(_ path: String) -> Violation? {
    let name = path.split(separator: "/").last ?? ""
    guard name.hasPrefix("Placeholder"), !placeholders.contains(path) else { return nil }
    return Violation(path: path, line: 1, problem: "a placeholder: remove it")
  }

  // MARK: Planes and folders

  /// Foundation brings reference counts, hidden allocations and 40 MB; the data plane has none.
  static func foundation(_ file: SourceFile) -> [Violation] {
    guard file.isIn(["Sources/DataPlane/"]) else { return [] }
    return SwiftCode(file.text).imports
      .filter { $0.module.hasPrefix("Foundation") }
      .map { Violation(path: file.path, line: $0.line, problem: "imports \($0.module)") }
  }

  static func openSSL(_ file: SourceFile) -> [Violation] {
    guard file.isIn(["Sources/"]), !file.isIn(openSSLFolders) else { return [] }
    return SwiftCode(file.text).imports
      .filter { $0.module == "COpenSSL" }
      .map {
        Violation(
          path: file.path, line: $0.line,
          problem: "imports COpenSSL outside of \(openSSLFolders.joined(separator: ", "))")
      }
  }

  static func unsafeCode(_ file: SourceFile) -> [Violation] {
    guard file.isIn(["Sources/"]), !file.isIn(unsafeFolders),
      !placeholders.contains(file.path)
    else { return [] }
    let code = SwiftCode(file.text)
    var found = code.imports
      .filter { $0.module == "CLinux" || $0.module == "CZlib" }
      .map { Violation(path: file.path, line: $0.line, problem: "imports \($0.module)") }
    for (index, line) in code.lines.enumerated() {
      for word in SwiftCode.words(line) where isUnsafe(word) {
        found.append(
          Violation(
            path: file.path, line: index + 1,
            problem: "\(word) belongs into \(unsafeFolders.joined(separator: ", "))"))
      }
    }
    return found
  }

  private static func isUnsafe(_ word: Substring) -> Bool {
    word == "unsafe" || word == "OpaquePointer" || word == "Unmanaged"
      || word.hasPrefix("Unsafe") || word.hasPrefix("unsafe") || word.hasPrefix("withUnsafe")
  }

  static func purity(_ file: SourceFile) -> [Violation] {
    guard file.isIn(pureFolders) else { return [] }
    let code = SwiftCode(file.text)
    let outside: Set<String> = ["CLinux", "Glibc", "Musl", "Dispatch", "Foundation", "System"]
    var found = code.imports
      .filter { outside.contains($0.module) }
      .map { Violation(path: file.path, line: $0.line, problem: "imports \($0.module)") }
    for (index, line) in code.lines.enumerated() {
      for word in impureWords(line) {
        found.append(
          Violation(path: file.path, line: index + 1, problem: "\(word) in a pure folder"))
      }
    }
    return found
  }

  /// What reads a clock, draws randomness, waits or does I/O in this line.
  private static func impureWords(_ line: String) -> [Substring] {
    let banned: Set<Substring> = [
      "ContinuousClock", "SuspendingClock", "clock_gettime", "Date",
      "SystemRandomNumberGenerator", "getrandom", "arc4random",
      "print", "readLine", "FileHandle", "FileManager", "Thread", "Task",
    ]
    // These take a generator that the caller passes in; without one they draw from the system's.
    let drawing: Set<Substring> = ["random", "randomElement", "shuffle", "shuffled"]
    let words = SwiftCode.words(line)
    let passesGenerator = words.contains("using")
    return words.filter { word in
      banned.contains(word) || word.hasPrefix("hr_")
        || (drawing.contains(word) && !passesGenerator && line.contains(".\(word)("))
    }
  }

  // MARK: Documentation

  /// Every type at the top level says what it is for.
  static func documentedTypes(_ file: SourceFile) -> [Violation] {
    let code = SwiftCode(file.text).lines
    let raw = file.text.split(separator: "\n", omittingEmptySubsequences: false)
    var found: [Violation] = []
    var depth = 0
    for (index, line) in code.enumerated() {
      if depth == 0, let name = declaredType(line), !isDocumented(raw, at: index) {
        found.append(
          Violation(path: file.path, line: index + 1, problem: "\(name) has no doc comment"))
      }
      for character in line.utf8 {
        if character == UInt8(ascii: "{") { depth += 1 }
        if character == UInt8(ascii: "}") { depth -= 1 }
      }
    }
    return found
  }

  /// The name, if the line declares a type. `class func` and the like do not.
  private static func declaredType(_ line: String) -> Substring? {
    let kinds: Set<Substring> = ["struct", "class", "enum", "actor", "protocol"]
    let words = SwiftCode.words(line)
    guard let at = words.firstIndex(where: { kinds.contains($0) }), at + 1 < words.count else {
      return nil
    }
    let before: Set<Substring> = [
      "public", "package", "internal", "fileprivate", "private", "open", "final", "indirect",
      "nonisolated",
    ]
    // What stands before the kind is modifiers and attributes (`@main`), nothing else.
    let isDeclaration = words[..<at].allSatisfy { word in
      before.contains(word) || line.contains("@\(word)")
    }
    return isDeclaration ? words[at + 1] : nil
  }

  private static func isDocumented(_ lines: [Substring], at index: Int) -> Bool {
    var above = index - 1
    while above >= 0 {
      let line = lines[above].drop { $0 == " " }
      if line.hasPrefix("///") || line.hasSuffix("*/") { return true }
      guard line.hasPrefix("@") || line.hasPrefix("#if") else { return false }
      above -= 1
    }
    return false
  }

  /// Links to files of the repository, outside of code, lead somewhere.
  static func links(_ file: SourceFile, exists: (String) -> Bool) -> [Violation] {
    var found: [Violation] = []
    var isCode = false
    for (index, line) in file.lines.enumerated() {
      if line.drop(while: { $0 == " " }).hasPrefix("```") { isCode.toggle() }
      if isCode { continue }
      for target in linkTargets(String(line)) {
        guard let path = localPath(target, from: file.path), !exists(path) else { continue }
        found.append(
          Violation(path: file.path, line: index + 1, problem: "no file \(path) (\(target))"))
      }
    }
    return found
  }

  /// `[text](target)`, also for images; not between back-quotes.
  private static func linkTargets(_ line: String) -> [String] {
    let prose = line.split(separator: "`", omittingEmptySubsequences: false).enumerated()
      .map { $0.offset.isMultiple(of: 2) ? String($0.element) : "code" }.joined()
    return prose.components(separatedBy: "](").dropFirst().compactMap { rest in
      rest.firstIndex(of: ")").map { String(rest[..<$0]) }
    }
  }

  /// The path from the root, or nil for a link to another site or within the page.
  private static func localPath(_ target: String, from path: String) -> String? {
    let file = target.split(separator: "#", omittingEmptySubsequences: false).first ?? ""
    guard !file.isEmpty, !file.contains("://"), !file.hasPrefix("mailto:") else { return nil }
    var parts = file.hasPrefix("/") ? [] : path.split(separator: "/").dropLast()
    for part in file.split(separator: "/") where part != "." {
      if part == ".." {
        guard !parts.isEmpty else { return "outside of the repository" }
        parts.removeLast()
      } else {
        parts.append(part)
      }
    }
    return parts.joined(separator: "/")
  }
}
