import DataPlane
import Testing

@testable import ControlPlane

/// Caches of a config as the data plane gets them.
@Suite struct CacheRowsTests {
  private func withSnapshot(
    _ config: Config, _ registry: Registry = Registry(workers: 0),
    test: (borrowing Snapshot) throws -> Void
  ) rethrows {
    let built = SnapshotBuilder(config: config, registry: registry, resolved: [:]).build()
    defer { built.handle.destroy() }
    try test(built.handle.value)
  }

  private func config(_ caches: String, routes: String = "[{ to: app }]") throws -> Config {
    try ConfigFixture.config(
      "listen: :8080\nroutes: \(routes)\npools: { app: [127.0.0.1:3000] }\ncaches:\n\(caches)")
  }

  private func names(_ range: RowRange, _ snapshot: borrowing Snapshot) -> [String] {
    range.indices.map { index in
      let row = snapshot.cacheNames[index]
      return snapshot.string(row.text) + (row.isPrefix ? "*" : "")
    }
  }

  @Test func defaultsAreThoseOfTheDataPlane() throws {
    withSnapshot(try config("  c: {}")) { snapshot in
      let row = snapshot.caches[0]
      #expect(snapshot.string(row.name) == "c" && row.memoryBytes == 64 << 20)
      #expect(values(row.rules) == values(CacheRules()))
      #expect(row.key.query == .all && !row.key.sortsQuery)
      #expect(snapshot.cacheNames.count == 0)
      #expect(row.key.parameters.count == 0 && row.key.headers.count == 0)
      #expect(row.key.cookies.count == 0)
    }
  }

  @Test func everyOptionHasItsPlace() throws {
    let config = try config(
      """
        c:
          memory: 1GiB
          max_object: 1KiB
          default_ttl: 2s
          heuristic: 30%
          heuristic_max: 4m
          stale_while_revalidate: 5s
          stale_if_error: 6h
          ttl_jitter: 7%
          store_set_cookie: on
          cdn_cache_control: pass
          status_header: off
          immutable_assets: on
          early_refresh: off
          client_reloads: 8
          collapse_timeout: 9ms
          uncacheable_for: 10s
          key:
            query: { drop: ["utm_*", "a b"] }
            sort_query: on
            headers: [X-Tenant, Authorization]
            cookies: Lang
      """)
    var expected = CacheRules()
    expected.maxObjectBytes = 1024
    expected.defaultTTL = 2
    expected.heuristicPercent = 30
    expected.heuristicMaxSeconds = 240
    expected.staleWhileRevalidate = 5
    expected.staleIfError = 21_600
    expected.jitterPercent = 7
    expected.storesSetCookie = true
    expected.passesTargeted = true
    expected.addsStatus = false
    expected.pinsHashedNames = true
    expected.refreshesEarly = false
    expected.clientReloadsPerSecond = 8
    expected.collapseTimeout = 9_000_000
    expected.uncacheableFor = 10_000_000_000
    withSnapshot(config) { snapshot in
      let row = snapshot.caches[0]
      #expect(row.memoryBytes == 1 << 30)
      #expect(values(row.rules) == values(expected))
      #expect(row.key.query == .drop && row.key.sortsQuery)
      #expect(names(row.key.parameters, snapshot) == ["utm_*", "a b"])
      #expect(names(row.key.headers, snapshot) == ["x-tenant", "authorization"])
      #expect(names(row.key.cookies, snapshot) == ["Lang"])
    }
  }

  /// Field by field, by name.
  private func values(_ rules: CacheRules) -> [String] {
    Mirror(reflecting: rules).children.map { "\($0.label ?? ""): \($0.value)" }
  }

  @Test(arguments: [
    ("all", CacheKeyRow.Query.all, []), ("none", .none, []), ("{ keep: page }", .keep, ["page"]),
    ("{ drop: [b, \"a*\"] }", .drop, ["b", "a*"]),
  ])
  func queries(text: String, query: CacheKeyRow.Query, parameters: [String]) throws {
    withSnapshot(try config("  a: { key: { query: none } }\n  c: { key: { query: \(text) } }")) {
      let row = $0.caches[1]
      #expect(row.key.query == query && names(row.key.parameters, $0) == parameters)
    }
  }

  @Test func routesNameTheirCache() throws {
    let routes = """
      [{ match: { path: /a }, to: app, cache: b }, { match: { path: /b }, to: app },
       { match: { path: /c }, to: app, cache: a, timeout: 1s }]
      """
    withSnapshot(try config("  a: {}\n  b: {}", routes: routes)) { snapshot in
      let flags = (0..<3).map { snapshot.routes[$0].flags }
      #expect(flags[0] == .isCached && flags[1] == [])
      #expect(flags[2] == [.isCached, .hasTimeouts])
      #expect(snapshot.routes[0].cache == 1 && snapshot.routes[2].cache == 0)
      // Caching alone needs no row of details.
      #expect(snapshot.routing.details.count == 1)
    }
  }

  @Test func anIdentityGoesByTheName() throws {
    let registry = Registry(workers: 0)
    func identities(_ names: [String]) -> [UInt32] {
      var config = Config()
      config.caches = names.map { .init(name: $0) }
      var found: [UInt32] = []
      withSnapshot(config, registry) { snapshot in
        found = (0..<snapshot.caches.count).map { snapshot.caches[$0].identity }
      }
      return found
    }
    #expect(identities(["a", "b"]) == [0, 1])
    #expect(identities(["c", "b"]) == [2, 1])
    #expect(identities(["b", "a"]) == [1, 0])
    #expect(registry.cacheNames == ["a", "b", "c"])
  }

  @Test func aNameTooManyKeepsNothingAndIsTold() throws {
    let registry = Registry(workers: 0)
    for number in 0..<Config.Cache.countMax {
      #expect(registry.cache("c\(number)") == UInt32(number))
    }
    let config = try config("  c7: {}\n  new: {}", routes: "[{ to: app, cache: new }]")
    withSnapshot(config, registry) { snapshot in
      #expect(snapshot.caches.count == 1 && snapshot.caches[0].identity == 7)
      #expect(!snapshot.routes[0].flags.contains(.isCached))
    }
    #expect(
      registry.notes(on: config) == [
        "cache \"new\": 256 caches have been named since the start, so this one keeps nothing "
          + "before the next start"
      ])
  }
}
