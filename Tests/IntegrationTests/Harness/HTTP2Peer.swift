/// One end of an HTTP/2 connection over a wire, either role: it sends exactly the frames that it is
/// told to, and reads what comes frame by frame.
///
/// Header blocks are literals without indexing, so that nothing is wrong by accident. While it
/// reads it acknowledges SETTINGS and PING and, if `givesCredit`, gives back what DATA takes. Used
/// by one thread at a time.
final class HTTP2Peer {
  struct Frame: CustomStringConvertible {
    var type: UInt8
    var flags: UInt8
    var stream: UInt32
    var payload: [UInt8]

    func has(_ flag: UInt8) -> Bool { flags & flag != 0 }
    func word(_ at: Int) -> UInt32 {
      payload.count < at + 4 ? .max : payload[at..<at + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
    var description: String {
      let names = [
        "DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY",
        "WINDOW_UPDATE", "CONTINUATION",
      ]
      let name = Int(type) < names.count ? names[Int(type)] : "\(type)"
      let detail =
        type == 3 || type == 8 ? " \(word(0))" : type == 7 ? " \(word(0)) \(word(4))" : ""
      return "\(name)(\(stream))\(detail) flags \(flags) length \(payload.count)"
    }
  }

  /// What came on one stream.
  struct Stream {
    var id: UInt32
    /// Interim heads, the head, trailers.
    var heads: [[Message.Field]] = []
    var body: [UInt8] = []
    var bodyCount = 0
    var isEnded = false
    /// The code of RST_STREAM.
    var reset: UInt32?
    /// The stream was over when its head was read, or a request's turn came.
    var isTaken = false

    var isOver: Bool { isEnded || reset != nil }
    var finalIndex: Int? { heads.firstIndex { !($0.value(":status") ?? "").hasPrefix("1") } }
    var head: [Message.Field] { finalIndex.map { heads[$0] } ?? [] }
    var trailers: [Message.Field] {
      guard let index = finalIndex, heads.count > index + 1 else { return [] }
      return heads[index + 1]
    }
    var interim: [Int] { heads.compactMap { Int($0.value(":status") ?? "") }.filter { $0 < 200 } }
    var status: Int { Int(head.value(":status") ?? "") ?? -1 }
    var text: String { body.text }
    subscript(_ name: String) -> String? { head.value(name) }
    /// Without pseudo-fields and what the proxy adds, as lines.
    var ownFields: [String] {
      head.filter { !$0.name.hasPrefix(":") && !Message.added.contains($0.name) }
        .map(\.description)
    }
  }

  static let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

  let wire: Wire
  var givesCredit = true
  var keepsBodies = true
  var acknowledges = true
  private var reader = HPACKReader()
  private var block: [UInt8] = []
  private var blockFlags: UInt8 = 0
  private(set) var streams: [UInt32: Stream] = [:]
  /// Streams of the peer in the order of their heads.
  private(set) var order: [UInt32] = []
  /// The last frames, for messages of failed tests.
  private var last: [Frame] = []
  private(set) var settings: [UInt16: UInt32] = [:]
  private(set) var hasSettings = false
  private(set) var acknowledged = 0
  private(set) var goAways: [(last: UInt32, code: UInt32)] = []
  private(set) var pongs: [[UInt8]] = []
  private(set) var pings = 0
  private(set) var windowUpdates: [UInt32: Int] = [:]
  /// Content that `upload` sent.
  private var uploaded: [UInt32: Int] = [:]
  private(set) var isAtEnd = false
  private(set) var wasReset = false
  var nextStream: UInt32 = 1

  /// A client: sends the preface and SETTINGS.
  init(client wire: Wire, settings: [(UInt16, UInt32)] = [], begins: Bool = true) throws {
    self.wire = wire
    if begins {
      try wire.send(Self.preface.bytes + Self.frame(H2.settings, payload: Self.pairs(settings)))
    }
  }

  /// A server: reads the preface, sends SETTINGS.
  init(server wire: Wire, settings: [(UInt16, UInt32)] = []) throws {
    self.wire = wire
    try wire.expect(Self.preface, within: 120)
    try wire.send(Self.frame(H2.settings, payload: Self.pairs(settings)))
  }

  // MARK: Bytes of frames

  static func frame(
    _ type: UInt8, _ flags: UInt8 = 0, _ stream: UInt32 = 0, payload: [UInt8] = []
  ) -> [UInt8] {
    let count = payload.count
    return [UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255), type, flags]
      + word(stream) + payload
  }

