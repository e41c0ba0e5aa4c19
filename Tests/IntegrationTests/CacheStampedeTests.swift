import Foundation
import Testing

/// Many requests for one thing at once.
@Suite("Cache: stampedes", .serialized) struct CacheStampedeTests {
  private static let closing = get("/hot", "Connection: close")
  /// Under a sanitizer a tenth has to do.
  private static let crowd = Proxy.isSanitized ? 1000 : 10_000
  private static let patient = "memory: 64MiB, collapse_timeout: 2m"

  @Test("10,000 clients miss at once: one request", arguments: [2, 4])
  func cold(workers: Int) throws {
    let meeting = Meeting()
    let body = String(repeating: "0123456789", count: 100)
    let origin = Origin.Script.serving { _, connection in
      meeting.arrive()
      try meeting.pass(connection)
      return storable(body)
    }
    try withScene(origin, config: caching(Self.patient, workers: workers)) { scene in
      let crowd = Crowd(scene.proxy.address)
      try crowd.join(Self.crowd, Self.closing)
      try meeting.wait(for: 1)
      meeting.open()
      try crowd.readAll()
      expectAll(crowd, body, scene)
      #expect(scene.origin.requests.count == 1)
    }
  }

  @Test("the same when it has expired, whether it changed or not", arguments: [200, 304])
  func expired(status: Int) throws {
    let meeting = Meeting()
    let origin = Origin.Script.serving { request, connection in
      if meeting.arrive() == 1 {
        return head(
          "HTTP/1.1 200 OK", "Cache-Control: max-age=1", "ETag: \"a\"", "Content-Length: 5")
          + "first"
      }
      try meeting.pass(connection)
      guard status == 304 else { return storable("other") }
      return head("HTTP/1.1 304 Not Modified", "Cache-Control: max-age=60", "ETag: \"a\"")
    }
    let config = caching(Self.patient + ", early_refresh: off", workers: 2)
    try withScene(origin, config: config) { scene in
      #expect(try scene.exchange(get("/hot")).text == "first")
      usleep(1_200_000)
      let crowd = Crowd(scene.proxy.address)
      try crowd.join(Self.crowd / 5, Self.closing)
      try meeting.wait(for: 2)
      meeting.open()
      try crowd.readAll()
      expectAll(crowd, status == 304 ? "first" : "other", scene)
      #expect(scene.origin.requests.count == 2)
    }
  }

  @Test("10,000 requests, pipelined on 100 connections")
  func pipelined() throws {
    let meeting = Meeting()
    let origin = Origin.Script.serving { request, connection in
      meeting.arrive()
      try meeting.pass(connection)
      return storable("answer")
    }
    try withScene(origin, config: caching(Self.patient, workers: 2)) { scene in
      let crowd = Crowd(scene.proxy.address)
      let requests = String(repeating: get("/hot"), count: 99) + Self.closing
      try crowd.join(100, requests)
      try meeting.wait(for: 1)
      meeting.open()
      try crowd.readAll()
      expectAll(crowd, "answer", scene)
      let answers = crowd.members.map { $0.received.text.components(separatedBy: "answer").count }
      #expect(answers.allSatisfy { $0 == 101 })
      #expect(scene.origin.requests.count == 1)
    }
  }

  @Test("who waits for what cannot be stored goes on at once, side by side; the next do not wait")
  func uncacheable() throws {
    let first = Meeting()
    let others = Meeting()
    let origin = Origin.Script.serving { request, connection in
      if first.arrive() == 1 {
        try first.pass(connection)
      } else {
        others.arrive()
        try others.pass(connection)
      }
      return ok("private", "Cache-Control: no-store")
    }
    try withScene(origin, config: caching(Self.patient, workers: 2)) { scene in
      let crowd = Crowd(scene.proxy.address)
      try crowd.join(40, Self.closing)
      try first.wait(for: 1)
      first.open()
      try others.wait(for: 39)
      try crowd.join(20, Self.closing)
      try others.wait(for: 59)
      others.open()
      try crowd.readAll()
      expectAll(crowd, "private", scene)
    }
  }

