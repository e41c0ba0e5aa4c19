/// Connections with a step of their TLS handshake to do, in the order in which they became ready.
///
/// One is for clients, one for backends. Apart from what else is ready: a step costs as much as
/// dozens of requests, so only a few are done in a turn of the loop, after everything else. Owned
/// by one worker.
struct HandshakeQueue: ~Copyable {
  /// Steps in one turn of the loop.
  static var perTurn: Int { 4 }

  private var tokens: [UInt64] = []
  private var first = 0

  var isEmpty: Bool { @inline(__always) get { first == tokens.count } }

  mutating func append(_ token: UInt64) { tokens.append(token) }

  mutating func takeFirst() -> UInt64? {
    guard first < tokens.count else { return nil }
    let token = tokens[first]
    first += 1
    if first == tokens.count {
      tokens.removeAll(keepingCapacity: tokens.capacity <= 4096)
      first = 0
    } else if first >= 1024, first * 2 > tokens.count {
      tokens.removeFirst(first)
      first = 0
    }
    return token
  }
}
