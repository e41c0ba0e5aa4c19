import CLinux
import Foundation

/// A raw client: it sends exactly the bytes it is told to.
final class Client: Wire, @unchecked Sendable {
  /// `address` as the config and the proxy write it: `127.0.0.1:80`, `[::1]:80`, `unix:/path`.
  /// `from` binds the source (any of 127/8); `receiveBuffer` makes a reader with a small window.
  init(
    _ address: String, from source: String? = nil, receiveBuffer: Int32? = nil,
    within seconds: Double = 10
  ) throws {
    let deadline = Deadline(seconds)
    var endpoint = try Address.parse(address)
    let descriptor: Int32
    if source == nil && receiveBuffer == nil {
      var inProgress: Int32 = 0
      descriptor = hr_connect(&endpoint, &inProgress)
      guard descriptor >= 0 else { throw HarnessError.system("connect", Int(descriptor)) }
    } else {
      descriptor = try Self.connect(endpoint, from: source, receiveBuffer: receiveBuffer)
    }
    super.init(descriptor: descriptor)
    var set = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard poll(&set, 1, deadline.milliseconds) == 1 else {
      throw HarnessError.timedOut("connect to \(address)")
    }
    let failure = hr_socket_error(descriptor)
    guard failure == 0 else { throw HarnessError.system("connect to \(address)", Int(failure)) }
  }

  private static func connect(
    _ endpoint: hr_endpoint, from source: String?, receiveBuffer: Int32?
  ) throws -> Int32 {
    let descriptor = socket(
      AF_INET,
      Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { throw HarnessError.system("socket", Int(errno)) }
    if var size = receiveBuffer {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }
    func call(_ name: String, host: UInt32, port: UInt16) throws {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = host
      let result = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          name == "bind"
            ? bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            : Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      if result < 0 && errno != EINPROGRESS {
        let code = Int(errno)
        _ = hr_close(descriptor)
        throw HarnessError.system(name, code)
      }
    }
    if let source { try call("bind", host: inet_addr(source), port: 0) }
    let host = withUnsafeBytes(of: endpoint.address) { $0.loadUnaligned(as: UInt32.self) }
    try call("connect", host: host, port: endpoint.port)
    return descriptor
  }

  /// The next response with its body; 1xx responses come out one by one.
  func response(to method: String = "GET", within seconds: Double = 10) throws -> Message {
    var message = try readHead(within: seconds)
    guard message.startLine.hasPrefix("HTTP/1.") else {
      throw HarnessError.malformed("status line \(message.startLine.debugDescription)")
    }
    let bodiless = message.status < 200 || message.status == 204 || message.status == 304
    if method == "HEAD" || bodiless { return message }
    try readBody(of: &message, or: .close)
    return message
  }

  /// Sends a complete request and reads its response.
  func exchange(_ request: any Bytes) throws -> Message {
    try send(request)
    return try response(to: request.bytes.starts(with: "HEAD ".bytes) ? "HEAD" : "GET")
  }
}

enum Address {
  static func parse(_ text: String) throws -> hr_endpoint {
    var endpoint = hr_endpoint()
    if text.hasPrefix("unix:") {
      guard hr_endpoint_unix(String(text.dropFirst(5)), &endpoint) == 0 else {
        throw HarnessError.malformed("address \(text)")
      }
      return endpoint
    }
    guard let colon = text.lastIndex(of: ":"),
      let port = UInt16(text[text.index(after: colon)...])
    else { throw HarnessError.malformed("address \(text)") }
    let host = text[..<colon].trimmingCharacters(in: .init(charactersIn: "[]"))
    guard hr_endpoint_ip(host, port, &endpoint) == 0 else {
      throw HarnessError.malformed("address \(text)")
    }
    return endpoint
  }

  static func port(of text: String) -> Int {
    Int(text.split(separator: ":").last ?? "") ?? 0
  }

  /// A loopback port on which nothing listens.
  static func refusing() throws -> String {
    var endpoint = try parse("127.0.0.1:0")
    let descriptor = hr_listen(
      &endpoint, hr_listen_options(reuse_port: 0, defer_accept: 0, backlog: 1, v6_only: 0))
    guard descriptor >= 0 else { throw HarnessError.system("listen", Int(descriptor)) }
    defer { _ = hr_close(descriptor) }
    return "127.0.0.1:\(hr_bound_port(descriptor))"
  }
}
