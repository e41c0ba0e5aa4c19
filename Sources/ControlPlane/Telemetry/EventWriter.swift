import DataPlane

/// Says what happened to backends and pools, and remembers the last of it for the admin listener.
final class EventWriter: Sendable {
  private static let keptMax = 256

  let log: EventLog
  private let registry: Registry
  private let say: @Sendable (String) -> Void
  private let stop: StopSignal
  private let kept = Locked<[Event]>([])
  private let thread = Locked<LocalThread?>(nil)

  init(registry: Registry, say: @escaping @Sendable (String) -> Void) throws {
    guard let log = EventLog() else { throw LocalServerError.noDescriptor(code: 24) }
    self.log = log
    self.registry = registry
    self.say = say
    stop = try StopSignal()
    let thread = try LocalThread(name: "events") { [self] in run() }
    self.thread.withLock { $0 = thread }
  }

  /// Says what is left and ends the thread.
  func end() {
    stop.raise()
    thread.withLock { thread in
      defer { thread = nil }
      return thread
    }?.join()
  }

  /// The last ones, oldest first.
  var recent: [EventRecord] { kept.withLock { $0 }.map(record) }

  private func run() {
    while !stop.wait(orReadable: log.descriptor) { writeAll() }
    writeAll()
  }

  private func writeAll() {
    for event in log.takeAll() {
      say(record(event).line)
      kept.withLock { kept in
        kept.append(event)
        if kept.count > EventWriter.keptMax { kept.removeFirst() }
      }
    }
  }

  private func record(_ event: Event) -> EventRecord {
    EventRecord(
      wallMilliseconds: event.wallMilliseconds,
      pool: event.pool == 0 ? nil : registry.poolName(event.pool),
      backend: event.backend == 0 ? nil : registry.backendAddress(event.backend),
      text: event.text)
  }
}
