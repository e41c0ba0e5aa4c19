import CLinux
import Glibc

/// What a non-blocking read or write came to.
enum Transfer {
  case bytes(Int)
  case endOfStream
  case wouldBlock
  case failed(SystemError)
}

extension Block {
  /// Receives at most `count` bytes to `at`; `end` stays with the caller.
  @inline(__always)
  mutating func receive(_ descriptor: Int32, at: Int, count: Int) -> Transfer {
    check(at, count)
    let result = unsafe hr_recv(descriptor, base + at, count)
    if result > 0 { return .bytes(Int(result)) }
    if result == 0 { return .endOfStream }
    return result == -Int64(EAGAIN) ? .wouldBlock : .failed(SystemError(result: Int(result)))
  }

  /// The same, and the bytes stay to be received.
  mutating func peek(_ descriptor: Int32, at: Int, count: Int) -> Transfer {
    check(at, count)
    let result = unsafe hr_recv_peek(descriptor, base + at, count)
    if result > 0 { return .bytes(Int(result)) }
    if result == 0 { return .endOfStream }
    return result == -Int64(EAGAIN) ? .wouldBlock : .failed(SystemError(result: Int(result)))
  }

  /// All of the block, into a socket that has sent nothing yet and so has room for it; nil is
  /// success. With `more` it leaves together with what is sent next.
  func sendFirst(_ descriptor: Int32, more: Bool) -> SystemError? {
    let result =
      unsafe more
      ? hr_send_more(descriptor, base + start, count) : hr_send(descriptor, base + start, count)
    if result == Int64(count) { return nil }
    // Not the peer's doing: the kernel has no memory for it.
    return result < 0 && result != -Int64(EAGAIN)
      ? SystemError(result: Int(result)) : .noMemory
  }

  @inline(__always)
  func send(_ descriptor: Int32, at: Int, count: Int) -> Transfer {
    check(at, count)
    let result = unsafe hr_send(descriptor, base + at, count)
    if result >= 0 { return .bytes(Int(result)) }
    return result == -Int64(EAGAIN) ? .wouldBlock : .failed(SystemError(result: Int(result)))
  }
}

/// Where to connect or listen, as the kernel wants it. Plain data: lives in the snapshot.
@safe
package struct SocketAddress: BitwiseCopyable, Sendable, Equatable {
  var raw: hr_endpoint

  /// From a literal IPv4 or IPv6 address without brackets; nil when it is not one.
  package init?(ip literal: String, port: UInt16) {
    var endpoint = hr_endpoint()
    guard unsafe hr_endpoint_ip(literal, port, &endpoint) == 0 else { return nil }
    raw = endpoint
  }

  /// nil when the path is longer than 107 bytes.
  package init?(unixPath: String) {
    var endpoint = hr_endpoint()
    guard unsafe hr_endpoint_unix(unixPath, &endpoint) == 0 else { return nil }
    raw = endpoint
  }

  init(raw: hr_endpoint) { self.raw = raw }

  package var isUnix: Bool { raw.family == 1 }

  /// The same host at another port; a unix socket stays as it is.
  package func at(port: UInt16) -> SocketAddress {
    var copy = self
    if !isUnix { copy.raw.port = port }
    return copy
  }

  /// Every address of a name, sorted. Blocks: control plane only.
  package static func resolve(_ name: String, port: UInt16) -> Result<[SocketAddress], ResolveError>
  {
    var found = [hr_endpoint](repeating: hr_endpoint(), count: 64)
    var text: UnsafePointer<CChar>? = nil
    let count = unsafe hr_resolve(name, port, &found, Int32(found.count), &text)
    if count < 0 {
      let reason = unsafe text.map { unsafe String(cString: $0) } ?? "unknown error"
      return .failure(ResolveError(name: name, reason: reason))
    }
    return .success(found.prefix(Int(count)).map(SocketAddress.init(raw:)))
  }

  /// `127.0.0.1:80`, `[::1]:80` or `unix:/path`.
  package var description: String {
    switch raw.family {
    case 4: return PeerAddress(family: 4, bytes: raw.address).text + ":\(raw.port)"
    case 6: return "[" + PeerAddress(family: 6, bytes: raw.address).text + "]:\(raw.port)"
    default:
      return "unix:"
        + String(
          decoding: (0..<Int(raw.path_length)).map { index in
            unsafe withUnsafeBytes(of: raw.path) { unsafe $0[index] }
          }, as: UTF8.self)
    }
  }

  package static func == (left: SocketAddress, right: SocketAddress) -> Bool {
    unsafe withUnsafeBytes(of: left.raw) { left in
      unsafe withUnsafeBytes(of: right.raw) { unsafe left.elementsEqual($0) }
    }
  }
}

