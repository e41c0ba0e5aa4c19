import Testing

@testable import DataPlane

/// A client's session against a server's: bytes go over in random pieces, content arrives intact.
struct SessionPairTests {
  /// What one side has to send on a stream, and has received of it.
  private struct Exchange {
    var unsent: [UInt8] = []
    var received: [UInt8] = []
    var hasEnded = false
  }

  private final class Side {
    let talk: Talk
    var streams: [UInt32: Exchange] = [:]
    /// What the other side gave up.
    var reset: Set<UInt32> = []
    var wire: [UInt8] = []
    init(_ role: HTTP2Session.Role, _ limits: HTTP2Limits) {
      talk = Talk(unopened: role, limits)
    }
  }

  /// What a stream carries in one direction: tells the stream and the place.
  private static func content(_ id: UInt32, _ salt: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: Int(id) &* 7 &+ $0 &* 13 &+ salt) }
  }

  @Test(
    "content arrives intact however the bytes are cut", arguments: 1...8 as ClosedRange<UInt64>)
  func carries(_ seed: UInt64) {
    var dice = RandomSource(seed: seed)
    var limits = HTTP2Limits()
    limits.initialWindow = [1, 100, 65_535, 1 << 20][Int(dice.next() % 4)]
    limits.connectionWindow = [65_535, 1 << 20][Int(dice.next() % 2)]
    limits.maxConcurrentStreams = 8
    limits.resets.burst = 1000
    let client = Side(.client, limits)
    let server = Side(.server, limits)
    let size = limits.initialWindow == 1 ? 40 : 20_000
    var requests = 0
    var finished = 0
    for turn in 0..<200_000 {
      if requests < 40, let slot = client.talk.openStream() {
        client.talk.send(slot, Frames.get)
        let id = client.talk.session.streams[slot].id
        let count = Int(dice.next() % UInt64(size))
        client.streams[id] = Exchange(unsent: Self.content(id, 0, count))
        requests += 1
      }
      for (side, other) in [(client, server), (server, client)] {
        send(side, &dice)
        side.wire += side.talk.takeOutput()
        let count = min(side.wire.count, Int(dice.next() % 9000))
        receive(other, Array(side.wire[..<count]), size, &dice)
        side.wire.removeFirst(count)
        #expect(other.talk.session.failure == nil && other.talk.session.receiveWindow >= 0)
      }
      finished += finish(client, server, &dice)
      if finished == 40, client.wire.isEmpty, server.wire.isEmpty { break }
      if turn % 50 == 49 { client.talk.now += 1_000_000_000 }
      server.talk.now = client.talk.now
    }
    #expect(finished == 40)
  }

  /// Sends a part of what some streams have.
  private func send(_ side: Side, _ dice: inout RandomSource) {
    for (id, exchange) in side.streams.sorted(by: { $0.key < $1.key }) where dice.next() % 2 == 0 {
      let slot = side.talk.slot(id)
      guard slot >= 0, side.talk.session.canSend(slot) else { continue }
      let credit = side.talk.sendCredit(slot)
      let count = min(credit, exchange.unsent.count, Int(dice.next() % 30_000))
      let isEnd = count == exchange.unsent.count
      guard count > 0 || isEnd else { continue }
      side.talk.sendData(slot, Array(exchange.unsent[..<count]), ends: isEnd)
      side.streams[id]?.unsent.removeFirst(count)
    }
  }

  private func receive(
    _ side: Side, _ bytes: [UInt8], _ size: Int, _ dice: inout RandomSource
  ) {
    // Unowned: the side owns its talk.
    side.talk.onData = { [unowned side] id, content in side.streams[id]?.received += content }
    side.talk.onHead = { [unowned side] id in
      guard side.talk.session.role == .server else { return }
      side.talk.send(side.talk.slot(id))
      let count = Int(id) * 977 % size
      side.streams[id] = Exchange(unsent: Self.content(id, 1, count))
    }
    side.talk.onEnd = { [unowned side] id in side.streams[id]?.hasEnded = true }
    side.talk.onReset = { [unowned side] id in
      side.streams[id] = nil
      side.reset.insert(id)
    }
    side.talk.feed(bytes)
    for slot in 0..<side.talk.session.streams.usedSlots {
      let stream = side.talk.session.streams[slot]
      // A window smaller than the protocol's is owed what was sent before it was known.
      let window = side.talk.session.limits.initialWindow
      #expect(stream.receiveWindow >= min(window - 65_535, 0))
      #expect(stream.receiveWindow + stream.unacknowledged + stream.held <= max(window, 65_535))
      if stream.held > 0, dice.next() % 2 == 0 {
        side.talk.session.consumed(slot, Int(stream.held), &side.talk.pool)
      }
    }
  }

  /// Checks and releases what is complete; resets a stream now and then.
  private func finish(_ client: Side, _ server: Side, _ dice: inout RandomSource) -> Int {
    var count = 0
    for (id, exchange) in client.streams.sorted(by: { $0.key < $1.key }) {
      let slot = client.talk.slot(id)
      guard slot >= 0 else { continue }
      if dice.next() % 400 == 0 {
        client.talk.session.release(slot, &client.talk.pool)
        client.streams[id] = nil
        count += 1
      } else if exchange.hasEnded, client.talk.session.streams[slot].localEnded,
        let other = server.streams[id], other.hasEnded, other.unsent.isEmpty
      {
        let asked = other.received.count
        #expect(other.received == Self.content(id, 0, asked))
        #expect(exchange.received == Self.content(id, 1, exchange.received.count))
        client.talk.session.release(slot, &client.talk.pool)
        client.streams[id] = nil
        server.talk.session.release(server.talk.slot(id), &server.talk.pool)
        server.streams[id] = nil
        count += 1
      }
    }
    return count
  }
}
