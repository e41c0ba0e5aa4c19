import CLinux
import Glibc

/// The listening socket of a `LocalServer`: opened by the starting thread, then owned by its
/// accept thread, which closes it.
struct LocalListener: Sendable {
  let descriptor: Int32
  /// With the port that was really taken.
  let endpoint: Endpoint

  static func open(at endpoint: Endpoint) throws(LocalServerError) -> LocalListener {
    if case .name = endpoint { throw .nameInsteadOfAddress(endpoint) }
    if case .unix(let path) = endpoint {
      let code = hr_unlink_stale_socket(path)
      if code < 0 { throw .cannotListen(endpoint, code: -code) }
    }
    let descriptor = listen(at: endpoint)
    if descriptor < 0 { throw .cannotListen(endpoint, code: -descriptor) }
    return LocalListener(descriptor: descriptor, endpoint: bound(endpoint, descriptor))
  }

  /// Removes a unix socket's file first: nobody may connect to a socket that is closing.
  func close() {
    if case .unix(let path) = endpoint { unlink(path) }
    _ = hr_close(descriptor)
  }

  /// The next connection; or -errno, -EAGAIN when there is none.
  func accept() -> Int32 {
    var peer = hr_peer()
    return hr_accept(descriptor, &peer)
  }

  private static func listen(at endpoint: Endpoint) -> Int32 {
    var result = -EINVAL
    for candidate in LocalAddress.candidates(for: endpoint) {
      var address = candidate
      let v6Only: Int32 = if case .ip(host: "", _) = endpoint { 0 } else { 1 }
      let options = hr_listen_options(
        reuse_port: 0, defer_accept: 0, backlog: 128, v6_only: v6Only)
      result = hr_listen(&address, options)
      // The second candidate is for machines without IPv6, not for a port that is taken.
      if result >= 0 || result == -EADDRINUSE || result == -EACCES { break }
    }
    return result
  }

  private static func bound(_ endpoint: Endpoint, _ descriptor: Int32) -> Endpoint {
    guard case .ip(let host, _) = endpoint else { return endpoint }
    return .ip(host: host, port: UInt16(clamping: hr_bound_port(descriptor)))
  }
}
