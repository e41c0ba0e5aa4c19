import Foundation
import Testing

@testable import DataPlane

/// The cache against a naive one that was written from RFC 9111: random histories of sites and
/// clients, with a clock that only the test moves. HEADRACE_CACHE_STEPS and HEADRACE_CACHE_SEED
/// make more of them, and others.
@Suite(.serialized) struct CacheModelTests {
  private static func number(_ name: String) -> Int? {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
  }

  private static let stepsPerHistory = 30

  /// Nothing that the reference cannot know: no early refresh, no jitter.
  private static let variants = [
    ReferenceRules(),
    ReferenceRules(
      defaultTTL: 30, heuristicPercent: 0, staleWhileRevalidate: 20, staleIfError: 100,
      storesSetCookie: true, allowsReloads: false),
    ReferenceRules(heuristicPercent: 50, heuristicMax: 100, staleIfError: 10),
  ]

  private static func rules(_ variant: ReferenceRules) -> CacheRules {
    var rules = CacheRules()
    rules.defaultTTL = Int64(variant.defaultTTL)
    rules.heuristicPercent = Int64(variant.heuristicPercent)
    rules.heuristicMaxSeconds = Int64(variant.heuristicMax)
    rules.staleWhileRevalidate = Int64(variant.staleWhileRevalidate)
    rules.staleIfError = Int64(variant.staleIfError)
    rules.storesSetCookie = variant.storesSetCookie
    rules.clientReloadsPerSecond = variant.allowsReloads ? 1_000_000 : 0
    rules.refreshesEarly = false
    return rules
  }

  @Test("the cache answers random histories as a naive reading of RFC 9111 does")
  func agrees() throws {
    let count = (Self.number("HEADRACE_CACHE_STEPS") ?? 3000) / Self.stepsPerHistory
    let seed = UInt64(Self.number("HEADRACE_CACHE_SEED") ?? 1)
    var failures = 0
    var rig = try CacheRig(Self.variants.map(Self.rules), seed: 1)
    for index in 0..<count {
      var maker = HistoryMaker(seed: seed << 32 + UInt64(index), caches: Self.variants.count)
      let steps = maker.steps(Self.stepsPerHistory)
      let rules = Self.variants[maker.cache]
      guard let found = try HistoryRun.first(steps, rules, &rig) else { continue }
      let short = try HistoryRun.shrink(Array(steps[...found.step]), rules, &rig)
      let text = HistoryRun.transcript(short, rules, try HistoryRun.first(short, rules, &rig))
      Issue.record("history \(index) of seed \(seed):\n\(text)")
      failures += 1
      if failures == Self.number("HEADRACE_CACHE_FAILURES") ?? 1 { break }
    }
    rig.end()
  }

  // MARK: With chance in it

  /// Hits of a cache with jitter and early refresh are at most as fresh, and no staler, than the
  /// response that they hold allows, and never younger than the last time the origin was asked.
  @Test("jitter and early refresh only shorten freshness")
  func shortens() throws {
    let variant = ReferenceRules(staleWhileRevalidate: 20, staleIfError: 30)
    var rules = Self.rules(variant)
    rules.jitterPercent = 30
    rules.refreshesEarly = true
    var rig = try CacheRig([rules], seed: 3)
    var early = 0
    for index in 0..<(Self.number("HEADRACE_CACHE_STEPS") ?? 3000) / Self.stepsPerHistory / 4 {
      var maker = HistoryMaker(seed: UInt64(1_000_000 + index), caches: 1)
      rig.empty()
      var history = OneSidedHistory(variant)
      for step in maker.steps(Self.stepsPerHistory) {
        let problem = try history.run(step, &rig)
        if let problem { Issue.record("history \(index): \(problem)") }
      }
      early += history.early
    }
    rig.end()
    #expect(early > 0)
  }
}
