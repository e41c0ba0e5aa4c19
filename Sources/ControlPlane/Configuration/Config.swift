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

  public init() {}

  public struct Listener: Equatable, Sendable {
    public var address: Endpoint
    public init(address: Endpoint) { self.address = address }
  }

  public struct Route: Equatable, Sendable {
    /// Unique. Where the file gives none: the pool's name, with `-2`, `-3` when taken.
    public var name: String
    public var host: HostPattern
    public var path: PathPattern
    public var pool: String
    public init(name: String, host: HostPattern, path: PathPattern, pool: String) {
      self.name = name
      self.host = host
      self.path = path
      self.pool = pool
    }
  }

  /// Hosts are compared without case and without a port.
  public enum HostPattern: Equatable, Sendable {
    case any
    /// Lower case.
    case exact(String)
    /// `*.example.com` is stored as `.example.com`: any depth below it, not itself.
    case suffix(String)
  }

  public enum PathPattern: Equatable, Sendable {
    case any
    case exact(String)
    /// `/static/**` is stored as `/static`: it and all below it. `/**` is `.any`.
    case prefix(String)
  }

  public struct Pool: Equatable, Sendable {
    public var name: String
    public var strategy: Strategy
    public var backends: [Backend]
    public var keepAlive = KeepAlive()
    public init(name: String, strategy: Strategy, backends: [Backend]) {
      self.name = name
      self.strategy = strategy
      self.backends = backends
    }
  }

  public enum Strategy: String, Equatable, Sendable, CaseIterable {
    case roundRobin = "round_robin"
    case weightedRoundRobin = "weighted_round_robin"
  }

  public struct Backend: Equatable, Sendable {
    public var address: Endpoint
    /// 0...1000; 0 gets no new requests.
    public var weight: Int
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
