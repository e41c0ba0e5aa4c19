import CLinux
import Foundation
import Synchronization

/// One end of a stream socket with a read buffer, a record of all received bytes, and a deadline
/// on every wait. Used by one thread at a time; the record may be read from others.
class Wire: @unchecked Sendable {
  /// Closed by the script, looked at by the test.
  private let openDescriptor: Atomic<Int32>
  var descriptor: Int32 { openDescriptor.load(ordering: .acquiring) }
  private var buffer: [UInt8] = []
  private var start = 0
  private let record = Locked<[UInt8]>([])
  private let total = Atomic<Int>(0)
  /// Off for bodies too large to keep.
  var keepsRecord = true
  /// Readable once the owner wants the script to end; -1 for none.
  private let stopSignal: Int32

  init(descriptor: Int32, stopSignal: Int32 = -1) {
    openDescriptor = Atomic(descriptor)
    self.stopSignal = stopSignal
  }

  deinit { close() }

  /// Every byte received so far, taken by the script or not.
  var received: [UInt8] { record.withLock { $0 } }
  var receivedCount: Int { total.load(ordering: .relaxed) }
  var isOpen: Bool { descriptor >= 0 }

  // MARK: closing

  func close() {
    let descriptor = openDescriptor.exchange(-1, ordering: .acquiringAndReleasing)
    if descriptor >= 0 { _ = hr_close(descriptor) }
  }

  /// Closes with RST.
  func reset() {
    let descriptor = openDescriptor.exchange(-1, ordering: .acquiringAndReleasing)
    if descriptor >= 0 { _ = hr_close_reset(descriptor) }
  }

  func halfClose() { _ = hr_shutdown_write(descriptor) }

  // MARK: sending

  func send(_ parts: any Bytes..., within seconds: Double = 10) throws {
    for part in parts { try send(all: part.bytes, Deadline(seconds)) }
  }

