import Testing

@testable import DataPlane

/// The life of streams and windows (RFC 9113 sections 5 and 6.9), and what the owner sends.
struct SessionStreamTests {
  @Test("frames of a stream that was released after our reset are passed over")
  func releasedAfterReset() {
    let talk = Talk()
    talk.feed(Frames.headers(1, ends: false) + Frames.data(1, 10))
    talk.session.release(talk.slot(1), &talk.pool)
    #expect(talk.drain() == ["RST_STREAM 1 cancel"])
    let late =
      Frames.data(1, 2000) + Frames.windowUpdate(1, 5) + Frames.headers(1, Frames.trailer)
      + Frames.reset(1)
    #expect(talk.feed(late) == [])
    #expect(talk.drain() == [])
    // What was not consumed, and what came too late, is the connection's again.
    #expect(talk.session.unacknowledged == 2010)
  }

  @Test("frames of a stream that ended both ways: DATA is a stream error, HEADERS a fatal one")
  func releasedAfterEnd() {
    let talk = Talk()
    talk.feed(Frames.headers(1))
    talk.send(talk.slot(1), ends: true)
    talk.session.release(talk.slot(1), &talk.pool)
    #expect(talk.drain() == ["HEADERS 1 1 end"])
    #expect(talk.feed(Frames.windowUpdate(1, 5) + Frames.reset(1)) == [])
    #expect(talk.feed(Frames.data(1, 5) + Frames.data(1, 5)) == [])
    #expect(talk.drain() == ["RST_STREAM 1 streamClosed"])
    talk.feed(Frames.headers(3))
    talk.send(talk.slot(3), ends: true)
    talk.session.release(talk.slot(3), &talk.pool)
    #expect(talk.feed(Frames.headers(3)) == ["failed streamClosed"])
  }

  @Test("a stream that ended both ways is over before its owner releases it")
  func overBeforeRelease() {
    let talk = Talk()
    talk.feed(Frames.headers(1))
    talk.send(talk.slot(1), ends: true)
    _ = talk.drain()
    let late = Frames.windowUpdate(1, 0) + Frames.priority(1, on: 1) + Frames.reset(1)
    #expect(talk.feed(late + Frames.data(1, 5) + Frames.data(1, 5)) == [])
    #expect(talk.drain() == ["RST_STREAM 1 streamClosed"])
    talk.feed(Frames.headers(3))
    talk.send(talk.slot(3), ends: true)
    #expect(talk.feed(Frames.headers(3)) == ["failed streamClosed"])
  }

  @Test("a block of a refused stream is decoded, so that the next one finds its entries")
  func refusedIsDecoded() {
    var limits = HTTP2Limits()
    limits.maxConcurrentStreams = 1
    let talk = Talk(.server, limits)
    talk.feed(Frames.headers(1, ends: false))
    #expect(talk.feed(Frames.headers(3, Frames.get + [0x40, 1, 0x61, 1, 0x62])) == [])
    #expect(talk.drain() == ["RST_STREAM 3 refusedStream"])
    talk.session.release(talk.slot(1), &talk.pool)
    #expect(talk.feed(Frames.headers(5, Frames.get + [0xbe])) == ["head 5 end 5 fields"])
    #expect(talk.session.highestProcessed == 5)
  }

  @Test("content beyond a window is FLOW_CONTROL_ERROR: the stream's, then the connection's")
  func exceedsWindows() {
    var limits = HTTP2Limits()
    limits.initialWindow = 100
    limits.connectionWindow = 65_535
    let talk = Talk(.server, limits)
    talk.feed(Frames.headers(1, ends: false))
    #expect(talk.feed(Frames.data(1, 60) + Frames.data(1, 40)) == ["data 1 100"])
    #expect(talk.feed(Frames.data(1, 1)) == ["reset 1 flowControlError ours"])
    limits.initialWindow = 1 << 20
    let other = Talk(.server, limits)
    other.feed(Frames.headers(1, ends: false))
    for _ in 0..<4 { other.feed(Frames.data(1, 16_383)) }
    #expect(other.feed(Frames.data(1, 4)) == ["failed flowControlError"])
  }

  @Test("a smaller window than the protocol's holds from the acknowledgement on")
  func smallWindow() {
    var limits = HTTP2Limits()
    limits.initialWindow = 100
    let talk = Talk(unopened: .server, limits)
    talk.feed(Frames.preface + Frames.settings() + Frames.headers(1, ends: false))
    #expect(talk.feed(Frames.data(1, 5000)) == ["data 1 5000"])
    talk.feed(Frames.settingsAck + Frames.headers(3, ends: false))
    #expect(talk.session.streams[talk.slot(1)].receiveWindow == -4900)
    #expect(talk.session.streams[talk.slot(3)].receiveWindow == 100)
    #expect(talk.feed(Frames.data(1, 1)) == ["reset 1 flowControlError ours"])
  }

