import CLinux
import Glibc

/// A client's or an origin's end of a connection: raw, non-blocking, driven by the test's thread.
struct Peer {
  let descriptor: Int32
  /// What is still to be sent.
  private var output: [UInt8] = []
  private var sent = 0
  private var input: [UInt8] = []
  private var headEnd = 0
  /// A whole message has come and was not yet cleared away.
  private(set) var isReady = false

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  enum Failure: Error {
    case noWorker
    case closed(Int64)
    case unexpected(String)
    case stalled(String)
  }

  mutating func begin(_ bytes: [UInt8]) throws {
    output = bytes
    sent = 0
    try push()
  }

  /// Sends what the socket takes.
  mutating func push() throws {
    while sent < output.count {
      let count = output.withUnsafeBytes {
        hr_send(descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent)
      }
      if count == -Int64(EAGAIN) { return }
      guard count > 0 else { throw Failure.closed(count) }
      sent += Int(count)
    }
  }

  /// Receives what is there; true when a head and `body` bytes behind it have come. Then it is
  /// ready for the next message.
  mutating func pull(body: Int, into scratch: inout [UInt8]) throws -> Bool {
    while !isReady {
      let count = scratch.withUnsafeMutableBytes {
        hr_recv(descriptor, $0.baseAddress, $0.count)
      }
      if count == -Int64(EAGAIN) { break }
      guard count > 0 else { throw Failure.closed(count) }
      input += scratch[0..<Int(count)]
      if count < scratch.count { break }
    }
    if isReady { return true }
    if headEnd == 0 { headEnd = Peer.endOfHead(input) }
    guard headEnd > 0, input.count >= headEnd + body else { return false }
    guard input.count == headEnd + body else { throw Failure.unexpected("bytes behind the end") }
    isReady = true
    return true
  }

  /// The message that `pull` found, and none any more.
  mutating func take() -> (head: String, body: ArraySlice<UInt8>) {
    let message = (String(decoding: input[0..<headEnd], as: UTF8.self), input[headEnd...])
    clear()
    return message
  }

  mutating func clear() {
    input.removeAll(keepingCapacity: true)
    headEnd = 0
    isReady = false
  }

  private static func endOfHead(_ bytes: [UInt8]) -> Int {
    var index = 3
    while index < bytes.count {
      if bytes[index] == 0x0a, bytes[index - 1] == 0x0d, bytes[index - 2] == 0x0a {
        return index + 1
      }
      index += 1
    }
    return 0
  }
}
