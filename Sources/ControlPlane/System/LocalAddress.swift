import CLinux

/// Turns an `Endpoint` into the numbers that a socket wants. Pure, for any thread.
enum LocalAddress {
  /// In the order to try. Empty for a name, and for text that is no address.
  static func candidates(for endpoint: Endpoint) -> [hr_endpoint] {
    switch endpoint {
    case .name: return []
    case .unix(let path): return unix(path).map { [$0] } ?? []
    case .ip(host: "", let port):
      // `:8080` is every address of the machine; `::` takes IPv4 in as well, where it exists.
      return ["::", "0.0.0.0"].compactMap { ip($0, port) }
    case .ip(let host, let port): return ip(host, port).map { [$0] } ?? []
    }
  }

  private static func ip(_ host: String, _ port: UInt16) -> hr_endpoint? {
    var numbers = hr_endpoint()
    return hr_endpoint_ip(host, port, &numbers) == 0 ? numbers : nil
  }

  private static func unix(_ path: String) -> hr_endpoint? {
    var numbers = hr_endpoint()
    return !path.isEmpty && hr_endpoint_unix(path, &numbers) == 0 ? numbers : nil
  }
}
