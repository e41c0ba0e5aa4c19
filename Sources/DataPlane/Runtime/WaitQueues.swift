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

  /// - Parameters:
  ///   - limit: of all that wait for this pool.
  ///   - place: where one stood that was called and found no room; it stands there again. Nil for
  ///     one that comes: behind all.
  /// - Returns: whether it is the first now; nil when the queue is full.
  package func add(
    _ waiter: Waiter, to pool: UInt32, _ state: PoolState, limit: Int, at place: Int? = nil
  ) -> Bool? {
    queues.withLock { queues in
      let count = queues[pool, default: []].count
      guard count < limit || place != nil else { return nil }
      let index = min(place ?? count, count)
      queues[pool, default: []].insert(waiter, at: index)
      state.waiters = UInt64(count + 1)
      return index == 0
    }
  }

  /// - Parameter place: 0 is the first.
  package func take(_ place: Int = 0, of pool: UInt32, _ state: PoolState) -> Waiter? {
    queues.withLock { queues in
      guard let count = queues[pool]?.count, place < count else { return nil }
      let waiter = queues[pool]?.remove(at: place)
      state.waiters = UInt64(count - 1)
      return waiter
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