  private func send(all bytes: [UInt8], _ deadline: Deadline) throws {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        hr_send(descriptor, $0.baseAddress! + sent, bytes.count - sent)
      }
      if count >= 0 {
        sent += Int(count)
      } else if count == -Int64(EAGAIN) {
        try poll(for: Int16(POLLOUT), deadline, "sending \(bytes.count - sent) more bytes")
      } else {
        throw Self.error("send", count)
      }
    }
  }

  /// One byte (or `size` bytes) per segment: each is on the wire before the next.
  func trickle(_ bytes: any Bytes, size: Int = 1, pause: Double = 0) throws {
    let all = bytes.bytes
    for from in stride(from: 0, to: all.count, by: size) {
      try send(Array(all[from..<min(from + size, all.count)]))
      if pause > 0 { try rest(pause) }
    }
  }

  /// `count` bytes of an endless repetition of `pattern(65536)`, beginning with byte `from` of it.
  func sendPattern(_ count: Int, from: Int = 0, within seconds: Double = 60) throws {
    let deadline = Deadline(seconds)
    let piece = pattern(64 << 10)
    var sent = 0
    while sent < count {
      let at = (from + sent) % piece.count
      let size = min(piece.count - at, count - sent)
      try send(all: size == piece.count ? piece : Array(piece[at..<at + size]), deadline)
      sent += size
    }
  }

  /// Sends that until the peer takes no more for `quiet` seconds; the number of bytes that went.
  func sendUntilBlocked(_ limit: Int, quiet: Double = 0.3) throws -> Int {
    let piece = pattern(64 << 10)
    var sent = 0
    while sent < limit {
      let at = sent % piece.count
      let count = piece.withUnsafeBytes {
        hr_send(descriptor, $0.baseAddress! + at, min($0.count - at, limit - sent))
      }
      if count >= 0 {
        sent += Int(count)
      } else if count == -Int64(EAGAIN) {
        do {
          try poll(for: Int16(POLLOUT), Deadline(quiet, scaled: false), "room")
        } catch HarnessError.timedOut {
          return sent
        }
      } else {
        throw Self.error("send", count)
      }
    }
    return sent
  }

  // MARK: receiving

  /// Bytes that were received and not taken yet.
  var unread: [UInt8] { Array(buffer[start...]) }

  var unreadCount: Int { buffer.count - start }

  /// Of the HTTP/2 frame that begins with what is unread: its payload. There are nine bytes.
  var frameLength: Int {
    Int(buffer[start]) << 16 | Int(buffer[start + 1]) << 8 | Int(buffer[start + 2])
  }

  /// Receives once; false at the end of the stream.
  func fill(_ deadline: Deadline, _ what: @autoclosure () -> String) throws -> Bool {
    if start > 0 {
      buffer.removeSubrange(..<start)
      start = 0
    }
    while true {
      let room = 64 << 10
      var count: Int64 = 0
      let piece = [UInt8](unsafeUninitializedCapacity: room) { space, used in
        count = hr_recv(descriptor, space.baseAddress!, room)
        used = max(0, Int(count))
      }
      if count > 0 {
        total.add(Int(count), ordering: .relaxed)
        if keepsRecord { record.withLock { $0 += piece } }
        buffer += piece
        return true
      }
      if count == 0 { return false }
      guard count == -Int64(EAGAIN) else { throw Self.error("recv", count) }
      try poll(for: Int16(POLLIN), deadline, what())
    }
  }

  /// Everything up to and with `delimiter`.
  func read(until delimiter: String, within seconds: Double = 10) throws -> [UInt8] {
    let deadline = Deadline(seconds)
    let wanted = delimiter.bytes
    while true {
      if let at = buffer.firstIndex(of: wanted, from: start) {
        return take(at + wanted.count - start)
      }
      if try !fill(deadline, "\(delimiter.debugDescription) after \(describeUnread)") {
        throw HarnessError.endOfStream("no \(delimiter.debugDescription) in \(describeUnread)")
      }
    }
  }

  func read(_ count: Int, within seconds: Double = 10) throws -> [UInt8] {
    let deadline = Deadline(seconds)
    while buffer.count - start < count {
      if try !fill(deadline, "\(count) bytes, have \(describeUnread)") {
        throw HarnessError.endOfStream("\(count) bytes wanted, have \(describeUnread)")
      }
    }
    return take(count)
  }

  /// Expects exactly this text next.
  func expect(_ text: String, within seconds: Double = 10) throws {
    let got = try read(text.utf8.count, within: seconds)
    guard got == text.bytes else {
      throw HarnessError.malformed("expected \(text.debugDescription), got \(got.text)")
    }
  }

  /// Everything up to the peer's FIN; a reset throws.
  func readToEnd(within seconds: Double = 10) throws -> [UInt8] {
    let deadline = Deadline(seconds)
    while try fill(deadline, "the end of the stream, have \(describeUnread)") {}
    return take(buffer.count - start)
  }

  /// Takes `count` bytes without keeping them.
  func discard(_ count: Int, within seconds: Double = 60) throws {
    let deadline = Deadline(seconds)
    var left = count
    while true {
      let step = min(left, buffer.count - start)
      start += step
      left -= step
      if left == 0 { return }
      if try !fill(deadline, "\(left) more bytes") {
        throw HarnessError.endOfStream("\(left) of \(count) bytes missing")
      }
    }
  }

  enum Ending: Equatable { case closed, reset }

  /// How the peer ends the stream; what comes before is dropped.
  func ending(within seconds: Double = 10) throws -> Ending {
    let deadline = Deadline(seconds)
    do {
      while try fill(deadline, "the end of the stream, have \(describeUnread)") {
        start = buffer.count
      }
      return .closed
    } catch HarnessError.reset {
      return .reset
    }
  }

  /// True when nothing arrives, not even an end, for that long.
  func isSilent(for seconds: Double) throws -> Bool {
    guard buffer.count == start else { return false }
    do {
      try poll(for: Int16(POLLIN), Deadline(seconds, scaled: false), "")
      return false
    } catch HarnessError.timedOut {
      return true
    }
  }

  /// Waits without using the wire; ends early when the script is to stop.
  func rest(_ seconds: Double) throws {
    var set = pollfd(fd: stopSignal, events: Int16(POLLIN), revents: 0)
    if Glibc.poll(&set, 1, Int32(seconds * 1000)) > 0 { throw HarnessError.stopped }
  }

  /// Does nothing until the harness stops the script: the peer sees a silent connection.
  func hang() throws { try rest(3600) }

  /// Takes back nothing from the buffer: true when bytes are there or the end is not reached.
  func hasMore(within seconds: Double = 10) throws -> Bool {
    if buffer.count > start { return true }
    return try fill(Deadline(seconds), "more or the end")
  }

  // MARK: helpers

  private func take(_ count: Int) -> [UInt8] {
    let taken = Array(buffer[start..<start + count])
    start += count
    return taken
  }

  private var describeUnread: String {
    let left = buffer.count - start
    return "\(left) bytes \(Array(buffer[start...].prefix(200)).text.debugDescription)"
  }

  private func poll(for events: Int16, _ deadline: Deadline, _ what: String) throws {
    while true {
      var set = [
        pollfd(fd: descriptor, events: events, revents: 0),
        pollfd(fd: stopSignal, events: Int16(POLLIN), revents: 0),
      ]
      let ready = Glibc.poll(&set, 2, deadline.milliseconds)
      if set[1].revents != 0 { throw HarnessError.stopped }
      if ready > 0 { return }
      if ready == 0 { throw HarnessError.timedOut(what) }
      if errno != EINTR { throw HarnessError.system("poll", Int(errno)) }
    }
  }

  private static func error(_ call: String, _ code: Int64) -> HarnessError {
    code == -Int64(ECONNRESET) || code == -Int64(EPIPE)
      ? .reset : .system(call, Int(code))
  }
}
