import Glibc

/// Why a `LocalServer` did not start: a text for the operator that names the address, the cause
/// and, where there is one, the way out.
public enum LocalServerError: Error, Equatable, CustomStringConvertible {
  /// `code` is an errno.
  case cannotListen(Endpoint, code: Int32)
  /// A name may have many addresses: listening needs one that is written out.
  case nameInsteadOfAddress(Endpoint)
  case noDescriptor(code: Int32)
  case noThread(code: Int32)
  case alreadyStarted(Endpoint)

  public var description: String {
    switch self {
    case .cannotListen(let endpoint, let code):
      return "cannot listen on \(endpoint): \(Self.reason(code))"
    case .nameInsteadOfAddress(let endpoint):
      return "cannot listen on \(endpoint): a name; write an IP address or unix:/path"
    case .noDescriptor(let code): return "cannot make an eventfd: \(Self.text(code))"
    case .noThread(let code): return "cannot start a thread: \(Self.text(code))"
    case .alreadyStarted(let endpoint): return "already listening on \(endpoint)"
    }
  }

  private static func reason(_ code: Int32) -> String {
    switch code {
    case EADDRINUSE: return "address already in use; stop the other program or choose another port"
    case EADDRNOTAVAIL: return "this machine does not have this address"
    case EACCES: return "permission denied; ports below 1024 need CAP_NET_BIND_SERVICE"
    case EEXIST: return "the file exists and is not a socket"
    case EINVAL: return "neither an IP address nor a path of at most 107 bytes"
    default: return text(code)
    }
  }

  private static func text(_ code: Int32) -> String {
    guard let message = strerror(code) else { return "error \(code)" }
    return String(cString: message)
  }
}
