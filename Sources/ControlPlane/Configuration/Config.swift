/// The config file as values: decoded, validated, every default filled in.
///
/// Made by `ConfigLoader`; read by `SnapshotBuilder`, which turns it into the flat tables of a
/// `Snapshot`. It knows nothing of YAML; positions in the file stay with the loader's errors.
public struct Config: Equatable, Sendable {
  public var listeners: [Listener] = []
  /// In the order written: the first that matches wins.
  public var routes: [Route] = []
  /// In the order written; names are unique.
  public var pools: [Pool] = []
  /// In the order written; names are unique.
  public var caches: [Cache] = []
  /// Event loops, one thread each. `nil` is one per core that the process may use.
  public var workers: Int? = nil
  public var timeouts = Timeouts()
  public var limits = Limits()
  /// Peers whose `X-Forwarded-*` and `X-Request-Id` are believed.
  public var trustedProxies: [AddressRange] = []
  /// Adds `Via: 1.1 headrace` to requests and responses.
  public var via = false
  /// Runs of `/` in a path become one, for matching and forwarding alike.
  public var mergeSlashes = true
  public var errorPages: [ErrorPage] = []
  public var accessLog = AccessLog.off
  public var admin: Admin? = nil
  public var drain = Drain()
  public var compression = Compression()

  public init() {}

  public struct Listener: Equatable, Sendable {
    public var address: Endpoint
    /// `nil` speaks in clear.
    public var tls: TLS? = nil
    /// Clients may speak HTTP/2: by ALPN over TLS, with prior knowledge in clear.
    public var isHTTP2On = true
    /// Requests are sent to https, on this port.
    public var redirectToHTTPS: UInt16? = nil
    /// `nil` where no connection begins with a PROXY header.
    public var proxyProtocol: ProxyProtocol? = nil
    public init(address: Endpoint) { self.address = address }
  }

  /// One rule: what it matches and what it does. The first that matches wins.
  public struct Route: Equatable, Sendable {
    /// Unique. Where the file gives none: made from the action, with `-2`, `-3` when taken.
    public var name: String
    public var match = Match()
    public var action: Action
    /// How the path (and query) is changed before it goes to the pool; `nil` leaves it.
    public var rewrite: Rewrite? = nil
    public var requestHeaders = HeaderEdits()
    public var responseHeaders = HeaderEdits()
    /// Each that is set replaces the global one for this route.
    public var timeouts = RouteTimeouts()
    public var limits = RouteLimits()
    /// A cache's name; `nil` keeps nothing.
    public var cache: String? = nil
    /// Responses are compressed for clients that take it.
    public var compresses = false
    /// `nil` leaves the backend's `Strict-Transport-Security` as it is.
    public var hsts: HSTS? = nil
    /// Only for connections whose client certificate was verified; for others 421.
    public var requiresClientCertificate = false
    public init(name: String, match: Match = Match(), action: Action) {
      self.name = name
      self.match = match
      self.action = action
    }
  }

  /// All that is given must hold; within one list any item may. Empty lists hold always.
  public struct Match: Equatable, Sendable {
    public var hosts: [HostPattern] = []
    public var paths: [PathPattern] = []
    /// Upper case tokens.
    public var methods: [String] = []
    /// Field name (lower case) and what its value must be.
    public var headers: [Condition] = []
    /// Query parameter name (as written, percent-decoded) and what its value must be.
    public var query: [Condition] = []
    /// The client's address (behind trusted proxies: the forwarded one).
    public var clientAddresses: [AddressRange] = []
    public init() {}
  }

  public struct Condition: Equatable, Sendable {
    public enum Test: Equatable, Sendable {
      case present
      case absent
      /// Exact, case-sensitive; any of them.
      case isOneOf([String])
      case hasPrefix(String)
      case contains(String)
    }
    public var name: String
    public var test: Test
    public init(name: String, test: Test) {
      self.name = name
      self.test = test
    }
  }

  /// Hosts are compared without case and without a port.
  public enum HostPattern: Equatable, Sendable {
    /// Lower case.
    case exact(String)
    /// `*.example.com` is stored as `.example.com`: any depth below it, not itself.
    case suffix(String)
  }

