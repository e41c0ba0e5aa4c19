import DataPlane
import Testing

@testable import ControlPlane

/// Where a backend stands and why, from its status alone.
struct BackendConditionTests {
  private static let second: Instant = 1_000_000_000

  private func status(_ change: (inout BackendStatus) -> Void = { _ in }) -> BackendStatus {
    var status = BackendStatus()
    change(&status)
    return status
  }

  private func conditions(
    _ statuses: [BackendStatus], _ policy: AvailabilityPolicy = AvailabilityPolicy()
  ) -> PoolConditions {
    PoolConditions(statuses, policy, now: 100 * Self.second)
  }

  @Test func theOperatorIsStrongerThanHealthAndBreakers() {
    let pool = conditions([
      status {
        $0.operatorState = .drain
        $0.health = .down
      },
      status {
        $0.operatorState = .maintenance
        $0.breaker = .open(until: .max)
        $0.weight = 0
      },
      status {
        $0.weight = 0
        $0.health = .down
      },
      status(),
    ])
    let found = (0..<4).map(pool.condition)
    #expect(found == [.draining, .maintenance, .drained, .available])
    #expect((0..<4).map(pool.isAvailable) == [false, false, false, true])
    #expect(pool.reason(0, inFlight: 2) == "finishes what is in flight")
    #expect(pool.reason(1, inFlight: 0) == "nothing in flight")
    #expect(!pool.isPanic)
  }

  @Test func whatTheOperatorTookOutIsNeverInPanic() {
    let pool = conditions([
      status { $0.health = .down }, status { $0.operatorState = .maintenance },
    ])
    #expect(pool.isPanic)
    #expect((0..<2).map(pool.condition) == [.panic, .maintenance])
    #expect((0..<2).map(pool.isAvailable) == [true, false])
    let all = conditions([status { $0.operatorState = .drain }])
    #expect(!all.isPanic && !all.isAvailable(0))
  }

  @Test func healthAndBreakers() {
    let pool = conditions([
      status { $0.health = .down }, status { $0.breaker = .open(until: 104 * Self.second) },
      status { $0.breaker = .open(until: 99 * Self.second) }, status { $0.breaker = .halfOpen },
      status(), status(),
    ])
    let found = (0..<6).map(pool.condition)
    #expect(found == [.unhealthy, .breakerOpen, .halfOpen, .halfOpen, .available, .available])
    #expect((0..<6).map(pool.isAvailable) == [false, false, true, true, true, true])
    #expect(pool.reason(0, inFlight: 0) == "its health checks fail")
    let detail = pool.reason(0, inFlight: 0, lastCheck: "status 503")
    #expect(detail == "its health checks fail, the last one: status 503")
    #expect(pool.reason(4, inFlight: 0) == "")
  }

  @Test func aBackendThatWaitsForItsFirstCheckIsNotAvailable() {
    let pool = conditions([status { $0.health = .unchecked }, status()])
    #expect((0..<2).map(pool.condition) == [.unchecked, .available])
    #expect((0..<2).map(pool.isAvailable) == [false, true])
    #expect(pool.reason(0, inFlight: 0) == "no health check has passed yet")
  }

  @Test func anOpenBreakerBeyondTheShareIsUsedAndSaysSo() {
    let open = status { $0.breaker = .open(until: .max) }
    let pool = conditions([open, open, open, status()])
    let available = (0..<4).map(pool.isAvailable)
    #expect(available == [true, false, false, true])
    #expect(pool.condition(0) == .breakerOpen)
    #expect(pool.reason(0, inFlight: 0) == "used all the same: too many would be out")
    #expect(pool.reason(1, inFlight: 0) == "its tries failed")
  }

  @Test func aSlowStartSaysHowFarItIs() {
    var policy = AvailabilityPolicy()
    policy.slowStart = 40 * Self.second
    let pool = conditions([status { $0.recoveredAt = 90 * Self.second }, status()], policy)
    #expect((0..<2).map(pool.condition) == [.slowStart, .available])
    #expect(pool.reason(0, inFlight: 9) == "back, with 25 % of its share for now")
    #expect(pool.since(0) == 90 * Self.second)
    #expect(pool.since(1) == nil)
    let later = PoolConditions(
      [status { $0.recoveredAt = 90 * Self.second }], policy, now: 130 * Self.second)
    #expect(later.condition(0) == .available)
  }

  @Test func backupsSayWhetherTheyAreInUse() {
    let backup = status { $0.isBackup = true }
    let waiting = conditions([status(), backup])
    #expect(waiting.isAvailable(1))
    #expect(waiting.reason(1, inFlight: 0) == "backup, for when the others are out")
    let used = conditions([status { $0.operatorState = .drain }, backup])
    #expect(used.reason(1, inFlight: 0) == "backup, in use")
  }
}
