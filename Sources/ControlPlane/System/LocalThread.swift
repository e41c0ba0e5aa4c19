import CLinux
import Glibc

/// A joinable POSIX thread of the control plane.
///
/// Owned by whoever started it, who must call `join` exactly once. The thread takes none of the
/// process's signals: they belong to the main thread's signalfd, even if it is made later.
package struct LocalThread: Sendable {
  private let handle: pthread_t

  /// The name is cut to the kernel's 15 bytes. Throws when the system has no thread to give.
  package init(name: String, body: @escaping @Sendable () -> Void) throws(LocalServerError) {
    let start = Unmanaged.passRetained(ThreadStart(name: name, body: body))
    var created = pthread_t()
    var before = sigset_t()
    var blocked = Self.processSignals()
    pthread_sigmask(SIG_BLOCK, &blocked, &before)
    let code = pthread_create(&created, nil, runThread, start.toOpaque())
    pthread_sigmask(SIG_SETMASK, &before, nil)
    guard code == 0 else {
      start.release()
      throw .noThread(code: code)
    }
    handle = created
  }

  package func join() { pthread_join(handle, nil) }

  /// Those that ask the process to do something. Faults stay unblocked: they are for the thread.
  private static func processSignals() -> sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in [SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD, SIGPIPE] {
      sigaddset(&set, signal)
    }
    return set
  }
}

/// What a new thread is handed: retained by its creator, released by the thread.
private final class ThreadStart: Sendable {
  let name: String
  let body: @Sendable () -> Void

  package init(name: String, body: @escaping @Sendable () -> Void) {
    self.name = String(decoding: name.utf8.prefix(15), as: UTF8.self)
    self.body = body
  }
}

private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument else { return nil }
  let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
  _ = hr_thread_name(start.name)
  start.body()
  return nil
}
