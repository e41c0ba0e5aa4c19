import Foundation
import Testing

/// `headrace cache`: looking into the caches of a running proxy.
@Suite("headrace cache") struct CacheCommandTests {
  private static let config = """
    listen: 127.0.0.1:0
    admin: 127.0.0.1:0
    workers: 2
    routes:
      - { match: { path: /static/** }, to: app, cache: assets }
      - { match: { path: /live/** }, to: app }
      - { to: app, cache: pages }
    pools: { app: ['$0'] }
    caches:
      assets: { memory: 1MiB, max_object: 64KiB }
      pages: { key: { query: { drop: [utm_source] }, cookies: [lang] }, stale_if_error: 1h }

    """

  private static let origin = Origin.Script.serving { request, _ in
    switch request.target.prefix(while: { $0 != "?" }) {
    case "/private": ok("secret", "Cache-Control: private")
    case "/cookie": ok("cookie", "Cache-Control: max-age=60", "Set-Cookie: a=b")
    case "/static/app.3f9c2b1d.js":
      ok("js", "Cache-Control: max-age=60", "Last-Modified: Sun, 01 Nov 2026 00:00:00 GMT")
    case "/old": ok("old", "Cache-Control: max-age=5, must-revalidate", "Age: 30", "ETag: \"1\"")
    case "/language":
      ok("hallo", "Cache-Control: max-age=60, immutable", "Vary: Accept-Language", "Cache-Tag: l")
    default: ok("page", "Cache-Control: max-age=60")
    }
  }

  private func headrace(_ scene: Scene, _ arguments: String...) throws -> Program.Result {
    let admin = try #require(scene.proxy.adminAddress)
    return try Program.run([Proxy.binary, "cache"] + arguments + ["--admin", admin])
  }

  /// The document of `/cache?url=` and `/cache?list=`.
  private struct Stored: Decodable {
    struct Response: Decodable {
      let cache: String
      let url: String
      let key: [String]
      let notStored: String?
      let age: Int
      let ttl: Int
      let status: Int?
      let state: String?
      let sizeBytes: Int?
      let hits: Int?
      let lastHitAgo: Int?
      let vary: [String]?
      let tags: [String]?
      let flags: [String]?
    }
    let caches: [String]
    let total: Int
    let responses: [Response]
  }

  private func stored(_ scene: Scene, _ arguments: String...) throws -> Stored {
    let admin = try #require(scene.proxy.adminAddress)
    let done = try Program.run(
      [Proxy.binary, "cache"] + arguments + ["--json", "--admin", admin])
    #expect(done.status == .exited(0), "\(done.errors)")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Stored.self, from: Data(done.output.utf8))
  }

  @Test("show tells every variant of a URL with all that makes its key")
  func variants() throws {
    try withScene(Self.origin, config: Self.config) { scene in
      for language in ["de", "en", "de"] {
        _ = try scene.exchange(
          get("/language?utm_source=x", "Accept-Language: \(language)", "Cookie: lang=\(language)"))
      }
      let report = try stored(scene, "show", "http://example.com/language?utm_source=other")
      #expect(report.caches == ["assets", "pages"] && report.total == 2)
      let german = try #require(report.responses.first { $0.key == ["c:lang=de"] })
      #expect(german.cache == "pages" && german.url == "http://example.com/language")
      #expect(german.status == 200 && german.state == "complete" && german.sizeBytes == 5)
      #expect(german.hits == 1 && german.lastHitAgo.map { $0 < 30 } == true)
      #expect(german.age >= 0 && german.age + german.ttl == 60)
      #expect(german.vary == ["accept-language"] && german.tags == ["l"])
      #expect(german.flags == ["immutable", "stale-if-error=3600"])
      let english = try #require(report.responses.first { $0.key == ["c:lang=en"] })
      #expect(english.hits == 0 && english.lastHitAgo == nil)
      let text = try headrace(scene, "show", "example.com/language").output
      #expect(text.hasPrefix("http://example.com/language in cache pages\n  key: c:lang="))
      #expect(text.contains("\n  1 hit, the last ") && text.contains("\n  0 hits\n"))
    }
  }

  @Test("show says why a response is not stored")
  func refusals() throws {
    try withScene(Self.origin, config: Self.config) { scene in
      for (target, reason) in [
        ("/private", "response says private"), ("/cookie", "set-cookie"),
      ] {
        _ = try scene.exchange(get(target))
        let report = try stored(scene, "show", "example.com\(target)")
        #expect(report.responses.map(\.notStored) == [reason])
        #expect(report.responses.allSatisfy { $0.ttl > 0 && $0.ttl <= 10 && $0.status == nil })
        let text = try headrace(scene, "show", "example.com\(target)").output
        #expect(text.contains("\n  not stored: \(reason); this is remembered for "))
      }
    }
  }

