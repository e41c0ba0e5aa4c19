import Testing

@testable import DataPlane

/// What a peer may and may not send (RFC 9113): bytes in, events and frames out.
struct SessionRuleTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    var role = HTTP2Session.Role.server
    /// Client role: requests that were sent whole.
    var requests = 0
    let frames: [[UInt8]]
    let events: [String]
    var output: [String] = []
    var testDescription: String { name }

    static func server(
      _ name: String, _ frames: [UInt8]..., events: [String], output: [String] = []
    ) -> Case {
      Case(name: name, frames: frames, events: events, output: output)
    }

    static func client(
      _ name: String, _ frames: [UInt8]..., events: [String], output: [String] = []
    ) -> Case {
      Case(
        name: name, role: .client, requests: 2, frames: frames, events: events, output: output)
    }

    /// The connection ends with this error behind these events.
    static func fatal(
      _ name: String, on role: HTTP2Session.Role = .server, _ error: HTTP2Error,
      after events: [String] = [], last: UInt32 = 0, _ frames: [UInt8]...
    ) -> Case {
      Case(
        name: name, role: role, requests: role == .client ? 2 : 0, frames: frames,
        events: events + ["failed \(error)"], output: ["GOAWAY \(last) \(error)"])
    }

    static func streamError(
      _ name: String, _ error: HTTP2Error, after events: [String] = ["head 1 4 fields"],
      _ frames: [UInt8]...
    ) -> Case {
      Case(
        name: name, frames: frames, events: events + ["reset 1 \(error) ours"],
        output: ["RST_STREAM 1 \(error)"])
    }
  }

  /// The same whole and byte by byte.
  private func check(_ test: Case) {
    let whole = Talk(test.role, requests: test.requests)
    #expect(whole.feed(test.frames.flatMap { $0 }) == test.events)
    #expect(whole.drain() == test.output)
    let bytewise = Talk(test.role, requests: test.requests)
    for byte in test.frames.joined() where bytewise.session.failure == nil {
      bytewise.feed([byte])
    }
    #expect(bytewise.log == test.events)
    #expect(bytewise.drain() == test.output)
  }

  static let open = Frames.headers(1, ends: false)

  static let messages: [Case] = [
    .server("a request", Frames.headers(1), events: ["head 1 end 4 fields"]),
    .server(
      "a request with content", open, Frames.data(1, 3), Frames.data(1, 4, ends: true),
      events: ["head 1 4 fields", "data 1 7", "end 1"]),
    .server(
      "content that ends with an empty frame", open, Frames.data(1, 3),
      Frames.data(1, 0, ends: true), events: ["head 1 4 fields", "data 1 3", "end 1"]),
    .server(
      "trailers", open, Frames.data(1, 3), Frames.headers(1, Frames.trailer),
      events: ["head 1 4 fields", "data 1 3", "trailers 1"]),
    .server(
      "streams side by side", open, Frames.headers(3, ends: false), Frames.data(1, 1),
      Frames.data(3, 2, ends: true), Frames.data(1, 3, ends: true),
      events: [
        "head 1 4 fields", "head 3 4 fields", "data 1 1", "data 3 2", "end 3", "data 1 3", "end 1",
      ]),
    .server(
      "ids that are passed over", Frames.headers(7), events: ["head 7 end 4 fields"]),
    .server(
      "a head in three frames", Frames.headers(1, [0x82, 0x86], endsHeaders: false),
      Frames.continuation(1, [0x84, 0x01]), Frames.continuation(1, [0x01, 0x61], ends: true),
      events: ["head 1 end 4 fields"]),
    .server(
      "padding of a head", Frames.frame(1, 0x0d, 1, [3] + Frames.get + [0, 0, 0]),
      events: ["head 1 end 4 fields"]),
    .server(
      "padding and priority", Frames.frame(1, 0x2d, 1, [1, 0, 0, 0, 3, 9] + Frames.get + [0]),
      events: ["head 1 end 4 fields"]),
    .server(
      "padding of content", open, Frames.frame(0, 9, 1, [2, 0x78, 0x78, 0x78, 0, 0]),
      events: ["head 1 4 fields", "data 1 3", "end 1"]),
    .server(
      "nothing but padding, then the end", open, Frames.frame(0, 9, 1, [2, 0, 0]),
      events: ["head 1 4 fields", "end 1"]),
    .server("PING", Frames.ping, events: [], output: ["PING ack"]),
    .server(
      "an answer to PING", Frames.frame(6, 1, 0, [0, 0, 0, 0, 0, 0, 1, 2]), events: ["pong 258"]),
    .server(
      "PRIORITY, PRIORITY_UPDATE and unknown frames", Frames.priority(9, on: 1),
      Frames.frame(16, 0, 0, [0, 0, 0, 1, 0x75]), Frames.frame(0x42, 0xff, 8, [1, 2, 3]),
      Frames.headers(1), events: ["head 1 end 4 fields"]),
    .server(
      "later SETTINGS, unknown ones too", Frames.settings((4, 100), (0xfe, 9), (9, 1), (2, 1)),
      events: ["settings"], output: ["SETTINGS ack"]),
    .server(
      "the peer's reset", open, Frames.reset(1, .cancel),
      events: ["head 1 4 fields", "reset 1 cancel"]),
    .server(
      "unknown error codes", open, Frames.frame(3, 0, 1, [9, 9, 9, 9]),
      events: ["head 1 4 fields", "reset 1 internalError"]),
    .server(
      "GOAWAY, which never grows", Frames.goAway(5, .noError),
      Frames.frame(7, 0, 0, [0, 0, 0, 7, 0, 0, 0, 0] + Frames.get),
      events: ["goaway 5 noError", "goaway 5 noError"]),
    .client(
      "a response", Frames.headers(1, Frames.ok, ends: false), Frames.data(1, 4, ends: true),
      events: ["head 1 1 fields", "data 1 4", "end 1"]),
    .client(
      "interim heads, then the response, then trailers",
      Frames.headers(3, Frames.earlyHints, ends: false),
      Frames.headers(3, Frames.earlyHints, ends: false),
      Frames.headers(3, Frames.ok, ends: false), Frames.headers(3, Frames.trailer),
      events: ["head 3 1 fields", "head 3 1 fields", "head 3 1 fields", "trailers 3"]),
    .client(
      "an interim head that ends", Frames.headers(1, Frames.earlyHints),
      events: ["reset 1 protocolError ours"], output: ["RST_STREAM 1 protocolError"]),
    .client(
      "content before a head", Frames.data(1, 4),
      events: ["reset 1 protocolError ours"], output: ["RST_STREAM 1 protocolError"]),
    .client(
      "a refused request", Frames.reset(3, .refusedStream), events: ["reset 3 refusedStream"]),
  ]

  @Test("frames become events", arguments: messages)
  func isRead(_ test: Case) { check(test) }

  static let onConnections: [Case] = [
    .fatal("PING of a stream", .protocolError, Frames.frame(6, 0, 1, [0, 0, 0, 0, 0, 0, 0, 0])),
    .fatal("PING of 7 bytes", .frameSizeError, Frames.frame(6, 0, 0, [0, 0, 0, 0, 0, 0, 0])),
    .fatal("SETTINGS of a stream", .protocolError, Frames.frame(4, 0, 1, [])),
    .fatal("SETTINGS of 5 bytes", .frameSizeError, Frames.frame(4, 0, 0, [0, 1, 0, 0, 0])),
    .fatal("SETTINGS ack of 6 bytes", .frameSizeError, Frames.frame(4, 1, 0, [0, 1, 0, 0, 0, 0])),
    .fatal("ENABLE_PUSH of 2", .protocolError, Frames.settings((2, 2))),
    .fatal("ENABLE_PUSH by a server", on: .client, .protocolError, Frames.settings((2, 1))),
    .fatal("INITIAL_WINDOW_SIZE of 2^31", .flowControlError, Frames.settings((4, 1 << 31))),
    .fatal("MAX_FRAME_SIZE of 16,383", .protocolError, Frames.settings((5, 16_383))),
    .fatal("MAX_FRAME_SIZE of 2^24", .protocolError, Frames.settings((5, 1 << 24))),
    .fatal("ENABLE_CONNECT_PROTOCOL of 2", .protocolError, Frames.settings((8, 2))),
    .fatal(
      "ENABLE_CONNECT_PROTOCOL taken back", .protocolError, after: ["settings"],
      Frames.settings((8, 1)), Frames.settings((8, 0))),
    .fatal("NO_RFC7540_PRIORITIES of 2", .protocolError, Frames.settings((9, 2))),
    .fatal(
      "GOAWAY of a stream", .protocolError, Frames.frame(7, 0, 1, Array(repeating: 0, count: 8))),
    .fatal(
      "GOAWAY of 7 bytes", .frameSizeError, Frames.frame(7, 0, 0, Array(repeating: 0, count: 7))),
    .fatal("WINDOW_UPDATE of 3 bytes", .frameSizeError, Frames.frame(8, 0, 0, [0, 0, 1])),
    .fatal("WINDOW_UPDATE of 0", .protocolError, Frames.windowUpdate(0, 0)),
    .fatal(
      "WINDOW_UPDATE beyond 2^31-1", .flowControlError, Frames.windowUpdate(0, 0x7fff_0000),
      Frames.windowUpdate(0, 1)),
    .fatal("WINDOW_UPDATE of an idle stream", .protocolError, Frames.windowUpdate(1, 1)),
    .fatal("RST_STREAM of an idle stream", .protocolError, Frames.reset(1)),
    .fatal("RST_STREAM of no stream", .protocolError, Frames.reset(0)),
    .fatal("RST_STREAM of 3 bytes", .frameSizeError, Frames.frame(3, 0, 1, [0, 0, 0])),
    .fatal("PRIORITY of no stream", .protocolError, Frames.priority(0, on: 1)),
    .fatal(
      "PRIORITY of 4 bytes on an idle stream", .frameSizeError, Frames.frame(2, 0, 1, [0, 0, 0, 0])),
    .fatal("DATA of no stream", .protocolError, Frames.data(0, 1)),
    .fatal("DATA of an idle stream", .protocolError, Frames.data(1, 1)),
    .fatal("HEADERS of no stream", .protocolError, Frames.headers(0)),
    .fatal("HEADERS of an even stream", .protocolError, Frames.headers(2)),
    .fatal("PUSH_PROMISE to a server", .protocolError, Frames.frame(5, 4, 1, [0, 0, 0, 2])),
    .fatal(
      "PUSH_PROMISE to a client", on: .client, .protocolError, Frames.frame(5, 4, 1, [0, 0, 0, 2])),
    .fatal(
      "a response that nobody asked for", on: .client, .protocolError, Frames.headers(5, Frames.ok)),
    .fatal("CONTINUATION alone", .protocolError, Frames.continuation(1, Frames.get, ends: true)),
    .fatal(
      "CONTINUATION of another stream", .protocolError, Frames.headers(1, endsHeaders: false),
      Frames.continuation(3, [], ends: true)),
    .fatal(
      "a PING inside a header block", .protocolError, Frames.headers(1, endsHeaders: false),
      Frames.ping),
    .fatal(
      "an unknown frame inside a header block", .protocolError,
      Frames.headers(1, endsHeaders: false), Frames.frame(0x42, 0, 0, [])),
    .fatal("a header block that is not HPACK", .compressionError, Frames.headers(1, [0x80])),
    .fatal(
      "HEADERS with too much padding", .protocolError, Frames.frame(1, 0x0d, 1, [7] + Frames.get)),
    .fatal("padded HEADERS of no bytes", .frameSizeError, Frames.frame(1, 0x0d, 1, [])),
    .fatal(
      "HEADERS too short for a priority", .frameSizeError, Frames.frame(1, 0x25, 1, [0, 0, 0, 0])),
    .fatal("a frame above 16,384", .frameSizeError, [0, 0x40, 1, 0x42, 0, 0, 0, 0, 0]),
    .fatal(
      "DATA with too much padding", .protocolError, after: ["head 1 4 fields"], last: 1, open,
      Frames.frame(0, 8, 1, [3, 0, 0])),
    .fatal(
      "padded DATA of no bytes", .frameSizeError, after: ["head 1 4 fields"], last: 1, open,
      Frames.frame(0, 8, 1, [])),
    .fatal(
      "an id below the last", .protocolError, after: ["head 5 end 4 fields"], last: 5,
      Frames.headers(5), Frames.headers(3)),
  ]

  @Test("what breaks the connection ends it with the right error", arguments: onConnections)
  func endsTheConnection(_ test: Case) {
    guard test.output.count == 1, test.events.count > 1, test.events[0] == "settings" else {
      return check(test)
    }
    let talk = Talk(test.role)
    #expect(talk.feed(test.frames.flatMap { $0 }) == test.events)
    #expect(talk.drain() == ["SETTINGS ack"] + test.output)
  }

  static let onStreams: [Case] = [
    .streamError("WINDOW_UPDATE of 0", .protocolError, open, Frames.windowUpdate(1, 0)),
    .streamError(
      "WINDOW_UPDATE beyond 2^31-1", .flowControlError, open, Frames.windowUpdate(1, 0x7fff_ffff)),
    .streamError(
      "a second head", .protocolError, open, Frames.headers(1, ends: false)),
    .streamError(
      "DATA behind the end", .streamClosed, after: ["head 1 end 4 fields"], Frames.headers(1),
      Frames.data(1, 1)),
    .streamError(
      "HEADERS behind the end", .streamClosed, after: ["head 1 end 4 fields"], Frames.headers(1),
      Frames.headers(1)),
    .streamError("PRIORITY on itself", .protocolError, open, Frames.priority(1, on: 1)),
    .streamError(
      "PRIORITY of 4 bytes", .frameSizeError, open, Frames.frame(2, 0, 1, [0, 0, 0, 0])),
    Case(
      name: "HEADERS that depend on themselves",
      frames: [Frames.frame(1, 0x25, 1, [0, 0, 0, 1, 9] + Frames.get), Frames.headers(3)],
      events: ["head 3 end 4 fields"], output: ["RST_STREAM 1 protocolError"]),
    .streamError(
      "frames of a stream that we reset are passed over", .protocolError, open,
      Frames.windowUpdate(1, 0), Frames.data(1, 20), Frames.windowUpdate(1, 5),
      Frames.headers(1, Frames.trailer), Frames.reset(1), Frames.priority(1, on: 3)),
  ]

  @Test("what breaks one stream resets it and nothing else", arguments: onStreams)
  func resetsTheStream(_ test: Case) { check(test) }

  @Test("a client that does not begin with the preface is refused at the first wrong byte")
  func checksThePreface() {
    for wrong in [0, 5, 23] {
      var preface = Frames.preface
      preface[wrong] ^= 1
      let talk = Talk(unopened: .server)
      _ = talk.drain()
      for index in 0..<wrong { #expect(talk.feed([preface[index]]) == []) }
      #expect(talk.feed([preface[wrong]]) == ["failed protocolError"])
      #expect(talk.drain() == ["GOAWAY 0 protocolError"])
    }
  }

  @Test("SETTINGS come first, and are no acknowledgement")
  func settingsComeFirst() {
    for frame in [Frames.ping, Frames.settingsAck, Frames.headers(1), Frames.frame(0x42, 0, 0, [])]
    {
      let server = Talk(unopened: .server)
      #expect(server.feed(Frames.preface + frame) == ["failed protocolError"])
      let client = Talk(unopened: .client)
      #expect(client.feed(frame) == ["failed protocolError"])
    }
  }

  @Test("each role opens with what it has to say")
  func opens() {
    var limits = HTTP2Limits()
    #expect(
      Talk(unopened: .server, limits).drain()
        == ["SETTINGS 3=128 4=65535 6=32768 9=1", "WINDOW_UPDATE 0 983041"])
    #expect(
      Talk(unopened: .client, limits).drain()
        == ["preface", "SETTINGS 2=0 4=65535 6=32768", "WINDOW_UPDATE 0 983041"])
    limits.connectionWindow = 0
    limits.allowsExtendedConnect = true
    limits.headerTableBytes = 8192
    #expect(
      Talk(unopened: .server, limits).drain() == ["SETTINGS 1=8192 3=128 4=65535 6=32768 8=1 9=1"])
  }

  @Test("nothing is said behind a connection error")
  func staysFailed() {
    let talk = Talk()
    talk.feed(Frames.headers(2))
    _ = talk.drain()
    #expect(talk.feed(Frames.headers(1)) == ["failed protocolError"])
    talk.session.sendPing(1, &talk.pool)
    talk.session.sendGoAway(.noError, &talk.pool)
    #expect(talk.drain() == [])
  }
}
