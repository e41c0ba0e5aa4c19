/// An exchange that waits for room in a pool.
package struct Waiter: Equatable, Sendable, BitwiseCopyable {
  package let worker: Int
  /// Of the exchange: what has ended meanwhile is recognised.
  package let token: UInt64
  package init(worker: Int, token: UInt64) {
    self.worker = worker
    self.token = token
  }
}

/// Who waits for room, first come first served, for each pool and over all workers.
///
/// Locked: it is used only while a pool is at its bound. How many wait stands in the pool's shared
/// state as well, where a worker that gives room back looks without a lock.
package final class WaitQueues: Sendable {
  private let queues = Locked<[UInt32: [Waiter]]>([:])

  package init() {}

  /// - Parameter limit: of all that wait for this pool.
  /// - Returns: whether it is the first now; nil when the queue is full.
  package func add(
    _ waiter: Waiter, to pool: UInt32, _ state: PoolState, limit: Int, atFront: Bool = false
  ) -> Bool? {
    queues.withLock { queues in
      let count = queues[pool, default: []].count
      // Who was called and found no room stands where it stood before.
      guard count < limit || atFront else { return nil }
      queues[pool, default: []].insert(waiter, at: atFront ? 0 : count)
      state.waiters = UInt64(count + 1)
      return atFront || count == 0
    }
  }

  package func takeFirst(of pool: UInt32, _ state: PoolState) -> Waiter? {
    queues.withLock { queues in
      guard let first = queues[pool]?.first else { return nil }
      queues[pool]?.removeFirst()
      state.waiters = UInt64(queues[pool]?.count ?? 0)
      return first
    }
  }

  /// - Returns: false when somebody was faster and called it.
  @discardableResult
  package func remove(_ waiter: Waiter, from pool: UInt32, _ state: PoolState) -> Bool {
    queues.withLock { queues in
      guard let index = queues[pool]?.firstIndex(of: waiter) else { return false }
      queues[pool]?.remove(at: index)
      state.waiters = UInt64(queues[pool]?.count ?? 0)
      return true
    }
  }
}
