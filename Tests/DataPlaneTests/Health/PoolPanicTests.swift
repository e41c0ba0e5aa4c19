import Testing

@testable import DataPlane

@Suite("Panic of a pool") struct PoolPanicTests {
  @Test("one of those who see it tells of it, and who looked earlier does not undo it")
  func once() {
    let shared = SharedState()
    shared.reservePool(1)
    let pool = shared.pool(1)
    #expect(!pool.isPanic)
    #expect(!pool.setPanic(false, at: 3))
    #expect(pool.setPanic(true, at: 4) && pool.isPanic)
    #expect(!pool.setPanic(true, at: 4), "another worker")
    #expect(!pool.setPanic(false, at: 3) && pool.isPanic, "looked before it began")
    #expect(!pool.setPanic(true, at: 6))
    #expect(!pool.setPanic(false, at: 5) && pool.isPanic)
    #expect(pool.setPanic(false, at: 6) && !pool.isPanic, "another snapshot at the same epoch")
    #expect(pool.setPanic(true, at: 7))
  }

  @Test("health, its times and the last check are words of their own")
  func words() {
    let shared = SharedState()
    shared.reserveBackend(2)
    let backend = shared.backend(2)
    #expect(backend.health == .up && backend.lastCheck == nil && backend.healthChangedAt == 0)
    let last = LastCheck(HealthResult(.unexpectedStatus, detail: 503), wallMilliseconds: 1 << 41)
    backend.lastCheck = last
    backend.health = .down
    #expect(backend.idleIsDeadSince == .max)
    backend.healthChangedAt = 77
    backend.recoveredAt = 88
    #expect(backend.lastCheck == last && backend.health == .down)
    #expect(backend.healthChangedAt == 77 && backend.recoveredAt == 88)
    backend.health = .up
    #expect(backend.idleIsDeadSince == 77)
    backend.health = .down
    #expect(backend.load.inFlight == 0 && backend.consecutiveFailures == 0)
    backend.lastCheck = nil
    #expect(backend.lastCheck == nil && backend.health == .down)
  }
}
