import CLinux
import Glibc

/// An error number of the kernel, as a value: expected outcomes are compared, never thrown.
package struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
  package let code: Int32

  package init(_ code: Int32) { self.code = code }
  /// From a wrapper's negative result.
  init(result: Int) { code = Int32(truncatingIfNeeded: -result) }

  package static var wouldBlock: SystemError { SystemError(EAGAIN) }
  package static var connectionRefused: SystemError { SystemError(ECONNREFUSED) }
  package static var addressInUse: SystemError { SystemError(EADDRINUSE) }
  package static var timedOut: SystemError { SystemError(ETIMEDOUT) }

  /// Descriptors or memory ran out: ours, not the peer's; passes.
  var isResourceShortage: Bool {
    code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM
  }

  /// A connect that failed for reasons on this machine, not at the backend.
  var isLocal: Bool {
    isResourceShortage || code == EADDRNOTAVAIL || code == EACCES || code == EPERM
      || code == EAFNOSUPPORT
  }

  package var description: String { unsafe String(cString: strerror(code)) }
}

extension SystemError {
  static var connectionAborted: SystemError { SystemError(ECONNABORTED) }
  static var addressNotAvailable: SystemError { SystemError(EADDRNOTAVAIL) }
  static var noMemory: SystemError { SystemError(ENOMEM) }
  /// What was to be sent on, or came in, cannot be told in frames.
  static var badMessage: SystemError { SystemError(EBADMSG) }
  static var interrupted: SystemError { SystemError(EINTR) }
}
