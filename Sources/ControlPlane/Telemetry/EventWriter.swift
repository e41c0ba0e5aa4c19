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

  /// The last ones, oldest first, each as it was said.
  var recent: [(wallMilliseconds: Int64, text: String)] {
    kept.withLock { $0 }.map { ($0.wallMilliseconds, text($0)) }
  }

  private func run() {
    while !stop.wait(orReadable: log.descriptor) { writeAll() }
    writeAll()
  }

  private func writeAll() {
    for event in log.takeAll() {
      say(text(event))
      kept.withLock { kept in
        kept.append(event)
        if kept.count > EventWriter.keptMax { kept.removeFirst() }
      }
    }
  }

  private func text(_ event: Event) -> String {
    let pool = "pool \(registry.poolName(event.pool))"
    guard event.backend != 0 else { return "\(pool): \(event.text)" }
    return "\(pool), backend \(registry.backendAddress(event.backend)): \(event.text)"
  }
}
