import DataPlane
import Testing

/// 10,000 routes cost what 10 cost, from the received head to the route. `Benchmarks/Routes` shows
/// the nanoseconds of a release build.
@Suite("Router: cost", .serialized) struct RouterCostTests {
  @Test("the way to one of 10,000 routes costs at most 1.5 times that to one of 10")
  func ratio() throws {
    // The machine is shared: the best of several attempts counts.
    var best = Double.infinity
    for _ in 0..<10 where best > 1.5 {
      best = min(best, try measure(10_000) / measure(10))
    }
    #expect(best <= 1.5)
  }

  /// The best time of several rounds over requests for all kinds of routes.
  private func measure(_ count: Int) throws -> Double {
    let handle = RouteSet((0..<count).map(route)).snapshot()
    defer { handle.destroy() }
    let probes = try (0..<200).map { try request(($0 &* 7919) % count).probe() }
    var best = Double.infinity
    for _ in 0..<15 {
      let start = Clock.now()
      var found = 0
      for probe in probes where probe.readAndDecide(handle.value) != nil { found += 1 }
      best = min(best, Double(Clock.now() - start))
      #expect(found == probes.count)
    }
    return best
  }

  /// A third by path, two thirds in pairs by host and path.
  private func route(_ number: Int) -> SampleRoute {
    if number % 3 == 0 { return SampleRoute(paths: ["/service-\(number)/**"]) }
    return SampleRoute(
      hosts: ["app-\(number / 3).example.com"], paths: ["/api/{id}/orders-\(number % 3)/**"])
  }

  private func request(_ number: Int) -> SampleRequest {
    SampleRequest(
      target: number % 3 > 0 ? "/api/12345/orders-\(number % 3)/x" : "/service-\(number)/a",
      host: "app-\(number / 3).example.com")
  }
}
