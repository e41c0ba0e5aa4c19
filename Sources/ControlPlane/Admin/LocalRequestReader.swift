/// Reads one request after the other from a socket, within the server's limits.
///
/// Bytes of the next request that came along stay in `buffer`. Owned by a `LocalConnection`, on
/// its thread.
struct LocalRequestReader {
  private let socket: LocalSocket
  private let limits: LocalServerLimits
  private let stop: StopSignal
  private var buffer: [UInt8] = []
  private var deadline: Deadline

  init(socket: LocalSocket, limits: LocalServerLimits, stop: StopSignal) {
    self.socket = socket
    self.limits = limits
    self.stop = stop
    deadline = Deadline(milliseconds: 0)
  }

  /// nil when the connection is over and there is nobody to answer: it ended, broke, stayed
  /// silent, or the server stops.
  mutating func next() throws(LocalRefusal) -> LocalRequest? {
    guard try waitForFirstByte(), let headLength = try readHead() else { return nil }
    let parser = LocalRequestParser(limits: limits)
    var request = try parser.parse(buffer[..<headLength])
    guard try readBody(of: request, after: headLength) else { return nil }
    let end = headLength + request.contentLength
    request.body = Array(buffer[headLength..<end])
    buffer.removeSubrange(..<end)
    return request
  }

  /// Skips empty lines before a request (RFC 9112 section 2.2) and starts its clock.
  private mutating func waitForFirstByte() throws(LocalRefusal) -> Bool {
    deadline = Deadline(milliseconds: limits.readMilliseconds)
    while true {
      while buffer.starts(with: "\r\n".utf8) { buffer.removeFirst(2) }
      if !buffer.isEmpty && buffer != Array("\r".utf8) { break }
      guard socket.receive(appendingTo: &buffer, until: deadline, stop: stop) == .bytes else {
        return false
      }
    }
    deadline = Deadline(milliseconds: limits.requestMilliseconds)
    return true
  }

  private mutating func readHead() throws(LocalRefusal) -> Int? {
    var scan = LocalHeadScan()
    while true {
      switch scan.scan(buffer) {
      case .garbage: throw .badRequest
      case .end(let length):
        guard length <= limits.headBytes else { throw LocalRefusal(status: 431) }
        return length
      case .more:
        guard buffer.count < limits.headBytes else { throw LocalRefusal(status: 431) }
        guard try receiveMore() else { return nil }
      }
    }
  }

  private mutating func readBody(
    of request: LocalRequest, after headLength: Int
  ) throws(LocalRefusal) -> Bool {
    if request.expectsContinue && buffer.count < headLength + request.contentLength {
      let go = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
      guard socket.send(go, until: deadline, stop: stop) else { return false }
    }
    while buffer.count < headLength + request.contentLength {
      guard try receiveMore() else { return false }
    }
    return true
  }

  /// False when the connection is over. A request that takes too long is told so.
  private mutating func receiveMore() throws(LocalRefusal) -> Bool {
    let limit = min(deadline, Deadline(milliseconds: limits.readMilliseconds))
    switch socket.receive(appendingTo: &buffer, until: limit, stop: stop) {
    case .bytes: return true
    case .timedOut: throw LocalRefusal(status: 408)
    case .end, .stopped, .failed: return false
    }
  }
}