  static func word(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  static func pairs(_ settings: [(UInt16, UInt32)]) -> [UInt8] {
    settings.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 255)] + word($0.1) }
  }

  /// Literals without indexing (RFC 7541 section 6.2.2).
  static func block(_ fields: [(String, String)]) -> [UInt8] {
    fields.flatMap { [0] + string($0.0.bytes) + string($0.1.bytes) }
  }

  private static func string(_ bytes: [UInt8]) -> [UInt8] {
    if bytes.count < 127 { return [UInt8(bytes.count)] + bytes }
    var out: [UInt8] = [127]
    var rest = bytes.count - 127
    while rest >= 128 {
      out.append(UInt8(rest & 127 | 128))
      rest >>= 7
    }
    return out + [UInt8(rest)] + bytes
  }

  // MARK: Sending

  func send(
    _ type: UInt8, _ flags: UInt8 = 0, _ stream: UInt32 = 0, _ payload: [UInt8] = []
  ) throws {
    try wire.send(Self.frame(type, flags, stream, payload: payload))
  }

  /// HEADERS, in one frame whatever its size.
  func send(
    head fields: [(String, String)], on stream: UInt32, ends: Bool = false
  ) throws {
    try send(H2.headers, H2.endHeaders | (ends ? H2.endStream : 0), stream, Self.block(fields))
  }

  func send(data: any Bytes, on stream: UInt32, ends: Bool = false) throws {
    let bytes = data.bytes
    var at = 0
    repeat {
      let count = min(16_384, bytes.count - at)
      let isLast = ends && at + count == bytes.count
      try send(H2.data, isLast ? H2.endStream : 0, stream, Array(bytes[at..<at + count]))
      at += count
    } while at < bytes.count
  }

  /// The same within the peer's windows, reading until they are open.
  func upload(_ data: any Bytes, on stream: UInt32, ends: Bool = true) throws {
    let bytes = data.bytes
    var at = 0
    repeat {
      var count = min(16_384, bytes.count - at)
      if count > 0 {
        try read("a window of stream \(stream)", orEnd: true) {
          self.window(of: stream) > 0 || self.stream(stream).reset != nil
        }
        count = min(count, max(window(of: stream), 0))
        if count == 0 { return }
        uploaded[stream, default: 0] += count
        uploaded[0, default: 0] += count
      }
      let isLast = ends && at + count == bytes.count
      try send(H2.data, isLast ? H2.endStream : 0, stream, Array(bytes[at..<at + count]))
      at += count
    } while at < bytes.count
  }

  private func window(of stream: UInt32) -> Int {
    let initial = Int(settings[H2.initialWindow] ?? 65_535)
    return min(
      initial + (windowUpdates[stream] ?? 0) - (uploaded[stream] ?? 0),
      65_535 + (windowUpdates[0] ?? 0) - (uploaded[0] ?? 0))
  }

  func reset(_ stream: UInt32, _ code: UInt32 = H2.cancel) throws {
    try send(H2.reset, 0, stream, Self.word(code))
  }

  func credit(_ stream: UInt32, _ count: Int) throws {
    try send(H2.windowUpdate, 0, stream, Self.word(UInt32(count)))
  }

  func goAway(_ last: UInt32, _ code: UInt32 = 0) throws {
    try send(H2.goAway, 0, 0, Self.word(last) + Self.word(code))
  }

  func ping(_ text: String = "pingpong") throws { try send(H2.ping, 0, 0, text.bytes) }

  // MARK: Requests (client role)

  static func fields(
    _ path: String, method: String = "GET", authority: String = "example.com",
    _ more: [(String, String)] = []
  ) -> [(String, String)] {
    [
      (":method", method), (":scheme", "http"), (":path", path), (":authority", authority),
    ] + more
  }

  /// Sends a request on a new stream; with a body if there is one. `ends` false leaves it open.
  @discardableResult
  func request(
    _ path: String = "/", method: String = "GET", _ more: [(String, String)] = [],
    body: (any Bytes)? = nil, ends: Bool = true
  ) throws -> UInt32 {
    let id = nextStream
    nextStream += 2
    try send(head: Self.fields(path, method: method, more), on: id, ends: ends && body == nil)
    if let body { try upload(body, on: id, ends: ends) }
    return id
  }

  /// Reads until the stream is over.
  func answer(_ id: UInt32, within seconds: Double = 10) throws -> Stream {
    try read("the end of stream \(id)", within: seconds) { self.stream(id).isOver }
    return stream(id)
  }

  func exchange(
    _ path: String = "/", method: String = "GET", _ more: [(String, String)] = [],
    body: (any Bytes)? = nil
  ) throws -> Stream {
    try answer(request(path, method: method, more, body: body))
  }

  func stream(_ id: UInt32) -> Stream { streams[id] ?? Stream(id: id) }

  // MARK: Answers (server role)

  /// The next request whose head has come, with its body if `whole`; nil when the peer has closed.
  func nextRequest(whole: Bool = true) throws -> Stream? {
    func find() -> UInt32? {
      order.first { id in
        guard let stream = streams[id], !stream.isTaken else { return false }
        return whole ? stream.isEnded : true
      }
    }
    try read("a request", within: 120, orEnd: true) { find() != nil }
    guard let id = find() else { return nil }
    streams[id]?.isTaken = true
    return stream(id)
  }

  func respond(
    _ id: UInt32, _ status: Int = 200, _ more: [(String, String)] = [], body: (any Bytes)? = "ok",
    trailers: [(String, String)]? = nil
  ) throws {
    let hasMore = body != nil || trailers != nil
    try send(head: [(":status", "\(status)")] + more, on: id, ends: !hasMore)
    if let body { try upload(body, on: id, ends: trailers == nil) }
    if let trailers { try send(head: trailers, on: id, ends: true) }
  }

  // MARK: Reading

  /// Reads frames until the condition holds.
  func read(
    _ what: String, within seconds: Double = 10, orEnd: Bool = false, until done: () -> Bool
  ) throws {
    let deadline = Deadline(seconds)
    while !done() {
      guard try readFrame(deadline, what) else {
        if orEnd { return }
        throw HarnessError.endOfStream("no \(what); last came \(last)")
      }
    }
  }

  /// Reads until GOAWAY with an error, then to the connection's end.
  func connectionError(within seconds: Double = 10) throws -> UInt32 {
    try read("GOAWAY", within: seconds) { goAways.contains { $0.code != 0 } }
    try readToEnd(within: seconds)
    return goAways.first { $0.code != 0 }?.code ?? 0
  }

  func readToEnd(within seconds: Double = 10) throws {
    try read("the end", within: seconds, orEnd: true) { isAtEnd }
  }

  /// The connection answers a PING, which comes behind everything that was asked before.
  func settle() throws {
    let count = pongs.count
    try ping()
    try read("the answer to a PING") { pongs.count > count }
  }

  /// False at the end of the connection.
  private func readFrame(_ deadline: Deadline, _ what: String) throws -> Bool {
    if isAtEnd { return false }
    do {
      while wire.unreadCount < 9 || wire.unreadCount < 9 + wire.frameLength {
        guard try wire.fill(deadline, "\(what); last came \(last)") else {
          isAtEnd = true
          return false
        }
      }
    } catch HarnessError.reset {
      isAtEnd = true
      wasReset = true
      return false
    }
    let header = try wire.read(9)
    let count = header[0..<3].reduce(0) { $0 << 8 | Int($1) }
    let stream = header[5..<9].reduce(0) { $0 << 8 | UInt32($1) } & 0x7fff_ffff
    let frame = Frame(
      type: header[3], flags: header[4], stream: stream, payload: try wire.read(count))
    last = last.suffix(5) + [frame]
    do { try take(frame) } catch HarnessError.reset {}
    return true
  }

  private func take(_ frame: Frame) throws {
    switch frame.type {
    case H2.settings:
      if frame.has(H2.acknowledgement) {
        acknowledged += 1
        return
      }
      hasSettings = true
      for at in stride(from: 0, to: frame.payload.count, by: 6) {
        let id = UInt16(frame.payload[at]) << 8 | UInt16(frame.payload[at + 1])
        settings[id] = frame.word(at + 2)
      }
      if acknowledges { try send(H2.settings, H2.acknowledgement) }
    case H2.ping:
      if frame.has(H2.acknowledgement) {
        pongs.append(frame.payload)
      } else {
        pings += 1
        if acknowledges { try send(H2.ping, H2.acknowledgement, 0, frame.payload) }
      }
    case H2.goAway: goAways.append((frame.word(0), frame.word(4)))
    case H2.windowUpdate: windowUpdates[frame.stream, default: 0] += Int(frame.word(0))
    case H2.reset: streams[frame.stream, default: Stream(id: frame.stream)].reset = frame.word(0)
    case H2.headers, H2.continuation: try take(head: frame)
    case H2.data:
      guard streams[frame.stream] != nil else {
        throw HarnessError.malformed("DATA before a head: \(frame)")
      }
      guard !stream(frame.stream).isEnded else {
        throw HarnessError.malformed("DATA behind the end: \(frame)")
      }
      if keepsBodies { streams[frame.stream]?.body += frame.payload }
      streams[frame.stream]?.bodyCount += frame.payload.count
      if frame.has(H2.endStream) { streams[frame.stream]?.isEnded = true }
      guard givesCredit, !frame.payload.isEmpty else { return }
      try credit(0, frame.payload.count)
      if !frame.has(H2.endStream) { try credit(frame.stream, frame.payload.count) }
    default: break
    }
  }

  private func take(head frame: Frame) throws {
    if frame.type == H2.headers {
      block = []
      blockFlags = frame.flags
      if streams[frame.stream] == nil { order.append(frame.stream) }
    }
    block += frame.payload
    guard frame.has(H2.endHeaders) else { return }
    let fields = try reader.decode(block)
    streams[frame.stream, default: Stream(id: frame.stream)].heads.append(fields)
    if blockFlags & H2.endStream != 0 { streams[frame.stream]?.isEnded = true }
  }
}

