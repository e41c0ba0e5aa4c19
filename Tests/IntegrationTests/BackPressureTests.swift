import CLinux
import Foundation
import Testing

/// Large and many: the bytes arrive, the memory does not grow. HEADRACE_BIG_BODY (bytes) and
/// HEADRACE_SLOW_READERS change how large and how many.
@Suite("Back-pressure", .serialized) struct BackPressureTests {
  private static let big =
    Int(environment("HEADRACE_BIG_BODY") ?? "") ?? (Proxy.isSanitized ? 64 << 20 : 1 << 30)
  private static let readers =
    Int(environment("HEADRACE_SLOW_READERS") ?? "") ?? (Proxy.isSanitized ? 100 : 1000)
  private static let memory = Proxy.isSanitized ? 1 << 30 : 64 << 20
  /// What the kernel may hold between origin and client: two sockets' send and receive buffers.
  private static let kernelBuffers = 40 << 20

  private static let download = Origin.Script.script { connection in
    connection.keepsRecord = false
    while let request = try connection.nextRequest() {
      let size = Int(request.target.dropFirst()) ?? 0
      try connection.send(head("HTTP/1.1 200 OK", "Content-Length: \(size)"))
      try connection.sendPattern(size, within: 300)
    }
  }

  @Test("a big download passes, within the memory bound")
  func bigDownload() throws {
    try withScene(Self.download) { scene in
      let client = try scene.client()
      client.keepsRecord = false
      try client.send(get("/\(Self.big)"))
      #expect(try client.readHead()["Content-Length"] == "\(Self.big)")
      try client.discard(Self.big, within: 300)
      #expect(scene.proxy.process.peakResidentBytes < Self.memory)
      // The connection is in order behind it.
      try client.send(get("/3"))
      #expect(try client.response().body == pattern(3))
    }
  }

  @Test("a big chunked download passes, within the memory bound")
  func bigChunkedDownload() throws {
    let size = Self.big / 4
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send(head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"))
      let piece = "10000\r\n".bytes + pattern(65536) + "\r\n".bytes
      for _ in 0..<size / 65536 { try connection.send(piece) }
      try connection.send("0\r\n\r\n")
    }
    try withScene(script) { scene in
      let client = try scene.client()
      client.keepsRecord = false
      try client.send(get())
      #expect(try client.readHead().hasChunkedCoding)
      var count = 0
      while let piece = try client.readChunk() { count += piece.count }
      #expect(count == size)
      #expect(try client.readTrailers() == [])
      #expect(scene.proxy.process.peakResidentBytes < Self.memory)
    }
  }

  @Test("a big upload passes, within the memory bound")
  func bigUpload() throws {
    let size = Self.big / 2
    let script = Origin.Script.script { connection in
      _ = try connection.readHead()
      connection.keepsRecord = false
      try connection.discard(size, within: 300)
      try connection.send(ok("done"))
    }
    try withScene(script) { scene in
      let client = try scene.client()
      try client.send(head("POST / HTTP/1.1", "Host: a", "Content-Length: \(size)"))
      try client.sendPattern(size, within: 300)
      #expect(try client.response().text == "done")
      #expect(scene.proxy.process.peakResidentBytes < Self.memory)
    }
  }

  @Test("a slow reader stops its backend, and gets every byte in the end")
  func slowReader() throws {
    let size = 96 << 20
    let backendIsBlocked = Gate()
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      connection.keepsRecord = false
      try connection.send(head("HTTP/1.1 200 OK", "Content-Length: \(size)"))
      let sent = try connection.sendUntilBlocked(size)
      #expect(sent < Self.kernelBuffers, "nothing held the backend back")
      backendIsBlocked.open()
      try connection.sendPattern(size - sent, from: sent)
    }
    try withScene(script) { scene in
      let client = try scene.client(receiveBuffer: 16384)
      client.keepsRecord = false
      try client.send(get())
      _ = try client.readHead()
      try backendIsBlocked.pass()
      #expect(scene.proxy.process.peakResidentBytes < Self.memory)
      let piece = pattern(64 << 10)
      for at in stride(from: 0, to: size, by: piece.count) {
        let got = try client.read(piece.count, within: 60)
        if got != piece {
          Issue.record("differs after \(at)")
          break
        }
      }
    }
  }

  @Test("a slow backend stops its client, and gets every byte in the end")
  func slowBackend() throws {
    let size = 96 << 20
    let clientIsBlocked = Gate()
    let script = Origin.Script.script { connection in
      _ = try connection.readHead()
      connection.keepsRecord = false
      try clientIsBlocked.pass()
      try connection.discard(size)
      try connection.send(ok("done"))
    }
    try withScene(script) { scene in
      let client = try scene.client()
      try client.send(head("POST / HTTP/1.1", "Host: a", "Content-Length: \(size)"))
      let sent = try client.sendUntilBlocked(size, quiet: 0.4)
      #expect(sent < Self.kernelBuffers, "nothing held the client back")
      clientIsBlocked.open()
      try client.sendPattern(size - sent)
      #expect(try client.response().text == "done")
      #expect(scene.proxy.process.peakResidentBytes < Self.memory)
    }
  }

  @Test("many slow readers stay within the memory budget, and all go on")
  func manySlowReaders() throws {
    let size = 4 << 20
    let budget = 8 << 20
    // Two descriptors of this process each; other suites need some too.
    let readers = min(Self.readers, max(50, Int(hr_raise_descriptor_limit()) / 3 - 200))
    try withScene(Self.download, extra: "limits: { memory_per_worker: 8MiB }") { scene in
      let base = scene.proxy.process.residentBytes
      var clients: [Client] = []
      for _ in 0..<readers {
        let client = try scene.client(receiveBuffer: 4096)
        client.keepsRecord = false
        try client.send(get("/\(size)"))
        clients.append(client)
      }
      try wait(for: "all requests at the origin", within: 30) {
        scene.origin.requests.count == readers
      }
      try wait(for: "all to be blocked", within: 30) {
        let before = scene.proxy.process.processorTime
        usleep(300_000)
        return scene.proxy.process.processorTime - before < 0.06
      }
      let grown = scene.proxy.process.peakResidentBytes - base
      #expect(grown < budget + Self.memory * 3 / 8, "grew by \(grown >> 20) MiB")
      // A quick reader is served beside them.
      #expect(try scene.exchange(get("/1000")).body.count == 1000)
      for client in clients.dropFirst(10) { client.reset() }
      for client in clients.prefix(10) {
        #expect(try client.readHead(within: 30).status == 200)
        try client.discard(size)
      }
    }
  }

  @Test("one busy connection does not starve the others")
  func fairness() throws {
    try withScene(Self.download) { scene in
      let busy = try scene.client()
      busy.keepsRecord = false
      try busy.send(get("/\(1 << 30)"))
      startThread { try? busy.discard(1 << 30) }
      defer { busy.halfClose() }
      let client = try scene.client()
      for _ in 1...20 {
        let took = try seconds {
          try client.send(get("/10"))
          #expect(try client.response().body.count == 10)
        }
        #expect(took < 1)
      }
      scene.proxy.process.kill()
    }
  }
}
