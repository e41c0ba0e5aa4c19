import Foundation
import Testing

/// What `headrace cache purge` and `POST /cache/purge` do to requests that follow, and to fetches
/// that are running.
@Suite("Purging a cache") struct CachePurgeTests {
  private static func config(_ pages: String = "{}") -> String {
    """
    listen: 127.0.0.1:0
    admin: 127.0.0.1:0
    workers: 2
    routes:
      - { match: { path: /assets/** }, to: app, cache: assets }
      - { to: app, cache: pages }
    pools: { app: ['$0'] }
    caches: { assets: { key: { query: none } }, pages: \(pages) }

    """
  }

  /// Fresh for ten minutes, with a validator and a tag: the last part of the path.
  private static let origin = Origin.Script.serving { request, _ in answer(request) }

  private static func answer(_ request: Message, _ control: String = "max-age=600") -> String {
    let fields = ["Cache-Control: \(control)", "ETag: \"1\""]
    guard request["If-None-Match"] == nil else {
      return head(["HTTP/1.1 304 Not Modified"] + fields)
    }
    let tag = request.target.prefix { $0 != "?" }.split(separator: "/").last ?? "root"
    let body = "body of \(request.target)"
    return head(
      ["HTTP/1.1 200 OK", "Content-Length: \(body.utf8.count)", "Surrogate-Key: all-of-it \(tag)"]
        + fields) + body
  }

  private func headrace(_ scene: Scene, _ arguments: [String]) throws -> Program.Result {
    let admin = try #require(scene.proxy.adminAddress)
    return try Program.run([Proxy.binary, "cache"] + arguments + ["--admin", admin])
  }

  /// What the command prints when all is well.
  @discardableResult
  private func purge(_ scene: Scene, _ arguments: String...) throws -> String {
    let done = try headrace(scene, ["purge"] + arguments)
    #expect(done.status == .exited(0), "\(done.errors)")
    return done.output
  }

  private static let targets = ["/a/one", "/a/two?x=1", "/b/three", "/assets/four?x=2"]

  private func fill(_ scene: Scene) throws {
    for target in Self.targets {
      let answer = try scene.exchange(get(target))
      #expect(answer.text == "body of \(target)")
    }
    for target in Self.targets { _ = try scene.exchange(get(target)) }
    #expect(scene.origin.requests.count == Self.targets.count)
  }

  /// Which targets are asked of the backend now, and whether all are answered.
  private func asked(_ scene: Scene) throws -> [Message] {
    let before = scene.origin.requests.count
    for target in Self.targets {
      let answer = try scene.exchange(get(target))
      #expect(answer.status == 200 && answer.text.hasPrefix("body of /"), "\(target)")
    }
    return Array(scene.origin.requests.dropFirst(before))
  }

  private static let subjects: [([String], [String], String)] = [
    (["http://example.com/a/one"], ["/a/one"], "assets: 0 responses #\npages: 1 response #\n"),
    (["EXAMPLE.com:80/%61/one".replacing(":80", with: "")], ["/a/one"], "pages: 1 response #\n"),
    (["http://example.com:80/a/two?x=1"], ["/a/two?x=1"], "pages: 1 response #\n"),
    (["example.com/a/two"], [], "assets: 0 responses #\npages: 0 responses #\n"),
    (["https://example.com/a/one"], [], "assets: 0 responses #\npages: 0 responses #\n"),
    // The assets' key has no query.
    (["example.com/assets/four?y=9"], ["/assets/four?x=2"], "assets: 1 response #\n"),
    (["--prefix", "example.com/a/"], ["/a/one", "/a/two?x=1"], "pages: 2 responses #\n"),
    (["--prefix", "http://example.com"], targets, "assets: 1 response #\npages: 3 responses #\n"),
    (["--prefix", "example.com/a/", "--cache", "assets"], [], "assets: 0 responses #\n"),
    (["--tag", "THREE"], ["/b/three"], "pages: 1 response #\n"),
    (["--tag", "all-of-it"], targets, "assets: 1 response #\npages: 3 responses #\n"),
    (["--tag", "all-of"], [], "assets: 0 responses #\npages: 0 responses #\n"),
    (["--all"], targets, "assets: 1 response #\npages: 3 responses #\n"),
    (["--all", "--cache", "assets"], ["/assets/four?x=2"], "assets: 1 response #\n"),
    (["--all", "--cache", "pages"], Array(targets.prefix(3)), "pages: 3 responses #\n"),
  ]

