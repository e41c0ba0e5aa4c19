import CLinux
import Glibc

extension ListeningSocket {
  /// The next connection, non-blocking, with its peer.
  static func accept(_ listener: Int32) -> Result<
    (descriptor: Int32, peer: PeerAddress), SystemError
  > {
    var peer = hr_peer()
    let result = unsafe hr_accept(listener, &peer)
    return result < 0
      ? .failure(SystemError(result: Int(result))) : .success((result, PeerAddress(peer)))
  }
}

/// Wakes a worker from another thread.
package struct WakeUp: Sendable {
  let descriptor: Int32

  package init?() {
    let result = hr_eventfd()
    guard result >= 0 else { return nil }
    descriptor = result
  }

  package func signal() { hr_eventfd_signal(descriptor) }
  func clear() { hr_eventfd_clear(descriptor) }
}
