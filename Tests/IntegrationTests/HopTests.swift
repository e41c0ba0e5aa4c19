import Testing

/// Fields that count hops or name each other.
@Suite("Max-Forwards, Connection lists, empty lines") struct HopTests {
  @Test("Max-Forwards of OPTIONS and TRACE is counted down, of others left alone")
  func counted() throws {
    try withScene(.answering(ok())) { scene in
      let client = try scene.client()
      for (method, sent, expected) in [
        ("OPTIONS", "5", "4"), ("TRACE", "1", "0"), ("GET", "5", "5"), ("GET", "0", "0"),
        ("OPTIONS", "many", "many"),
      ] {
        try client.send(head("\(method) / HTTP/1.1", "Host: a", "Max-Forwards: \(sent)"))
        let response = try client.response(to: method)
        #expect(response.status == 200)
        #expect(scene.origin.requests.last?.all("Max-Forwards") == [expected], "\(method) \(sent)")
      }
    }
  }

  @Test("Max-Forwards: 0 ends the way: the proxy answers itself")
  func zero() throws {
    try withScene(.answering(ok())) { scene in
      let client = try scene.client()
      try client.send(head("OPTIONS * HTTP/1.1", "Host: a", "Max-Forwards: 0"))
      #expect(try client.response(to: "OPTIONS").status == 200)
      try client.send(head("TRACE / HTTP/1.1", "Host: a", "Max-Forwards: 0"))
      #expect(try client.response(to: "TRACE").status == 501)
      #expect(scene.origin.receivedCount == 0)
    }
  }

  @Test("an endless Connection list is refused")
  func endlessList() throws {
    try withScene(.answering(ok())) { scene in
      let names = (1...65).map { "x\($0)" }.joined(separator: ", ")
      let refused = try scene.exchange(get("/", "Connection: \(names)"))
      #expect(refused.status == 400)
      let most = (1...64).map { "x\($0)" }.joined(separator: ", ")
      let served = try scene.exchange(get("/", "Connection: \(most)"))
      #expect(served.status == 200)
    }
  }

  @Test("a response has a Date even when its Connection names Date")
  func nominatedDate() throws {
    let answer = ok("ok", "Date: Fri, 20 Nov 2026 00:00:00 GMT", "Connection: Date")
    try withScene(.answering(answer)) { scene in
      let response = try scene.exchange(get())
      #expect(response.all("Date").count == 1)
    }
  }

  @Test("empty lines before a request may be split anywhere, and are counted over all reads")
  func emptyLines() throws {
    try withScene(.answering(ok())) { scene in
      for pieces in [["\r", "\n" + get()], ["\r\n\r", "\n\r\n", get()], ["\r\n" + get()]] {
        let client = try scene.client()
        for piece in pieces {
          try client.send(piece)
          try client.rest(0.05)
        }
        let response = try client.response()
        #expect(response.status == 200, "\(pieces)")
      }
      let client = try scene.client()
      for _ in 1...5 {
        try? client.send("\r\n")
        try client.rest(0.02)
      }
      try? client.send(get())
      #expect(try client.response().status == 400)
    }
  }
}
