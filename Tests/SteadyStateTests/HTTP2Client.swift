import CLinux
import Glibc

/// A client's end of an HTTP/2 connection in clear: raw frames, non-blocking, driven by the test's
/// thread. Each round is one request on each of some new streams.
///
/// Fields go into the dynamic table with the first request and are references from then on
/// (RFC 7541 section 6), as browsers do it. Answers are not decoded: their content and their end
/// are what counts.
struct HTTP2Client {
  let descriptor: Int32
  let streams: Int
  private var output: [UInt8] = []
  private var sent = 0
  private var input: [UInt8] = []
  private var nextID: UInt32 = 1
  private var tabled = 0
  /// Of this round's streams, from the lowest.
  private var contents: [[UInt8]]
  private var firstID: UInt32 = 1
  private var ended = 0

  init(_ descriptor: Int32, streams: Int) {
    self.descriptor = descriptor
    self.streams = streams
    contents = [[UInt8]](repeating: [], count: streams)
    let window = HTTP2Client.word(1 << 20)
    output = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    output += HTTP2Client.frame(4, 0, 0, [0, 4] + window)
    output += HTTP2Client.frame(4, 1, 0, [])
    output += HTTP2Client.frame(8, 0, 0, HTTP2Client.word(0x7fff_ffff - 65_535))
  }

  private static func word(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) }
  }

  private static func frame(
    _ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]
  ) -> [UInt8] {
    Array(word(UInt32(payload.count)).dropFirst()) + [type, flags] + word(stream) + payload
  }

  private static func text(_ text: some StringProtocol) -> [UInt8] {
    let bytes = Array(text.utf8)
    // An integer with a prefix of seven bits (RFC 7541 section 5.1).
    guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
    let rest = bytes.count - 127
    let length = rest < 128 ? [UInt8(rest)] : [UInt8(rest % 128) | 128, UInt8(rest / 128)]
    return [127] + length + bytes
  }

  // MARK: Requests

  mutating func begin(_ scenario: Scenario) throws {
    firstID = nextID
    ended = 0
    for place in contents.indices { contents[place].removeAll(keepingCapacity: true) }
    let body = Array(scenario.request.suffix(scenario.requestBody))
    for _ in 0..<streams {
      let flags: UInt8 = body.isEmpty ? 5 : 4
      output += HTTP2Client.frame(1, flags, nextID, block(scenario))
      if !body.isEmpty { output += HTTP2Client.frame(0, 1, nextID, body) }
      nextID += 2
    }
    try push()
  }

  private mutating func block(_ scenario: Scenario) -> [UInt8] {
    let text = String(decoding: scenario.request.dropLast(scenario.requestBody), as: UTF8.self)
    // `split` takes the pair of CR and LF for one character.
    let lines = text.split(separator: "\r\n")
    let method: UInt8 = lines[0].hasPrefix("POST") ? 0x83 : 0x82
    let fields = lines.dropFirst().filter { !$0.hasPrefix("Connection:") }
    guard tabled == 0 else {
      return [method, 0x86] + (0..<tabled).map { 0x80 | UInt8(61 + tabled - $0) }
    }
    var block = [method, 0x86, 0x44] + HTTP2Client.text(lines[0].split(separator: " ")[1])
    for line in fields {
      let parts = line.split(separator: ": ", maxSplits: 1)
      let name = parts[0].lowercased()
      block += name == "host" ? [0x41] : [0x40] + HTTP2Client.text(name)
      block += HTTP2Client.text(parts[1])
    }
    tabled = 1 + fields.count
    return block
  }

  mutating func push() throws {
    while sent < output.count {
      let count = output.withUnsafeBytes {
        hr_send(descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent)
      }
      if count == -Int64(EAGAIN) { return }
      guard count > 0 else { throw Peer.Failure.closed(count) }
      sent += Int(count)
    }
    output.removeAll(keepingCapacity: true)
    sent = 0
  }

  // MARK: Answers

  /// Receives what is there; true when all of the round's streams have ended.
  mutating func pull(into scratch: inout [UInt8]) throws -> Bool {
    while ended < streams {
      let count = scratch.withUnsafeMutableBytes { hr_recv(descriptor, $0.baseAddress, $0.count) }
      if count == -Int64(EAGAIN) { break }
      guard count > 0 else { throw Peer.Failure.closed(count) }
      input += scratch[0..<Int(count)]
      try readFrames()
    }
    return ended == streams
  }

  private mutating func readFrames() throws {
    var at = 0
    while input.count - at >= 9 {
      let length = Int(input[at]) << 16 | Int(input[at + 1]) << 8 | Int(input[at + 2])
      guard input.count - at >= 9 + length else { break }
      let id = input[(at + 5)..<(at + 9)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      let type = input[at + 3]
      if type == 3 || type == 7 { throw Peer.Failure.unexpected("frame \(type), stream \(id)") }
      if type <= 1 {
        guard id >= firstID, id < nextID else { throw Peer.Failure.unexpected("stream \(id)") }
        if type == 0 {
          contents[Int(id - firstID) / 2] += input[(at + 9)..<(at + 9 + length)]
        }
        if input[at + 4] & 1 != 0 { ended += 1 }
      }
      at += 9 + length
    }
    input.removeFirst(at)
  }

  func check(_ scenario: Scenario) throws {
    let expected = scenario.content ?? Array(scenario.response.suffix(scenario.responseBody))
    for content in contents where content != expected {
      throw Peer.Failure.unexpected("\(content.count) bytes instead of \(expected.count)")
    }
  }
}
