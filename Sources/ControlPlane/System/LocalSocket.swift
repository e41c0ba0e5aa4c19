import CLinux
import Glibc

/// A connected, non-blocking socket that is used as a blocking one with deadlines.
///
/// Every wait is a poll(2) with a time limit and, for servers, the stop signal beside it, so that
/// no peer can hold a thread. Used by one thread at a time; closed when the last reference goes.
final class LocalSocket: Sendable {
  enum Received: Equatable {
    case bytes, end, timedOut, stopped, failed
  }

  enum Wait {
    case ready, timedOut, stopped, failed
  }

  let descriptor: Int32

  /// Takes ownership of the descriptor.
  init(owning descriptor: Int32) { self.descriptor = descriptor }

  deinit { _ = hr_close(descriptor) }

  /// Appends what has arrived, at most 16 KiB; waits for it if need be.
  func receive(
    appendingTo buffer: inout [UInt8], until deadline: Deadline, stop: StopSignal? = nil
  ) -> Received {
    while true {
      switch wait(for: POLLIN, until: deadline, stop: stop) {
      case .timedOut: return .timedOut
      case .stopped: return .stopped
      case .failed: return .failed
      case .ready: break
      }
      let count = receiveNow(appendingTo: &buffer)
      if count > 0 { return .bytes }
      if count == 0 { return .end }
      if count != -Int64(EAGAIN) && count != -Int64(EINTR) { return .failed }
    }
  }

  /// The number of bytes, 0 at the end of the stream, or -errno; never waits.
  private func receiveNow(appendingTo buffer: inout [UInt8]) -> Int64 {
    var count: Int64 = 0
    let chunk = [UInt8](unsafeUninitializedCapacity: 16384) { space, used in
      count = hr_recv(descriptor, space.baseAddress, space.count)
      used = Int(max(count, 0))
    }
    buffer.append(contentsOf: chunk)
    return count
  }

  /// True when all was handed to the kernel. Once the server stops, a peer that does not read
  /// has one second more.
  func send(_ bytes: [UInt8], until deadline: Deadline, stop: StopSignal? = nil) -> Bool {
    var sent = 0
    var limit = deadline
    var stop = stop
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { all in
        hr_send(descriptor, all.baseAddress?.advanced(by: sent), all.count - sent)
      }
      if count >= 0 {
        sent += Int(count)
        continue
      }
      guard count == -Int64(EAGAIN) || count == -Int64(EINTR) else { return false }
      switch wait(for: POLLOUT, until: limit, stop: stop) {
      case .ready: break
      case .timedOut, .failed: return false
      case .stopped:
        limit = min(limit, Deadline(milliseconds: 1000))
        stop = nil
      }
    }
    return true
  }

  /// Ends our side, then reads and forgets until the peer ends its own: closing over unread bytes
  /// would reset the connection and could destroy the answer on its way (RFC 9112 section 9.6).
  func closeLingering(milliseconds: Int, stop: StopSignal? = nil) {
    guard hr_shutdown_write(descriptor) == 0 else { return }
    let deadline = Deadline(milliseconds: milliseconds)
    var forgotten: [UInt8] = []
    while receive(appendingTo: &forgotten, until: deadline, stop: stop) == .bytes {
      forgotten.removeAll(keepingCapacity: true)
    }
  }

  private func wait(for events: Int32, until deadline: Deadline, stop: StopSignal?) -> Wait {
    var entries = [pollfd(fd: descriptor, events: Int16(events), revents: 0)]
    if let stop { entries.append(pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0)) }
    while true {
      let ready = poll(&entries, nfds_t(entries.count), deadline.remainingMilliseconds)
      if ready < 0 && errno != EINTR { return .failed }
      if entries.count > 1 && ready > 0 && entries[1].revents != 0 { return .stopped }
      // A flood of bytes must not carry a request over its deadline.
      if deadline.isPast { return .timedOut }
      if ready > 0 { return .ready }
    }
  }
}

extension LocalSocket {
  /// Connects as a client; for tests and tools. nil when nobody listens there.
  static func connect(to endpoint: Endpoint, milliseconds: Int32) -> LocalSocket? {
    guard var address = LocalAddress.candidates(for: endpoint).first else { return nil }
    let descriptor = hr_connect_blocking(&address, milliseconds)
    return descriptor < 0 ? nil : LocalSocket(owning: descriptor)
  }
}
