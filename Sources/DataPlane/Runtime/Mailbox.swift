/// What the control plane, or another worker, tells a worker.
package enum WorkerMessage: Sendable {
  /// Run by this snapshot from now on.
  case adopt(SnapshotHandle)
  /// Accept from this socket, which is the worker's own from now on; `isShared` when others hold
  /// descriptors of the same one. `identity` names the listener in snapshots.
  case listen(descriptor: Int32, isShared: Bool, identity: UInt32 = .max)
  /// Accept what is queued, then close it.
  case stopListening(descriptor: Int32)
  /// Stop accepting, finish what runs, end by the deadline.
  case drain(deadline: Instant)
  /// From a worker: this exchange waited for room in the pool longest, but for `place` others that
  /// could not use it. It has a permit at `backend` now, or looks for itself.
  case grant(exchange: UInt64, pool: UInt32, backend: UInt32?, place: Int)
  /// From a worker that may not open another connection: close one that is idle, then say
  /// `resume` to its exchange.
  case closeIdle(backend: UInt32, worker: Int, exchange: UInt64)
  case resume(exchange: UInt64)
  /// Whether idle connections to this backend are kept; if not, those that are idle close now.
  case keepIdle(backend: UInt32, Bool)
  /// From a worker: the fetch that exchanges here wait for has come to something; `failure` is the
  /// status of what its client was told when no response came, else 0.
  case fetchSettled(key: Hash128, failure: Int)
  /// From a worker: there is more of a stored body, named by its address, or its end.
  case bodyGrew(UInt64)
  /// From a worker: all readers have what there is of a response that goes on in rounds.
  case fillDrained(exchange: UInt64)
}

/// The way from the control plane into one worker: locked, rarely used, with a wake-up.
package final class Mailbox: Sendable {
  private let messages = Locked<[WorkerMessage]>([])
  let wakeUp: WakeUp

  package init?() {
    guard let wakeUp = WakeUp() else { return nil }
    self.wakeUp = wakeUp
  }

  package func post(_ message: WorkerMessage) {
    messages.withLock { $0.append(message) }
    wakeUp.signal()
  }

  func takeAll() -> [WorkerMessage] {
    messages.withLock { messages in
      let taken = messages
      messages.removeAll()
      return taken
    }
  }
}
