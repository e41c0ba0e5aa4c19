import Testing

@Suite("Retries") struct RetryTests {
  /// What a bad backend does with each request.
  enum Fault: String, CaseIterable, Sendable {
    case closes, resets, cutsTheHead, answersGarbage, cannotServe, malformedChunk, interimFlood

    var script: Origin.Script {
      .script { connection in
        while (try connection.nextRequest()) != nil {
          switch self {
          case .closes: return
          case .resets: return connection.reset()
          case .cutsTheHead: return try connection.send("HTTP/1.1 200 OK\r\nContent-Le")
          case .answersGarbage: return try connection.send("SSH-2.0-OpenSSH\r\n\r\n")
          case .cannotServe:
            try connection.send("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy")
          case .malformedChunk:
            return try connection.send(
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
          case .interimFlood:
            return try connection.send(
              String(repeating: "HTTP/1.1 102 Processing\r\n\r\n", count: 40))
          }
        }
      }
    }
  }

  private static let pool = """
    { backends: ['$0', '$1'], retry: { backoff: 1ms } }
    """

  private static func config(_ pool: String, _ extra: String = "") -> String {
    Scene.config(pool: pool, extra)
  }

  @Test(
    "a GET that a backend fails before its response's head is answered by another",
    arguments: Fault.allCases)
  func getsArePassedOn(_ fault: Fault) throws {
    let config = Self.config(Self.pool, "admin: 127.0.0.1:0")
    try withScene(fault.script, .answering(ok("good")), config: config) { scene in
      for _ in 0..<6 {
        let client = try scene.client()
        try client.send(get())
        var response = try client.response()
        while response.status == 102 { response = try client.response() }
        #expect(response.status == 200 && response.text == "good", "\(fault)")
      }
      #expect(scene.origins[0].requests.count >= 2)
      let retries = try scene.proxy.metric("headrace_pool_retries_total", "pool=\"app\"")
      #expect(retries == Double(scene.origins[0].requests.count))
    }
  }

  @Test("a POST that a backend may have seen is never sent again", arguments: Fault.allCases)
  func postsAreNot(_ fault: Fault) throws {
    try withScene(fault.script, .answering(ok("good")), config: Self.config(Self.pool)) { scene in
      for number in 0..<6 { _ = try scene.exchange(post("/\(number)", body: "pay")) }
      let all = scene.origins.flatMap(\.requests).map(\.target)
      #expect(all.count == 6 && Set(all).count == 6)
    }
  }

  @Test("a large body that is kept is sent again whole", arguments: [400, 600, 3000])
  func largeBody(_ kilobytes: Int) throws {
    let config = Self.config(
      "{ backends: ['$0', '$1'], retry: { body: 16MiB, backoff: 1ms }, breaker: off }")
    let good = Origin.Script.serving { request, _ in
      ok("\(request.body == pattern(65536, times: kilobytes / 64))")
    }
    try withScene(Fault.closes.script, good, config: config) { scene in
      for _ in 0..<4 {
        let client = try scene.client()
        let size = kilobytes / 64 * 65536
        try client.send(head("PUT / HTTP/1.1", "Host: a", "Content-Length: \(size)"))
        try client.sendPattern(size)
        let response = try client.response()
        #expect(response.status == 200 && response.text == "true")
      }
      #expect(scene.origins[0].requests.count >= 1)
    }
  }

  @Test("an upload may go on after the answer has begun", arguments: ["PUT", "POST"])
  func earlyAnswer(_ method: String) throws {
    let script = Origin.Script.script { connection in
      var request = try connection.readHead()
      try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
      try connection.readBody(of: &request, or: .none)
      try connection.send(request.text)
    }
    try withScene(script) { scene in
      let client = try scene.client()
      try client.send(head("\(method) / HTTP/1.1", "Host: a", "Content-Length: 4"))
      var response = try client.readHead()
      try client.send("rest")
      try client.readBody(of: &response, or: .close)
      #expect(response.text == "halfrest")
    }
  }

