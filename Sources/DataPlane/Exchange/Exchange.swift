/// One request and its response, from the head's last byte to the answer's.
///
/// Not a connection: it borrows a client connection and, while it tries a backend, an upstream
/// connection. Owned by one worker's slab. It pins its snapshot until the final response head is
/// forwarded, then needs nothing of it.
struct Exchange: ~Copyable, SlabElement {
  /// Where it resumes when something wakes it.
  enum Step: UInt8 {
    case free
    /// A backend is chosen and a connection being made.
    case connect
    /// The request is on its way; no byte of a final response head was forwarded.
    case awaitResponse
    /// Another exchange fetches what this one wants.
    case waitForFetch
    /// The answer comes from a cache: its head is with the client, the body follows.
    case serve
    /// No request at all: the compressed form of a stored response is made.
    case compress
    /// The final head was forwarded; the body follows.
    case respond
    case tunnel

    /// The client has heard nothing yet.
    var isBeforeAnswer: Bool {
      self == .connect || self == .awaitResponse || self == .waitForFetch
    }
  }

  /// How response bytes become the client's bytes.
  enum BodyPath: UInt8 {
    /// As they come: the fast one.
    case relay
    /// Chunked to content, for HTTP/1.0 clients.
    case dechunk
    /// Close-delimited to chunked, for HTTP/1.1 clients.
    case enchunk
    /// To a cache, from which clients read.
    case store
    /// Whatever it comes in, to chunks of a gzip stream.
    case compress

    /// The backend's framing is taken off.
    @inline(__always) var takesContent: Bool { self == .dechunk || self == .compress }
  }

  /// Of `boundPlace`: the cookies were not looked at yet.
  static var bindingUnread: Int32 { -2 }

  var generation: UInt32 = 1
  var step = Step.free
  var path = BodyPath.relay
  var method = Method.other
  var snapshot: UInt8 = 0

  var isOldClient = false
  var wantsUpgrade = false
  /// The client waits for a 100 before it sends its body.
  var awaitsContinue = false
  var requestDone = false
  /// The backend took no more of the request body: only its answer counts now.
  var uploadBroken = false
  /// `head` holds the whole request, and it may be sent twice.
  var isReplayable = false
  /// The client sees the end of its answer only by the connection's end.
  var endsByClose = false
  var hasRoute = false
  /// The route leads to a pool: pools are counted only then.
  var hasPool = false
  var routeFlags: RouteFlags = []
  var interimCount: UInt8 = 0
  var tryCount: UInt8 = 0
  /// Backends that did nothing for it and said so; such tries do not count, up to a bound.
  var refusals: UInt8 = 0
  static var maxRefusals: UInt8 { 4 }
  var status: UInt16 = 0

  var client: Int32 = -1
  var upstream: Int32 = -1
  var route: UInt32 = 0
  /// The route's path pattern that matched: its captures are found again when they are needed.
  var pattern: UInt32 = 0
  var pool: UInt32 = 0
  var backend: UInt32 = 0
  /// Rows of the counters; they outlive the snapshot.
  var routeCounters: UInt32 = 0
  var poolCounters: UInt32 = 0
  var backendIdentity: UInt32 = 0
  var poolFlags: PoolFlags = []
  /// Of a pool that hashes: what the request's backend hangs on; nil when it has none.
  var balanceKey: UInt64? = nil
  var tried = TriedBackends()
  /// A backend was chosen, and it is not yet said what the try came to.
  var isTrying = false
  /// Counted among what the backend (and the pool, if that has bounds) has at work.
  var holdsBackend = false
  var holdsPool = false
  /// Waits for room; then was called, and may have been given a permit at `backendIdentity`.
  var isQueued = false
  var isCalled = false
  var hasGrant = false
  /// The place in the pool that the request's cookie names; -1 when it names none.
  var boundPlace: Int32 = -1
  /// That backend is only full: the client stays bound to it.
  var keepsBinding = false
  /// Where it stood when it was called, and stands again if it finds no room.
  var queuePlace: Int32 = 0
  /// When the backend was chosen.
  var triedAt: Instant = 0
  /// The whole request was here then, so that the time to the answer is the backend's.
  var isTimed = false
  /// The breaker's ticket when the try is one of its trials; else 0.
  var trial: UInt64 = 0

  var requestBody = BodyDecoder()
  var responseBody = BodyDecoder()
  /// The received head, and the body behind it when all of it is here and small.
  var head: Block? = nil
  var headLength: UInt16 = 0
  /// What waits for a unix socket whose backlog is full.
  var unsent: Block? = nil
  /// Lines of a response's head that are for its client and not for the store.
  var ownLines: Block? = nil
  /// Of a response that is compressed.
  var deflater: Deflater? = nil

  /// Of the route, if `routeFlags` has `hasTimeouts`; else the policy's count.
  var timeouts = RouteTimeoutsRow()
  /// What a cache does for it, if `cache.role` is not `none`.
  var cache = CacheUse()
  /// Of the route's rates, if `routeFlags` has `hasRates`.
  var rate = RateRuling()

  var startedAt: Instant = 0
  var requestBytes: UInt64 = 0
  var responseBytes: UInt64 = 0
  var bodyBytes: Int64 = 0
  var requestID: (UInt64, UInt64) = (0, 0)
  var failure: FailureReason = .none

  var timer = Timer()
  var continueAt: Instant = .max
  var deadline: Instant = .max
  var retryAt: Instant = .max
  /// The end of the try that runs, and of the wait for room.
  var tryDeadline: Instant = .max
  var queueUntil: Instant = .max
  /// The end of the wait for a connection to a backend that takes or may have no more.
  var connectUntil: Instant = .max
}

/// Why we answered instead of a backend, or cut an answer: for the access log.
package enum FailureReason: UInt8, Sendable, CaseIterable {
  case none, clientGone, badRequest, noRoute, noBackend, connectFailed, connectTimeout
  case firstByteTimeout, responseIdle, requestTimeout, badResponse, upstreamClosed
  case clientTimeout, bodyTooLong, drained, overloaded, badStatus, tryTimeout
  case queueFull, queueTimeout, rateLimited, breakerOpen, fetchFailed, notCached
  case misdirected, tlsFailed

  package var text: String {
    switch self {
    case .none: return ""
    case .clientGone: return "client went away"
    case .badRequest: return "bad request"
    case .misdirected: return "wrong connection for this host or route"
    case .noRoute: return "no route"
    case .noBackend: return "no backend"
    case .connectFailed: return "connect failed"
    case .connectTimeout: return "connect timed out"
    case .tlsFailed: return "TLS with the backend failed"
    case .firstByteTimeout: return "no first byte in time"
    case .responseIdle: return "response stalled"
    case .requestTimeout: return "request timed out"
    case .badResponse: return "malformed response"
    case .upstreamClosed: return "backend closed the connection"
    case .clientTimeout: return "client too slow"
    case .bodyTooLong: return "body too long"
    case .drained: return "cut by drain"
    case .overloaded: return "overloaded"
    case .badStatus: return "backend cannot serve"
    case .tryTimeout: return "try timed out"
    case .queueFull: return "queue full"
    case .queueTimeout: return "waited too long for room"
    case .rateLimited: return "rate limited"
    case .breakerOpen: return "no backend available: breaker open"
    case .notCached: return "nothing stored that may be used"
    case .fetchFailed: return "the fetch that it waited for failed"
    }
  }
}
