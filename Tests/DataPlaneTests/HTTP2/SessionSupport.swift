@testable import DataPlane

/// Frames as bytes, to be sent to a session.
enum Frames {
  static let preface: [UInt8] = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
  /// `GET http://a/`.
  static let get: [UInt8] = [0x82, 0x86, 0x84, 0x01, 0x01, 0x61]
  static let ok: [UInt8] = [0x88]
  static let earlyHints: [UInt8] = [0x08, 0x03, 0x31, 0x30, 0x33]
  /// `a: b`.
  static let trailer: [UInt8] = [0x00, 0x01, 0x61, 0x01, 0x62]

  static func word(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) }
  }

  static func frame(
    _ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]
  ) -> [UInt8] {
    Array(word(UInt32(payload.count)).dropFirst()) + [type, flags] + word(stream) + payload
  }

  static func headers(
    _ stream: UInt32, _ block: [UInt8] = get, ends: Bool = true, endsHeaders: Bool = true
  ) -> [UInt8] {
    frame(1, (ends ? 1 : 0) | (endsHeaders ? 4 : 0), stream, block)
  }

  static func continuation(_ stream: UInt32, _ block: [UInt8], ends: Bool = false) -> [UInt8] {
    frame(9, ends ? 4 : 0, stream, block)
  }

  static func data(_ stream: UInt32, _ count: Int, ends: Bool = false) -> [UInt8] {
    frame(0, ends ? 1 : 0, stream, [UInt8](repeating: 0x78, count: count))
  }

  static func settings(_ entries: (UInt16, UInt32)...) -> [UInt8] {
    let payload = entries.flatMap { id, value in [UInt8(id >> 8), UInt8(id & 255)] + word(value) }
    return frame(4, 0, 0, payload)
  }

  static let settingsAck = frame(4, 1, 0, [])
  static let ping = frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8])

  static func reset(_ stream: UInt32, _ error: HTTP2Error = .cancel) -> [UInt8] {
    frame(3, 0, stream, word(error.rawValue))
  }

  static func windowUpdate(_ stream: UInt32, _ increment: UInt32) -> [UInt8] {
    frame(8, 0, stream, word(increment))
  }

  static func priority(_ stream: UInt32, on other: UInt32) -> [UInt8] {
    frame(2, 0, stream, word(other) + [16])
  }

  static func goAway(_ last: UInt32, _ error: HTTP2Error) -> [UInt8] {
    frame(7, 0, 0, word(last) + word(error.rawValue))
  }
}

/// A session and its owner, who takes down what happens as lines of text.
final class Talk {
  var session = HTTP2Session()
  var pool = BlockPool()
  var fields = FieldList()
  var now: Instant = 1_000_000_000
  /// Releases streams as soon as they were reset.
  var releases = true
  var consumes = false
  var onHead: (UInt32) -> Void = { _ in }
  var onData: (UInt32, ArraySlice<UInt8>) -> Void = { _, _ in }
  var onEnd: (UInt32) -> Void = { _ in }
  var onReset: (UInt32) -> Void = { _ in }
  private(set) var log: [String] = []
  /// What was left to come again.
  private(set) var rest: [UInt8] = []
  /// The most that ever waited in the output.
  private(set) var outputMax = 0

  /// Opened, SETTINGS exchanged both ways.
  init(
    _ role: HTTP2Session.Role = .server, _ limits: HTTP2Limits = HTTP2Limits(),
    requests: Int = 0
  ) {
    session.open(role, limits, now: now, &pool)
    feed((role == .server ? Frames.preface : []) + Frames.settings() + Frames.settingsAck)
    for _ in 0..<requests { request(ends: true) }
    _ = drain()
    log = []
  }

  /// Nothing received yet.
  init(unopened role: HTTP2Session.Role, _ limits: HTTP2Limits = HTTP2Limits()) {
    session.open(role, limits, now: now, &pool)
  }

  deinit { session.close(&pool) }

  @discardableResult func feed(_ bytes: [UInt8]) -> [String] {
    let start = log.count
    let all = rest + bytes
    var block = Block(capacity: max(all.count, 1))
    block.append(all)
    var at = 0
    loop: while true {
      let before = at
      let event = session.next(block.bytes, &at, all.count, &fields, now: now, &pool)
      outputMax = max(outputMax, session.outputCount)
      precondition(at >= before && at <= all.count)
      switch event {
      case .needMore: break loop
      case .failed(let error):
        log.append("failed \(error)")
        break loop
      default: take(event, all)
      }
    }
    rest = Array(all[at...])
    return Array(log[start...])
  }

