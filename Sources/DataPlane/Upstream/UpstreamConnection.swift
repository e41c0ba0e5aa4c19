/// A connection that we opened to a backend. Owned by one worker's slab.
///
/// States: `connecting` (TLS included) → `active` (serves an exchange) ⇄ `idle` (pooled, linked by
/// `next` and `previous` in its backend's list) → closed; `active` → `tunnel` → closed. One that
/// speaks HTTP/2: `connecting` → `session` → closed; its streams are upstream connections of their
/// own, on lanes, and always `active`.
struct UpstreamConnection: ~Copyable, SlabElement {
  enum State: UInt8 { case free, connecting, active, idle, tunnel, session }

  var generation: UInt32 = 1
  var state = State.free
  /// It served an exchange before: its peer may have closed it meanwhile.
  var isReused = false
  /// The backend keeps it open after this response.
  var keepAlive = false
  /// `connecting`: the socket stands, the TLS handshake is under way.
  var isHandshaking = false
  /// How the backend is spoken to: see `BackendRow`.
  var transport: UInt64 = 0
  var exchange: Int32 = -1
  /// It carries an HTTP/2 session.
  var session: Int32 = -1
  /// Of a session: new streams may be opened on it.
  var isLinked = false
  /// Of a session: when something last came.
  var heardAt: Instant = 0
  /// The backend's identity in the registry.
  var backend: UInt32 = 0
  /// The pool's row in the counters.
  var pool: UInt32 = 0
  var next: Int32 = -1
  var previous: Int32 = -1
  var maxIdle: UInt32 = 0
  var stream = Stream()
  var timer = Timer()
  var idleTimeout: Instant = 0
  /// Not used again after this.
  var expires: Instant = 0
  var idleSince: Instant = 0
}
