import DataPlane

/// Writes the access log to stdout, off the loops: reads the workers' rings on a thread of its own.
final class AccessLogWriter: Sendable {
  private static let pauseMilliseconds: Int = 20

  private let rings: [AccessLogRing]
  private let registry: Registry
  private let stop: StopSignal
  private let state: Locked<State>

  private struct State {
    var format = Config.AccessLog.off
    var thread: LocalThread?
  }

  init(rings: [AccessLogRing], registry: Registry) throws {
    self.rings = rings
    self.registry = registry
    stop = try StopSignal()
    state = Locked(State())
  }

  /// The thread runs from the first format that is not off.
  var format: Config.AccessLog {
    get { state.withLock { $0.format } }
    set {
      state.withLock { state in
        state.format = newValue
        guard newValue != .off, state.thread == nil else { return }
        state.thread = try? LocalThread(name: "access-log") { [self] in run() }
      }
    }
  }

  /// Writes what is left and ends the thread.
  func end() {
    stop.raise()
    state.withLock { state in
      defer { state.thread = nil }
      return state.thread
    }?.join()
  }

  private func run() {
    var isLast = false
    while true {
      var batch: [UInt8] = []
      let format = self.format
      for ring in rings {
        while batch.count < 1 << 18, let entry = ring.next() {
          AccessLogLine(entry.record, entry.text, registry).append(to: &batch, format)
        }
      }
      if !batch.isEmpty {
        ThisProcess.write(batch, to: 1)
        continue
      }
      if isLast { return }
      isLast = stop.wait(milliseconds: AccessLogWriter.pauseMilliseconds)
    }
  }
}