/// Numbers of RFC 9113.
enum H2 {
  static let data: UInt8 = 0
  static let headers: UInt8 = 1
  static let priority: UInt8 = 2
  static let reset: UInt8 = 3
  static let settings: UInt8 = 4
  static let pushPromise: UInt8 = 5
  static let ping: UInt8 = 6
  static let goAway: UInt8 = 7
  static let windowUpdate: UInt8 = 8
  static let continuation: UInt8 = 9

  static let endStream: UInt8 = 1
  static let acknowledgement: UInt8 = 1
  static let endHeaders: UInt8 = 4

  static let maxConcurrentStreams: UInt16 = 3
  static let initialWindow: UInt16 = 4

  static let noError: UInt32 = 0
  static let protocolError: UInt32 = 1
  static let internalError: UInt32 = 2
  static let flowControlError: UInt32 = 3
  static let streamClosed: UInt32 = 5
  static let refusedStream: UInt32 = 7
  static let cancel: UInt32 = 8
  static let enhanceYourCalm: UInt32 = 11
}

/// Compares long bodies: a failed `==` would be explained at length.
func same(_ one: [UInt8], _ other: [UInt8]) -> Bool { one == other }

extension [Message.Field] {
  /// The first value.
  func value(_ name: String) -> String? { first { $0.name == name }?.value }
  func all(_ name: String) -> [String] { filter { $0.name == name }.map(\.value) }
}
