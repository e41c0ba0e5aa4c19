import Testing

@testable import DataPlane

/// What costs a peer little and us much ends with ENHANCE_YOUR_CALM, and stores little until then.
struct SessionFloodTests {
  /// Feeds a frame until the session fails; how many were taken.
  private func flood(
    _ talk: Talk, most: Int = 20_000, drains: Bool = true, _ frames: (Int) -> [UInt8]
  ) -> Int {
    for count in 0..<most {
      talk.feed(frames(count))
      if talk.session.failure != nil { return count }
      if drains { _ = talk.takeOutput() }
    }
    return most
  }

  private func checkCalm(_ talk: Talk, outputMax: Int = 2000) {
    #expect(talk.session.failure == .enhanceYourCalm)
    #expect(talk.drain().last?.hasSuffix("enhanceYourCalm") == true)
    #expect(talk.outputMax <= outputMax)
    #expect(talk.session.streamCount <= 256)
  }

  private static func id(_ index: Int) -> UInt32 { UInt32(index * 2 + 1) }

  @Test("rapid reset: streams that are reset before an answer (CVE-2023-44487)")
  func rapidReset() {
    let talk = Talk()
    #expect(flood(talk) { Frames.headers(Self.id($0)) + Frames.reset(Self.id($0)) } == 100)
    checkCalm(talk)
    #expect(talk.session.streamCount == 1)
  }

  @Test("resets at a rate that people reach are put up with")
  func slowResets() {
    let talk = Talk()
    for index in 0..<1000 {
      talk.feed(Frames.headers(Self.id(index)) + Frames.reset(Self.id(index)))
      talk.now += 25_000_000
    }
    #expect(talk.session.failure == nil)
  }

  @Test("resets of streams that were answered are put up with")
  func answeredResets() {
    let talk = Talk()
    for index in 0..<900 {
      talk.feed(Frames.headers(Self.id(index)))
      talk.send(talk.slot(Self.id(index)))
      talk.feed(Frames.reset(Self.id(index)))
    }
    #expect(talk.session.failure == nil)
  }

  /// Frames behind a request that make us reset it.
  static let provocations: [@Sendable (UInt32) -> [UInt8]] = [
    { Frames.windowUpdate($0, 0) },
    { Frames.windowUpdate($0, 0x7fff_ffff) },
    { Frames.data($0, 1) },
    { Frames.headers($0) },
    { Frames.priority($0, on: $0) },
  ]

  @Test("our own resets that the peer provokes count the same (CVE-2025-8671)", arguments: 0..<5)
  func madeResets(_ kind: Int) {
    let talk = Talk()
    let count = flood(talk) { Frames.headers(Self.id($0)) + Self.provocations[kind](Self.id($0)) }
    #expect(count == 100)
    checkCalm(talk)
  }

  @Test("malformed requests, which the owner resets, count the same")
  func malformedRequests() {
    let talk = Talk()
    let count = flood(talk) { index in
      let slot = talk.slot(Self.id(max(index, 1) - 1))
      if slot >= 0 {
        talk.session.sendReset(slot, .protocolError, &talk.pool)
        talk.session.release(slot, &talk.pool)
      }
      return Frames.headers(Self.id(index))
    }
    #expect(count == 101)
    checkCalm(talk)
  }

  @Test("streams above the limit are refused, and too many of them end the connection")
  func refusedStreams() {
    let talk = Talk()
    #expect(flood(talk) { Frames.headers(Self.id($0), ends: false) } == 228)
    checkCalm(talk)
  }

  @Test("a client that could not know the limit yet has more patience")
  func earlyRefusals() {
    let talk = Talk(unopened: .server)
    talk.feed(Frames.preface + Frames.settings())
    #expect(flood(talk) { Frames.headers(Self.id($0), ends: false) } == 1228)
    checkCalm(talk)
  }

  @Test("CONTINUATION: too many frames, or too many bytes")
  func continuations() {
    var talk = Talk()
    talk.feed(Frames.headers(1, Frames.get, endsHeaders: false))
    #expect(flood(talk) { _ in Frames.continuation(1, Frames.trailer) } == 32)
    checkCalm(talk)
    talk = Talk()
    talk.feed(Frames.headers(1, Frames.get, endsHeaders: false))
    let junk = [UInt8](repeating: 0x82, count: 16_000)
    #expect(flood(talk) { _ in Frames.continuation(1, junk) } == 2)
    checkCalm(talk)
    #expect(talk.pool.heldBytes < 20_000)
  }

  /// Frames that get nothing done, by what they are, and how many are taken.
  static let useless: [(String, [UInt8], ClosedRange<Int>)] = [
    ("PING", Frames.ping, 900...1000),
    ("PING ack", Frames.frame(6, 1, 0, [0, 0, 0, 0, 0, 0, 0, 0]), 900...1000),
    ("SETTINGS", Frames.settings((4, 9)), 45...50),
    ("SETTINGS ack", Frames.settingsAck, 900...1000),
    ("PRIORITY", Frames.priority(9, on: 1), 900...1000),
    ("PRIORITY_UPDATE", Frames.frame(16, 0, 0, [0, 0, 0, 1]), 900...1000),
    ("unknown", Frames.frame(0x42, 0, 0, []), 900...1000),
    ("WINDOW_UPDATE", Frames.windowUpdate(0, 1), 900...1000),
    ("WINDOW_UPDATE of a stream", Frames.windowUpdate(1, 1), 900...1000),
    ("GOAWAY", Frames.goAway(9, .noError), 900...1000),
    ("empty DATA", Frames.data(1, 0), 900...1000),
    ("DATA of padding", Frames.frame(0, 8, 1, [2, 0, 0]), 900...1000),
    ("reset of a closed stream", Frames.reset(3), 900...1000),
  ]

