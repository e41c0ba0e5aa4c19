import Foundation
import Testing

/// What must hold when a socket takes only part of what it is given, and the rest has to wait.
@Suite("Blocked sends") struct BlockedSendTests {
  @Test("trailers that arrive in two parts survive a blocked send between them")
  func splitTrailersBehindBlockedSend() throws {
    // A unix client socket takes about 200 KB, so the send of a whole receive blocks, and takes the
    // receive buffer away, while the first half of the trailers still lies in it.
    let size = 0x3c000
    let gate = Gate()
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      let chunked = head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked").bytes
      let body = "3c000\r\n".bytes + pattern(size) + "\r\n0\r\nX-First: 1\r\nX-Sec".bytes
      try connection.send(chunked + body)
      try gate.pass()
      try connection.send("ond: 2\r\n\r\n")
      _ = try connection.ending()
    }
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let config = Scene.config(["$0"]).replacingOccurrences(
      of: "address: 127.0.0.1:0", with: "address: 'unix:\(folder)/p'")
    try withScene(script, config: config) { scene in
      // Whether all of it comes in one receive is up to the kernel: some of these do.
      var clients: [Client] = []
      for number in 1...12 {
        let client = try scene.client()
        try client.send(get())
        clients.append(client)
        try scene.origin.waitForRequests(number)
      }
      gate.open()
      for client in clients {
        let response = try client.response()
        #expect(response.body == pattern(size))
        #expect(response.trailers.map(\.name) == ["X-First", "X-Second"])
      }
    }
  }

  @Test("a backend that takes no bytes is given up after first_byte, with 504")
  func backendThatDoesNotRead() throws {
    let gate = Gate()
    let script = Origin.Script.script { _ in try gate.pass() }
    try withScene(script, extra: "timeouts: { first_byte: 400ms, client_body_idle: 30s }") {
      scene in
      defer { gate.open() }
      let client = try scene.client()
      let size = 64 << 20
      try client.send(head("POST / HTTP/1.1", "Host: a", "Content-Length: \(size)"))
      // As much as the sockets between take; then the backend is the one that stalls.
      try? client.send([UInt8](repeating: 0x61, count: size), within: 1)
      #expect(try client.readHead().status == 504)
    }
  }
}
