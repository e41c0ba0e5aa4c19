import Testing

@Suite("Balancing") struct BalancingTests {
  /// Origins that say who they are.
  private static let named = Origin.Script.serving { _, connection in
    ok("\(connection.origin.address)")
  }

  private static func config(_ pool: String, _ route: String = "to: app") -> String {
    """
    listeners: [{ address: 127.0.0.1:0 }]
    workers: 2
    routes:
      - { \(route) }
    pools:
      app: \(pool)
    trusted_proxies: [127.0.0.9]

    """
  }

  /// The key's name in the request of each user.
  struct Key: Sendable, CustomTestStringConvertible {
    let hash: String
    var route = "to: app"
    let request: @Sendable (String) -> String
    var testDescription: String { hash }
  }

  private static let keys = [
    Key(hash: "header:X-User") { get("/", "x-uSER: \($0)") },
    Key(hash: "cookie:sid") { get("/", "Cookie: a=1; xsid=no; sid=\($0) ; b=2") },
    Key(hash: "query:user") { get("/x?a=b&user=\($0)&user=no") },
    Key(hash: "query:a b") { get("/x?%61+b=%75\($0)") },
    Key(hash: "path") { get("/things/\($0)?x=\($0.count)") },
    Key(hash: "path:2") { get("/things/./\($0)/\($0.count)") },
    Key(hash: "path:{id}", route: "to: app, match: { path: '/u/{id}/**' }") {
      get("/u/\($0)/\($0.count)")
    },
    Key(hash: "client_address") {
      get("/", "X-Forwarded-For: 10.0.\($0.count).\($0.dropFirst())")
    },
  ]

  @Test("the same key goes to the same backend, whatever the worker; keys spread", arguments: keys)
  func hashing(key: Key) throws {
    let pool = "{ strategy: { hash: '\(key.hash)' }, backends: ['$0', '$1', '$2'] }"
    try withScene(Self.named, Self.named, Self.named, config: Self.config(pool, key.route)) {
      scene in
      var places: [String: String] = [:]
      for round in 0..<3 {
        let client = try scene.client(from: "127.0.0.9")
        for user in 1...30 {
          let answer = try client.exchange(key.request("u\(user)")).text
          if round == 0 { places["u\(user)"] = answer }
          #expect(places["u\(user)"] == answer)
        }
      }
      #expect(Set(places.values).count == 3)
    }
  }

  @Test("requests without the key take turns")
  func noKey() throws {
    let pool = "{ strategy: { hash: 'cookie:sid' }, backends: ['$0', '$1'] }"
    try withScene(Self.named, Self.named, config: Self.config(pool)) { scene in
      let client = try scene.client()
      let answers = try (0..<6).map { number in
        try client.exchange(get("/", number % 2 == 0 ? "Cookie: sid=" : "X: y")).text
      }
      #expect(Set(answers).count == 2)
      #expect(zip(answers, answers.dropFirst()).allSatisfy { $0 != $1 })
    }
  }

  @Test("the peer's own word about its address does not move it, unless it is trusted")
  func untrusted() throws {
    let pool = "{ strategy: ip_hash, backends: ['$0', '$1', '$2'] }"
    try withScene(Self.named, Self.named, Self.named, config: Self.config(pool)) { scene in
      let client = try scene.client(from: "127.0.0.5")
      let answers = try (0..<20).map {
        try client.exchange(get("/", "X-Forwarded-For: 10.0.0.\($0)")).text
      }
      #expect(Set(answers).count == 1)
      let others = try (10..<30).map {
        try scene.client(from: "127.0.0.\($0)").exchange(get("/")).text
      }
      #expect(Set(others).count > 1)
    }
  }