  @Test("frames that get nothing done, though the peer reads all answers", arguments: 0..<13)
  func uselessFrames(_ kind: Int) {
    let (name, frame, range) = Self.useless[kind]
    let talk = Talk()
    talk.feed(Frames.headers(1, ends: false) + Frames.headers(3) + Frames.reset(3))
    let count = flood(talk) { _ in frame }
    #expect(range.contains(count), "\(name) \(count)")
    checkCalm(talk)
  }

  @Test("content in frames of a byte: so many at once, and a rate for ever")
  func tinyContent() {
    let flooding = Talk()
    flooding.consumes = true
    flooding.feed(Frames.headers(1, ends: false))
    #expect(flood(flooding, most: 30_000) { _ in Frames.data(1, 1) } == 20_000)
    checkCalm(flooding)
    let typing = Talk()
    typing.consumes = true
    typing.feed(Frames.headers(1, ends: false))
    let count = flood(typing, most: 50_000) { _ in
      typing.now += 200_000
      return Frames.data(1, 4)
    }
    #expect(count == 50_000)
  }

  @Test("content in the frames of the shortest messages of gRPC is not counted")
  func shortMessages() {
    let talk = Talk()
    talk.consumes = true
    talk.feed(Frames.headers(1, ends: false))
    #expect(flood(talk, most: 50_000) { _ in Frames.data(1, 5) } == 50_000)
  }

  @Test("large content earns the short ends of its messages")
  func shortEnds() {
    let talk = Talk()
    talk.consumes = true
    talk.feed(Frames.headers(1, ends: false))
    let message = Frames.data(1, 1024) + Frames.data(1, 3)
    #expect(flood(talk, most: 25_000) { _ in message } == 25_000)
  }

  @Test("a backend's connection carries the answers of many: their tiny frames are not counted")
  func tinyAnswers() {
    let talk = Talk(.client, requests: 1)
    talk.consumes = true
    talk.feed(Frames.headers(1, Frames.ok, ends: false))
    #expect(flood(talk, most: 30_000) { _ in Frames.data(1, 1) } == 30_000)
  }

  @Test("answers that the peer does not read stay below a limit")
  func unreadAnswers() {
    let talk = Talk()
    #expect(flood(talk, drains: false) { _ in Frames.ping } == 10_000 / 17)
    checkCalm(talk, outputMax: 10_017)
  }

  @Test("slow PINGs go on for ever")
  func slowPings() {
    let talk = Talk()
    let count = flood(talk, most: 5000) { _ in
      talk.now += 10_000_000
      return Frames.ping
    }
    #expect(count == 5000)
  }

  @Test("a large download may be acknowledged in tiny steps")
  func tinyUpdates() {
    let talk = Talk()
    talk.feed(Frames.headers(1))
    let slot = talk.slot(1)
    talk.send(slot)
    for _ in 0..<200 {
      talk.sendData(slot, 16_384)
      _ = talk.takeOutput()
      for _ in 0..<16 { talk.feed(Frames.windowUpdate(0, 1024) + Frames.windowUpdate(1, 1024)) }
    }
    #expect(talk.session.failure == nil)
  }

  @Test("a header list beyond the limit is cut short and the table stays in step")
  func headerBomb() {
    let talk = Talk()
    // An entry of 3 KB in the table, then references to it: 4 bytes of wire make 12 KB.
    let large = [0x40, 0x01, 0x62, 0x7f, 0xb9, 0x16] + [UInt8](repeating: 0x63, count: 3000)
    let bomb = Frames.get + large + [UInt8](repeating: 0xbe, count: 1000)
    #expect(talk.feed(Frames.headers(1, bomb)) == ["head too large 1"])
    #expect(talk.fields.size <= 32_768)
    #expect(talk.feed(Frames.headers(3, Frames.get + [0xbe])) == ["head 3 end 5 fields"])
    let many = Frames.get + [UInt8](repeating: 0x90, count: 200)
    #expect(talk.feed(Frames.headers(5, many)) == ["head too large 5"])
    #expect(talk.fields.count <= 100)
    // Trailers have nobody to answer 431.
    talk.feed(Frames.headers(7, ends: false))
    #expect(talk.feed(Frames.headers(7, bomb)) == ["reset 7 enhanceYourCalm ours"])
  }

  @Test("a zero window: the owner knows which streams wait, and since when")
  func zeroWindow() {
    let talk = Talk()
    talk.feed(Frames.settings((4, 0)) + Frames.headers(1) + Frames.headers(3))
    let slot = talk.slot(3)
    talk.send(slot)
    #expect(talk.sendCredit(slot) == 0)
    talk.session.wait(slot, now: 77)
    #expect(talk.session.streams[slot].isWaiting && talk.session.streams[slot].waitingSince == 77)
    #expect(talk.nextWaiting(after: -1) == nil)
    #expect(talk.feed(Frames.windowUpdate(1, 5)) == [])
    #expect(talk.feed(Frames.windowUpdate(3, 5)) == ["credit 3"])
    #expect(!talk.session.streams[slot].isWaiting)
  }
}