  @Test("show tells stale from fresh, and missed chances")
  func flags() throws {
    try withScene(Self.origin, config: Self.config) { scene in
      _ = try scene.exchange(get("/old"))
      let old = try #require(try stored(scene, "show", "example.com/old").responses.first)
      #expect(old.age >= 30 && old.ttl <= -25 && old.flags == ["must-revalidate"])
      let text = try headrace(scene, "show", "example.com/old").output
      #expect(text.contains(" s, ttl -") && text.contains(" s, stale\n"))
      _ = try scene.exchange(get("/static/app.3f9c2b1d.js"))
      let url = "example.com/static/app.3f9c2b1d.js"
      let asset = try #require(try stored(scene, "show", url).responses.first)
      #expect(asset.flags == ["missed chance"] && asset.cache == "assets")
      #expect(try scene.proxy.metric("headrace_cache_missed_chances_total", "assets") == 1)
      #expect(try headrace(scene, "--cache", "assets").output.hasSuffix(" 1\n"))
    }
  }

  @Test("nothing stored, and what is no URL")
  func nothing() throws {
    try withScene(Self.origin, config: Self.config) { scene in
      let nothing = try headrace(scene, "show", "http://example.com/none")
      #expect(nothing.status == .exited(0))
      #expect(
        nothing.output == "nothing is stored for http://example.com/none in cache assets or pages\n"
      )
      let one = try headrace(scene, "show", "example.com/none", "--cache", "pages")
      #expect(one.output == "nothing is stored for example.com/none in cache pages\n")
      for (arguments, words) in [
        (["show", "http:///x"], "must have a host"), (["show", "a/b#c"], "leave out what begins"),
        (["list", "--prefix", "ftp://a"], "must be http:// or https://"),
        (
          ["show", "a/", "--cache", "other"], "there is no cache \"other\"; there is assets, pages"
        ),
        (["--cache", "other"], "there is no cache \"other\""),
        (["purge", "http://a:99999/"], "is no host, or its port no number"),
      ] {
        let admin = try #require(scene.proxy.adminAddress)
        let done = try Program.run([Proxy.binary, "cache"] + arguments + ["--admin", admin])
        #expect(done.status == .exited(1) && done.output.isEmpty, "\(arguments)")
        #expect(done.errors.contains(words), "\(arguments): \(done.errors)")
      }
    }
  }

  @Test("wrong usage ends with status 2 and asks nobody")
  func usage() throws {
    for (arguments, words) in [
      (["purge"], "needs a URL, or --prefix, --tag or --all"),
      (["purge", "--all", "--tag", "x"], "one of --prefix, --tag and --all at a time"),
      (["purge", "--all", "a/b", "c.yaml"], "a URL does not go with"),
      (["list", "--limit", "0"], "--limit must be 1 to 10000, not 0"), (["show"], "<url>"),
    ] {
      let done = try Program.run([Proxy.binary, "cache"] + arguments)
      #expect(done.status == .exited(2) && done.errors.contains(words), "\(done.errors)")
    }
  }

  @Test("list shows what is stored under a prefix, at most so much")
  func list() throws {
    try withScene(Self.origin, config: Self.config) { scene in
      for number in 1...9 { _ = try scene.exchange(get("/shop/\(number)")) }
      _ = try scene.exchange(get("/static/a"))
      _ = try scene.exchange(get("/private"))
      _ = try scene.exchange(get("/live/x"))
      let all = try stored(scene, "list")
      #expect(all.total == 10 && all.responses.count == 10)
      #expect(all.responses.map(\.url) == all.responses.map(\.url).sorted())
      let shop = try stored(scene, "list", "--prefix", "http://example.com/shop/")
      #expect(shop.total == 9)
      let some = try headrace(scene, "list", "--prefix", "example.com/shop/", "--limit", "4")
      #expect(some.output.hasSuffix("\n4 of 9 are shown\n"), "\(some.output)")
      #expect(some.output.split(separator: "\n").count == 6)
      let none = try headrace(scene, "list", "--prefix", "example.com/x", "--cache", "assets")
      #expect(none.output == "nothing is stored under example.com/x in cache assets\n")
    }
  }

  @Test("the file says whom to ask, also where a URL is left out")
  func byFile() throws {
    try withScene(Self.origin, config: Self.config) { scene in
      let admin = try #require(scene.proxy.adminAddress)
      let file = scene.proxy.folder + "/client.yaml"
      let config = Self.config.replacing("admin: 127.0.0.1:0", with: "admin: \(admin)")
      try write(config.replacing("$0", with: scene.origin.address), to: file)
      _ = try scene.exchange(get("/a"))
      for (arguments, words) in [
        ([file], "CACHE "), (["show", "example.com/a", file], "http://example.com/a in cache"),
        (["list", file], "http://example.com/a\n"),
        (["purge", "--soft", "--tag", "x", file], "pages: 0 responses made stale"),
        (["purge", "example.com/a", file], "pages: 1 response purged"),
        (["purge", "--all", file], "pages: 0 responses purged"),
      ] {
        let done = try Program.run([Proxy.binary, "cache"] + arguments)
        #expect(done.status == .exited(0) && done.output.contains(words), "\(done)")
      }
    }
  }

  @Test("every request on a route with a cache counts once, as what came of it")
  func counters() throws {
    try withScene(Self.origin, config: Self.config) { scene in
      func count(_ result: String) throws -> Double? {
        try scene.proxy.metric(
          "headrace_cache_requests_total", "cache=\"pages\"", "result=\"\(result)\"")
      }
      _ = try scene.exchange(get("/a"))
      _ = try scene.exchange(get("/a"))
      _ = try scene.exchange(head("HEAD /a HTTP/1.1", "Host: example.com"))
      _ = try scene.exchange(head("HEAD /b HTTP/1.1", "Host: example.com"))
      _ = try scene.exchange(get("/c", "Cache-Control: only-if-cached"))
      _ = try scene.exchange(get("/old"))
      _ = try scene.exchange(get("/old"))
      _ = try scene.exchange(post("/a", body: "x"))
      _ = try scene.exchange(get("/a", "If-Match: \"1\""))
      let counts = try ["hit", "stale", "miss", "revalidate", "bypass"].map(count)
      #expect(counts == [2, 0, 4, 1, 2])
      #expect(try headrace(scene, "--cache", "pages").output.contains("  29%  "))
      #expect(try scene.proxy.metric("headrace_cache_used_bytes", "pages") ?? 0 > 0)
      #expect(try scene.proxy.metric("headrace_cache_limit_bytes", "assets") == 1_048_576)
      #expect(try scene.proxy.metric("headrace_cache_stored_total", "pages") ?? 0 >= 2)
    }
  }

  @Test("requests that wait for another one's fetch count once, as hits")
  func collapsed() throws {
    let gate = Gate()
    let origin = Origin.Script.serving { request, _ in
      try gate.pass()
      return ok("page", "Cache-Control: max-age=60")
    }
    try withScene(origin, config: Self.config) { scene in
      let clients = try (0..<8).map { _ in try scene.client() }
      for client in clients { try client.send(get("/a")) }
      try wait(for: "seven to wait") {
        try scene.proxy.metric("headrace_cache_collapsed_total", "pages") == 7
      }
      gate.open()
      for client in clients { #expect(try client.response().text == "page") }
      #expect(scene.origin.requests.count == 1)
      #expect(try scene.proxy.metric("headrace_cache_requests_total", "pages", "\"miss\"") == 1)
      #expect(try scene.proxy.metric("headrace_cache_requests_total", "pages", "\"hit\"") == 7)
    }
  }

  @Test("a config without caches")
  func withoutCaches() throws {
    try withScene(Self.origin, extra: "admin: 127.0.0.1:0") { scene in
      let stats = try headrace(scene)
      #expect(stats.status == .exited(0) && stats.output == "the config has no caches\n")
      let purged = try headrace(scene, "purge", "--all")
      #expect(purged.status == .exited(0) && purged.output == "the config has no caches\n")
      let shown = try headrace(scene, "show", "a/")
      #expect(shown.output == "nothing is stored for a/: the config has no caches\n")
      #expect(try scene.proxy.metric("headrace_cache_entries") == nil)
    }
  }

  @Test("a reload keeps what is stored and follows the key's new options")
  func reload() throws {
    try withScene(Self.origin, config: Self.config) { scene in
      _ = try scene.exchange(get("/a?utm_source=1&x=2"))
      let file = scene.proxy.folder + "/headrace.yaml"
      let text = try String(contentsOfFile: file, encoding: .utf8)
      #expect(try scene.proxy.reload(text.replacing("drop: [utm_source]", with: "drop: [gclid]")))
      #expect(try stored(scene, "show", "example.com/a?x=2&gclid=1").total == 1)
      #expect(
        try scene.proxy.reload(
          text.replacing("  assets: { memory: 1MiB, max_object: 64KiB }\n", with: "")
            .replacing(", cache: assets", with: "")))
      let gone = try headrace(scene, "--cache", "assets")
      #expect(gone.status == .exited(1) && gone.errors.contains("there is pages\n"))
    }
  }
}
