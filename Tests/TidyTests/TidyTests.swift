import Testing

/// The rules of `Rules.swift`, applied to this repository.
@Suite("Tidy") struct TidyTests {
  private static let codeFolders = [
    "Sources", "Tests", "Fuzz", "Benchmarks", "Examples", "Package.swift",
  ]
  private static let codeEndings = [".swift", ".c", ".h"]
  /// Everything that people read and edit, but the Makefile, which needs tabs, and the licence.
  private static let textEndings =
    codeEndings + [".md", ".yaml", ".yml", ".json", ".py", ".lua", ".sh", ".html", ".txt"]

  private func swift(in folders: [String]) throws -> [SourceFile] {
    try Repository.files(in: folders, endings: [".swift"])
  }

  private func expectNone(_ violations: [Violation]) {
    for violation in violations { Issue.record("\(violation)") }
  }

  @Test("the files are found at all")
  func findsFiles() throws {
    #expect(try swift(in: ["Sources", "Tests"]).contains { $0.path.hasSuffix("/Rules.swift") })
    #expect(try Repository.paths(in: ["Package.swift"]) == ["Package.swift"])
  }

  @Test("lines are at most 100 characters long")
  func lineLength() throws {
    let files = try Repository.files(in: Self.codeFolders, endings: Self.codeEndings)
    expectNone(files.flatMap(Rules.lineLength))
  }

  @Test("no tabs, no white space at line ends, a line feed at the end")
  func whiteSpace() throws {
    // Golden configs are broken on purpose, white space included.
    let files = try Repository.files(in: [""], endings: Self.textEndings)
      .filter { !$0.path.contains("/Golden/") }
    expectNone(files.flatMap(Rules.whiteSpace))
  }

  @Test("files have at most 500 lines")
  func fileLength() throws {
    let files = try Repository.files(in: Self.codeFolders, endings: Self.codeEndings)
    expectNone(files.flatMap { Rules.fileLength($0) })
    for path in Rules.longFiles.keys {
      #expect(Repository.exists(path), "\(path) in longFiles does not exist")
    }
  }

  @Test("nothing is left unfinished")
  func unfinished() throws {
    let files = try Repository.files(in: Self.codeFolders, endings: Self.codeEndings)
    expectNone(files.flatMap(Rules.unfinished))
  }

  @Test("no file is a placeholder")
  func placeholders() throws {
    let paths = try Repository.paths(in: ["Sources", "Tests", "Fuzz"])
    expectNone(paths.compactMap(Rules.placeholder))
  }

  @Test("the data plane does without Foundation")
  func foundation() throws {
    expectNone(try swift(in: ["Sources"]).flatMap(Rules.foundation))
  }

  @Test("unsafe code and C stay in their folders")
  func unsafeCode() throws {
    expectNone(try swift(in: ["Sources"]).flatMap(Rules.unsafeCode))
    expectNone(try swift(in: ["Sources"]).flatMap(Rules.openSSL))
  }

  @Test("engines and decisions do no I/O and read no clock")
  func purity() throws {
    expectNone(try swift(in: ["Sources"]).flatMap(Rules.purity))
  }

  @Test("every top-level type has a doc comment")
  func documentedTypes() throws {
    let files =
      try swift(in: ["Sources"])
      + swift(in: ["Examples"]).filter {
        $0.path.contains("/Sources/")
      }
    expectNone(files.flatMap(Rules.documentedTypes))
  }

  @Test("links between documents lead somewhere")
  func links() throws {
    let pages = try Repository.files(in: [""], endings: [".md"])
    expectNone(
      pages.flatMap { page in
        Rules.links(page) { Rules.pagesToCome.contains($0) || Repository.exists($0) }
      })
  }
}