  @Test("what must be validated each time makes nobody wait for another", arguments: [1, 2])
  func alwaysValidated(workers: Int) throws {
    let meeting = Meeting()
    let origin = Origin.Script.serving { request, connection in
      guard request["If-None-Match"] != nil else {
        return head(
          "HTTP/1.1 200 OK", "Cache-Control: no-cache", "ETag: \"a\"", "Content-Length: 4") + "same"
      }
      meeting.arrive()
      try meeting.pass(connection)
      return head("HTTP/1.1 304 Not Modified", "Cache-Control: no-cache", "ETag: \"a\"")
    }
    try withScene(origin, config: caching(Self.patient, workers: workers)) { scene in
      #expect(try scene.exchange(get("/hot")).text == "same")
      let crowd = Crowd(scene.proxy.address)
      try crowd.join(30, Self.closing)
      try meeting.wait(for: 30)
      meeting.open()
      try crowd.readAll()
      expectAll(crowd, "same", scene)
    }
  }

  @Test("stale while it is fetched anew: all are served at once, one request goes out")
  func staleWhileRevalidate() throws {
    let meeting = Meeting()
    let origin = Origin.Script.serving { request, connection in
      if meeting.arrive() == 1 {
        return head(
          "HTTP/1.1 200 OK", "Cache-Control: max-age=1, stale-while-revalidate=60",
          "Content-Length: 3") + "old"
      }
      try meeting.pass(connection)
      return storable("new")
    }
    let config = caching(Self.patient + ", early_refresh: off", workers: 2)
    try withScene(origin, config: config) { scene in
      #expect(try scene.exchange(get("/hot")).text == "old")
      usleep(1_200_000)
      let crowd = Crowd(scene.proxy.address)
      try crowd.join(300, Self.closing)
      try crowd.readAll()
      expectAll(crowd, "old", scene)
      try meeting.wait(for: 2)
      #expect(scene.origin.requests.count == 2)
      meeting.open()
      try wait(for: "the new one") { try scene.exchange(get("/hot")).text == "new" }
      #expect(scene.origin.requests.count == 2)
    }
  }

  @Test("a refresh that goes with a client's credentials stores nothing that is not for all")
  func refreshWithCredentials() throws {
    let meeting = Meeting()
    let origin = Origin.Script.serving { request, _ in
      meeting.arrive()
      guard request["Authorization"] != nil else {
        return head(
          "HTTP/1.1 200 OK", "Cache-Control: max-age=1, stale-while-revalidate=60",
          "Content-Length: 6") + "public"
      }
      return storable("secret")
    }
    let config = caching("memory: 64MiB, early_refresh: off")
    try withScene(origin, config: config) { scene in
      #expect(try scene.exchange(get("/hot")).text == "public")
      usleep(1_200_000)
      let response = try scene.exchange(get("/hot", "Authorization: Basic YTpi"))
      #expect(response.text == "public")
      try meeting.wait(for: 2)
      for _ in 0..<5 {
        #expect(try scene.exchange(get("/hot")).text == "public")
        usleep(20_000)
      }
    }
  }

  @Test("who has waited long enough asks for itself")
  func collapseTimeout() throws {
    let meeting = Meeting()
    let origin = Origin.Script.serving { request, connection in
      if meeting.arrive() == 1 { try meeting.pass(connection) }
      return storable("answer")
    }
    let config = caching("memory: 64MiB, collapse_timeout: 300ms", workers: 2)
    try withScene(origin, config: config) { scene in
      let leader = try scene.client()
      try leader.send(get("/hot"))
      try meeting.wait(for: 1)
      var text = ""
      let time = try seconds { text = try scene.exchange(get("/hot")).text }
      #expect(text == "answer")
      #expect(time > 0.2)
      #expect(scene.origin.requests.count == 2)
      meeting.open()
      #expect(try leader.response().text == "answer")
      #expect(try scene.exchange(get("/hot")).text == "answer")
      #expect(scene.origin.requests.count == 2)
    }
  }

  /// Everybody has got this body.
  private func expectAll(
    _ crowd: Crowd, _ body: String, _ scene: Scene,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let wrong = crowd.wrong(body)
    guard wrong > 0 else { return }
    let answers = scene.proxy.output.split(separator: "\n").count
    let said = scene.proxy.errors.suffix(500)
    Issue.record(
      """
      \(wrong) of \(crowd.members.count): \(crowd.whatIsWrong(body)); \
      the proxy logged \(answers) answers and said \(said)
      """,
      sourceLocation: sourceLocation)
  }
}
