/// A connection that a client opened. Owned by one worker's slab; 1 exchange at a time.
///
/// States and what leaves them:
/// - `proxyHeader`: for the header of the balancer in front. → `handshake`, `waiting`, closed
///   (malformed, end, timeout).
/// - `handshake`: TLS is being agreed upon. → `waiting`, `closing` (it was HTTP in clear), closed
///   (refused, end, timeout).
/// - `waiting`: for a request head, or for the rest of one. → `exchange` (a head is complete),
///   `closing` (refused), closed (end, timeout).
/// - `exchange`: a request is being served. → `waiting` (answered, kept alive), `flushing`,
///   `closing`, `tunnel`.
/// - `flushing`: the answer is made, its rest waits for the socket. → `waiting`, `closing`.
/// - `closing`: the answer is sent and our half shut down; what still comes is read and dropped up
///   to a bound, so that a reset does not destroy the answer. → closed.
/// - `tunnel`: bytes go both ways after a 101. → closed.
struct ClientConnection: ~Copyable, SlabElement {
  enum State: UInt8 {
    case free, proxyHeader, handshake, waiting, exchange, flushing, closing, tunnel
  }

  var generation: UInt32 = 1
  var state = State.free
  /// Another request may follow the one being served.
  var keepAlive = false
  /// Some bytes of a head have come: the header timeout runs.
  var isInHead = false
  /// The peer's forwarding headers are believed.
  var isTrusted = false
  /// What it sends came encrypted: its requests are `https`.
  var isTLS = false
  /// It showed a certificate, and a good one.
  var isVerified = false
  /// It named a host in its handshake and the listener has certificates for others: a request may
  /// have come the wrong way.
  var mayBeMisdirected = false
  /// Nobody: an exchange that fetches for a cache is its client.
  var isNobody = false
  /// We shut down our half already.
  var hasShutDown = false
  /// Of empty lines before the next request line.
  var skippedBytes: UInt8 = 0
  /// Bytes that may still be dropped while closing.
  var dropBudget: Int32 = 0
  var exchange: Int32 = -1
  /// The identity of the listener that accepted it.
  var listener: UInt32 = .max
  var stream = Stream()
  var timer = Timer()
  /// The client's: of the socket, or as the balancer in front says.
  var address = PeerAddress(family: 1, bytes: InlineArray<16, UInt8>(repeating: 0))
  /// The field lines about its certificate, where the listener asks for one.
  var certificate: Block? = nil
  /// What that balancer said; `local` where it named nobody, or there is none.
  var proxied = ProxyHeader(.local)
}
