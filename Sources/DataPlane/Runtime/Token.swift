/// Whom an epoll event or a fired timer is for: kind (3 bits), slot (29) and generation in one
/// word.
///
/// A slot's generation changes when its connection ends, so an event that was already on its way
/// to the old one is recognised and dropped.
struct Token {
  enum Kind: UInt64 {
    case client = 0
    case upstream = 1
    case exchange = 2
    /// Listeners, the mailbox, the worker's own timer.
    case worker = 3
    /// Health checks.
    case probe = 4
  }

  let raw: UInt64

  init(raw: UInt64) { self.raw = raw }

  /// A slot is below this.
  static var indexLimit: UInt64 { 1 << 29 }

  init(_ kind: Kind, _ index: Int32, _ generation: UInt32) {
    raw = UInt64(generation) << 32 | kind.rawValue << 29 | UInt64(UInt32(bitPattern: index))
  }

  var kind: Kind { @inline(__always) get { Kind(rawValue: raw >> 29 & 7) ?? .worker } }
  var index: Int32 { @inline(__always) get { Int32(truncatingIfNeeded: raw & 0x1fff_ffff) } }
  var generation: UInt32 { @inline(__always) get { UInt32(truncatingIfNeeded: raw >> 32) } }
}