/// Why a name has no addresses.
package struct ResolveError: Error, Sendable {
  package let name: String
  package let reason: String
}

/// The thin layer over the kernel that the rest of the data plane calls.
enum Sockets {
  static func connect(_ address: SocketAddress) -> Result<
    (descriptor: Int32, inProgress: Bool), SystemError
  > {
    var progress: Int32 = 0
    var endpoint = address.raw
    let result = unsafe hr_connect(&endpoint, &progress)
    return result < 0
      ? .failure(SystemError(result: Int(result))) : .success((result, progress != 0))
  }

  @inline(__always) static func close(_ descriptor: Int32) { _ = hr_close(descriptor) }
  static func closeWithReset(_ descriptor: Int32) { _ = hr_close_reset(descriptor) }
  static func shutdownWrite(_ descriptor: Int32) { _ = hr_shutdown_write(descriptor) }

  /// Whether an idle connection is still open and silent.
  static func isAlive(_ descriptor: Int32) -> Bool { hr_peek(descriptor) == -Int64(EAGAIN) }

  /// The peer has closed it, or it broke, and nothing else is left to read.
  static func isAtEnd(_ descriptor: Int32) -> Bool {
    let result = hr_peek(descriptor)
    return result <= 0 && result != -Int64(EAGAIN)
  }

  /// Both ends of a connection as its PROXY header; nil when it has none any more.
  static func ends(_ descriptor: Int32) -> ProxyHeader? {
    var remote = hr_peer()
    var local = hr_peer()
    guard unsafe hr_socket_ends(descriptor, &remote, &local) == 0 else { return nil }
    guard remote.family != 1, local.family != 1 else { return ProxyHeader(.unix) }
    return ProxyHeader(
      source: PeerAddress(remote), port: remote.port, destination: PeerAddress(local),
      port: local.port)
  }

  /// The outcome of a connect that was in progress; nil is success.
  static func connectError(_ descriptor: Int32) -> SystemError? {
    let result = hr_socket_error(descriptor)
    return result == 0 ? nil : SystemError(result: Int(result))
  }
}

/// Listening sockets: opened by the control plane, accepted from by workers.
package enum ListeningSocket {
  /// - Parameter reusePort: one socket per worker shares the address.
  package static func open(
    _ address: SocketAddress, reusePort: Bool, backlog: Int32 = 65535, v6Only: Bool = false
  ) -> Result<Int32, SystemError> {
    var options = hr_listen_options()
    options.reuse_port = reusePort ? 1 : 0
    options.backlog = backlog
    // A connection is handed over with its first bytes: one wake-up less for each.
    options.defer_accept = reusePort && !address.isUnix ? 1 : 0
    options.v6_only = v6Only ? 1 : 0
    var endpoint = address.raw
    let result = unsafe hr_listen(&endpoint, options)
    return result < 0 ? .failure(SystemError(result: Int(result))) : .success(result)
  }

  /// What a socket that somebody else opened listens on; nil when it does not listen.
  package static func address(of descriptor: Int32) -> SocketAddress? {
    var endpoint = hr_endpoint()
    guard unsafe hr_listening_address(descriptor, &endpoint) == 0 else { return nil }
    return SocketAddress(raw: endpoint)
  }

  package static func port(_ descriptor: Int32) -> UInt16 {
    UInt16(truncatingIfNeeded: max(hr_bound_port(descriptor), 0))
  }

  package static func close(_ descriptor: Int32) { Sockets.close(descriptor) }

  /// Makes way for a new unix listener: 0, or why not.
  package static func removeStale(unixPath: String) -> SystemError? {
    let result = unsafe hr_unlink_stale_socket(unixPath)
    return result == 0 ? nil : SystemError(result: Int(result))
  }
}
