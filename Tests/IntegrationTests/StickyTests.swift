import Foundation
import Testing

@Suite("Sticky sessions") struct StickyTests {
  static let key = "key: an-old-key-of-32-bytes-in-hexadec"

  static func config(
    _ sticky: String = key, pool: String = "", backends: String = "'$0', '$1', '$2'",
    workers: Int = 1, extra: String = ""
  ) -> String {
    """
    listen: 127.0.0.1:0
    workers: \(workers)
    routes: [{ to: app }]
    pools:
      app: { backends: [\(backends)], sticky: { \(sticky) } \(pool) }
    \(extra)

    """
  }

  /// Says its name, which the test gives it.
  static func app(_ name: String, _ fields: String...) -> Origin.Script {
    .serving { request, _ in
      let text = request.method == "HEAD" ? "" : name
      return head(["HTTP/1.1 200 OK", "Content-Length: \(name.utf8.count)"] + fields) + text
    }
  }

  /// A request without a cookie: who answered, and the cookie that was given.
  func begin(_ scene: Scene) throws -> (name: String, cookie: String) {
    try begin(at: scene.proxy)
  }

  func begin(at proxy: Proxy) throws -> (name: String, cookie: String) {
    let client = try proxy.client()
    let response = try client.exchange(get())
    #expect(response.status == 200)
    return (response.text, try cookie(of: response))
  }

