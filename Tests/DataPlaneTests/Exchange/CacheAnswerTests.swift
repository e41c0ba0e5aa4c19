import Testing

@testable import DataPlane

/// What a worker with a cache says to its clients where rules alone do not decide: over real
/// sockets, with a clock that stands still.
@Suite(.serialized) struct CacheAnswerTests {
  private static let path = "/c0/page"
  private static let tag = ModelField("Authorization", "Basic eDp5")

  /// One client and one page of one origin.
  private struct Talk: ~Copyable {
    var rig: CacheRig
    var origin = ModelOrigin(start: HistoryRun.start)
    var time = HistoryRun.start
    var former = HistoryRun.start
    var path = CacheAnswerTests.path

    init(_ rules: [CacheRules] = [CacheRules()]) throws {
      rig = try CacheRig(
        rules.map { rules in
          var rules = rules
          rules.refreshesEarly = false
          return rules
        }, seed: 1)
    }

    mutating func serve(
      _ control: String..., isNewVersion: Bool = false,
      _ edit: (inout PageScript) -> Void = { _ in }
    ) {
      var script = PageScript()
      script.cacheControl = control
      edit(&script)
      origin.change(path, to: script, isNewVersion: isNewVersion, at: time)
    }

    mutating func get(_ fields: ModelField..., method: String = "GET") throws -> ModelResponse {
      let request = ModelRequest(method: method, path: path, fields: fields)
      return try rig.send(request, &origin, at: &time, since: &former)
    }

    consuming func end() { rig.end() }
  }

  private static func status(_ response: ModelResponse) -> String {
    response.fields.value("Cache-Status") ?? ""
  }

  @Test("a background refresh stores by the rules of its own cache")
  func refreshUsesOwnRules() throws {
    var rules = CacheRules()
    rules.staleWhileRevalidate = 100
    var talk = try Talk([CacheRules(), rules])
    talk.path = "/c1/page"
    talk.serve("max-age=0")
    _ = try talk.get()
    for _ in 0..<3 {
      let answer = try talk.get()
      #expect(Self.status(answer) == "headrace; hit; ttl=0")
    }
    #expect(talk.origin.contacts.count == 4)
    talk.end()
  }

  @Test("what a refresh with credentials brings is not stored for others")
  func refreshWithCredentials() throws {
    var talk = try Talk()
    talk.serve("max-age=5, stale-while-revalidate=60")
    _ = try talk.get()
    talk.time += 10
    let stale = try talk.get(Self.tag)
    #expect(Self.status(stale) == "headrace; hit; ttl=-5")
    #expect(talk.origin.contacts.count == 2)
    let next = try talk.get()
    #expect(Self.status(next).hasPrefix("headrace; fwd=uri-miss"))
    talk.end()
  }

  @Test("a client's no-store has nothing refreshed, and says so plainly")
  func noStore() throws {
    var talk = try Talk()
    talk.serve("max-age=5, stale-while-revalidate=60")
    let noStore = ModelField("Cache-Control", "no-store")
    let first = try talk.get(noStore)
    #expect(Self.status(first) == "headrace; fwd=uri-miss")
    _ = try talk.get()
    talk.time += 10
    let stale = try talk.get(noStore)
    #expect(Self.status(stale) == "headrace; hit; ttl=-5")
    #expect(talk.origin.contacts.count == 2)
    talk.end()
  }

  @Test("a HEAD with no-store leaves what is stored as it is")
  func headWithNoStore() throws {
    var talk = try Talk()
    talk.serve("max-age=5") { $0.tag = .strong }
    _ = try talk.get()
    talk.time += 10
    _ = try talk.get(.init("Cache-Control", "no-store"), method: "HEAD")
    let next = try talk.get()
    #expect(Self.status(next) == "headrace; fwd=stale; fwd-status=304; ttl=5")
    talk.end()
  }

