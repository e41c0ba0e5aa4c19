import Foundation
import Testing

@testable import DataPlane

/// Bytes through TLS: in any pieces, with sockets that are full, and how they end.
struct TLSStreamTests {
  private static let site = Result { try TLSFixture.make(["site.test"]) }

  private static func connect() throws -> (server: TLSPeer, client: TLSPeer) {
    let (server, client) = try TLSPeer.pair()
    let certificate = try site.get()
    try server.beServer(try TLSFixture.server([certificate], tickets: TLSTicketRing()))
    try client.beClient(try TLSFixture.client(trusting: [certificate]))
    TLSPeer.shakeHands(server, client)
    return (server, client)
  }

  /// Sends all in pieces of one size, reads in pieces of another, as a loop would.
  private static func pass(
    _ bytes: [UInt8], _ from: TLSPeer, _ to: TLSPeer, sending piece: Int, receiving most: Int
  ) -> [UInt8] {
    var got: [UInt8] = []
    var at = 0
    for _ in 0..<100_000 where got.count < bytes.count {
      if at < bytes.count, !from.stream.hasOutput {
        let end = min(at + piece, bytes.count)
        guard from.send(Array(bytes[at..<end])) else { return got }
        at = end
      }
      if from.stream.hasOutput { _ = from.stream.flush(&from.pool) }
      let (part, result) = to.receive(most)
      if case .bytes(let count) = result, count != part.count { return [] }
      if case .failed = result { return got }
      got += part
    }
    return got
  }

  @Test(
    "bytes arrive as they were sent, both ways, whatever the pieces",
    arguments: [
      (0, 1, 1), (1, 1, 1), (5000, 700, 300), (16_384, 16_384, 16_384), (16_385, 16_385, 4096),
      (100_000, 33_333, 65_536), (1 << 20, 1 << 20, 524_288), (1 << 20, 1000, 100_000),
      (1 << 20, 65_536, 17),
    ])
  func intact(_ size: Int, _ piece: Int, _ most: Int) throws {
    let (server, client) = try Self.connect()
    var dice = Dice(seed: UInt64(size + piece))
    let bytes = (0..<size).map { _ in UInt8(dice.below(256)) }
    #expect(Self.pass(bytes, client, server, sending: piece, receiving: most) == bytes)
    #expect(Self.pass(bytes, server, client, sending: piece, receiving: most) == bytes)
  }

  @Test("what does not fit is reported as readable, and comes with the next call")
  func pending() throws {
    let (server, client) = try Self.connect()
    let bytes = [UInt8](repeating: 7, count: 50_000)
    #expect(client.send(bytes))
    let first = server.receive(100)
    #expect(first.bytes.count == 100)
    #expect(server.isReadable)
    var rest = 0
    for _ in 0..<10 where rest < 49_900 { rest += server.receive().bytes.count }
    #expect(rest == 49_900)
    #expect(!server.isReadable)
    guard case .wouldBlock = server.receive().result else {
      Issue.record("nothing is left")
      return
    }
  }

  @Test("a farewell ends the stream; a connection that merely ends is cut for a client")
  func ends() throws {
    let (server, client) = try Self.connect()
    #expect(server.send([1, 2, 3]))
    server.end()
    #expect(client.receive().bytes == [1, 2, 3])
    guard case .endOfStream = client.receive().result else {
      Issue.record("an orderly end")
      return
    }
    let (cutServer, cutClient) = try Self.connect()
    #expect(cutServer.send([1, 2, 3]))
    cutServer.closeSocket()
    #expect(cutClient.receive().bytes == [1, 2, 3])
    guard case .failed = cutClient.receive().result else {
      Issue.record("cut")
      return
    }
    // A client that leaves without a word is merely gone.
    let (lastServer, lastClient) = try Self.connect()
    // With nothing unread, which would make it a reset.
    _ = lastClient.receive()
    lastClient.closeSocket()
    guard case .endOfStream = lastServer.receive().result else {
      Issue.record("an end")
      return
    }
  }

