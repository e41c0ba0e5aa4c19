/// An HTTP/2 connection: the engine's state and what a worker keeps of it. Owned by the worker's
/// slab; the connection with the socket, its *holder*, has its index.
struct Session: ~Copyable, SlabElement {
  var engine = HTTP2Session()
  var generation: UInt32 = 1
  var holder: Int32 = -1
  /// Leads to a backend: holder and lanes are upstream connections.
  var isUpstream = false
  /// Over TLS.
  var isSecure = false
  /// Frames may be waiting to go out at the end of the turn.
  var isDirty = false
  /// Some lane could not send all because there was no room: it goes on when there is.
  var isWaiting = false
  /// No new streams; the connection closes with the last one.
  var isEnding = false
  /// Of a client's: its SETTINGS came.
  var hasBegun = false
  var lanes: Int32 = 0
  /// The slot that is looked at first when there is room again.
  var turn: Int32 = 0

  /// What our PINGs carry: "headrace".
  static var pingData: UInt64 { 0x6865_6164_7261_6365 }

  /// Frames that a session may hold for its socket before lanes wait.
  static var outputLimit: Int { 262_144 }

  /// Frames behind a blocked socket, from which on we stop listening.
  static var unreadLimit: Int { 65_536 }

  mutating func open(holder: Int32, isUpstream: Bool) {
    self.holder = holder
    self.isUpstream = isUpstream
    isSecure = false
    isDirty = false
    isWaiting = false
    isEnding = false
    hasBegun = false
    lanes = 0
    turn = 0
  }
}
