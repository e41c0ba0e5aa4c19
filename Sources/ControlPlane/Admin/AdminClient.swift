/// Talks to the admin listener of a running proxy: `headrace reload`, `backends`, `cache`.
///
/// One request on a connection of its own, blocking, every wait limited. A plain value for any
/// thread.
public struct AdminClient: Sendable {
  /// What the proxy answered.
  public struct Answer: Equatable, Sendable {
    public var status: Int
    public var text: String
  }

  /// Why there is no answer: a text for the operator.
  public struct Failure: Error, Equatable, CustomStringConvertible {
    public let description: String
  }

  public let endpoint: Endpoint
  private let milliseconds: Int
  /// Room for the backends of the largest config as JSON.
  private static let bytesMax = 64 << 20

  /// `milliseconds` is for all of it: connecting, and waiting for the whole answer.
  public init(_ endpoint: Endpoint, milliseconds: Int = 60_000) {
    self.endpoint = endpoint
    self.milliseconds = milliseconds
  }

  /// An address as it is given on the command line; nil when it is none.
  public static func endpoint(_ text: String) -> Endpoint? {
    if let listen = try? EndpointText.parseListen(text) { return listen }
    return try? EndpointText.parseBackend(text)
  }

  /// Has the proxy read its file again. The field shows that no web page asks.
  public func reload() throws(Failure) -> Answer { try post("/reload") }

  /// Where backends stand.
  ///
  /// - Parameter pool: only those of this one.
  public func backends(pool: String? = nil, json: Bool = false) throws(Failure) -> Answer {
    let filter = pool.map { "&pool=\(Self.encoded($0))" } ?? ""
    return try get("/backends?format=\(json ? "json" : "text")\(filter)")
  }

  /// Takes a backend out or brings it back: `drain`, `maintenance` or `ready`.
  public func change(
    pool: String, backend: String, to state: String
  ) throws(Failure) -> Answer {
    let (pool, backend) = (Self.encoded(pool), Self.encoded(backend))
    return try post("/backends?pool=\(pool)&backend=\(backend)&state=\(Self.encoded(state))")
  }

  /// How many requests a backend is at work on; nil when the answer does not say, as when it is
  /// gone.
  public func inFlight(pool: String, backend: String) throws(Failure) -> Int? {
    let (pool, backend) = (Self.encoded(pool), Self.encoded(backend))
    let answer = try get("/backends?format=json&pool=\(pool)&backend=\(backend)")
    // In a string the quotes would be escaped.
    guard answer.status == 200, let key = answer.text.firstRange(of: "\"in_flight\": ")
    else { return nil }
    return Int(answer.text[key.upperBound...].prefix { $0.isWholeNumber })
  }

  /// What happened to pools and backends.
  public func events(json: Bool = false) throws(Failure) -> Answer {
    try get("/events?format=\(json ? "json" : "text")")
  }

  func get(_ target: String) throws(Failure) -> Answer {
    try exchange(
      "GET \(target) HTTP/1.1\r\nHost: headrace-admin\r\nConnection: close\r\n\r\n")
  }

  func post(_ target: String) throws(Failure) -> Answer {
    try exchange(
      "POST \(target) HTTP/1.1\r\nHost: headrace-admin\r\n\(AdminPages.guardField): 1\r\n"
        + "Content-Length: 0\r\nConnection: close\r\n\r\n")
  }

  /// Percent-encoded but for letters, digits and `-._~` (RFC 3986 section 2.3).
  static func encoded(_ text: String) -> String {
    text.utf8.map { byte in
      let isPlain =
        byte < 0x80
        && (Character(Unicode.Scalar(byte)).isLetter || Character(Unicode.Scalar(byte)).isNumber
          || "-._~".utf8.contains(byte))
      if isPlain { return String(Unicode.Scalar(byte)) }
      return (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
    }.joined()
  }

  private func exchange(_ request: String) throws(Failure) -> Answer {
    let deadline = Deadline(milliseconds: milliseconds)
    guard let socket = connect() else {
      throw Failure(description: "nobody answers at \(endpoint)")
    }
    var answer: [UInt8] = []
    guard socket.send(Array(request.utf8), until: deadline) else {
      throw Failure(description: "\(endpoint) does not take the request")
    }
    receiving: while true {
      switch socket.receive(appendingTo: &answer, until: deadline) {
      case .bytes:
        guard answer.count <= Self.bytesMax else {
          throw Failure(description: "\(endpoint) answers too much")
        }
      case .end: break receiving
      case .timedOut:
        throw Failure(description: "\(endpoint) has not answered in \(milliseconds / 1000) s")
      case .stopped, .failed:
        throw Failure(description: "\(endpoint) has cut the connection")
      }
    }
    guard let parsed = Self.parse(answer) else {
      throw Failure(description: "\(endpoint) does not answer as an admin listener does")
    }
    return parsed
  }

  /// The connection ends with the answer, and the server sends bodies by Content-Length alone.
  static func parse(_ bytes: [UInt8]) -> Answer? {
    var scan = LocalHeadScan()
    guard case .end(let length) = scan.scan(bytes) else { return nil }
    let line = bytes[..<length].prefix { $0 != UInt8(ascii: "\r") }
    let words = String(decoding: line, as: UTF8.self).split(separator: " ")
    guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]) else { return nil }
    return Answer(status: status, text: String(decoding: bytes[length...], as: UTF8.self))
  }

  private func connect() -> LocalSocket? {
    for candidate in candidates {
      let limit = Int32(clamping: min(milliseconds, 5000))
      if let socket = LocalSocket.connect(to: candidate, milliseconds: limit) { return socket }
    }
    return nil
  }

  /// A listener on all addresses is reached by loopback.
  private var candidates: [Endpoint] {
    switch endpoint {
    case .ip(host: "", let port), .name(host: "localhost", let port):
      return [.ip(host: "127.0.0.1", port: port), .ip(host: "::1", port: port)]
    case .ip(host: "0.0.0.0", let port): return [.ip(host: "127.0.0.1", port: port)]
    case .ip(host: "::", let port): return [.ip(host: "::1", port: port)]
    default: return [endpoint]
    }
  }
}