  @Test("bytes that were changed on the way fail, and the failure stays")
  func tampered() throws {
    let (server, client) = try Self.connect()
    let noise = [UInt8](repeating: 23, count: 40)
    #expect(unsafe send(client.stream.descriptor, noise, noise.count, 0) == noise.count)
    guard case .failed = server.receive().result, case .failed = server.receive().result else {
      Issue.record("what is no record was taken")
      return
    }
    #expect(!server.send([1]))
  }

  @Test("HTTP in clear is told from TLS that is broken")
  func clear() throws {
    let (server, client) = try TLSPeer.pair()
    try server.beServer(try TLSFixture.server([try Self.site.get()]))
    let text = Array("GET / HTTP/1.1\r\n\r\n".utf8)
    #expect(unsafe send(client.stream.descriptor, text, text.count, 0) == text.count)
    _ = server.step()
    #expect(server.failure?.kind == .plainHTTP)
    let (second, other) = try TLSPeer.pair()
    try second.beServer(try TLSFixture.server([try Self.site.get()]))
    let noise = [UInt8](repeating: 0, count: 100)
    #expect(unsafe send(other.stream.descriptor, noise, noise.count, 0) == noise.count)
    _ = second.step()
    #expect(second.failure?.kind == .refused)
  }

  @Test("tickets are no answer to nothing: an idle connection stays alive")
  func silent() throws {
    let (server, client) = try Self.connect()
    #expect(client.isSilent())
    #expect(server.send([1]))
    #expect(!client.isSilent())
  }

