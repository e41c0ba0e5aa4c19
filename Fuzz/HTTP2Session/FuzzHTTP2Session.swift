import DataPlane

/// Fuzzes HTTP/2 connections. The first byte chooses the role and, with the length, the cuts.
///
/// Whatever comes, nothing traps, events tell of streams that are there, content never exceeds the
/// windows that were given, and what waits to be sent stays small however much was asked for. The
/// events are the same however the bytes are cut.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: bytes, count: count))
  guard let first = input.first else { return 0 }
  let isClient = first & 1 == 1
  let frames = Array(input[1...])
  let whole = run(frames, isClient, seed: 0, first)
  let cut = run(frames, isClient, seed: UInt64(first) &* 31 &+ UInt64(count) | 1, first)
  precondition(whole == cut)
  return 0
}

/// Adds up to the same however the input is cut.
private struct Summary: Equatable {
  var events: [UInt64] = []
  var content = 0
  var output = 0
}

/// - Parameter seed: of the cuts; 0 for none.
private func run(_ input: [UInt8], _ isClient: Bool, seed: UInt64, _ first: UInt8) -> Summary {
  var session = HTTP2Session()
  var pool = BlockPool()
  var fields = FieldList()
  var summary = Summary()
  var limits = HTTP2Limits()
  limits.maxConcurrentStreams = 8
  if first & 2 != 0 { limits.initialWindow = 100 }
  session.open(isClient ? .client : .server, limits, now: 1, &pool)
  var head = Block(capacity: 8)
  head.append([0x82, 0x86, 0x84] as [UInt8])
  if isClient {
    for _ in 0..<4 {
      guard let slot = session.openStream() else { preconditionFailure("takes four") }
      session.sendHead(slot, head, 0, 3, endsStream: true, &pool)
    }
  }
  take(&session, &pool, &summary)
  // Few inputs would get beyond the preface.
  let all = isClient ? input : Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + input
  var dice = RandomSource(seed: seed)
  var from = 0
  var end = 0
  while end < all.count, session.failure == nil {
    end = seed == 0 ? all.count : min(end + 1 + Int(dice.next() % 40), all.count)
    var block = Block(capacity: max(end - from, 1))
    block.append(Array(all[from..<end]))
    from += read(block, end - from, &session, &pool, &fields, &summary)
    precondition(end - from <= 16_384 + 9)
    precondition(session.streamCount <= 16)
  }
  take(&session, &pool, &summary)
  session.close(&pool)
  return summary
}

/// Reads until more is needed; how many bytes were taken.
private func read(
  _ block: borrowing Block, _ count: Int, _ session: inout HTTP2Session, _ pool: inout BlockPool,
  _ fields: inout FieldList, _ summary: inout Summary
) -> Int {
  var at = 0
  while true {
    let before = at
    let event = session.next(block.bytes, &at, count, &fields, now: 1, &pool)
    precondition(at >= before && at <= count)
    // Answers to control frames, and what the owner below sends at most.
    precondition(session.outputCount < 60_000)
    switch event {
    case .needMore: return at
    case .failed(let error):
      summary.events.append(1 << 32 | UInt64(error.rawValue))
      return count
    case .data(let slot, let place, let length):
      let stream = session.streams[slot]
      precondition(stream.isTaken && !stream.remoteEnded && !stream.isReset && length > 0)
      precondition(place >= before && place + length == at)
      precondition(session.receiveWindow >= 0)
      summary.content += length
    case .head(let slot), .headTooLarge(let slot):
      precondition(session.slot(of: session.streams[slot].id) == slot)
      summary.events.append(2 << 32 | UInt64(session.streams[slot].id))
      answer(slot, &session, &pool)
    case .trailers(let slot), .end(let slot):
      precondition(session.streams[slot].remoteEnded)
      summary.events.append(3 << 32 | UInt64(session.streams[slot].id))
      if session.streams[slot].id & 4 == 0 { session.release(slot, &pool) }
    case .reset(let slot, let error):
      precondition(session.streams[slot].isReset)
      summary.events.append(UInt64(error.rawValue) << 32 | UInt64(session.streams[slot].id))
      session.release(slot, &pool)
    case .credit(let slot):
      precondition(session.sendCredit(slot) > 0)
      send(slot, &session, &pool)
    case .connectionCredit:
      var slot: Int32 = -1
      while let next = session.nextWaiting(after: slot) {
        send(next, &session, &pool)
        slot = next
      }
    case .settings, .acknowledged, .goAway, .pong:
      summary.events.append(4 << 32)
      // Between frames, so that updates do not depend on the cuts.
      for slot in 0..<session.streams.usedSlots where session.streams[slot].isTaken {
        session.consumed(slot, Int(session.streams[slot].held), &pool)
      }
    }
  }
}

/// A server answers some requests, and waits for credit with others.
private func answer(
  _ slot: Int32, _ session: inout HTTP2Session, _ pool: inout BlockPool
) {
  let id = session.streams[slot].id
  guard session.role == .server, id & 8 == 0, session.canSend(slot) else { return }
  _ = session.expect(slot, Int64(id & 0xff))
  var head = Block(capacity: 8)
  head.append([0x88] as [UInt8])
  session.sendHead(slot, head, 0, 1, endsStream: id & 16 != 0, &pool)
  if id & 16 == 0 { session.wait(slot, now: 1) }
}

private func send(_ slot: Int32, _ session: inout HTTP2Session, _ pool: inout BlockPool) {
  let count = min(session.sendCredit(slot), 100)
  let content = Block(capacity: 100)
  session.sendData(slot, content, 0, count, endsStream: count < 100, &pool)
}

private func take(
  _ session: inout HTTP2Session, _ pool: inout BlockPool, _ summary: inout Summary
) {
  summary.output += session.outputCount
  if let block = session.output.take() { pool.give(block) }
}