  /// `name=token` of the only cookie that was set.
  func cookie(of response: Message) throws -> String {
    let all = response.all("Set-Cookie")
    #expect(all.count == 1)
    return String(try #require(all.last).prefix { $0 != ";" })
  }

  func with(_ cookie: String) -> String { get("/", "Cookie: \(cookie)") }

  @Test(
    "a client with the cookie stays with its backend, whatever the strategy",
    arguments: [
      "round_robin", "weighted_round_robin", "random", "least_connections", "two_choices",
      "peak_ewma", "ip_hash", "{ hash: path }",
    ])
  func stays(strategy: String) throws {
    let config = Self.config(pool: ", strategy: \(strategy)")
    try withScene(Self.app("a"), Self.app("b"), Self.app("c"), config: config) { scene in
      let sessions = try (0..<3).map { _ in try begin(scene) }
      // The others choose by chance or by key.
      let takesTurns = strategy.hasSuffix("robin") || strategy == "least_connections"
      if takesTurns { #expect(Set(sessions.map(\.name)) == ["a", "b", "c"]) }
      #expect(Set(sessions.map(\.cookie)).count == Set(sessions.map(\.name)).count)
      for number in 0..<51 {
        let session = sessions[number % 3]
        let response = try scene.exchange(with(session.cookie))
        #expect(response.text == session.name)
        #expect(response["Set-Cookie"] == nil)
      }
      // The strategy goes on for others.
      let others = try (0..<3).map { _ in try begin(scene).name }
      if takesTurns { #expect(Set(others) == ["a", "b", "c"]) }
    }
  }

  @Test("POST, HEAD, HTTP/1.0, keep-alive and bodies are bound alike")
  func kinds() throws {
    try withScene(Self.app("a"), Self.app("b"), Self.app("c"), config: Self.config()) { scene in
      let (name, cookie) = try begin(scene)
      let field = "Cookie: \(cookie)"
      for _ in 0..<4 {
        #expect(try scene.exchange(post("/", field, body: "x")).text == name)
        #expect(try scene.exchange(head("GET / HTTP/1.0", field)).text == name)
        let response = try scene.exchange(head("HEAD / HTTP/1.1", "Host: a", field))
        #expect(response.status == 200 && response["Set-Cookie"] == nil)
      }
      // HEAD and HTTP/1.0 clients are given the cookie, too.
      let first = try scene.exchange(head("HEAD / HTTP/1.1", "Host: a"))
      let second = try scene.exchange(head("GET / HTTP/1.0"))
      #expect(first.all("Set-Cookie").count == 1 && second.all("Set-Cookie").count == 1)
      // One connection, other clients behind it: each request counts for itself.
      let client = try scene.client()
      for _ in 0..<6 {
        let bound = try client.exchange(with(cookie))
        let free = try client.exchange(get())
        #expect(bound.text == name && bound["Set-Cookie"] == nil)
        #expect(free.all("Set-Cookie").count == 1)
      }
      // The app sees the cookie as it came.
      let seen = scene.origins.flatMap(\.requests).filter { $0["Cookie"] != nil }
      #expect(!seen.isEmpty && seen.allSatisfy { $0["Cookie"] == cookie })
    }
  }

  @Test("the cookie among others, in several fields, quoted")
  func cookies() throws {
    try withScene(Self.app("a"), Self.app("b"), Self.app("c"), config: Self.config()) { scene in
      let (name, cookie) = try begin(scene)
      let token = cookie.dropFirst("headrace=".count)
      let requests = [
        with("x=1; \(cookie); y=2"), with("x=\(token);\(cookie)"), with("headrace=\"\(token)\""),
        get("/", "Cookie: x=1", "Accept: */*", "cookie: \(cookie)"),
        with("headrace=nonsense; \(cookie)"), with("headrace=; \(cookie)"),
      ]
      for request in requests + requests {
        let response = try scene.exchange(request)
        #expect(response.text == name && response["Set-Cookie"] == nil, "\(request)")
      }
    }
  }

  @Test("forged and garbled cookies bind nobody, and are replaced")
  func forged() throws {
    try withScene(Self.app("a"), Self.app("b"), Self.app("c"), config: Self.config()) { scene in
      let token = String(try begin(scene).cookie.dropFirst("headrace=".count))
      let long = String(repeating: "headrace=x; ", count: 1000)
      for bad in [
        "headrace=", "headrace", "headrace=\(token)x", "headrace=\(token.dropLast())",
        "headrace=0", "headrace=127.0.0.1:1", "Headrace=\(token)", "xheadrace=\(token)",
        "headrace= \(token)", "headrace=\(String(token.reversed()))", ";;;=;\"", "\u{ff}\u{1}=\"",
        "headrace=%00", long,
      ] where !bad.contains("\u{1}") {
        var names: Set<String> = []
        for _ in 0..<3 {
          let response = try scene.exchange(with(bad))
          #expect(response.all("Set-Cookie").count == 1, "\(bad.prefix(60))")
          names.insert(response.text)
        }
        #expect(names.count == 3, "\(bad.prefix(60))")
      }
    }
  }

  @Test("the cookie's name and attributes")
  func attributes() throws {
    let options = """
      \(Self.key), cookie: __Secure-shop, max_age: 1h, path: /shop, domain: example.com,
      secure: true, same_site: none, http_only: false
      """
    let extra = "via: true"
    try withScene(Self.app("a"), config: Self.config(options, backends: "'$0'", extra: extra)) {
      scene in
      let response = try scene.exchange(get())
      let field = response["Set-Cookie"] ?? ""
      let parts = field.components(separatedBy: "; ")
      #expect(parts[0].hasPrefix("__Secure-shop=") && parts[0].count == 14 + 24)
      #expect(
        parts.dropFirst() == [
          "Path=/shop", "Domain=example.com", "Max-Age=3600", "Secure", "SameSite=None",
        ])
    }
  }

  @Test("the backend's own cookies stay, and a route that removes them leaves ours")
  func otherCookies() throws {
    let script = Self.app("a", "Set-Cookie: one=1; Path=/", "set-cookie: two=2", "X-Last: x")
    let config = Self.config(backends: "'$0'").replacing(
      "routes: [{ to: app }]",
      with: """
        routes:
          - match: { path: /bare }
            to: app
            response_headers: { remove: Set-Cookie, set: { X-Edit: "1" } }
          - to: app
        """)
    try withScene(script, config: config) { scene in
      let response = try scene.exchange(get())
      let all = response.all("Set-Cookie")
      #expect(all.count == 3 && all[0] == "one=1; Path=/" && all[1] == "two=2")
      #expect(all.count == 3 && all[2].hasPrefix("headrace="))
      #expect(response["X-Last"] == "x" && response.text == "a")
      let bare = try scene.exchange(get("/bare"))
      #expect(bare.all("Set-Cookie").count == 1 && bare["X-Edit"] == "1" && bare.text == "a")
      #expect(bare["Set-Cookie"]?.hasPrefix("headrace=") ?? false)
    }
  }

  @Test("answers of our own carry no cookie")
  func ownAnswers() throws {
    let config = Self.config(backends: "'\(try Address.refusing())'").replacing(
      "routes: [{ to: app }]",
      with: "routes: [{ match: { path: /x }, respond: 200 }, { match: { path: /y }, to: app }]")
    try withScene(config: config) { scene in
      for (path, status) in [("/x", 200), ("/y", 502), ("/z", 404)] {
        let response = try scene.exchange(get(path))
        #expect(response.status == status && response["Set-Cookie"] == nil)
      }
    }
  }

  @Test("the cookie goes with a switch of protocols, with interim answers' final one, and 304")
  func otherAnswers() throws {
    let script = Origin.Script.script { connection in
      while let request = try connection.nextRequest() {
        switch request.target {
        case "/chat":
          try connection.send(
            head("HTTP/1.1 101 Switching Protocols", "Upgrade: x", "Connection: upgrade"))
          return try connection.send("tunnel")
        case "/hints":
          try connection.send(head("HTTP/1.1 103 Early Hints", "Link: x"))
          try connection.send(ok("hints"))
        default: try connection.send(head("HTTP/1.1 304 Not Modified", "ETag: \"x\""))
        }
      }
    }
    try withScene(script, config: Self.config(backends: "'$0'")) { scene in
      let unchanged = try scene.exchange(get("/304"))
      #expect(unchanged.status == 304 && unchanged.all("Set-Cookie").count == 1)
      let client = try scene.client()
      try client.send(get("/hints"))
      let interim = try client.response()
      let final = try client.response()
      #expect(interim.status == 103 && interim["Set-Cookie"] == nil)
      #expect(final.text == "hints" && final.all("Set-Cookie").count == 1)
      let chat = try scene.client()
      try chat.send(get("/chat", "Connection: upgrade", "Upgrade: x"))
      let switched = try chat.response()
      #expect(switched.status == 101 && switched.all("Set-Cookie").count == 1)
      #expect(try chat.readToEnd().text == "tunnel")
    }
  }

  // MARK: Keys

  /// Runs with a key in a file that it makes itself, and where that file is.
  @Test("a restart honours the cookies, by the key file that the first start made")
  func restart() throws {
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let wrapper = ["env", "STATE_DIRECTORY=\(folder)"]
    let config = Self.config("http_only: true")
    try withScene(
      Self.app("a"), Self.app("b"), Self.app("c"), config: config, wrapper: wrapper
    ) { scene in
      let sessions = try (0..<3).map { _ in try begin(scene) }
      #expect(scene.proxy.errors.contains("made the key of sticky sessions: \(folder)/sticky.key"))
      let text = try String(contentsOfFile: scene.proxy.folder + "/headrace.yaml", encoding: .utf8)
      scene.proxy.process.kill()
      // Another order of the backends makes no difference.
      let addresses = scene.origins.map(\.address)
      let turned = text.replacing(
        "'\(addresses[0])', '\(addresses[1])'", with: "'\(addresses[1])', '\(addresses[0])'")
      #expect(turned != text)
      let second = try Proxy(config: turned, wrapper: wrapper)
      #expect(!second.errors.contains("made the key"))
      for session in sessions + sessions {
        let client = try second.client()
        let response = try client.exchange(with(session.cookie))
        #expect(response.text == session.name && response["Set-Cookie"] == nil)
      }
    }
  }

  @Test("another instance with the same key honours them, one with another key does not")
  func instances() throws {
    try withScene(Self.app("a"), Self.app("b"), Self.app("c"), config: Self.config()) { scene in
      let sessions = try (0..<3).map { _ in try begin(scene) }
      let text = try String(contentsOfFile: scene.proxy.folder + "/headrace.yaml", encoding: .utf8)
      let twin = try Proxy(config: text)
      for session in sessions + sessions {
        let client = try twin.client()
        let response = try client.exchange(with(session.cookie))
        #expect(response.text == session.name && response["Set-Cookie"] == nil)
      }
      let other = try Proxy(config: text.replacing("an-old-key", with: "another-key"))
      for session in sessions {
        let client = try other.client()
        let response = try client.exchange(with(session.cookie))
        #expect(try cookie(of: response) != session.cookie)
      }
      // A reload to another key binds all anew.
      #expect(try scene.proxy.reload(text.replacing("an-old-key", with: "a-new-key-")))
      let response = try scene.exchange(with(sessions[0].cookie))
      #expect(try cookie(of: response) != sessions[0].cookie)
    }
  }

  @Test("a key file that cannot be used stops a start, and a reload leaves all as it was")
  func badKeyFile() throws {
    try withScene(Self.app("a"), Self.app("b"), config: Self.config(backends: "'$0', '$1'")) {
      scene in
      let session = try begin(scene)
      let text = try String(contentsOfFile: scene.proxy.folder + "/headrace.yaml", encoding: .utf8)
      try write("short", to: scene.proxy.folder + "/short.key")
      let bad = text.replacing(Self.key, with: "key_file: short.key")
      #expect(try !scene.proxy.reload(bad))
      #expect(scene.proxy.errors.contains("short.key\" must have 16 to 4096 bytes, not 5"))
      for _ in 0..<4 { #expect(try scene.exchange(with(session.cookie)).text == session.name) }
      let failed = try Proxy(config: bad, files: ["short.key": "short"], waitUntilReady: false)
      let status = try failed.process.waitForExit(within: 20)
      #expect(status == .exited(1))
      #expect(
        failed.errors.contains("headrace: sticky sessions of pool \"app\": the key file"))
      // With a good file, made by the reload, it goes on.
      let good = text.replacing(Self.key, with: "key_file: new.key")
      #expect(try scene.proxy.reload(good))
      #expect(scene.proxy.errors.contains("made the key of sticky sessions: "))
      let again = try begin(scene)
      #expect(try scene.exchange(with(again.cookie)).text == again.name)
    }
  }

  @Test("check makes no key file")
  func check() throws {
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let text = Self.config("key_file: made.key", backends: "127.0.0.1:1")
    try write(text, to: folder + "/site.yaml")
    let result = try Program.run([Proxy.binary, "check", "--strict", folder + "/site.yaml"])
    #expect(result.status == .exited(0), "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder + "/made.key"))
  }
}
