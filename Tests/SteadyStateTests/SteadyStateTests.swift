import CCounting
import DataPlane
import Glibc
import Testing

/// The claim of the hot path: a proxied request allocates nothing, counts no reference and takes no
/// lock, once connections and buffers are there.
///
/// Locks, the mailbox and system calls are the same in every build. Allocations and references are
/// asserted in release only, which `make test` runs too: unoptimised, the standard library's
/// generic code boxes what it iterates over (`for step in 1...n` allocates) and retains what it
/// merely reads.
///
/// An uncontended lock of Swift's `Mutex` is one instruction that nobody can count; the data plane
/// has one `Mutex`, in the mailbox, which is read only after its eventfd (`reads`).
@Suite("Steady state", .serialized) struct SteadyStateTests {
  static let connections = 8
  #if DEBUG
    static let requests = 200
  #else
    static let requests = 1000
  #endif
  /// With this variable in the environment, what should not be says where it comes from.
  private static let traces = getenv("HEADRACE_TRACE_COUNTS") != nil

  @Test("a request allocates nothing", arguments: Scenario.all, [Setup.plain, .rich, .limited])
  func allocatesNothing(_ scenario: Scenario, _ setup: Setup) throws {
    let totals = try measure(scenario, setup)
    expectNothing(totals)
    print("\(scenario.name), \(setup.testDescription): \(Self.line(totals))")
  }

  @Test(
    "an HTTP/2 request allocates nothing, on streams side by side or one after the other",
    arguments: Scenario.all, [1, 4])
  func http2(_ scenario: Scenario, _ streams: Int) throws {
    try #require(counting_is_complete())
    let clients = Self.connections / streams
    var rig = try Rig(.plain, clients: clients, streams: streams)
    for _ in 0..<50 { try rig.round(scenario, checks: true) }
    let opened = rig.originConnections
    rig.startCounting(trace: Self.traces)
    for _ in 0..<(Self.requests / Self.connections) { try rig.round(scenario, checks: true) }
    let totals = rig.counts()
    expectNothing(totals)
    #expect(rig.originConnections == opened)
    rig.end()
    print("\(scenario.name), HTTP/2, \(streams) at once: \(Self.line(totals))")
  }

  @Test("a compressed response allocates nothing")
  func compressing() throws {
    let totals = try measure(.compressed, .compressing)
    expectNothing(totals)
    print("\(Scenario.compressed.name): \(Self.line(totals))")
  }

  @Test(
    "a hit allocates nothing, compressed or not",
    arguments: [(Scenario.stored, Setup.caching), (.storedCompressed, .compressingCache)])
  func hits(_ scenario: Scenario, _ setup: Setup) throws {
    try #require(counting_is_complete())
    var rig = try Rig(setup, clients: Self.connections)
    for _ in 0..<50 { try rig.cachedRound(scenario, checks: true) }
    rig.startCounting(trace: Self.traces)
    for _ in 0..<(Self.requests / Self.connections) { try rig.cachedRound(scenario) }
    let totals = rig.counts()
    expectNothing(totals)
    #expect(totals.receives == UInt64(Self.requests))
    #expect(rig.load(.stored) == 1)
    #expect(rig.load(.compressed) == (setup.compresses ? 1 : 0))
    rig.end()
    print("\(scenario.name), \(setup.testDescription): \(Self.line(totals))")
  }

  @Test("no strategy allocates", arguments: [Scenario.small, .browser, .post], Setup.strategies)
  func strategies(_ scenario: Scenario, _ setup: Setup) throws {
    // One client, because by chance several could need a connection more than ever before.
    expectNothing(try measure(scenario, setup, connections: 1))
  }

  @Test("a small request takes two receives and two sends")
  func systemCalls() throws {
    let totals = try measure(.small, .plain)
    #expect(totals.receives == 2 * UInt64(Self.requests))
    #expect(totals.sends == 2 * UInt64(Self.requests))
    // One turn takes all requests that are there, another all responses; a late one costs a turn.
    let turns = UInt64(2 * Self.requests / Self.connections)
    #expect(totals.waits < 2 * turns)
  }

  @Test("one connection alone needs two waits for each request")
  func oneConnection() throws {
    let totals = try measure(.small, .plain, connections: 1)
    expectNothing(totals)
    #expect(totals.receives == 2 * UInt64(Self.requests))
    #expect(totals.sends == 2 * UInt64(Self.requests))
    #expect(totals.waits < 3 * UInt64(Self.requests))
  }

  #if !DEBUG
    @Test("what is done once a second allocates nothing either")
    func onceASecond() throws {
      try #require(counting_is_complete())
      var rig = try Rig(.rich, clients: Self.connections)
      for _ in 0..<50 { try rig.round(.small) }
      rig.startCounting(trace: Self.traces)
      // Pools are trimmed and `Date` changes each second; the wheel's first turn ends after two.
      let end = Clock.now() + 2_300_000_000
      while Clock.now() < end {
        try rig.round(.small)
        usleep(4000)
      }
      expectNothing(rig.counts())
      rig.end()
    }
  #endif

  // MARK: Helpers

  private func measure(
    _ scenario: Scenario, _ setup: Setup, connections: Int = Self.connections
  ) throws -> counting_totals {
    try #require(counting_is_complete())
    var rig = try Rig(setup, clients: connections)
    for _ in 0..<(400 / connections) { try rig.round(scenario, checks: true) }
    let opened = rig.originConnections
    rig.startCounting(trace: Self.traces)
    for _ in 0..<(Self.requests / connections) { try rig.round(scenario) }
    let totals = rig.counts()
    #expect(rig.originConnections == opened)
    // The log was written, where there is one: what is counted did happen.
    let records = setup.accessLog == .off ? 0 : 400 / connections * connections + Self.requests
    #expect(rig.logRecords == records)
    rig.end()
    return totals
  }

  private func expectNothing(_ totals: counting_totals) {
    #expect(totals.locks == 0)
    #expect(totals.reads == 0)
    #expect(totals.connection_calls == 0)
    #if !DEBUG
      #expect(totals.allocations == 0)
      #expect(totals.retains == 0)
      #expect(totals.releases == 0)
    #endif
  }

  private static func line(_ totals: counting_totals) -> String {
    func each(_ count: UInt64) -> String {
      let hundredths = count * 100 / UInt64(requests)
      return "\(hundredths / 100).\(hundredths / 10 % 10)\(hundredths % 10)"
    }
    return "each \(each(totals.receives)) recv, \(each(totals.sends)) send, "
      + "\(each(totals.waits)) epoll_wait; in all \(totals.allocations) allocations, "
      + "\(totals.frees) frees, \(totals.retains) retains, \(totals.releases) releases, "
      + "\(totals.locks) locks"
  }
}
