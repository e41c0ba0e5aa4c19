/// Addresses to listen on and to connect to, as written in the config.
enum EndpointText {
  /// `sun_path` less its final NUL.
  private static let unixPathMax = 107

  static func parseListen(_ text: String) throws(Refusal) -> Endpoint {
    let examples = """
      must be an address such as :8080, 127.0.0.1:8080, "[::1]:8080" or unix:/run/headrace.sock
      """
    if let path = unixPath(text) { return try unix(path, text) }
    if IntegerText.digits(text) != nil {
      throw Refusal("\(examples), not \(quoted(text)) (did you mean \(quoted(":" + text))?)")
    }
    let (host, port) = try split(text, ports: 0...65535, examples)
    if host.isEmpty { return .ip(host: "", port: port) }
    guard AddressText.isAddress(host) else {
      if HostNameText.isName(host) {
        throw Refusal(
          "must have an IP address of this machine, such as 127.0.0.1, not the name \(quoted(host))"
        )
      }
      throw Refusal("\(examples), not \(quoted(text))")
    }
    return .ip(host: host, port: port)
  }

  static func parseBackend(_ text: String) throws(Refusal) -> Endpoint {
    let examples = """
      must be an address such as 127.0.0.1:3000, "[::1]:3000", localhost:3000 or unix:/run/app.sock
      """
    if let path = unixPath(text) { return try unix(path, text) }
    let (host, port) = try split(text, ports: 1...65535, examples)
    if AddressText.isAddress(host) { return .ip(host: host, port: port) }
    guard HostNameText.isName(host) else { throw Refusal("\(examples), not \(quoted(text))") }
    return .name(host: host.lowercased(), port: port)
  }

  private static func unixPath(_ text: String) -> Substring? {
    text.hasPrefix("unix:") ? text.dropFirst(5) : nil
  }

  private static func unix(_ path: Substring, _ text: String) throws(Refusal) -> Endpoint {
    guard path.hasPrefix("/"), !path.hasSuffix("/"), !path.utf8.contains(0) else {
      throw Refusal(
        "must have an absolute path, as in unix:/run/app.sock, not \(quoted(text))")
    }
    guard path.utf8.count <= unixPathMax else {
      throw Refusal(
        "must have a socket path of at most \(unixPathMax) bytes, not \(path.utf8.count)")
    }
    return .unix(path: String(path))
  }

  /// Host without brackets, and port.
  private static func split(
    _ text: String, ports: ClosedRange<Int>, _ examples: String
  ) throws(Refusal) -> (host: String, port: UInt16) {
    if text.contains("://") {
      throw Refusal("must be an address without a scheme or path, not \(quoted(text))")
    }
    guard let colon = text.lastIndex(of: ":") else {
      if text.isEmpty { throw Refusal("\(examples), not \(quoted(text))") }
      throw Refusal("must have a port, as in \(quoted(text + ":8080")), not \(quoted(text))")
    }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
      guard AddressText.parse6(host) != nil else {
        throw Refusal("must have an IPv6 address in the brackets, not \(quoted(text))")
      }
    } else if host.contains(":") {
      if AddressText.parse6(text) != nil {
        throw Refusal(
          "must have an IPv6 address in brackets, as in \"[::1]:8080\", not \(quoted(text))")
      }
      throw Refusal("\(examples), not \(quoted(text))")
    }
    let port = text[text.index(after: colon)...]
    guard let number = IntegerText.digits(port), ports.contains(number) else {
      let range = "\(ports.lowerBound) to \(ports.upperBound)"
      throw Refusal("must have a port of \(range), not \(quoted(String(port)))")
    }
    return (String(host), UInt16(number))
  }
}
