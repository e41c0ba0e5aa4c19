import CLinux
import Foundation
import Testing

/// Headers of the PROXY protocol, written by hand.
enum ProxyHeaderBytes {
  static let signature: [UInt8] = [
    0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
  ]

  static func v1(_ source: String = "203.0.113.7", _ port: Int = 56324) -> [UInt8] {
    let family = source.contains(":") ? 6 : 4
    let destination = family == 6 ? "2001:db8::80" : "198.51.100.2"
    return "PROXY TCP\(family) \(source) \(destination) \(port) 443\r\n".bytes
  }

  static func v2(_ command: UInt8, _ family: UInt8, _ block: [UInt8]) -> [UInt8] {
    signature + [command, family, UInt8(block.count >> 8), UInt8(block.count & 255)] + block
  }

  /// 203.0.113.7:56324 to 198.51.100.2:443, with an item behind that says nothing.
  static let v2 = v2(
    0x21, 0x11, [203, 0, 113, 7, 198, 51, 100, 2, 0xdc, 0x04, 1, 187, 0x04, 0, 1, 0])

  static let local = v2(0x20, 0x00, [])

  /// Both ends of a connection of the test, as the peer of `wire` would write them.
  static func ends(_ client: Client) throws -> (source: Int, destination: Int) {
    var remote = hr_peer()
    var local = hr_peer()
    let result = hr_socket_ends(client.descriptor, &remote, &local)
    guard result == 0 else { throw HarnessError.system("ends", Int(result)) }
    return (Int(local.port), Int(remote.port))
  }
}

extension Scene {
  /// A listener whose balancers these are, before the first backend.
  static func behindBalancer(
    from: String = "127.0.0.0/8", address: String = "127.0.0.1:0", _ extra: String = ""
  ) -> String {
    """
    listeners:
      - address: \(address)
        proxy_protocol: { from: ['\(from)'] }
    workers: 1
    routes:
      - to: app
    pools:
      app: ['$0']
    access_log: text
    admin: 127.0.0.1:0
    \(extra)

    """
  }

  /// Headers that were missing or malformed so far.
  var headerFailures: Double {
    get throws {
      try proxy.metric("headrace_worker_proxy_header_failures_total") ?? -1
    }
  }
}
