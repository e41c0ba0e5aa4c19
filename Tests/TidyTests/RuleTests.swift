import Testing

/// Each rule can fail, and does not fail on what is right: a checker that finds nothing proves
/// nothing.
@Suite("Tidy rules") struct RuleTests {
  private func file(_ text: String, at path: String = "Sources/DataPlane/HTTP1/A.swift")
    -> SourceFile
  { SourceFile(path: path, text: text) }

  @Test("line length counts characters")
  func lineLength() {
    let long = String(repeating: "é", count: 101)
    #expect(Rules.lineLength(file("ok\n\(long)\n")).map(\.line) == [2])
    #expect(Rules.lineLength(file("\(long.dropLast())\n")).isEmpty)
  }

  @Test(
    "white space",
    arguments: [
      ("a\tb\n", ["tab"]), ("a \n", ["white space at the end"]), ("a\r\nb\n", ["carriage return"]),
      ("a", ["no line feed at the end"]), ("a\n", []), ("", []), ("  a b\n\n", []),
    ])
  func whiteSpace(text: String, problems: [String]) {
    #expect(Rules.whiteSpace(file(text)).map(\.problem) == problems)
  }

  @Test("file length, with exceptions that must be needed")
  func fileLength() {
    let path = "Sources/DataPlane/HTTP1/A.swift"
    let long = file(String(repeating: "x\n", count: 501))
    #expect(Rules.fileLength(long, exceptions: [:]).count == 1)
    #expect(Rules.fileLength(long, exceptions: [path: 600]).isEmpty)
    #expect(Rules.fileLength(long, exceptions: [path: 500]).count == 1)
    #expect(Rules.fileLength(file("x\n"), exceptions: [path: 600]).count == 1)
    let full = file(String(repeating: "x\n", count: 500))
    #expect(Rules.fileLength(full, exceptions: [:]).isEmpty)
  }

  @Test(
    "unfinished work",
    arguments: [
      ("// TO" + "DO: later\n", 1), ("let a = 1  // FIX" + "ME\n", 1), ("X" + "XX\n", 1),
      ("fatal" + "Error(\"To" + "do\")\n", 1), ("let todos = 1\n", 0),
      ("mkstemp(\"/tmp/hrXXXXXX\")\n", 0),
    ])
  func unfinished(text: String, count: Int) {
    #expect(Rules.unfinished(file(text)).count == count)
  }

