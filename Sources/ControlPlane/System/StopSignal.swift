import CLinux
import Glibc

/// Tells any number of waiting threads to stop, once and for good.
///
/// An eventfd that is written and never cleared: whoever polls it beside a socket wakes at once,
/// now and later. Shared by the threads of a `LocalServer` and by handlers that wait; any thread
/// may raise it. The last owner closes it.
public final class StopSignal: Sendable {
  let descriptor: Int32

  public init() throws(LocalServerError) {
    descriptor = hr_eventfd()
    if descriptor < 0 { throw .noDescriptor(code: -descriptor) }
  }

  deinit { _ = hr_close(descriptor) }

  public func raise() { hr_eventfd_signal(descriptor) }

  public var isRaised: Bool { wait(milliseconds: 0) }

  /// Sleeps until the signal is raised (true) or the descriptor can be read (false).
  func wait(orReadable other: Int32) -> Bool {
    while true {
      let entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      var entries = [entry, pollfd(fd: other, events: Int16(POLLIN), revents: 0)]
      let ready = poll(&entries, 2, -1)
      if ready < 0 && errno == EINTR { continue }
      return ready < 0 || entries[0].revents != 0
    }
  }

  /// Sleeps, but not longer than until the signal is raised. True when it is.
  @discardableResult
  public func wait(milliseconds: Int) -> Bool {
    let deadline = Deadline(milliseconds: milliseconds)
    while true {
      var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = poll(&entry, 1, deadline.remainingMilliseconds)
      if ready > 0 { return true }
      if ready == 0 && deadline.isPast { return false }
      if ready < 0 && errno != EINTR { return false }
    }
  }
}
