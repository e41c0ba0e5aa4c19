import CLinux
import DataPlane
import Glibc

/// Listening sockets that systemd opened for us (socket activation, sd_listen_fds(3)).
///
/// They are used for listeners of the same address, so that ports below 1024 need no privilege and
/// a restart refuses no connection: systemd keeps the queue while nobody accepts.
struct InheritedSockets: Sendable {
  private static let firstDescriptor: Int32 = 3

  private let sockets: [(descriptor: Int32, address: SocketAddress)]

  /// From `LISTEN_PID` and `LISTEN_FDS`; none when they are not meant for this process.
  init() {
    guard let pid = InheritedSockets.number("LISTEN_PID"), pid == getpid(),
      let count = InheritedSockets.number("LISTEN_FDS"), (1...256).contains(count)
    else {
      sockets = []
      return
    }
    let range = InheritedSockets.firstDescriptor..<(InheritedSockets.firstDescriptor + count)
    sockets = range.compactMap { descriptor in
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      let flags = fcntl(descriptor, F_GETFL)
      _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
      return ListeningSocket.address(of: descriptor).map { (descriptor, $0) }
    }
  }

  /// The socket that listens on this address. It stays ours: workers get copies.
  func descriptor(for endpoint: Endpoint) -> Int32? {
    for address in InheritedSockets.addresses(of: endpoint) {
      if let found = sockets.first(where: { $0.address == address }) { return found.descriptor }
    }
    return nil
  }

  /// `:8080` is either wildcard.
  private static func addresses(of endpoint: Endpoint) -> [SocketAddress] {
    if case .ip("", let port) = endpoint {
      return ["::", "0.0.0.0"].compactMap { SocketAddress(ip: $0, port: port) }
    }
    return endpoint.literalAddress.map { [$0] } ?? []
  }

  private static func number(_ name: String) -> Int32? {
    guard let text = getenv(name) else { return nil }
    return Int32(String(cString: text))
  }
}