  @Test("what is purged is fetched anew, all else is still answered from the cache")
  func hard() throws {
    try withScene(Self.origin, config: Self.config()) { scene in
      try fill(scene)
      for (arguments, expected, words) in Self.subjects {
        let output = try headrace(scene, ["purge"] + arguments)
        #expect(output.status == .exited(0), "\(arguments): \(output.errors)")
        #expect(output.output.contains(words.replacing("#", with: "purged")), "\(arguments)")
        let requests = try asked(scene)
        #expect(requests.map(\.target) == expected, "\(arguments)")
        #expect(requests.allSatisfy { $0["If-None-Match"] == nil })
      }
    }
  }

  @Test("what is purged softly is validated, and good again if the backend says so")
  func soft() throws {
    try withScene(Self.origin, config: Self.config()) { scene in
      try fill(scene)
      for (arguments, expected, words) in Self.subjects {
        let output = try headrace(scene, ["purge", "--soft"] + arguments)
        #expect(output.status == .exited(0), "\(arguments): \(output.errors)")
        #expect(output.output.contains(words.replacing("#", with: "made stale")), "\(arguments)")
        let requests = try asked(scene)
        #expect(requests.map(\.target) == expected, "\(arguments)")
        #expect(requests.allSatisfy { $0["If-None-Match"] == "\"1\"" })
      }
      let once = try asked(scene)
      #expect(once.isEmpty)
    }
  }

  @Test("what is purged softly and may be used stale is used while it is validated")
  func softWhileRevalidating() throws {
    let gate = Gate()
    let origin = Origin.Script.serving { request, _ in
      if request["If-None-Match"] != nil { try gate.pass() }
      return Self.answer(request, "max-age=600, stale-while-revalidate=300")
    }
    try withScene(origin, config: Self.config()) { scene in
      _ = try scene.exchange(get("/a"))
      try purge(scene, "--soft", "--all")
      let stale = try scene.exchange(get("/a"))
      #expect(stale.text == "body of /a")
      let status = stale["Cache-Status"] ?? ""
      #expect(status.contains("hit") && !status.contains("fwd"), "\(status)")
      try scene.origin.waitForRequests(2)
      #expect(scene.origin.lastRequest["If-None-Match"] == "\"1\"")
      let shown = try headrace(scene, ["show", "example.com/a"])
      #expect(shown.output.contains(", stale\n"), "\(shown.output)")
      #expect(try scene.proxy.metric("headrace_cache_requests_total", "\"stale\"") == 1)
      gate.open()
      try wait(for: "the validation") {
        try scene.proxy.metric("headrace_cache_validated_total", "\"pages\"") == 1
      }
      _ = try scene.exchange(get("/a"))
      #expect(scene.origin.requests.count == 2)
      let fresh = try headrace(scene, ["show", "example.com/a"])
      #expect(!fresh.output.contains("stale\n"), "\(fresh.output)")
    }
  }

  @Test("a hard purge takes out what may be used stale, too")
  func hardWhereStaleIsAllowed() throws {
    let isBroken = Locked(false)
    let origin = Origin.Script.serving { request, _ in
      guard !isBroken.withLock({ $0 }) else {
        return head("HTTP/1.1 500 Broken", "Content-Length: 0")
      }
      return Self.answer(request, "max-age=600, stale-while-revalidate=300, stale-if-error=300")
    }
    try withScene(origin, config: Self.config()) { scene in
      _ = try scene.exchange(get("/a"))
      isBroken.withLock { $0 = true }
      try purge(scene, "--soft", "http://example.com/a")
      #expect(try scene.exchange(get("/a")).text == "body of /a")
      try purge(scene, "http://example.com/a")
      #expect(try scene.exchange(get("/a")).status == 500)
    }
  }

