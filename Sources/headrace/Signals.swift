import CLinux
import ControlPlane
import Glibc

/// The signals of a running proxy: SIGHUP reloads, SIGTERM and SIGINT drain, a second one ends.
struct Signals {
  private let descriptor: Int32

  /// Call before any thread is made, so that all of them leave these signals to this one.
  init() throws {
    descriptor = hr_signalfd([SIGHUP, SIGTERM, SIGINT, 0])
    guard descriptor >= 0 else { throw SignalError() }
  }

  /// Serves signals for the rest of the process's life.
  func serve(_ proxy: Proxy, reload: () -> Void, afterDrain: @escaping @Sendable () -> Void)
    -> Never
  {
    var isDraining = false
    while true {
      switch hr_signalfd_read(descriptor) {
      case SIGHUP: if !isDraining { reload() }
      case SIGTERM, SIGINT:
        if isDraining {
          Terminal.say("ended at once")
          exit(1)
        }
        isDraining = true
        // Here, so that a second signal is still heard.
        _ = try? LocalThread(name: "drain") {
          let isClean = proxy.drain()
          afterDrain()
          Terminal.say(isClean ? "drained" : "some connections were cut")
          exit(0)
        }
      default: continue
      }
    }
  }
}

/// No descriptor for signals.
struct SignalError: Error, CustomStringConvertible {
  var description: String { "cannot receive signals: no descriptor" }
}

extension Endpoint {
  /// nil for a unix socket.
  var port: UInt16? {
    switch self {
    case .ip(_, let port), .name(_, let port): return port
    case .unix: return nil
    }
  }
}
