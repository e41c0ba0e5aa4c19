import DataPlane
import Glibc
import Testing

@testable import ControlPlane

/// Keys of sticky cookies, and the tokens that are made with them.
@Suite struct StickyKeyTests {
  /// A folder of its own, gone after the body.
  private func withFolder(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/hr-key-XXXXXX".utf8CString)
    let made = mkdtemp(&template)
    try #require(made != nil)
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { system("rm -rf '\(folder)'") }
    try body(folder)
  }

  private func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o600) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode)
    _ = Glibc.write(file, bytes, bytes.count)
    fchmod(file, mode)
    close(file)
  }

  private func mode(_ path: String) -> mode_t {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
  }

  private func config(_ sticky: String) throws -> Config {
    try ConfigFixture.config(
      """
      listen: :8080
      routes: [{ to: app }]
      pools: { app: { backends: [127.0.0.1:1, 127.0.0.1:2], sticky: \(sticky) } }
      """)
  }

  // MARK: Tokens

  @Test("a token is the same for the same key, pool and address, and another for any other")
  func tokens() {
    let key = Array("0123456789abcdef".utf8)
    let other = Array("0123456789abcdeg".utf8)
    func make(_ key: [UInt8], _ pool: String, _ address: String) -> StickyToken {
      StickyToken.make(key: key, pool: pool, address: address)
    }
    let token = make(key, "app", "127.0.0.1:1")
    #expect(token == make(key, "app", "127.0.0.1:1"))
    let all = [
      token, make(other, "app", "127.0.0.1:1"), make(key, "api", "127.0.0.1:1"),
      make(key, "app", "127.0.0.1:2"), make(key, "app1", "27.0.0.1:1"),
    ]
    #expect(Set(all.map(text)).count == all.count)
    let letters = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    for token in all {
      #expect(text(token).count == 24 && text(token).allSatisfy(letters.contains))
    }
  }

  /// By what the data plane would write.
  private func text(_ token: StickyToken) -> String { token.description }

  @Test("tokens are HMAC-SHA256, by a value that OpenSSL's command line made")
  func value() {
    // printf 'headrace sticky 1|app|127.0.0.1:3000' |
    //   openssl dgst -sha256 -hmac 0123456789abcdef -binary | head -c 18 | base64
    let token = StickyToken.make(
      key: Array("0123456789abcdef".utf8), pool: "app", address: "127.0.0.1:3000")
    #expect(text(token) == "Yy2KriDX9TK8gv_vBH5NDOVO")
  }

  @Test("the test vector of RFC 4231, section 4.3")
  func hash() {
    let code = KeyedHash.sha256(Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8))
    let hex = code.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    #expect(hex == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
  }

  // MARK: Files

  @Test("a key file is made once, for its owner alone, and read from then on")
  func madeOnce() throws {
    try withFolder { folder in
      let config = try config("{ key_file: \(folder)/a.key }")
      let first = try StickyKeys(config)
      let again = try StickyKeys(config)
      #expect(first.keys["app"]?.count == 32 && first.keys == again.keys)
      #expect(mode("\(folder)/a.key") == 0o600)
      #expect(first.notes == ["made the key of sticky sessions: \(folder)/a.key"])
      #expect(again.notes.isEmpty)
      let other = try StickyKeys(self.config("{ key_file: \(folder)/b.key }"))
      #expect(other.keys != first.keys)
      let names = FileReader.list("\(folder)/*")
      #expect(names == ["\(folder)/a.key", "\(folder)/b.key"], "no drafts are left")
    }
  }

  @Test("many that start at the same time end up with one key")
  func race() async throws {
    var template = Array("/tmp/hr-key-XXXXXX".utf8CString)
    let made = mkdtemp(&template)
    try #require(made != nil)
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { system("rm -rf '\(folder)'") }
    let keys = await withTaskGroup(of: [UInt8].self) { group in
      for _ in 0..<8 {
        group.addTask { (try? KeyFile(path: "\(folder)/k").readOrMake().key) ?? [] }
      }
      return await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
    }
    let key = try KeyFile(path: "\(folder)/k").read()?.key
    #expect(keys.count == 1 && keys.first == key && key?.count == 32)
    #expect(FileReader.list("\(folder)/*") == ["\(folder)/k"], "no drafts are left")
  }

  @Test("a key file that is too short, too long, a folder or out of reach is an error")
  func badFiles() throws {
    try withFolder { folder in
      write(Array(repeating: 65, count: 15), to: "\(folder)/short")
      write(Array(repeating: 65, count: 4097), to: "\(folder)/long")
      write([], to: "\(folder)/empty")
      write(Array(repeating: 65, count: 16), to: "\(folder)/least")
      func problem(_ name: String) throws -> String {
        let config = try config("{ key_file: \(folder)/\(name) }")
        do {
          _ = try StickyKeys(config)
          return ""
        } catch {
          return "\(error)"
        }
      }
      let start = "sticky sessions of pool \"app\": "
      let expected = [
        ("short", "the key file \"\(folder)/short\" must have 16 to 4096 bytes, not 15"),
        ("empty", "the key file \"\(folder)/empty\" must have 16 to 4096 bytes, not 0"),
        ("long", "cannot read the key file \"\(folder)/long\": it is larger than 4KiB"),
        (".", "cannot read the key file \"\(folder)/.\": it is not a regular file"),
        ("none/key", "cannot make the key file \"\(folder)/none/key\": No such file or directory"),
      ]
      for (name, text) in expected {
        let found = try problem(name)
        #expect(found == start + text)
      }
      let least = try problem("least")
      #expect(least == "")
    }
  }

  @Test("a key that others may read is used, with a word of warning")
  func openKey() throws {
    try withFolder { folder in
      write(Array(repeating: 65, count: 32), to: "\(folder)/key", mode: 0o644)
      let keys = try StickyKeys(config("{ key_file: \(folder)/key }"))
      #expect(keys.keys["app"]?.count == 32)
      #expect(
        keys.notes == [
          "others may read or write the key of sticky sessions: chmod 600 \(folder)/key"
        ])
      // The service's group may have to read it.
      chmod("\(folder)/key", 0o640)
      let fine = try StickyKeys(config("{ key_file: \(folder)/key }"))
      #expect(fine.notes.isEmpty)
    }
  }

  @Test("the default place is the folder for state, and its folders are made")
  func defaultPlace() throws {
    func path(_ variables: [String: String]) -> String? {
      StickyKeys.defaultPath { variables[$0] }
    }
    #expect(path([:]) == nil)
    #expect(path(["HOME": "/h"]) == "/h/.local/state/headrace/sticky.key")
    #expect(path(["HOME": "/h", "XDG_STATE_HOME": "/x"]) == "/x/headrace/sticky.key")
    #expect(path(["HOME": "/h", "XDG_STATE_HOME": ""]) == "/h/.local/state/headrace/sticky.key")
    #expect(path(["XDG_STATE_HOME": "/x", "STATE_DIRECTORY": "/s:/t"]) == "/s/sticky.key")
    #expect(path(["HOME": "relative"]) == nil)
    try withFolder { folder in
      let keys = try StickyKeys(config("on"), variable: { $0 == "HOME" ? folder : nil })
      let file = "\(folder)/.local/state/headrace/sticky.key"
      #expect(keys.notes == ["made the key of sticky sessions: \(file)"])
      #expect(mode(file) == 0o600 && mode("\(folder)/.local/state/headrace") == 0o700)
    }
    let homeless = try config("on")
    #expect(throws: StickyKeyError.self) { try StickyKeys(homeless, variable: { _ in nil }) }
  }

  @Test("a key in the config needs no file, and pools without sticky need no key")
  func written() throws {
    let keys = try StickyKeys(config("{ key: 0123456789abcdef }"), variable: { _ in nil })
    #expect(keys.keys == ["app": Array("0123456789abcdef".utf8)] && keys.notes.isEmpty)
    let none = try StickyKeys(config("off"), variable: { _ in nil })
    #expect(none == StickyKeys())
  }

  // MARK: What is shown

  @Test("the key is in no listing, however it is printed")
  func hidden() throws {
    let text = ConfigFixture.complete("").replacing(
      "app: [127.0.0.1:3000]",
      with: "app: { backends: [127.0.0.1:3000], sticky: { key: ThisIsTheSecret! } }")
    let loaded = try ConfigFixture.load(text).get()
    let other = try ConfigFixture.config(text.replacing("Secret!", with: "Secret?"))
    let setting = loaded.settings.first { $0.path == "pools.app.sticky.key" }
    #expect(setting?.value == "(hidden)")
    let diff = ConfigDiff(from: loaded.config, to: other)
    #expect(
      diff.texts(.changes) == [
        "pool \"app\": sticky.key is another one, so all clients are bound anew"
      ])
    let request = try ExplainRequest(url: "/")
    let explanation = Explanation(loaded.config, request)
    var printed = "\(loaded.config)\(loaded.settings)\(diff)\(diff.json)\(explanation.text())"
    printed += explanation.json
    dump(loaded.config, to: &printed)
    debugPrint(loaded.config, to: &printed)
    #expect(!printed.contains("ThisIsTheSecret"))
    #expect(explanation.text().contains("sticky: no known cookie \"headrace\""))
  }

  @Test("explain says which backend a cookie binds to, when the config has the key")
  func explained() throws {
    let loaded = try config("{ key: 0123456789abcdef }")
    let token = StickyToken.make(
      key: Array("0123456789abcdef".utf8), pool: "app", address: "127.0.0.1:2")
    let request = try ExplainRequest(headers: ["Cookie: a=b; headrace=\(token)"], url: "/")
    let text = Explanation(loaded, request).text()
    #expect(text.contains("sticky: bound by cookie \"headrace\" to 127.0.0.1:2\n"))
    let unread = Explanation(try config("on"), request).text()
    #expect(unread.contains("whose key is in a file that is not read here"))
  }

  @Test("attributes of the cookie")
  func attributes() throws {
    func attributes(_ options: String) throws -> String {
      try config(options).pools[0].sticky.attributes
    }
    let all = try attributes(
      "{ path: /a, domain: b.c, max_age: 2h, secure: true, same_site: none, http_only: false }")
    let (defaults, strict) = (try attributes("on"), try attributes("{ same_site: strict }"))
    #expect(defaults == "; Path=/; HttpOnly; SameSite=Lax")
    #expect(all == "; Path=/a; Domain=b.c; Max-Age=7200; Secure; SameSite=None")
    #expect(strict.hasSuffix("SameSite=Strict"))
  }
}
