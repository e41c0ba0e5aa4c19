import Testing

@Suite("Forwarding fields, trusted proxies, hop-by-hop fields") struct FieldTests {
  @Test("a request gets the client's address, scheme, host and an id")
  func added() throws {
    try withScene(.answering(ok())) { scene in
      let client = try scene.client()
      #expect(try client.exchange(get()).status == 200)
      #expect(try client.exchange(get()).status == 200)
      for request in scene.origin.requests {
        #expect(request.all("X-Forwarded-For") == ["127.0.0.1"])
        #expect(request.all("X-Forwarded-Proto") == ["http"])
        #expect(request.all("X-Forwarded-Host") == ["example.com"])
        #expect(request.all("X-Request-Id").count == 1)
        #expect(request["X-Request-Id"]?.wholeMatch(of: /[0-9a-f]{32}/) != nil)
        #expect(request.all("Via") == [])
      }
      let ids = scene.origin.requests.map { $0["X-Request-Id"] }
      #expect(ids[0] != ids[1])
    }
  }

  private static let claimed = get(
    "/", "X-Forwarded-For: 1.2.3.4", "x-forwarded-for: 5.6.7.8", "X-Forwarded-Proto: https",
    "X-Forwarded-Host: evil", "X-Forwarded-Port: 1", "Forwarded: for=1.2.3.4",
    "X-Real-IP: 1.2.3.4", "X-Request-Id: mine")

  @Test("what an untrusted peer claims is dropped")
  func untrusted() throws {
    try withScene(.answering(ok()), extra: "trusted_proxies: [10.0.0.0/8, \"::1\"]") { scene in
      _ = try scene.exchange(Self.claimed)
      let request = scene.origin.request(0)
      #expect(request.all("X-Forwarded-For") == ["127.0.0.1"])
      #expect(request.all("X-Forwarded-Proto") == ["http"])
      #expect(request.all("X-Forwarded-Host") == ["example.com"])
      #expect(request.all("X-Forwarded-Port") == [])
      #expect(request.all("Forwarded") == [])
      #expect(request.all("X-Real-IP") == [])
      #expect(request.all("X-Request-Id").count == 1)
      #expect(request["X-Request-Id"] != "mine")
    }
  }

