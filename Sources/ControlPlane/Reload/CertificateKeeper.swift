import DataPlane

/// Looks after certificates while the proxy runs: notices files that change, has ticket keys
/// renewed, and says which certificates expire.
///
/// A thread of its own, from the first config that has TLS on. It looks at the files every two
/// seconds (`stat`, which sees through the links that certbot and Kubernetes turn) and waits until
/// they have been the same twice: a pair that is being written is not read.
final class CertificateKeeper: Sendable {
  static let interval: Duration = .seconds(2)
  static let day: Duration = .seconds(86_400)
  static let ticketLife: Duration = .seconds(12 * 3600)

  /// What it has done, called on its thread.
  struct Actions: Sendable {
    let filesChanged: @Sendable () -> Void
    let ticketsAged: @Sendable () -> Void
    let dayPassed: @Sendable () -> Void
  }

  private let actions: Actions
  private let stop: StopSignal
  private let state = Locked(State())

  private struct State {
    var paths: [String] = []
    var watch = FileWatch()
    var thread: LocalThread?
  }

  init(_ actions: Actions) throws(LocalServerError) {
    stop = try StopSignal()
    self.actions = actions
  }

  /// Which files to look after from now on. What changed since they were read is noticed, too.
  func watch(_ files: [Config.LoadedFile]) throws(LocalServerError) {
    let needsThread = state.withLock { state in
      state.paths = Set(files.map(\.path)).sorted()
      state.watch = FileWatch()
      return state.thread == nil && !files.isEmpty
    }
    guard needsThread else { return }
    let thread = try LocalThread(name: "certificates") { [self] in run() }
    state.withLock { $0.thread = thread }
  }

  func end() {
    stop.raise()
    state.withLock { state in
      defer { state.thread = nil }
      return state.thread
    }?.join()
  }

  private func run() {
    var sinceDay: Duration = .zero
    var sinceTickets: Duration = .zero
    while !stop.wait(milliseconds: Int(Self.interval.components.seconds) * 1000) {
      sinceDay += Self.interval
      sinceTickets += Self.interval
      let haveChanged = state.withLock { state in
        state.watch.look(at: state.paths.map(FileMark.init))
      }
      if haveChanged { actions.filesChanged() }
      if sinceTickets >= Self.ticketLife {
        sinceTickets = .zero
        actions.ticketsAged()
      }
      if sinceDay >= Self.day {
        sinceDay = .zero
        actions.dayPassed()
      }
    }
  }
}

/// When a set of files is to be read again: once they have changed, and then stayed the same from
/// one look to the next. Pure.
struct FileWatch: Equatable {
  /// As they were when they were last taken as read; nil before.
  private var settled: [FileMark]?
  private var last: [FileMark]?

  /// True when they are to be read now. The first time they are the same twice counts: they may
  /// have changed between being read and being watched.
  mutating func look(at marks: [FileMark]) -> Bool {
    defer { last = marks }
    guard marks == last, marks != settled else { return false }
    settled = marks
    return true
  }
}