  @Test("placeholders")
  func placeholder() {
    #expect(Rules.placeholder("Sources/Other/Placeholder.swift") != nil)
    #expect(Rules.placeholder("Sources/Other/PlaceholderTests.swift") != nil)
    #expect(Rules.placeholder("Sources/Other/Real.swift") == nil)
    for path in Rules.placeholders { #expect(Rules.placeholder(path) == nil) }
  }

  @Test(
    "Foundation in the data plane",
    arguments: [
      "import Foundation", "public import FoundationEssentials",
      "@preconcurrency import Foundation", "import struct Foundation.Date",
    ])
  func foundation(line: String) {
    #expect(Rules.foundation(file("import CLinux\n\(line)\n")).map(\.line) == [2])
    #expect(Rules.foundation(file("\(line)\n", at: "Sources/ControlPlane/A.swift")).isEmpty)
    #expect(Rules.foundation(file("// \(line)\n")).isEmpty)
  }

  @Test("OpenSSL outside of its folder")
  func openSSL() {
    let text = "import COpenSSL\n"
    for path in ["Sources/DataPlane/Runtime/A.swift", "Sources/ControlPlane/Reload/A.swift"] {
      #expect(Rules.openSSL(file(text, at: path)).map(\.line) == [1])
    }
    #expect(Rules.openSSL(file(text, at: "Sources/ControlPlane/System/A.swift")).isEmpty)
  }

  @Test(
    "unsafe code outside of its folders",
    arguments: [
      "let a = unsafe b()", "var p: UnsafePointer<UInt8>", "a.withUnsafeBytes { _ in }",
      "import CLinux", "nonisolated(unsafe) var a = 1", "unsafeBitCast(a, to: Int.self)",
      "let p: OpaquePointer? = nil", "@unsafe func f() {}",
    ])
  func unsafeCode(line: String) {
    for path in ["Sources/DataPlane/HTTP1/A.swift", "Sources/ControlPlane/Admin/A.swift"] {
      #expect(Rules.unsafeCode(file("\n\(line)\n", at: path)).map(\.line) == [2])
    }
    for folder in Rules.unsafeFolders {
      #expect(Rules.unsafeCode(file("\(line)\n", at: folder + "A.swift")).isEmpty)
    }
    #expect(Rules.unsafeCode(file("/* \(line) */ let a = \"\(line)\"\n")).isEmpty)
  }

  @Test(
    "I/O, clocks and randomness in pure folders",
    arguments: [
      "import Glibc", "import CLinux", "let n = hr_recv(fd)", "let t = ContinuousClock.now",
      "let i = Int.random(in: 0..<3)", "var g = SystemRandomNumberGenerator()",
      "let b = list.randomElement()", "print(a)", "import Dispatch",
    ])
  func purity(line: String) {
    for folder in Rules.pureFolders {
      #expect(Rules.purity(file("\n\(line)\n", at: folder + "A.swift")).map(\.line) == [2])
    }
    #expect(Rules.purity(file("\(line)\n", at: "Sources/DataPlane/Runtime/A.swift")).isEmpty)
  }

  @Test(
    "what pure folders may do",
    arguments: [
      "let i = Int.random(in: 0..<3, using: &generator)", "func choose(now: UInt64) {}",
      "// the Date header", "case date = \"Date\"", "let random: UInt64",
    ])
  func pureEnough(line: String) { #expect(Rules.purity(file("\(line)\n")).isEmpty) }

  @Test(
    "types without a doc comment",
    arguments: [
      "struct A {}", "public final class A {}", "enum A: Int { case a }", "@main struct A {}",
      "// plain\nstruct A {}", "import B\n\npublic protocol A {}", "@frozen\npublic struct A {}",
      "/// About B.\nlet b = 1\nactor A {}",
    ])
  func undocumented(text: String) {
    #expect(Rules.documentedTypes(file("\(text)\n")).map(\.problem) == ["A has no doc comment"])
  }

  @Test(
    "types with a doc comment, and what is no type",
    arguments: [
      "/// What it is for.\nstruct A {}", "/// What.\n@frozen\npublic struct A {}",
      "/** What. */\nenum A {}", "extension A {\n  struct B {}\n}", "let class_ = 1",
      "func f() {\n  struct B {}\n}", "// a struct Foo here", "let s = \"struct A\"",
    ])
  func documented(text: String) {
    #expect(Rules.documentedTypes(file("\(text)\n")).isEmpty)
  }

  @Test("links")
  func links() {
    let page = file(
      """
      [ok](../README.md#start), [site](https://example.com/x), [here](#part), `[no](code.md)`
      [gone](gone.md) and [far](../../../etc/passwd)
      ```
      [no](link.md)
      ```

      """, at: "docs/guide.md")
    let found = Rules.links(page) { $0 == "README.md" }
    #expect(
      found.map(\.problem) == [
        "no file docs/gone.md (gone.md)",
        "no file outside of the repository (../../../etc/passwd)",
      ])
  }

  @Test(
    "only code is left of a Swift file",
    arguments: [
      ("a // b\nc", "a     \nc"), ("a /* b /* c */ d */ e", "a                   e"),
      ("f(\"x\\\"y\", z)", "f(      , z)"), ("f(#\"x\"y\"#, z)", "f(       , z)"),
      ("\"\\(g(\"x\"))\" + b", "            + b"), ("\"\"\"\n\" x\n\"\"\" b", "   \n   \n    b"),
    ])
  func swiftCode(text: String, code: String) {
    #expect(SwiftCode(text).lines.joined(separator: "\n") == code)
  }
}
