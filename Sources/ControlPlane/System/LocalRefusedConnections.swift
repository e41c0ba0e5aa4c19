import CLinux
import Glibc

/// Connections above the limit: told 503 at once, then drained for a moment without a thread of
/// their own, so that the answer is not lost in a reset.
///
/// Owned by the accept thread, which never blocks for them.
struct LocalRefusedConnections {
  /// More than this at a time are cut without a goodbye.
  private static let countMax = 64

  private var entries: [(socket: LocalSocket, deadline: Deadline)] = []
  private let lingerMilliseconds: Int

  init(lingerMilliseconds: Int) { self.lingerMilliseconds = lingerMilliseconds }

  var descriptors: [Int32] { entries.map(\.socket.descriptor) }

  /// Until the first of them has had its time; -1 waits for events alone.
  var pollMilliseconds: Int32 {
    entries.map(\.deadline).min()?.remainingMilliseconds ?? -1
  }

  mutating func refuse(_ socket: LocalSocket) {
    let response = LocalResponse.error(503, headers: [LocalField("Retry-After", "1")])
    let answer = response.bytes(toHead: false, keepAlive: false)
    // A fresh socket's buffer takes this small answer whole.
    guard hr_send(socket.descriptor, answer, answer.count) == answer.count,
      hr_shutdown_write(socket.descriptor) == 0
    else { return }
    if entries.count >= Self.countMax { entries.removeFirst() }
    entries.append((socket, Deadline(milliseconds: lingerMilliseconds)))
  }

  /// Forgets what has arrived, and the connections that have ended or had their time.
  mutating func drain() {
    entries.removeAll { $0.deadline.isPast || Self.isOver($0.socket) }
  }

  private static func isOver(_ socket: LocalSocket) -> Bool {
    var count: Int64 = 0
    _ = [UInt8](unsafeUninitializedCapacity: 16384) { space, _ in
      count = hr_recv(socket.descriptor, space.baseAddress, space.count)
    }
    return count == 0 || count < 0 && count != -Int64(EAGAIN) && count != -Int64(EINTR)
  }
}