  /// `/exact`, `/one/*/segment`, `/users/{id}/orders`, `/static/**`. `/` is no segment that ends
  /// with a slash, `/**` no segment that matches below.
  public struct PathPattern: Equatable, Sendable {
    public enum Segment: Equatable, Sendable {
      case literal(String)
      /// `*`: one non-empty segment.
      case any
      /// `{name}`: one non-empty segment, kept under that name.
      case capture(String)
    }
    public var segments: [Segment]
    /// `/**` at the end: the path so far and all below it. What is below is the capture `rest`.
    public var matchesBelow: Bool
    /// An exact path that ends with `/`.
    public var endsWithSlash: Bool
    public init(segments: [Segment], matchesBelow: Bool = false, endsWithSlash: Bool = false) {
      self.segments = segments
      self.matchesBelow = matchesBelow
      self.endsWithSlash = endsWithSlash
    }
  }

  public enum Action: Equatable, Sendable {
    /// A pool's name.
    case pool(String)
    /// 301, 302, 303, 307 or 308 to a target made from a template.
    case redirect(status: Int, to: Template)
    case respond(Response)
  }

  public struct Response: Equatable, Sendable {
    /// 200...599
    public var status: Int
    public var body: [UInt8]
    public var contentType: String
    public init(status: Int, body: [UInt8] = [], contentType: String = "text/plain; charset=utf-8")
    {
      self.status = status
      self.body = body
      self.contentType = contentType
    }
  }

  /// A prefix is whole segments, without a slash at its end: `/` is stored as the empty text.
  public enum Rewrite: Equatable, Sendable {
    /// `/api/x` with `/api` stripped is `/x`.
    case stripPrefix(String)
    /// The prefix is replaced by another.
    case replacePrefix(String, with: String)
    /// A whole new path (and query, if it has a `?`) from a template.
    case template(Template)
  }

  /// Text with variables in braces, parsed: `https://{host}/new/{rest}`.
  public struct Template: Equatable, Sendable {
    public enum Part: Equatable, Sendable {
      case text(String)
      case variable(Variable)
    }
    public var parts: [Part]
    public init(_ parts: [Part]) { self.parts = parts }
  }

  public enum Variable: Equatable, Sendable {
    case clientAddress, requestID, host, method, path, query, scheme
    /// Milliseconds that the request's timeout leaves; empty without one.
    case remainingMilliseconds
    /// The path with its query, as received and normalised.
    case target
    /// A capture of the route's path pattern, or `rest`.
    case capture(String)
    /// A request field's value; empty when it is missing.
    case header(String)
  }

  /// Carried out in this order: remove, set, add.
  public struct HeaderEdits: Equatable, Sendable {
    public var remove: [String] = []
    /// Replaces all lines of that name.
    public var set: [HeaderValue] = []
    /// One more line.
    public var add: [HeaderValue] = []
    public init() {}
    public var isEmpty: Bool { remove.isEmpty && set.isEmpty && add.isEmpty }
  }

  public struct HeaderValue: Equatable, Sendable {
    public var name: String
    public var value: Template
    public init(name: String, value: Template) {
      self.name = name
      self.value = value
    }
  }

  /// A timeout of one route: not given, off, or a time.
  public struct RouteTimeouts: Equatable, Sendable {
    public enum Choice: Equatable, Sendable {
      case inherit
      case off
      case after(Duration)
    }
    /// `timeout: 2s` on a route is this one.
    public var request = Choice.inherit
    public var connect = Choice.inherit
    public var firstByte = Choice.inherit
    public var responseIdle = Choice.inherit
    public var singleTry = Choice.inherit
    public init() {}
  }

  public struct Pool: Equatable, Sendable {
    public var name: String
    public var strategy: Strategy
    public var backends: [Backend]
    public var keepAlive = KeepAlive()
    public var retry = Retry()
    public var capacity = Capacity()
    public var health = Health()
    /// Below this many percent of healthy backends all are used. 0...100.
    public var panicBelowPercent = 10
    public var breaker = Breaker()
    /// A backend that comes back gets its full share after this; `nil` at once.
    public var slowStart: Duration? = nil
    public var sticky = Sticky()
    public var `protocol` = PoolProtocol.http1
    /// `nil` speaks in clear.
    public var tls: PoolTLS? = nil
    public var sendProxyProtocol = SentProxyProtocol.off
    public init(name: String, strategy: Strategy, backends: [Backend]) {
      self.name = name
      self.strategy = strategy
      self.backends = backends
    }
  }

  public struct Backend: Equatable, Sendable {
    public var address: Endpoint
    /// 0...1000; 0 gets no new requests.
    public var weight: Int
    /// Gets requests only when the others cannot.
    public var isBackup = false
    public init(address: Endpoint, weight: Int = 1) {
      self.address = address
      self.weight = weight
    }
  }