  @Test("the last failure is passed on when the tries are spent")
  func triesAreBounded() throws {
    let config = Self.config("{ backends: ['$0', '$1'], retry: { tries: 3, backoff: 0s } }")
    try withScene(Fault.closes.script, Fault.resets.script, config: config) { scene in
      let response = try scene.exchange(get())
      #expect(response.status == 502)
      #expect(scene.origins.map(\.requests.count).reduce(0, +) == 3)
    }
  }

  @Test("the answer of the last backend is passed on as it came")
  func lastAnswer() throws {
    let config = Self.config(Self.pool)
    try withScene(Fault.cannotServe.script, Fault.cannotServe.script, config: config) { scene in
      let response = try scene.exchange(get())
      #expect(response.status == 503 && response.text == "busy")
      #expect(scene.origins.map(\.requests.count) == [1, 1])
    }
  }

  @Test("tries: 1 is no retry")
  func off() throws {
    let config = Self.config("{ backends: ['$0', '$1'], retry: { tries: 1 } }")
    try withScene(Fault.closes.script, Fault.closes.script, config: config) { scene in
      let response = try scene.exchange(get())
      #expect(response.status == 502)
      #expect(scene.origins.map(\.requests.count).reduce(0, +) == 1)
    }
  }

  @Test("a spent budget passes failures on, and says so in a metric")
  func budget() throws {
    let config = Self.config(
      "{ backends: ['$0', '$1'], retry: { budget: 0%, reserve: 2, backoff: 0s } }",
      "admin: 127.0.0.1:0")
    try withScene(Fault.closes.script, Fault.closes.script, config: config) { scene in
      for _ in 0..<4 { #expect(try scene.exchange(get()).status == 502) }
      // Two retries, over all requests.
      #expect(scene.origins.map(\.requests.count).reduce(0, +) == 6)
      #expect(try scene.proxy.metric("headrace_pool_retries_total", "pool=\"app\"") == 2)
      let spent = try scene.proxy.metric("headrace_pool_retry_budget_spent_total", "pool=\"app\"")
      #expect(spent == 3)
    }
  }

  @Test("failed connects are outside of the budget, and a POST of which nothing was sent goes on")
  func connects() throws {
    let config = Self.config(
      "{ backends: ['\(try Address.refusing())', '$0'], retry: { budget: 0%, reserve: 0 } }")
    try withScene(.answering(ok("good")), config: config) { scene in
      for _ in 0..<6 {
        let response = try scene.exchange(post(body: "x"))
        #expect(response.status == 200)
      }
    }
  }

  @Test("a backend that refuses for a moment is asked again after a wait")
  func refusesForAMoment() throws {
    let place = try Address.refusing()
    let config = Self.config(
      "{ backends: ['\(place)'], retry: { tries: 8, backoff: 250ms, max_backoff: 1s } }")
    try withScene(config: config) { scene in
      let client = try scene.client()
      try client.send(get())
      #expect(throws: HarnessError.self) { try client.response(within: 0.05) }
      let origin = try Origin(Origin.Script.answering(ok("late")).at(.at(place)))
      defer { origin.stop() }
      #expect(try client.response().text == "late")
    }
  }

  @Test("a body that came in pieces is kept and sent again, up to the bound")
  func bodies() throws {
    let config = Self.config(
      "{ backends: ['$0', '$1'], retry: { backoff: 0s, body: 32KiB } }",
      "timeouts: { first_byte: 20s }")
    try withScene(Fault.closes.script, .answering(ok("good")), config: config) { scene in
      for (size, statuses) in [(20_000, Set([200])), (100_000, Set([200, 502]))] {
        var seen: Set<Int> = []
        for _ in 0..<4 {
          let client = try scene.client()
          try client.send(head("PUT / HTTP/1.1", "Host: a", "Content-Length: \(size)"))
          for part in 0..<4 {
            try client.send([UInt8](pattern(size)[(part * size / 4)..<((part + 1) * size / 4)]))
          }
          seen.insert(try client.response().status)
        }
        #expect(seen == statuses, "\(size)")
      }
      let whole = scene.origins[1].requests.filter { $0.body.count == 20_000 }
      #expect(whole.count == 4)
      for request in whole { #expect(request.body.firstDifference(pattern(20_000)) == nil) }
    }
  }

  @Test("timeouts.try ends one try, and another backend answers")
  func tryTimeout() throws {
    let silent = Origin.Script.script { connection in
      while (try connection.nextRequest()) != nil {}
    }
    let config = Self.config(Self.pool, "timeouts: { try: 150ms }")
    try withScene(silent, .answering(ok("good")), config: config) { scene in
      for _ in 0..<4 {
        let response = try scene.exchange(get())
        #expect(response.text == "good")
      }
      #expect(scene.origins[0].requests.count >= 2)
    }
  }

  @Test("the request's own time ends its tries")
  func deadline() throws {
    let silent = Origin.Script.script { connection in
      while (try connection.nextRequest()) != nil {}
    }
    let config = Self.config(
      "{ backends: ['$0', '$1'], retry: { tries: 8 } }", "timeouts: { try: 150ms, request: 400ms }")
    try withScene(silent, silent, config: config) { scene in
      var status = 0
      let took = try seconds { status = try scene.exchange(get()).status }
      #expect(status == 504 && took > 0.35 && took < 3)
      #expect((2...4).contains(scene.origins.map(\.requests.count).reduce(0, +)))
    }
  }

  @Test("the time that is left is passed on, and what a client says of it is not")
  func remaining() throws {
    let config = """
      listen: 127.0.0.1:0
      routes:
        - { match: { path: /t }, to: app, timeout: 5s,
            request_headers: { set: { X-Left: "{remaining_ms}" } } }
        - { to: app, request_headers: { set: { X-Left: "{remaining_ms}" } } }
      pools: { app: ['$0'] }

      """
    try withScene(.answering(ok()), config: config) { scene in
      _ = try scene.exchange(get("/t", "X-Left: 99999"))
      let left = Int(scene.origin.request(0)["x-left"] ?? "") ?? -1
      #expect((4000...5000).contains(left))
      _ = try scene.exchange(get("/", "X-Left: 99999"))
      #expect(scene.origin.request(1)["x-left"] == nil)
    }
  }

  @Test("an interim answer that was forwarded does not forbid another try")
  func interim() throws {
    let hints = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
    }
    try withScene(hints, .answering(ok("good")), config: Self.config(Self.pool)) { scene in
      for _ in 0..<2 {
        let client = try scene.client()
        try client.send(get())
        var response = try client.response()
        if response.status == 103 { response = try client.response() }
        #expect(response.text == "good")
      }
    }
  }

  @Test("after the head was forwarded a cut is a cut: nothing is sent again")
  func afterTheHead() throws {
    let cuts = Origin.Script.answeringOnce(
      "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    try withScene(cuts, cuts, config: Self.config(Self.pool)) { scene in
      let client = try scene.client()
      try client.send(get())
      #expect(throws: HarnessError.self) { try client.response() }
      #expect(scene.origins.map(\.requests.count).reduce(0, +) == 1)
    }
  }

  @Test("a client that goes away while its request waits for another try ends it")
  func clientGone() throws {
    let config = Self.config(
      "{ backends: ['$0'], retry: { tries: 8, backoff: 1h, max_backoff: 1h } }",
      "admin: 127.0.0.1:0")
    try withScene(Fault.resets.script, config: config) { scene in
      let client = try scene.client()
      try client.send(get())
      try scene.origin.waitForRequests(1)
      client.reset()
      try wait(for: "the end of the request") {
        try scene.proxy.metric("headrace_pool_requests_in_flight", "pool=\"app\"") == 0
      }
      #expect(scene.origin.requests.count == 1)
    }
  }
}

extension [UInt8] {
  fileprivate func firstDifference(_ other: [UInt8]) -> Int? {
    count == other.count ? indices.first { self[$0] != other[$0] } : Swift.min(count, other.count)
  }
}

private func pattern(_ count: Int, times: Int) -> [UInt8] {
  let piece = pattern(count)
  return (0..<times).flatMap { _ in piece }
}
