import CLinux
import Glibc

/// One epoll instance and the room for its events. Owned by one worker.
@safe
struct Poller: ~Copyable {
  static var capacity: Int { 512 }
  private let descriptor: Int32
  private let events: UnsafeMutablePointer<epoll_event>

  init?() {
    let result = hr_epoll_create()
    guard result >= 0 else { return nil }
    descriptor = result
    unsafe events = .allocate(capacity: Poller.capacity)
    unsafe events.initialize(repeating: epoll_event(), count: Poller.capacity)
  }

  deinit {
    unsafe events.deallocate()
    _ = hr_close(descriptor)
  }

  /// What epoll says of a stream, in our words.
  struct Readiness {
    let raw: UInt32
    /// Bytes or an end may be read.
    var isReadable: Bool { raw & (0x001 | 0x010 | 0x2000 | 0x008) != 0 }
    var isWritable: Bool { raw & (0x004 | 0x008 | 0x010) != 0 }
    /// The peer has closed its half or all: read on to the end, a short read proves nothing.
    var isEnding: Bool { raw & (0x008 | 0x010 | 0x2000) != 0 }
    /// Both halves are gone (reset, or closed while we had shut down ours).
    var isBroken: Bool { raw & (0x008 | 0x010) != 0 }
  }

  func add(stream: Int32, _ token: Token) -> Bool {
    hr_epoll_add_stream(descriptor, stream, token.raw) == 0
  }

  func add(level other: Int32, _ token: Token) -> Bool {
    hr_epoll_add_level(descriptor, other, token.raw) == 0
  }

  func add(exclusive other: Int32, _ token: Token) -> Bool {
    hr_epoll_add_exclusive(descriptor, other, token.raw) == 0
  }

  func remove(_ other: Int32) { _ = hr_epoll_remove(descriptor, other) }

  /// The number of events; read them with `token` and `readiness`.
  mutating func wait(milliseconds: Int32) -> Int {
    let result = unsafe hr_epoll_wait(
      descriptor, events, Int32(Poller.capacity), milliseconds)
    return max(Int(result), 0)
  }

  @inline(__always) func token(_ index: Int) -> Token {
    precondition(index >= 0 && index < Poller.capacity)
    return unsafe Token(raw: hr_epoll_token(events + index))
  }

  @inline(__always) func readiness(_ index: Int) -> Readiness {
    precondition(index >= 0 && index < Poller.capacity)
    return unsafe Readiness(raw: events[index].events)
  }
}
