import CLinux
import Glibc
import Synchronization

/// Accepts the connections of one `LocalServer` and gives each a thread.
///
/// Made by the thread that starts the server, then touched by the accept thread alone, which ends
/// when the stop signal is raised: it closes the listener, then joins what it started.
struct LocalAcceptLoop {
  let name: String
  let listener: LocalListener
  let limits: LocalServerLimits
  let stop: StopSignal
  let handler: LocalServer.Handler
  private var connections: [ConnectionThread] = []
  private var refused: LocalRefusedConnections
  private let load = Load()

  init(
    name: String, listener: LocalListener, limits: LocalServerLimits, stop: StopSignal,
    handler: @escaping LocalServer.Handler
  ) {
    self.name = name
    self.listener = listener
    self.limits = limits
    self.stop = stop
    self.handler = handler
    refused = LocalRefusedConnections(lingerMilliseconds: limits.lingerMilliseconds)
  }

  mutating func run() {
    while waitForWork() {
      refused.drain()
      acceptAll()
    }
    listener.close()
    for connection in connections { connection.thread.join() }
  }

  /// False when the server stops.
  private func waitForWork() -> Bool {
    var entries = [stop.descriptor, listener.descriptor].map(Self.reading)
    entries += refused.descriptors.map(Self.reading)
    let ready = poll(&entries, nfds_t(entries.count), refused.pollMilliseconds)
    return ready <= 0 || entries[0].revents == 0
  }

  private mutating func acceptAll() {
    while !stop.isRaised {
      let descriptor = listener.accept()
      if descriptor >= 0 {
        admit(LocalSocket(owning: descriptor))
      } else if [-EMFILE, -ENFILE, -ENOBUFS, -ENOMEM].contains(descriptor) {
        // The connection stays in the queue: without a pause the loop would spin.
        stop.wait(milliseconds: 50)
        return
      } else if descriptor != -ECONNABORTED && descriptor != -EINTR {
        return
      }
    }
  }

  private mutating func admit(_ socket: LocalSocket) {
    reapFinished()
    guard connections.count < limits.connections, let thread = startThread(for: socket) else {
      refused.refuse(socket)
      return
    }
    connections.append(thread)
  }

  private func startThread(for socket: LocalSocket) -> ConnectionThread? {
    let finished = Flag()
    let (limits, stop, handler, load) = (limits, stop, handler, load)
    load.active.add(1, ordering: .relaxed)
    let thread = try? LocalThread(name: "\(name)-conn") {
      let half = limits.connections / 2
      LocalConnection(
        socket: socket, limits: limits, stop: stop, handler: handler,
        mayKeepAlive: { load.active.load(ordering: .relaxed) <= half }
      ).serve()
      load.active.subtract(1, ordering: .relaxed)
      finished.isSet.store(true, ordering: .releasing)
    }
    guard let thread else {
      load.active.subtract(1, ordering: .relaxed)
      return nil
    }
    return ConnectionThread(thread: thread, finished: finished)
  }

  private mutating func reapFinished() {
    connections.removeAll { connection in
      let finished = connection.finished.isSet.load(ordering: .acquiring)
      if finished { connection.thread.join() }
      return finished
    }
  }

  private static func reading(_ descriptor: Int32) -> pollfd {
    pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
  }
}

/// A started connection as the accept thread keeps it, to join it later.
private struct ConnectionThread: Sendable {
  let thread: LocalThread
  let finished: Flag
}

/// Set by a connection thread as its last deed, read by the accept thread.
private final class Flag: Sendable {
  let isSet = Atomic<Bool>(false)
}

/// Connections being served; counted by their threads and the accept thread.
private final class Load: Sendable {
  let active = Atomic<Int>(0)
}
