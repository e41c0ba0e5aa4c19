/// Something that an operator wants to know of: a breaker opened, a backend is back.
package struct Event: Equatable, Sendable {
  package let wallMilliseconds: Int64
  /// Ids of the registry; 0 when it is not about one.
  package let pool: UInt32
  package let backend: UInt32
  /// What happened and why, for people: `breaker opened: 12 of 20 tries failed in 10s`.
  package let text: String

  package init(wallMilliseconds: Int64, pool: UInt32, backend: UInt32 = 0, text: String) {
    self.wallMilliseconds = wallMilliseconds
    self.pool = pool
    self.backend = backend
    self.text = text
  }
}

/// The way of rare events from any thread to the control plane, which writes them down.
///
/// Locked and allocating: for what happens when something changes, never per request.
package final class EventLog: Sendable {
  private static let capacity = 1024
  private let events = Locked<[Event]>([])
  private let wakeUp: WakeUp

  package init?() {
    guard let wakeUp = WakeUp() else { return nil }
    self.wakeUp = wakeUp
  }

  /// Drops the event when the reader is more than a thousand behind.
  package func add(_ event: Event) {
    let isNew = events.withLock { events in
      guard events.count < EventLog.capacity else { return false }
      events.append(event)
      return true
    }
    if isNew { wakeUp.signal() }
  }

  /// For poll: readable while there is something to take.
  package var descriptor: Int32 { wakeUp.descriptor }

  package func takeAll() -> [Event] {
    wakeUp.clear()
    return events.withLock { events in
      defer { events = [] }
      return events
    }
  }
}