  private func take(_ event: HTTP2Event, _ bytes: [UInt8]) {
    switch event {
    case .head(let slot):
      log.append("head \(session.streams[slot].id)\(end(slot)) \(fields.count) fields")
      onHead(session.streams[slot].id)
    case .headTooLarge(let slot): log.append("head too large \(session.streams[slot].id)")
    case .trailers(let slot): log.append("trailers \(session.streams[slot].id)")
    case .data(let slot, let at, let count):
      let line = "data \(session.streams[slot].id)"
      if log.last?.hasPrefix(line + " ") == true, let old = log.popLast() {
        log.append("\(line) \((Int(old.split(separator: " ")[2]) ?? 0) + count)")
      } else {
        log.append("\(line) \(count)")
      }
      onData(session.streams[slot].id, bytes[at..<(at + count)])
      if consumes { session.consumed(slot, count, &pool) }
    case .end(let slot):
      log.append("end \(session.streams[slot].id)")
      onEnd(session.streams[slot].id)
    case .reset(let slot, let error):
      let stream = session.streams[slot]
      log.append("reset \(stream.id) \(error)\(stream.isOurReset ? " ours" : "")")
      onReset(stream.id)
      if releases { session.release(slot, &pool) }
    case .credit(let slot): log.append("credit \(session.streams[slot].id)")
    case .connectionCredit: log.append("connection credit")
    case .settings: log.append("settings")
    case .goAway(let last, let error): log.append("goaway \(last) \(error)")
    case .pong(let data): log.append("pong \(data)")
    case .acknowledged, .needMore, .failed: break
    }
  }

  private func end(_ slot: Int32) -> String { session.streams[slot].endsWithHead ? " end" : "" }

  // A session cannot be copied, so `#expect` calls it through these.
  func slot(_ id: UInt32) -> Int32 { session.slot(of: id) }
  func openStream() -> Int32? { session.openStream() }
  func timeToAcknowledge(of interval: Instant, now: Instant) -> Instant {
    session.timeToAcknowledge(of: interval, now: now)
  }
  func expect(_ slot: Int32, _ length: Int64) -> Bool { session.expect(slot, length) }
  func sendCredit(_ slot: Int32) -> Int { session.sendCredit(slot) }
  func nextWaiting(after slot: Int32) -> Int32? { session.nextWaiting(after: slot) }
  func nextStream(after slot: Int32, above id: UInt32) -> Int32? {
    session.nextStream(after: slot, above: id)
  }

  /// Client role: a `GET`.
  @discardableResult func request(ends: Bool = true) -> Int32? {
    guard let slot = session.openStream() else { return nil }
    send(slot, Frames.get, ends: ends)
    return slot
  }

  func send(_ slot: Int32, _ head: [UInt8] = Frames.ok, ends: Bool = false) {
    var block = Block(capacity: max(head.count, 1))
    block.append(head)
    session.sendHead(slot, block, 0, head.count, endsStream: ends, &pool)
  }

  func sendData(_ slot: Int32, _ count: Int, ends: Bool = false) {
    sendData(slot, [UInt8](repeating: 0x79, count: count), ends: ends)
  }

  func sendData(_ slot: Int32, _ content: [UInt8], ends: Bool = false) {
    var block = Block(capacity: max(content.count, 1))
    block.append(content)
    session.sendData(slot, block, 0, content.count, endsStream: ends, &pool)
  }

  /// The output as bytes.
  func takeOutput() -> [UInt8] {
    guard let block = session.output.take() else { return [] }
    let bytes = Talk.copy(block)
    pool.give(block)
    return bytes
  }

  private static func copy(_ block: borrowing Block) -> [UInt8] {
    let all = block.bytes
    return (block.start..<block.end).map { all[$0] }
  }

  /// The output as lines, one a frame.
  func drain() -> [String] { Talk.describe(takeOutput()) }

  static func describe(_ bytes: [UInt8]) -> [String] {
    var lines: [String] = []
    var at = 0
    if bytes.starts(with: Frames.preface) {
      lines.append("preface")
      at = Frames.preface.count
    }
    while at + 9 <= bytes.count {
      let length = bytes[at..<(at + 3)].reduce(0) { $0 << 8 | Int($1) }
      let flags = bytes[at + 4]
      let id = number(bytes[(at + 5)..<(at + 9)])
      let payload = bytes[(at + 9)..<(at + 9 + length)]
      lines.append(describe(bytes[at + 3], flags, id, payload))
      at += 9 + length
    }
    precondition(at == bytes.count)
    return lines
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.reduce(0) { $0 << 8 | UInt32($1) }
  }

  private static func describe(
    _ type: UInt8, _ flags: UInt8, _ id: UInt32, _ payload: ArraySlice<UInt8>
  ) -> String {
    let end = flags & 1 != 0 ? " end" : ""
    let start = payload.startIndex
    switch type {
    case 0: return "DATA \(id) \(payload.count)\(end)"
    case 1: return "HEADERS \(id) \(payload.count)\(end)\(flags & 4 != 0 ? "" : " more")"
    case 3: return "RST_STREAM \(id) \(HTTP2Error(wire: number(payload)))"
    case 4 where flags & 1 != 0: return "SETTINGS ack"
    case 4:
      let entries = stride(from: start, to: payload.endIndex, by: 6).map { at in
        " \(number(payload[at..<(at + 2)]))=\(number(payload[(at + 2)..<(at + 6)]))"
      }
      return "SETTINGS" + entries.joined()
    case 6: return "PING\(flags & 1 != 0 ? " ack" : "")"
    case 7:
      let error = HTTP2Error(wire: number(payload[(start + 4)..<(start + 8)]))
      return "GOAWAY \(number(payload[start..<(start + 4)])) \(error)"
    case 8: return "WINDOW_UPDATE \(id) \(number(payload))"
    case 9: return "CONTINUATION \(id) \(payload.count)\(flags & 4 != 0 ? "" : " more")"
    default: return "frame \(type)"
    }
  }
}