  @Test("a response that cannot be stored leaves other variants where they are")
  func otherVariantsStay() throws {
    var talk = try Talk()
    talk.serve("max-age=60") { $0.vary = ["X-Lang"] }
    _ = try talk.get(.init("X-Lang", "de"))
    talk.serve("no-store") { $0.status = 500 }
    _ = try talk.get(.init("X-Lang", "en"))
    let hit = try talk.get(.init("X-Lang", "de"))
    #expect(Self.status(hit) == "headrace; hit; ttl=60")
    talk.end()
  }

  @Test("a 304 that forbids storing reaches the client with its own fields")
  func validatedOnce() throws {
    var talk = try Talk()
    talk.serve("max-age=5") { $0.tag = .strong }
    _ = try talk.get()
    talk.time += 10
    talk.serve("no-store") { $0.tag = .strong }
    let answer = try talk.get()
    #expect(answer.status == 200)
    #expect(answer.fields.values("Cache-Control") == ["no-store"])
    #expect(answer.fields.value("Age") == nil)
    #expect(Self.status(answer) == "headrace; fwd=stale; fwd-status=304")
    let next = try talk.get()
    #expect(Self.status(next) == "headrace; fwd=uri-miss")
    talk.end()
  }

  @Test("a 304 about another response is asked about again without conditions")
  func mismatched304() throws {
    var talk = try Talk()
    talk.serve("max-age=5") { $0.tag = .weak }
    _ = try talk.get()
    talk.time += 10
    talk.serve("max-age=5") { $0.tag = .strong }
    let answer = try talk.get()
    #expect(answer.status == 200)
    #expect(answer.fields.value("ETag") == "\"1\"")
    let conditions = talk.origin.contacts.map { $0.request.fields.value("If-None-Match") }
    #expect(conditions == [nil, "W/\"1\"", nil])
    let hit = try talk.get()
    #expect(Self.status(hit) == "headrace; hit; ttl=5")
    talk.end()
  }

  @Test(
    "fields that are for one client reach that one only", arguments: [false, true])
  func ownFields(isChunked: Bool) throws {
    var talk = try Talk()
    talk.serve("max-age=60, private=\"X-Meta\"") {
      $0.meta = 7
      $0.isChunked = isChunked
    }
    let first = try talk.get()
    #expect(first.fields.value("X-Meta") == "7")
    #expect(Self.status(first) == "headrace; fwd=uri-miss; ttl=60; stored")
    let second = try talk.get()
    #expect(second.fields.value("X-Meta") == nil)
    #expect(Self.status(second) == "headrace; hit; ttl=60")
    talk.end()
  }

  @Test("a response for which there is no room is passed on whole")
  func noRoom() throws {
    var talk = try Talk()
    talk.rig.setMemory(12_000)
    talk.serve("max-age=60, private=\"X-Meta\"") {
      $0.padding = 30_000
      $0.age = "3"
      $0.meta = 1
    }
    for _ in 0..<2 {
      let answer = try talk.get()
      #expect(answer.status == 200)
      #expect(answer.body.utf8.count > 30_000)
      #expect(answer.fields.value("Age") == "3")
      #expect(answer.fields.values("X-Meta") == ["1"])
      #expect(Self.status(answer) == "headrace; fwd=uri-miss")
    }
    talk.end()
  }

  @Test("what a HEAD showed to be outdated does not become younger by another HEAD")
  func headMismatchStays() throws {
    var talk = try Talk()
    talk.serve("max-age=10, stale-while-revalidate=60")
    _ = try talk.get()
    talk.serve { $0.tag = .weak }
    _ = try talk.get(.init("Cache-Control", "no-cache"), method: "HEAD")
    talk.time += 4
    _ = try talk.get(.init("Cache-Control", "no-cache"), method: "HEAD")
    let hit = try talk.get()
    #expect(Self.status(hit) == "headrace; hit; ttl=-4")
    talk.end()
  }
}
