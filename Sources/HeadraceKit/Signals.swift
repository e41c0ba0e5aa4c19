import ControlPlane
import Glibc

/// The signals of a running proxy: SIGHUP reloads, SIGTERM and SIGINT drain, a second one ends.
struct Signals {
  private let reader: SignalReader

  /// Call before any thread is made, so that all of them leave these signals to this one.
  init() throws { reader = try SignalReader([SIGHUP, SIGTERM, SIGINT]) }

  /// Serves signals for the rest of the process's life.
  func serve(_ proxy: Proxy, reload: () -> Void, afterDrain: @escaping @Sendable () -> Void)
    -> Never
  {
    var isDraining = false
    while true {
      switch reader.next() {
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

extension Endpoint {
  /// nil for a unix socket.
  var port: UInt16? {
    switch self {
    case .ip(_, let port), .name(_, let port): return port
    case .unix: return nil
    }
  }
}
