/// The checks of one backend, one after the other. Owned by one worker's slab.
///
/// States: `waiting` for the next check → `connecting` → `handshake`, where TLS is spoken →
/// `awaiting` the answer → `waiting`. Its
/// connection is its own, never pooled, and lives for one check. The timer is the next check's
/// moment while it waits, and the check's deadline otherwise, so checks never overlap.
struct Probe: ~Copyable, SlabElement {
  enum State: UInt8 { case free, waiting, connecting, handshake, awaiting }

  /// Changes with each check, so that events of the last one's connection are dropped.
  var generation: UInt32 = 1
  var state = State.free
  var check: HealthCheck? = nil
  var machine = HealthMachine()
  var reader = HealthReader()
  var stream = Stream()
  /// Over HTTP/2: a session of its own with one stream, while a check runs; else -1.
  var session: Int32 = -1
  var lane: Int32 = -1
  var timer = Timer()
  /// Checks in a row that came to the same as the last one, which an event tells.
  var sameResults: UInt32 = 0
  var lastPassed = true
  /// The snapshot in which it was last found.
  var snapshotSerial: UInt64 = 0
}

extension HealthMachine {
  /// Of a slot that nobody uses.
  init() {
    var random = RandomSource(seed: 0)
    self.init(HealthRules(), state: .up, others: 0, now: 0, random: &random)
  }
}