  /// Idle connections to a backend that are kept for the next request.
  public struct KeepAlive: Equatable, Sendable {
    /// Per backend, over all workers. 0...65536; 0 keeps none.
    public var maxIdle = 256
    /// Below 5 s, because Node and uvicorn close theirs at 5 s.
    public var idleTimeout: Duration = .seconds(4)
    /// A connection older than this is not used again.
    public var maxAge: Duration = .seconds(3600)
    public init() {}
  }

  /// `nil` is off.
  public struct Timeouts: Equatable, Sendable {
    /// From accepting a connection to the end of its TLS handshake.
    public var tlsHandshake: Duration? = .seconds(10)
    /// From the first byte of a request head to its end.
    public var clientHeader: Duration? = .seconds(10)
    /// Between two reads of a request body.
    public var clientBodyIdle: Duration? = .seconds(30)
    /// Between two requests of a client connection, and for its first.
    public var keepAliveIdle: Duration? = .seconds(75)
    /// For a client to take some bytes of an answer.
    public var clientWriteIdle: Duration? = .seconds(60)
    public var connect: Duration? = .seconds(5)
    /// From the end of the request to the response's first byte.
    public var firstByte: Duration? = .seconds(60)
    /// Between two reads of a response body.
    public var responseIdle: Duration? = .seconds(60)
    /// From the head's end to the response head. Never cuts a stream whose head was forwarded.
    public var request: Duration? = nil
    /// The same for one try.
    public var singleTry: Duration? = nil
    /// A tunnel (WebSocket) in which nothing moves.
    public var tunnelIdle: Duration? = .seconds(3600)
    public init() {}
  }

  public struct Limits: Equatable, Sendable {
    /// 64...32768. Above: 414.
    public var requestLineBytes = 8192
    /// The whole head, request line included. 256...61440. Above: 431.
    public var headerBytes = 32768
    /// 1...256. Above: 431.
    public var headerCount = 100
    /// `nil` is off. Above: 413.
    public var bodyBytes: Int64? = nil
    /// Client connections per worker. `nil` derives it from the descriptor limit.
    public var connectionsPerWorker: Int? = nil
    /// Bytes that a worker may hold for slow readers before it stops reading for them.
    public var memoryPerWorkerBytes = 64 << 20
    /// Keys of rates that may be in use at a time. 1...10,000,000
    public var rateKeys = 100_000
    public init() {}
  }

  /// A file that replaces the built-in error answer.
  public struct ErrorPage: Equatable, Sendable {
    /// 400...599, one status or a class such as 500...599.
    public var statuses: ClosedRange<Int>
    /// As written, made absolute against the config file's folder.
    public var file: String
    /// The file's bytes, read when the config was loaded.
    public var body: [UInt8]
    /// By the file's ending: `.html`, `.json`, else `text/plain`; `charset=utf-8`.
    public var contentType: String
    public init(statuses: ClosedRange<Int>, file: String, body: [UInt8], contentType: String) {
      self.statuses = statuses
      self.file = file
      self.body = body
      self.contentType = contentType
    }
  }

  public enum AccessLog: String, Equatable, Sendable, CaseIterable {
    case off, text, json
  }

  public struct Admin: Equatable, Sendable {
    public var address: Endpoint
    public init(address: Endpoint) { self.address = address }
  }

  public struct Drain: Equatable, Sendable {
    /// The readiness endpoint fails for this long before listeners close.
    public var readinessDelay: Duration = .zero
    /// After this, what still runs is cut.
    public var timeout: Duration = .seconds(30)
    public init() {}
  }
}

/// Where to listen or connect, as written.
public enum Endpoint: Equatable, Hashable, Sendable {
  /// A literal IPv4 or IPv6 address (without brackets) and a port. An empty listen host
  /// (`:8080`) is `::` when the machine has IPv6 (accepting IPv4 too), else `0.0.0.0`:
  /// stored as host "".
  case ip(host: String, port: UInt16)
  /// A name to be resolved; backends only.
  case name(host: String, port: UInt16)
  /// An absolute path; `unix:/run/app.sock`.
  case unix(path: String)
}

extension Endpoint: CustomStringConvertible {
  public var description: String {
    switch self {
    case .ip(let host, let port):
      return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .name(let host, let port): return "\(host):\(port)"
    case .unix(let path): return "unix:\(path)"
    }
  }
}

/// A CIDR block: 16 bytes of address (IPv4 mapped into `::ffff:0:0/96`) and a prefix of 0...128.
public struct AddressRange: Equatable, Sendable {
  public var bytes: [UInt8]
  public var prefixLength: Int
  public init(bytes: [UInt8], prefixLength: Int) {
    self.bytes = bytes
    self.prefixLength = prefixLength
  }
}
