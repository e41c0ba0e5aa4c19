import Foundation
import Testing

/// Damaged messages, the same ones in every run. HEADRACE_DAMAGE_ROUNDS and HEADRACE_DAMAGE_SEED
/// look further.
@Suite("Damage") struct DamageTests {
  private static let rounds = Int(environment("HEADRACE_DAMAGE_ROUNDS") ?? "") ?? 400
  private static let seed = UInt64(environment("HEADRACE_DAMAGE_SEED") ?? "") ?? 1

  private static let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
  private static let requests: [String] = [
    get("/a?b=c", "Accept: */*", "Connection: keep-alive", "X-A: b"),
    post("/p", "X-A: b", body: smuggled),
    head("PUT /c HTTP/1.1", "Host: a", "Transfer-Encoding: chunked") + chunk(smuggled)
      + "5;a=\"b\"\r\nhello\r\n0\r\nT: 1\r\n\r\n",
    head("GET http://b/x HTTP/1.1", "Host: a", "Content-Length: 0") + smuggled,
    head("POST / HTTP/1.0", "Host: a", "Content-Length: 5") + "hello" + smuggled,
  ]
  private static let responses: [String] = [
    ok("hello", "X-A: b"),
    head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + chunk("hello") + "5;a=b\r\nworld\r\n"
      + "0\r\nT: 1\r\n\r\n",
    head("HTTP/1.1 103 Early Hints", "Link: x") + ok("hello"),
    head("HTTP/1.1 204 No Content", "X-A: b"), head("HTTP/1.0 200 OK") + "hello",
  ]
  private static let lines = [
    "Content-Length: 3", "Transfer-Encoding: chunked", "transfer-encoding:chunked", "Host: b",
    " folded", "Content-Length : 5", "Transfer-Encoding: identity", "Connection: close", "X", ":",
    "Upgrade: x", "Expect: 100-continue", "Content-Length: 3, 3", "Connection: content-length",
  ]
  private static let nasty: [UInt8] = [
    0, 9, 10, 11, 13, 32, 34, 44, 48, 53, 58, 59, 61, 0x7f, 0x80, 0xff,
  ]

  private static func damage(_ text: String, _ random: inout SplitMix) -> [UInt8] {
    var bytes = text.bytes
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let at = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<6, using: &random) {
      case 0: bytes[at] = nasty.randomElement(using: &random)!
      case 1: bytes.insert(nasty.randomElement(using: &random)!, at: at)
      case 2: bytes.remove(at: at)
      case 3: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 4:
        let line = lines.randomElement(using: &random)! + "\r\n"
        let end = bytes.firstIndex(of: "\r\n".bytes, from: 0) ?? 0
        bytes.insert(contentsOf: line.bytes, at: end + 2 <= bytes.count ? end + 2 : 0)
      default:
        let end = min(bytes.count, at + Int.random(in: 1...20, using: &random))
        bytes.insert(contentsOf: bytes[at..<end], at: at)
      }
    }
    return bytes
  }

  /// What a backend that reads strictly would object to.
  private static func objection(_ request: Message, _ received: [UInt8]) -> String? {
    let words = request.startLine.components(separatedBy: " ")
    if words.count != 3 || words[2] != "HTTP/1.1" { return "request line" }
    if request.all("Host").count != 1 { return "Host" }
    if request.all("Content-Length").count + request.all("Transfer-Encoding").count > 1 {
      return "framing"
    }
    let value = request.all("Content-Length").first ?? "0"
    if !value.allSatisfy({ ("0"..."9").contains($0) }) { return "length" }
    let head = received.firstIndex(of: "\r\n\r\n".bytes, from: 0).map { received[..<$0] } ?? []
    for (index, byte) in head.enumerated() {
      if byte == 13 && head[index + 1] != 10 { return "bare CR" }
      if byte == 10 && head[index - 1] != 13 { return "bare LF" }
      if byte < 32 && ![9, 10, 13].contains(byte) || byte == 127 { return "control byte" }
    }
    return nil
  }

  @Test("a damaged request is refused, or reaches the backend as one clean request")
  func requests() throws {
    let script = Origin.Script.script { connection in
      while let request = try connection.nextRequest() {
        if let objection = Self.objection(request, connection.received) {
          throw HarnessError.malformed("\(objection) in \(connection.received.text)")
        }
        try connection.send(request.method == "HEAD" ? ok("") : ok())
      }
    }
    // One connection a request, so that each record is one request's.
    let config = Scene.config(pool: "{ backends: ['$0'], keep_alive: { max_idle: 0 } }")
    try withScene(script, config: config) { scene in
      var random = SplitMix(state: Self.seed)
      var clean = 0
      for round in 0..<Self.rounds {
        let damaged = Self.damage(Self.requests[round % Self.requests.count], &random)
        row("round \(round): \(damaged.text.debugDescription)") {
          let before = scene.origin.requests.count
          let client = try scene.client()
          try client.send(damaged)
          client.halfClose()
          _ = try client.ending(within: 5)
          let answers = client.received.text.components(separatedBy: "HTTP/1.1 200 OK").count - 1
          let reached = scene.origin.requests.count - before
          clean += reached
          // An upgrade or a FIN inside a body may lose an answer; none may come from nowhere.
          if answers != reached {
            throw HarnessError.malformed(
              "\(answers) answers, \(reached) requests at the backend: \(client.received.text)")
          }
        }
      }
      // Some of the damage must be harmless and some not, or the test says nothing.
      #expect(clean > Self.rounds / 10 && clean < Self.rounds * 9 / 10, "\(clean) were clean")
    }
  }

  @Test("a damaged response is passed on or refused; it hangs nobody and harms no other request")
  func responses() throws {
    let script = Origin.Script.script { connection in
      let request = try connection.request()
      if request.target == "/good" { return try connection.send(ok("good")) }
      var random = SplitMix(state: Self.seed &+ UInt64(request.target.dropFirst())!)
      let response = Self.responses.randomElement(using: &random)!
      try connection.send(Self.damage(response, &random))
      connection.halfClose()
      _ = try connection.ending()
    }
    try withScene(script, config: Scene.unbroken()) { scene in
      for round in 0..<Self.rounds {
        row("round \(round)") {
          let client = try scene.client()
          try client.send(get("/\(round)", "Connection: close"))
          _ = try client.ending(within: 5)
          let all = client.received.text
          #expect(all.hasPrefix("HTTP/1.1 "), "round \(round): \(all.debugDescription)")
        }
        if round % 20 == 0 {
          let text = try scene.exchange(get("/good")).text
          #expect(text == "good")
        }
      }
    }
  }
}