  @Test("tickets wait for the first answer, or for a word")
  func heldTickets() throws {
    let certificate = try Self.site.get()
    let contexts = try TLSFixture.server([certificate], tickets: TLSTicketRing())
    let trust = try TLSFixture.client(trusting: [certificate])
    for sendsAnswer in [true, false] {
      let (server, client) = try TLSPeer.pair()
      try server.beServer(contexts)
      try client.beClient(trust)
      TLSPeer.shakeHands(server, client, sendingTickets: false)
      #expect(server.isDone && client.isDone && server.holdsTickets && client.unread == 0)
      if sendsAnswer { #expect(server.send([1])) } else { server.sendTickets() }
      #expect(!server.holdsTickets && client.unread > 100)
      #expect(client.receive().bytes == (sendsAnswer ? [1] : []))
      client.keepSession(trust)
      let (nextServer, nextClient) = try TLSPeer.pair()
      nextClient.takeSessions(of: client)
      try nextServer.beServer(contexts)
      try nextClient.beClient(trust)
      TLSPeer.shakeHands(nextServer, nextClient)
      #expect(nextServer.isResumed == true)
    }
  }

  @Test("a client that leaves before any answer gets its tickets with the farewell")
  func farewellWithTickets() throws {
    let (server, client) = try TLSPeer.pair()
    let certificate = try Self.site.get()
    try server.beServer(try TLSFixture.server([certificate], tickets: TLSTicketRing()))
    try client.beClient(try TLSFixture.client(trusting: [certificate]))
    TLSPeer.shakeHands(server, client, sendingTickets: false)
    server.end()
    #expect(client.unread > 100)
    guard case .endOfStream = client.receive().result else {
      Issue.record("an orderly end")
      return
    }
  }

  @Test("the end goes with what is sent last")
  func last() throws {
    let (server, client) = try Self.connect()
    let bytes = [UInt8](repeating: 7, count: 40_000)
    #expect(server.sendLast(bytes))
    let before = client.unread
    server.end()
    #expect(client.unread == before, "it was said already")
    var got: [UInt8] = []
    while got.count < bytes.count {
      let (part, result) = client.receive()
      guard case .bytes = result else { break }
      got += part
    }
    #expect(got == bytes)
    guard case .endOfStream = client.receive().result else {
      Issue.record("an orderly end")
      return
    }
    #expect(!server.send([1]), "nothing comes after the end")
  }

  @Test("new keys now and then are followed; a flood of them ends the connection")
  func newKeys() throws {
    let (server, client) = try Self.connect()
    for round in 0..<20 {
      #expect(client.renewKeys(5))
      #expect(client.send([UInt8(round)]))
      #expect(server.receive().bytes == [UInt8(round)])
      #expect(server.send([1]))
      #expect(client.receive().bytes == [1])
    }
    #expect(client.renewKeys(400))
    #expect(client.send([7]))
    let (bytes, result) = server.receive()
    #expect(bytes.isEmpty)
    guard case .failed = result, case .failed = server.receive().result else {
      Issue.record("the flood was taken")
      return
    }
    // A backend is bounded as well.
    let (flooding, flooded) = try Self.connect()
    #expect(flooding.renewKeys(400))
    guard case .failed = flooded.receive().result else {
      Issue.record("the flood was taken")
      return
    }
  }

  @Test("the farewell waits for room in the socket, behind what waits already")
  func fullSocket() throws {
    for isBehind in [false, true] {
      let (server, client) = try Self.connect()
      _ = client.receive()
      // In clear, and taken out before the client looks.
      var filled = 0
      for size in [4096, 1] {
        let filler = [UInt8](repeating: 0, count: size)
        while true {
          let count = unsafe send(
            server.stream.descriptor, filler, size, Int32(MSG_DONTWAIT))
          guard count > 0 else { break }
          filled += count
        }
      }
      if isBehind { #expect(server.send([1, 2, 3])) }
      server.end()
      #expect(server.hasOutput)
      server.end()
      var rest = [UInt8](repeating: 0, count: filled)
      let taken = unsafe recv(
        client.stream.descriptor, &rest, filled, Int32(MSG_WAITALL))
      #expect(taken == filled)
      guard case .sent = server.flush() else {
        Issue.record("there is room")
        return
      }
      if isBehind { #expect(client.receive().bytes == [1, 2, 3]) }
      guard case .endOfStream = client.receive().result else {
        Issue.record("an orderly end")
        return
      }
      #expect(!client.hasUnread)
    }
  }

  @Test(
    "what went out in part does not fail as if nothing had gone out",
    .enabled(if: geteuid() == 0, "a socket that holds so much takes root"))
  func failsInTheMiddle() throws {
    let (server, client) = try Self.connect()
    var size: Int32 = 8 << 20
    // SO_SNDBUFFORCE.
    #expect(unsafe setsockopt(server.stream.descriptor, SOL_SOCKET, 32, &size, 4) == 0)
    let descriptor = client.stream.descriptor
    Thread.detachNewThread {
      var waiting: Int32 = 0
      while unsafe ioctl(descriptor, UInt(FIONREAD), &waiting) == 0, waiting < 300_000 {}
      shutdown(descriptor, Int32(SHUT_RDWR))
    }
    #expect(server.send([UInt8](repeating: 1, count: 4 << 20)))
  }

  @Test("a handshake in single bytes comes to the same end")
  func slow() throws {
    let (server, client) = try TLSPeer.pair()
    let (left, right) = try TLSPeer.pair()
    let certificate = try Self.site.get()
    try server.beServer(try TLSFixture.server([certificate]))
    try left.beClient(try TLSFixture.client(trusting: [certificate]))
    // What the client writes goes on a byte at a time.
    for _ in 0..<4 where !(server.isDone && left.isDone) {
      _ = left.step()
      Self.carry(right, client, atOnce: 1) { _ = server.step() }
      Self.carry(client, right, atOnce: 4096) { _ = left.step() }
    }
    #expect(server.isDone && left.isDone)
  }

  private static func carry(_ from: TLSPeer, _ to: TLSPeer, atOnce: Int, _ then: () -> Void) {
    var piece = [UInt8](repeating: 0, count: atOnce)
    while true {
      let count = unsafe recv(from.stream.descriptor, &piece, atOnce, Int32(MSG_DONTWAIT))
      guard count > 0 else { return }
      _ = unsafe send(to.stream.descriptor, piece, count, 0)
      then()
    }
  }
}
