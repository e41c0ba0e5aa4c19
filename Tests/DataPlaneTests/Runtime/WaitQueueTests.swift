import Testing

@testable import DataPlane

/// The queue in front of a pool that has no room.
struct WaitQueueTests {
  private let queues = WaitQueues()
  private let shared = SharedState()

  private var state: PoolState { shared.pool(0) }
  private func add(_ token: UInt64, limit: Int = 10, at place: Int? = nil) -> Bool? {
    queues.add(
      Waiter(worker: 0, token: token), to: 0, state, limit: limit, at: place)
  }
  private func next() -> UInt64? { queues.take(of: 0, state)?.token }

  @Test("first come, first served")
  func order() {
    #expect(add(1) == true)
    #expect(add(2) == false)
    #expect(add(3) == false)
    #expect(state.waiters == 3)
    #expect([next(), next(), next(), next()] == [1, 2, 3, nil])
    #expect(state.waiters == 0)
  }

  @Test("a full queue takes nobody, but who was called goes back to the front")
  func bound() {
    _ = (add(1), add(2))
    #expect(add(3, limit: 2) == nil)
    #expect(add(4, limit: 0) == nil)
    #expect(add(9, limit: 2, at: 0) == true)
    #expect([next(), next(), next()] == [9, 1, 2])
  }

  @Test("who leaves is not called, and leaving twice does nothing")
  func leaving() {
    _ = (add(1), add(2), add(3))
    #expect(queues.remove(Waiter(worker: 0, token: 2), from: 0, state))
    #expect(!queues.remove(Waiter(worker: 0, token: 2), from: 0, state))
    #expect(!queues.remove(Waiter(worker: 1, token: 1), from: 0, state))
    #expect(state.waiters == 2)
    #expect([next(), next(), next()] == [1, 3, nil])
  }

  @Test("a pool's queue is its own")
  func pools() {
    shared.reservePool(1)
    _ = add(1)
    #expect(queues.take(of: 1, shared.pool(1)) == nil)
    #expect(shared.pool(1).waiters == 0 && state.waiters == 1)
  }

  @Test("permits never pass their bound, whoever asks")
  func permits() async {
    let backend = shared.backend(0)
    await withTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask {
          (0..<20_000).reduce(0) { worst, _ in
            guard backend.begin(upTo: 3) else { return worst }
            let seen = Int(backend.load.inFlight)
            backend.end()
            return max(worst, seen)
          }
        }
      }
      for await worst in group { #expect(worst <= 3) }
    }
    #expect(backend.load.inFlight == 0)
  }
}
