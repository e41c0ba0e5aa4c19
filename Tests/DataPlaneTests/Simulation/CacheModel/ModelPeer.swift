import CLinux

/// A client's or an origin's end of a connection, reading messages as text.
struct ModelPeer {
  let descriptor: Int32
  private(set) var isClosed: Bool
  private var input: [UInt8] = []

  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    isClosed = descriptor < 0
  }

  /// Messages of the model fit into a socket's buffer.
  mutating func send(_ bytes: [UInt8]) {
    let count = unsafe bytes.withUnsafeBytes {
      unsafe hr_send(descriptor, $0.baseAddress, $0.count)
    }
    if count != Int64(bytes.count) { close() }
  }

  mutating func receive() {
    guard !isClosed else { return }
    var scratch = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe scratch.withUnsafeMutableBytes {
        unsafe hr_recv(descriptor, $0.baseAddress, $0.count)
      }
      if count == -Int64(EAGAIN) { return }
      guard count > 0 else { return close() }
      input += scratch[..<Int(count)]
      if count < scratch.count { return }
    }
  }

  mutating func close() {
    guard !isClosed else { return }
    isClosed = true
    // Without the minute that the port would wait.
    _ = hr_close_reset(descriptor)
  }

  // MARK: Messages

  /// Start line and fields, and where the body begins.
  private func head() -> (start: String, fields: [ModelField], end: Int)? {
    guard input.count >= 4 else { return nil }
    var end = 4
    while input[(end - 4)..<end] != [13, 10, 13, 10] {
      end += 1
      if end > input.count { return nil }
    }
    var lines = String(decoding: input[..<(end - 4)], as: UTF8.self)
      .split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
    let start = lines.removeFirst()
    let fields = lines.map { line in
      let colon = line.firstIndex(of: ":") ?? line.endIndex
      return ModelField(String(line[..<colon]), String(line[colon...].dropFirst(2)))
    }
    return (start, fields, end)
  }

  mutating func takeRequest() throws -> ModelRequest? {
    receive()
    guard let (start, fields, end) = head() else { return nil }
    let words = start.split(separator: " ").map(String.init)
    guard words.count == 3 else { throw CacheRig.Failure.unreadable(start) }
    input.removeFirst(end)
    return ModelRequest(method: words[0], path: words[1], fields: fields)
  }

  mutating func takeResponse(to method: String) throws -> ModelResponse? {
    guard let (start, fields, end) = head() else {
      if isClosed { throw CacheRig.Failure.unreadable("closed: \(input.count) bytes") }
      return nil
    }
    guard let status = Int(start.split(separator: " ").dropFirst().first ?? "") else {
      throw CacheRig.Failure.unreadable(start)
    }
    var response = ModelResponse(status: status, fields: fields)
    var next = end
    if method == "HEAD" || status == 204 || status == 304 {
    } else if fields.has("Transfer-Encoding") {
      guard let (body, after) = dechunk(from: end) else { return nil }
      response.body = body
      next = after
    } else {
      next += Int(fields.value("Content-Length") ?? "") ?? 0
      guard input.count >= next else { return nil }
      response.body = String(decoding: input[end..<next], as: UTF8.self)
    }
    guard input.count == next else { throw CacheRig.Failure.unreadable("bytes behind the end") }
    input = []
    return response
  }

  private func dechunk(from start: Int) -> (String, Int)? {
    var body: [UInt8] = []
    var at = start
    while true {
      guard let end = input[at...].firstIndex(of: 13), end + 1 < input.count,
        let count = Int(String(decoding: input[at..<end], as: UTF8.self), radix: 16),
        input.count >= end + 4 + count
      else { return nil }
      body += input[(end + 2)..<(end + 2 + count)]
      at = end + 4 + count
      if count == 0 { return (String(decoding: body, as: UTF8.self), at) }
    }
  }
}
