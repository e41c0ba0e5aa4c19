/// A request that nobody sends: given like curl's arguments, for `headrace explain`.
public struct ExplainRequest: Equatable, Sendable {
  public var method: String
  /// As in the request line.
  public var target: String
  /// All but the framing, in order; `Host` comes first.
  public private(set) var fields: [LocalField]
  public var bodyBytes: Int
  /// The peer that connects, as text.
  public var client: String
  /// The URL begins with `https://`.
  public private(set) var isSecure = false
  /// Of the URL, or its scheme's own.
  public private(set) var port = 80

  /// What cannot be understood in the arguments.
  public struct Problem: Error, Equatable, CustomStringConvertible {
    public let description: String
  }

  /// - Parameters:
  ///   - method: nil is GET, or POST with data.
  ///   - headers: `Name: value`; `Name:` takes away what curl would send; `Name;` is empty.
  ///   - data: the body.
  ///   - url: `http://host/path?query`, `host/path` or `/path`.
  public init(
    method: String? = nil, headers: [String] = [], data: String? = nil, url: String,
    client: String = "127.0.0.1"
  ) throws(Problem) {
    let (host, target) = try Self.split(url)
    isSecure = url.lowercased().hasPrefix("https://")
    port = Self.port(host) ?? (isSecure ? 443 : 80)
    self.method = method ?? (data == nil ? "GET" : "POST")
    self.target = target
    self.client = client
    bodyBytes = data?.utf8.count ?? 0
    fields = [
      LocalField("Host", host), LocalField("User-Agent", "curl/8"), LocalField("Accept", "*/*"),
    ]
    if data != nil {
      fields.append(LocalField("Content-Type", "application/x-www-form-urlencoded"))
    }
    guard AddressText.isAddress(client) else {
      throw Problem(description: "the client must be an IP address, not \(quoted(client))")
    }
    try add(headers)
    if data != nil { fields.append(LocalField("Content-Length", "\(bodyBytes)")) }
  }

  /// The whole head, as it comes to the proxy.
  var head: [UInt8] {
    let lines = fields.map { "\($0.name): \($0.value)\r\n" }.joined()
    return Array("\(method) \(target) HTTP/1.1\r\n\(lines)\r\n".utf8)
  }

  func value(_ name: String) -> String? {
    fields.first { $0.name.lowercased() == name.lowercased() }?.value
  }

  /// As curl: a name that it sends itself is replaced by the first that is given.
  private mutating func add(_ headers: [String]) throws(Problem) {
    var own = Set(fields.map { $0.name.lowercased() })
    for header in headers {
      let isEmpty = header.hasSuffix(";") && !header.contains(":")
      let end = header.firstIndex(of: ":") ?? header.lastIndex(of: ";")
      guard let end, LocalText.isToken(header[..<end].utf8) else {
        throw Problem(description: "a header must be \"Name: value\", not \(quoted(header))")
      }
      let name = String(header[..<end])
      let value = LocalText.trimmed(header[header.index(after: end)...].utf8)
      let at = fields.firstIndex { $0.name.lowercased() == name.lowercased() }
      if own.remove(name.lowercased()) != nil, let at {
        fields[at] = LocalField(name, value)
        if value.isEmpty, !isEmpty { fields.remove(at: at) }
      } else if !value.isEmpty || isEmpty {
        fields.append(LocalField(name, value))
      }
    }
  }

  private static func port(_ host: String) -> Int? {
    // Behind the brackets of an IPv6 address.
    let end = host.lastIndex(of: "]").map { host[$0...] } ?? host[...]
    return end.lastIndex(of: ":").flatMap { IntegerText.digits(end[end.index(after: $0)...]) }
  }

  private static func split(_ url: String) throws(Problem) -> (host: String, target: String) {
    var rest = url[...]
    let scheme = ["http://", "https://"].first { url.lowercased().hasPrefix($0) }
    if let scheme { rest = rest.dropFirst(scheme.count) }
    if scheme == nil, url.contains("://") {
      throw Problem(description: "the URL must be http:// or https://, not \(quoted(url))")
    }
    rest = rest.prefix { $0 != "#" }
    if scheme == nil, rest == "*" { return ("localhost", "*") }
    let host = rest.prefix { !"/?".contains($0) }
    guard !host.isEmpty || scheme == nil && rest.hasPrefix("/") else {
      throw Problem(description: "the URL must have a host or start with \"/\": \(quoted(url))")
    }
    let target = rest.dropFirst(host.count)
    return (
      host.isEmpty ? "localhost" : String(host),
      target.hasPrefix("/") ? String(target) : "/" + target
    )
  }
}