  @Test("a backend that refuses moves its own keys only")
  func refusing() throws {
    let pool = "{ strategy: { hash: path }, backends: ['$0', '127.0.0.1:1', '$1'] }"
    let whole = "{ strategy: { hash: path }, backends: ['$0', '127.0.0.1:1'] }"
    try withScene(Self.named, Self.named, config: Self.config(pool)) { scene in
      let client = try scene.client()
      let answers = try (0..<40).map { try client.exchange(get("/\($0)")).text }
      #expect(Set(answers) == Set(scene.origins.map(\.address)))
      #expect(try (0..<40).map { try client.exchange(get("/\($0)")).text } == answers)
    }
    try withScene(Self.named, config: Self.config(whole)) { scene in
      let client = try scene.client()
      for number in 0..<20 { #expect(try client.exchange(get("/\(number)")).status == 200) }
    }
  }

  @Test("backups get nothing while another backend answers, and all when none does")
  func backups() throws {
    let backup = "{ address: '$1', backup: true }"
    try withScene(Self.named, Self.named, config: Self.config("['$0', \(backup)]")) { scene in
      let client = try scene.client()
      for _ in 0..<10 {
        #expect(try client.exchange(get("/")).text == scene.origins[0].address)
      }
    }
    try withScene(Self.named, Self.named, config: Self.config("['127.0.0.1:1', \(backup)]")) {
      scene in
      let client = try scene.client()
      for _ in 0..<10 {
        #expect(try client.exchange(get("/")).text == scene.origins[1].address)
      }
    }
  }

  @Test(
    "a backend that hangs gets no more while others are idle",
    arguments: ["least_connections", "two_choices", "peak_ewma"])
  func hanging(strategy: String) throws {
    let slow = Origin.Script.serving { request, connection in
      if request.target == "/hang" { try connection.rest(3) }
      return ok(connection.origin.address)
    }
    let pool = "{ strategy: \(strategy), backends: ['$0', '$1'] }"
    try withScene(slow, slow, config: Self.config(pool)) { scene in
      let stuck = try scene.client()
      try stuck.send(get("/hang"))
      try wait(for: "a request") { scene.origins.contains { !$0.requests.isEmpty } }
      let busy = scene.origins[0].requests.isEmpty ? 1 : 0
      let client = try scene.client()
      for _ in 0..<12 {
        #expect(try client.exchange(get("/")).text == scene.origins[1 - busy].address)
      }
    }
  }

  /// A slow answer, and errors, which come fast.
  @Test("peak_ewma avoids a backend that is slow or fails", arguments: [200, 500, 503])
  func avoiding(status: Int) throws {
    let bad = Origin.Script.serving { _, connection in
      if status == 200 { try connection.rest(0.05) }
      return "HTTP/1.1 \(status) X\r\nContent-Length: 0\r\n\r\n"
    }
    let pool = "{ strategy: peak_ewma, backends: ['$0', '$1', '$2'] }"
    try withScene(bad, Self.named, Self.named, config: Self.config(pool)) { scene in
      let client = try scene.client()
      for _ in 0..<60 { _ = try client.exchange(get("/")) }
      #expect(scene.origins[0].requests.count <= 12)
      #expect(scene.origins[1].requests.count >= 10)
      #expect(scene.origins[2].requests.count >= 10)
    }
  }

  @Test("a reload changes the strategy and the backends of a pool that hashes")
  func reload() throws {
    let hashing = "{ strategy: { hash: path }, backends: ['$0', '$1', '$2'] }"
    try withScene(Self.named, Self.named, Self.named, config: Self.config(hashing)) { scene in
      func config(_ pool: String) -> String {
        var text = Self.config(pool)
        for (index, origin) in scene.origins.enumerated() {
          text = text.replacing("$\(index)", with: origin.address)
        }
        return text
      }
      let client = try scene.client()
      let targets = (0..<60).map { "/\($0)" }
      let before = try targets.map { try client.exchange(get($0)).text }
      #expect(
        try scene.proxy.reload(config("{ strategy: least_connections, backends: ['$0', '$1'] }")))
      for target in targets { #expect(try client.exchange(get(target)).status == 200) }
      #expect(
        try scene.proxy.reload(config("{ strategy: { hash: path }, backends: ['$2', '$0'] }")))
      let after = try targets.map { try client.exchange(get($0)).text }
      var moved = 0
      for (old, new) in zip(before, after) where old != new && old != scene.origins[1].address {
        moved += 1
      }
      #expect(moved <= 3)
      #expect(!after.contains(scene.origins[1].address))
    }
  }

  @Test(
    "every strategy serves, also with weights",
    arguments: ["weighted_round_robin", "random", "least_connections", "two_choices", "peak_ewma"])
  func all(strategy: String) throws {
    let pool = """
      { strategy: \(strategy), backends: [{ address: '$0', weight: 3 }, '$1', \
      { address: '$2', weight: 0 }] }
      """
    try withScene(Self.named, Self.named, Self.named, config: Self.config(pool)) { scene in
      let client = try scene.client()
      var counts: [String: Int] = [:]
      for _ in 0..<200 { counts[try client.exchange(get("/")).text, default: 0] += 1 }
      #expect(counts[scene.origins[2].address] == nil)
      #expect(
        (100...190).contains(counts[scene.origins[0].address] ?? 0) || strategy == "peak_ewma")
      #expect(counts.count == 2)
    }
  }
}