  @Test("what was consumed is given back when half of a window has come together")
  func givesBack() {
    let talk = Talk()
    talk.feed(Frames.headers(1, ends: false))
    let slot = talk.slot(1)
    talk.feed(
      Frames.data(1, 16_384) + Frames.data(1, 16_384)
        + Frames.frame(0, 8, 1, [9, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
    talk.session.consumed(slot, 32_000, &talk.pool)
    #expect(talk.drain() == [])
    talk.session.consumed(slot, 768, &talk.pool)
    #expect(talk.drain() == ["WINDOW_UPDATE 1 32778"])
    #expect(talk.session.streams[slot].receiveWindow == 65_535)
    // More than was handed out is not believed.
    talk.session.consumed(slot, 1 << 30, &talk.pool)
    #expect(talk.drain() == [])
    var windows: [String] = []
    for _ in 0..<64 {
      talk.feed(Frames.data(1, 16_384))
      talk.session.consumed(slot, 16_384, &talk.pool)
      windows += talk.drain().filter { $0.hasPrefix("WINDOW_UPDATE 0") }
    }
    #expect(windows == ["WINDOW_UPDATE 0 524298", "WINDOW_UPDATE 0 524288"])
  }

  @Test(
    "content-length is checked against what comes",
    arguments: [
      (5, [5], "data 1 5,end 1"), (5, [2, 3], "data 1 5,end 1"),
      (5, [6], "reset 1 protocolError ours"), (5, [4], "reset 1 protocolError ours"),
      (5, [3, 3], "data 1 3,reset 1 protocolError ours"), (0, [0], "end 1"),
      (1, [0], "reset 1 protocolError ours"),
    ])
  func checksLength(_ length: Int, _ parts: [Int], _ expected: String) {
    let talk = Talk()
    talk.feed(Frames.headers(1, ends: false))
    #expect(talk.expect(talk.slot(1), Int64(length)))
    let frames = parts.indices.flatMap { Frames.data(1, parts[$0], ends: $0 == parts.count - 1) }
    #expect(talk.feed(frames).joined(separator: ",") == expected)
    let trailers = Talk()
    trailers.feed(Frames.headers(1, ends: false))
    _ = trailers.expect(trailers.slot(1), 3)
    #expect(
      trailers.feed(Frames.data(1, 2) + Frames.headers(1, Frames.trailer))
        == ["data 1 2", "reset 1 protocolError ours"])
    trailers.feed(Frames.headers(3))
    #expect(!trailers.expect(trailers.slot(3), 3))
    #expect(trailers.expect(trailers.slot(3), 0))
  }

  @Test("a head above 16,384 bytes leaves in HEADERS and CONTINUATION, content in several frames")
  func splits() {
    let talk = Talk()
    talk.feed(Frames.headers(1))
    let slot = talk.slot(1)
    talk.send(slot, [UInt8](repeating: 0x88, count: 40_000))
    talk.sendData(slot, 40_000)
    talk.sendData(slot, 0, ends: true)
    talk.sendData(slot, 1)
    #expect(
      talk.drain() == [
        "HEADERS 1 16384 more", "CONTINUATION 1 16384 more", "CONTINUATION 1 7232",
        "DATA 1 16384", "DATA 1 16384", "DATA 1 7232", "DATA 1 0 end",
      ])
    #expect(talk.session.sendWindow == 25_535 && talk.session.streams.active == 0)
  }

  @Test("SETTINGS change the windows of open streams, also below zero")
  func changesWindows() {
    let talk = Talk()
    talk.feed(Frames.headers(1))
    let slot = talk.slot(1)
    talk.send(slot)
    talk.sendData(slot, 1000)
    talk.feed(Frames.settings((4, 500)))
    #expect(talk.session.streams[slot].sendWindow == -500 && talk.sendCredit(slot) == 0)
    talk.session.wait(slot, now: 5)
    #expect(talk.feed(Frames.windowUpdate(1, 500)) == [])
    #expect(talk.feed(Frames.settings((4, 600))) == ["settings", "connection credit"])
    #expect(talk.nextWaiting(after: -1) == slot && talk.sendCredit(slot) == 100)
    talk.feed(Frames.windowUpdate(1, 1000))
    #expect(talk.feed(Frames.settings((4, 0x7fff_ffff))) == ["failed flowControlError"])
  }

  @Test("the connection's window wakes whoever waits")
  func connectionCredit() {
    let talk = Talk()
    talk.feed(Frames.settings((4, 1 << 20)) + Frames.headers(1) + Frames.headers(3))
    let slot = talk.slot(1)
    talk.send(slot)
    talk.sendData(slot, 65_535)
    talk.session.wait(slot, now: 5)
    talk.session.wait(talk.slot(3), now: 5)
    #expect(talk.feed(Frames.windowUpdate(1, 5)) == [])
    #expect(talk.feed(Frames.windowUpdate(0, 5)) == ["connection credit"])
    let first = talk.nextWaiting(after: -1)
    #expect(first.flatMap { talk.nextWaiting(after: $0) } != nil)
    talk.sendData(slot, 5)
    #expect(talk.nextWaiting(after: -1) == nil && talk.session.streams.waiting == 1)
  }

  @Test("a client opens as many streams as both allow, with ids in the order of their heads")
  func opensStreams() throws {
    let talk = Talk(.client)
    talk.feed(Frames.settings((3, 3)))
    let first = try #require(talk.openStream())
    let second = try #require(talk.openStream())
    talk.send(second, Frames.get)
    talk.send(first, Frames.get, ends: true)
    #expect(talk.session.streams[second].id == 1 && talk.session.streams[first].id == 3)
    let third = try #require(talk.openStream())
    #expect(talk.openStream() == nil)
    // One that was never sent leaves no trace.
    talk.session.release(third, &talk.pool)
    _ = talk.drain()
    talk.session.release(second, &talk.pool)
    #expect(talk.drain() == ["RST_STREAM 1 cancel"])
    #expect(talk.request() != nil && talk.slot(5) >= 0)
    talk.feed(Frames.goAway(3, .noError))
    #expect(talk.openStream() == nil && talk.session.isDraining)
    let unprocessed = talk.nextStream(after: -1, above: 3)
    #expect(unprocessed == talk.slot(5))
  }

  @Test("a graceful end names 2^31-1 first, then the last stream, and later requests are ignored")
  func drains() {
    let talk = Talk()
    talk.feed(Frames.headers(1))
    talk.session.sendGoAway(.noError, lastStream: .max, &talk.pool)
    talk.session.sendPing(7, &talk.pool)
    #expect(talk.feed(Frames.headers(3)) == ["head 3 end 4 fields"])
    talk.session.sendGoAway(.noError, &talk.pool)
    #expect(talk.drain() == ["GOAWAY 2147483647 noError", "PING", "GOAWAY 3 noError"])
    #expect(talk.feed(Frames.headers(5, ends: false) + Frames.data(5, 3)) == [])
    #expect(talk.drain() == [])
  }

  @Test("the owner may reset a stream in the middle of a frame")
  func resetsMidFrame() {
    let talk = Talk()
    talk.feed(Frames.headers(1, ends: false))
    let frame = Frames.data(1, 1000, ends: true)
    #expect(talk.feed(Array(frame[..<500])) == ["data 1 491"])
    talk.session.release(talk.slot(1), &talk.pool)
    #expect(talk.feed(frame[500...] + Frames.headers(3)) == ["head 3 end 4 fields"])
    #expect(talk.session.unacknowledged == 1000)
  }

  @Test("slots are used again, found by id, and take no memory before the first stream")
  func findsStreams() {
    #expect(MemoryLayout<HTTP2Session>.size <= 800)
    let talk = Talk()
    #expect(talk.session.streams.usedSlots == 0 && talk.slot(1) == -1)
    var open: [UInt32] = []
    var dice = RandomSource(seed: 4)
    for index in 0..<2000 {
      let id = UInt32(index * 2 + 1)
      talk.feed(Frames.headers(id))
      open.append(id)
      if open.count == 100 || dice.next() % 3 == 0 {
        let gone = open.remove(at: Int(dice.next() % UInt64(open.count)))
        talk.send(talk.slot(gone), ends: true)
        talk.session.release(talk.slot(gone), &talk.pool)
        #expect(talk.slot(gone) == -1)
      }
      for id in open { #expect(talk.session.streams[talk.slot(id)].id == id) }
    }
    #expect(talk.session.streamCount == open.count && talk.session.streams.usedSlots == 128)
  }

  @Test("our SETTINGS are to be acknowledged in bounded time (RFC 9113 section 6.5.3)")
  func acknowledgement() {
    for role in [HTTP2Session.Role.server, .client] {
      let talk = Talk(unopened: role)
      let began = talk.now
      // What says nothing at all is another matter.
      #expect(talk.timeToAcknowledge(of: 100, now: began + 200) == .max)
      talk.feed((role == .server ? Frames.preface : []) + Frames.settings())
      #expect(talk.timeToAcknowledge(of: 100, now: began) == 100)
      #expect(talk.timeToAcknowledge(of: 100, now: began + 60) == 40)
      #expect(talk.timeToAcknowledge(of: 100, now: began + 100) == 0)
      #expect(talk.timeToAcknowledge(of: .max, now: began + 100) == .max)
      talk.feed(Frames.settingsAck)
      #expect(talk.timeToAcknowledge(of: 100, now: began + 100) == .max)
      _ = talk.drain()
      talk.session.end(.settingsTimeout, &talk.pool)
      #expect(talk.drain() == ["GOAWAY 0 settingsTimeout"])
      #expect(talk.feed(Frames.ping) == ["failed settingsTimeout"])
    }
  }
}