  @Test("what a trusted peer says is kept, and its address appended")
  func trusted() throws {
    try withScene(.answering(ok()), extra: "trusted_proxies: [127.0.0.8/29]") { scene in
      let client = try scene.client(from: "127.0.0.9")
      _ = try client.exchange(Self.claimed)
      let request = scene.origin.request(0)
      #expect(
        request.all("X-Forwarded-For").joined(separator: ", ") == "1.2.3.4, 5.6.7.8, 127.0.0.9")
      #expect(request.all("X-Forwarded-Proto") == ["https"])
      #expect(request.all("X-Forwarded-Host") == ["evil"])
      #expect(request.all("X-Forwarded-Port") == ["1"])
      #expect(request.all("Forwarded") == ["for=1.2.3.4"])
      #expect(request.all("X-Real-IP") == ["1.2.3.4"])
      #expect(request.all("X-Request-Id") == ["mine"])
      _ = try client.exchange(get())
      #expect(scene.origin.request(1).all("X-Forwarded-For") == ["127.0.0.9"])
      #expect(scene.origin.request(1).all("X-Forwarded-Proto") == ["http"])
      // One address beyond the block.
      _ = try scene.client(from: "127.0.0.16").exchange(Self.claimed)
      #expect(scene.origin.request(2).all("X-Forwarded-For") == ["127.0.0.16"])
    }
  }

  @Test("Connection cannot take out what a trusted peer says")
  func trustedAndNominated() throws {
    try withScene(.answering(ok()), extra: "trusted_proxies: [127.0.0.1]") { scene in
      let names =
        "X-Forwarded-For, x-forwarded-proto, X-Forwarded-Host, X-Forwarded-Port, Forwarded, "
        + "X-Real-IP, X-Request-Id, X-Client-Verify, X-Other"
      let more = "X-Client-Verify: SUCCESS\r\nX-Other: 1\r\nConnection: \(names)\r\n\r\n"
      // Without its empty line, which is one character.
      let request: String = Self.claimed.dropLast(1) + more
      let response = try scene.exchange(request)
      #expect(response.status == 200)
      let seen = scene.origin.request(0)
      #expect(seen.all("X-Forwarded-Proto") == ["https"])
      #expect(seen.all("X-Forwarded-Host") == ["evil"])
      #expect(seen.all("X-Forwarded-Port") == ["1"])
      #expect(seen.all("Forwarded") == ["for=1.2.3.4"])
      #expect(seen.all("X-Real-IP") == ["1.2.3.4"])
      #expect(seen.all("X-Request-Id") == ["mine"])
      #expect(seen.all("X-Client-Verify") == ["SUCCESS"])
      #expect(
        seen.all("X-Forwarded-For").joined(separator: ", ") == "1.2.3.4, 5.6.7.8, 127.0.0.1")
      #expect(seen["X-Other"] == nil)
    }
  }

  @Test("names with underscores that alias a field of ours are dropped, others pass")
  func underscores() throws {
    try withScene(.answering(ok()), extra: "trusted_proxies: [127.0.0.0/8]") { scene in
      let aliases = [
        "X_Forwarded_For", "X-Forwarded_For", "x_forwarded_proto", "X_Forwarded_Host",
        "X_Request_Id", "Content_Length", "Transfer_Encoding", "X_Real_IP",
      ]
      _ = try scene.exchange(
        head(
          ["GET / HTTP/1.1", "Host: a", "My_Field: kept"] + aliases.map { "\($0): 1" }))
      let request = scene.origin.request(0)
      #expect(request.method == "GET")
      for name in aliases { #expect(request.all(name) == [], "\(name)") }
      #expect(request["My_Field"] == "kept")
    }
  }

  @Test("Via is added both ways when it is on")
  func via() throws {
    try withScene(.answering(ok("x", "Via: 1.0 inner")), extra: "via: true") { scene in
      let response = try scene.exchange(get("/", "Via: 1.1 outer"))
      #expect(response.all("Via").joined(separator: ", ") == "1.0 inner, 1.1 headrace")
      #expect(
        scene.origin.request(0).all("Via").joined(separator: ", ") == "1.1 outer, 1.1 headrace")
    }
  }

  @Test("hop-by-hop fields and those that Connection names are dropped from requests")
  func hopByHopRequest() throws {
    try withScene(.answering(ok())) { scene in
      let request = get(
        "/", "Connection: keep-alive, X-Hop", "connection: x-other", "X-Hop: 1", "X-Other: 2",
        "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "TE: trailers, gzip",
        "Upgrade: x", "X-Kept: 3", "Trailer: X-Sum", "Proxy: x", "Authorization: Basic eA==",
        "Cookie: a=b")
      let status = try scene.exchange(request).status
      #expect(status == 200)
      let seen = scene.origin.request(0)
      let gone = ["X-Hop", "X-Other", "Keep-Alive", "Proxy-Connection", "TE", "Upgrade", "Proxy"]
      for name in gone { #expect(seen.all(name) == [], "\(name)") }
      for name in ["X-Kept", "Trailer", "Authorization", "Cookie"] {
        #expect(seen.all(name).count == 1, "\(name)")
      }
      let connection = seen.all("Connection").joined().lowercased()
      #expect(connection == "" || connection == "keep-alive")
    }
  }

  @Test("hop-by-hop fields and those that Connection names are dropped from responses")
  func hopByHopResponse() throws {
    let answer = ok(
      "x", "Connection: X-Hop, keep-alive", "X-Hop: 1", "Keep-Alive: timeout=60",
      "Proxy-Connection: close", "Upgrade: h2,h2c", "X-Kept: 2", "Set-Cookie: a=b",
      "Set-Cookie: c=d", "Server: origin")
    try withScene(.answering(answer)) { scene in
      let response = try scene.exchange(get())
      for name in ["X-Hop", "Keep-Alive", "Proxy-Connection", "Upgrade"] {
        #expect(response.all(name) == [], "\(name)")
      }
      #expect(response.all("Set-Cookie") == ["a=b", "c=d"])
      #expect(response["X-Kept"] == "2")
      #expect(response["Server"] == "origin")
    }
  }

  @Test("Connection cannot be used to remove what matters")
  func connectionAsWeapon() throws {
    try withScene(.serving { request, _ in ok(request.text) }) { scene in
      let client = try scene.client()
      let names =
        "Host, Content-Length, X-Forwarded-For, X-Forwarded-Proto, X-Request-Id, Transfer-Encoding"
      let request = post("/", "Connection: \(names)", body: "hello")
      try client.send(request)
      let response = try client.response()
      if response.status == 400 { return }
      #expect(response.text == "hello")
      let seen = scene.origin.request(0)
      #expect(seen.all("Host") == ["example.com"])
      #expect(seen.all("X-Forwarded-For") == ["127.0.0.1"])
      #expect(seen.all("X-Request-Id").count == 1)
      #expect(seen.framing == .length(5))
    }
  }
}