  // MARK: While something is fetched

  @Test(
    "a purge while the content comes: readers get all of it, and it is not stored",
    arguments: [
      ["--all"], ["http://example.com/a"], ["--prefix", "example.com/"], ["--tag", "t"],
    ])
  func whileFilling(_ subject: [String]) throws {
    let gate = Gate()
    let body = pattern(300_000)
    let origin = Origin.Script.serving { request, connection in
      let fields = ["Cache-Control: max-age=600", "Cache-Tag: t", "Content-Length: \(body.count)"]
      try connection.send(head(["HTTP/1.1 200 OK"] + fields), Array(body[..<100_000]))
      try gate.pass()
      return Array(body[100_000...])
    }
    try withScene(origin, config: Self.config()) { scene in
      let clients = try (0..<4).map { _ in try scene.client() }
      for client in clients { try client.send(get("/a")) }
      try wait(for: "the first part to be stored") {
        let shown = try headrace(scene, ["show", "http://example.com/a"]).output
        return shown.contains("(filling)") && shown.contains("content 97.7 KiB")
      }
      // The last of them joins while it comes.
      let output = try headrace(scene, ["purge"] + subject).output
      #expect(output.hasSuffix("pages: 1 response purged\n"), "\(output)")
      let shown = try headrace(scene, ["show", "http://example.com/a"]).output
      #expect(shown.hasPrefix("nothing is stored"), "\(shown)")
      gate.open()
      for client in clients { #expect(try client.response().body == body) }
      #expect(scene.origin.requests.count == 1)
      #expect(try scene.proxy.metric("headrace_cache_entries", "\"pages\"") == 0)
      #expect(try scene.exchange(get("/a")).body == body)
      #expect(scene.origin.requests.count == 2)
      _ = try scene.exchange(get("/a"))
      #expect(scene.origin.requests.count == 2)
    }
  }

  @Test(
    "a purge between request and response: the response goes to its client and is not stored",
    arguments: [["--all"], ["example.com/a"], ["--prefix", "example.com/a"], ["--soft", "--all"]])
  func beforeTheHead(_ subject: [String]) throws {
    let gate = Gate()
    let origin = Origin.Script.serving { request, _ in
      if request.target == "/a" { try gate.pass() }
      return Self.answer(request)
    }
    try withScene(origin, config: Self.config()) { scene in
      let client = try scene.client()
      try client.send(get("/a"))
      try scene.origin.waitForRequests(1)
      let output = try headrace(scene, ["purge"] + subject)
      #expect(output.status == .exited(0) && output.output.contains("pages: 0 responses"))
      gate.open()
      #expect(try client.response().text == "body of /a")
      #expect(try headrace(scene, ["show", "example.com/a"]).output.hasPrefix("nothing is stored"))
      _ = try scene.exchange(get("/a"))
      #expect(scene.origin.requests.count == 2)
      _ = try scene.exchange(get("/a"))
      #expect(scene.origin.requests.count == 2)
    }
  }

  @Test("a purge of something else lets a running fetch be stored")
  func besideAFetch() throws {
    let gate = Gate()
    let origin = Origin.Script.serving { request, _ in
      try gate.pass()
      return Self.answer(request)
    }
    try withScene(origin, config: Self.config()) { scene in
      let client = try scene.client()
      try client.send(get("/a"))
      try scene.origin.waitForRequests(1)
      for subject in [["example.com/b"], ["--prefix", "example.com/a/"], ["--tag", "x"]] {
        let done = try headrace(scene, ["purge"] + subject)
        #expect(done.status == .exited(0))
      }
      try purge(scene, "--all", "--cache", "assets")
      gate.open()
      #expect(try client.response().status == 200)
      _ = try scene.exchange(get("/a"))
      #expect(scene.origin.requests.count == 1)
    }
  }

  @Test("a purge while a stored response is validated: the answer is not stored again")
  func whileValidating() throws {
    let gate = Gate()
    let origin = Origin.Script.serving { request, _ in
      if request["If-None-Match"] != nil { try gate.pass() }
      return Self.answer(request)
    }
    try withScene(origin, config: Self.config()) { scene in
      _ = try scene.exchange(get("/a"))
      try purge(scene, "--soft", "--all")
      let client = try scene.client()
      try client.send(get("/a"))
      try scene.origin.waitForRequests(2)
      try purge(scene, "--all")
      gate.open()
      #expect(try client.response().text == "body of /a")
      _ = try scene.exchange(get("/a"))
      #expect(scene.origin.requests.count == 3)
      #expect(scene.origin.lastRequest["If-None-Match"] == nil)
    }
  }

  @Test("a purge of everything while many requests run: nobody gets a broken answer")
  func underLoad() throws {
    try withScene(Self.origin, config: Self.config("{ memory: 1MiB, max_object: 64KiB }")) {
      scene in
      let failures = Locked(0)
      let running = Locked(4)
      let address = scene.proxy.address
      for number in 0..<4 {
        startThread {
          for turn in 0..<300 {
            let target = "/load/\((turn * 7 + number) % 40)"
            let isGood = (try? Client(address).exchange(get(target)).text) == "body of \(target)"
            if !isGood { failures.withLock { $0 += 1 } }
          }
          running.withLock { $0 -= 1 }
        }
      }
      var turn = 0
      try wait(for: "the clients", within: 60) {
        turn += 1
        let softly = turn % 2 == 0 ? "&soft=1" : ""
        let answer = try post(scene, "/cache/purge?all=1\(softly)")
        #expect(answer.status == 200)
        return running.withLock { $0 } == 0
      }
      #expect(failures.withLock { $0 } == 0)
    }
  }

  // MARK: By HTTP

  private func post(_ scene: Scene, _ target: String, _ fields: String...) throws -> Message {
    let client = try Client(try #require(scene.proxy.adminAddress))
    let all = fields.isEmpty ? ["X-Headrace-Admin: 1"] : fields
    return try client.exchange(
      head(["POST \(target) HTTP/1.1", "Host: admin", "Connection: close"] + all))
  }

  @Test("POST /cache/purge wants the field that no web page sends, and one clear subject")
  func byHTTP() throws {
    try withScene(Self.origin, config: Self.config()) { scene in
      _ = try scene.exchange(get("/a?b=1&c=2"))
      let url = "http%3A%2F%2Fexample.com%2Fa%3Fb%3D1%26c%3D2"
      #expect(try post(scene, "/cache/purge?all=1", "X-Other: 1").status == 403)
      let page = ["X-Headrace-Admin: 1", "Origin: http://example.com"]
      #expect(try post(scene, "/cache/purge?all=1", page[0], page[1]).status == 403)
      #expect(try scene.proxy.admin("/cache/purge?all=1").status == 405)
      for (query, status, words) in [
        ("", 422, "needs one of url, prefix, tag, all=1"),
        ("?url=\(url)&all=1", 422, "needs one of"), ("?url=http://", 422, "must have a host"),
        ("?url=ftp://a/", 422, "must be http:// or https://"),
        ("?url=http://a/%25zz", 422, "no request can have this path"),
        ("?prefix=", 422, "must have a host"), ("?tag=a,b", 422, "one tag at a time"),
        ("?all=1&cache=other", 404, "there is no cache \"other\"; there is assets, pages"),
        ("?all=1&all=1", 422, "all is there twice"), ("?all=1&hard=1", 422, "no parameter"),
      ] {
        let answer = try post(scene, "/cache/purge\(query)")
        #expect(answer.status == status && answer.text.contains(words), "\(query): \(answer.text)")
      }
      _ = try scene.exchange(get("/a?b=1&c=2"))
      #expect(scene.origin.requests.count == 1)
      let done = try post(scene, "/cache/purge?url=\(url)&format=json")
      #expect(done.status == 200 && done["Content-Type"] == "application/json")
      #expect(done.text.contains("\"purged\": 1"))
      _ = try scene.exchange(get("/a?b=1&c=2"))
      #expect(scene.origin.requests.count == 2)
    }
  }
}
