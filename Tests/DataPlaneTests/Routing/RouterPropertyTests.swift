import DataPlane
import Testing

/// The index says what a person would who reads the routes from the top: thousands of random sets
/// and requests, against a matcher of a few lines that knows nothing of the index.
@Suite("Router: index against a linear scan") struct RouterPropertyTests {
  @Test("random route sets", arguments: 0..<8)
  func randomSets(seed: Int) throws {
    var generator = Generator(state: UInt64(seed) &* 7919 &+ 1)
    for _ in 0..<250 {
      let routes = (0..<Int.random(in: 1...24, using: &generator)).map { _ in
        generator.route()
      }
      let handle = RouteSet(routes).snapshot()
      defer { handle.destroy() }
      for _ in 0..<24 {
        let request = generator.request()
        let probe = try request.probe(mergeSlashes: false)
        let expected = routes.firstIndex { NaiveMatcher.matches($0, request) }
        let decision = probe.decide(handle.value)
        #expect(decision.map { Int($0.route) } == expected, "\(request) in \(routes)")
        let reasons = probe.explain(handle.value, before: routes.count)
        #expect(reasons.firstIndex(of: nil) == expected, "\(request) in \(routes)")
        if let decision {
          let first = routes[Int(decision.route)].paths.firstIndex {
            NaiveMatcher.matches(path: $0, request.target)
          }
          let row = handle.value.routes[Int(decision.route)]
          #expect(Int(decision.path - row.paths.first) == first ?? 0, "\(request) in \(routes)")
        }
      }
    }
  }
}

/// Routes from the top, patterns by splitting text.
private enum NaiveMatcher {
  static func matches(_ route: SampleRoute, _ request: SampleRequest) -> Bool {
    let host = request.host.lowercased()
    let path = String(request.target.split(separator: "?", omittingEmptySubsequences: false)[0])
    guard route.hosts.isEmpty || route.hosts.contains(where: { matches(host: $0, host) }),
      route.paths.isEmpty || route.paths.contains(where: { matches(path: $0, path) }),
      route.methods.isEmpty || route.methods.contains(request.method),
      route.clients.isEmpty || request.client == "192.0.2.1"
    else { return false }
    let fields = request.fields.map { ($0.0.lowercased(), $0.1) }
    let query = request.target.split(separator: "?").dropFirst().first ?? ""
    let parameters = query.split(separator: "&").map { item in
      let parts = item.split(separator: "=", maxSplits: 1).map(String.init)
      return (parts[0], parts.count > 1 ? parts[1] : "")
    }
    return route.headers.allSatisfy { holds($0, fields) }
      && route.query.allSatisfy { holds($0, parameters) }
  }

  private static func holds(_ condition: SampleCondition, _ pairs: [(String, String)]) -> Bool {
    let values = pairs.filter { $0.0 == condition.name }.map(\.1)
    switch condition.test {
    case .present: return !values.isEmpty
    case .absent: return values.isEmpty
    case .isOneOf: return values.contains { condition.values.contains($0) }
    case .hasPrefix: return values.contains { $0.hasPrefix(condition.values[0]) }
    case .contains:
      return values.contains { value in
        value.indices.contains { value[$0...].hasPrefix(condition.values[0]) }
      }
    }
  }

  private static func matches(host pattern: String, _ host: String) -> Bool {
    pattern.hasPrefix("*.") ? host.hasSuffix(pattern.dropFirst()) : host == pattern
  }

  static func matches(path pattern: String, _ target: String) -> Bool {
    let path = target.split(separator: "?", omittingEmptySubsequences: false)[0]
    var wanted = pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    var given = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    if wanted.last == "**" {
      wanted.removeLast()
      if given.last == "", given.count > wanted.count || wanted.isEmpty { given.removeLast() }
      given = Array(given.prefix(wanted.count))
    }
    guard wanted.count == given.count else { return false }
    return zip(wanted, given).enumerated().allSatisfy { index, pair in
      if pair.0 == "*" || pair.0.hasPrefix("{") { return !pair.1.isEmpty }
      return pair.0 == pair.1
    }
  }
}

/// Small alphabets, so that patterns overlap all the time. SplitMix64.
private struct Generator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  private let segments = [
    "a", "b", "c", "abcdefgh", "abcdefghi", "abcdefghj", "abcdefghabcdefgh1", "abcdefghabcdefgh2",
    "%2F",
  ]
  private let hosts = ["example.com", "a.example.com", "b.a.example.com", "example.org", "com"]

  init(state: UInt64) { self.state = state }

  private mutating func one(of list: [String]) -> String {
    list[Int.random(in: 0..<list.count, using: &self)]
  }

  private mutating func chance(_ percent: Int) -> Bool {
    Int.random(in: 0..<100, using: &self) < percent
  }

  mutating func route() -> SampleRoute {
    var route = SampleRoute()
    for _ in 0..<(chance(60) ? Int.random(in: 1...2, using: &self) : 0) {
      route.hosts.append((chance(40) ? "*." : "") + one(of: hosts))
    }
    for _ in 0..<(chance(90) ? Int.random(in: 1...3, using: &self) : 0) {
      route.paths.append(pattern())
    }
    if chance(20) { route.methods = [one(of: ["GET", "POST", "PURGE"])] }
    if chance(20) { route.headers = [condition(["x-canary", "user-agent"])] }
    if chance(20) { route.query = [condition(["v", "debug"])] }
    if chance(10) {
      route.clients = [(Array(repeating: 0, count: 10) + [255, 255, 192, 0, 2, 0], 120)]
    }
    return route
  }

  private mutating func condition(_ names: [String]) -> SampleCondition {
    let tests: [ConditionRow.Test] = [.present, .absent, .isOneOf, .hasPrefix, .contains]
    let test = tests[Int.random(in: 0..<tests.count, using: &self)]
    let name = one(of: names)
    switch test {
    case .present, .absent: return SampleCondition(name: name, test: test)
    case .isOneOf:
      return SampleCondition(
        name: name, test: test, values: [one(of: ["1", "2"]), one(of: ["12", ""])])
    default: return SampleCondition(name: name, test: test, values: [one(of: ["1", "2", "12"])])
    }
  }

  private mutating func pattern() -> String {
    var text = ""
    for index in 0..<Int.random(in: 0...4, using: &self) {
      text += "/" + (chance(25) ? "*" : chance(15) ? "{c\(index)}" : one(of: segments))
    }
    if chance(30) { return text + "/**" }
    return text.isEmpty || chance(15) ? text + "/" : text
  }

  mutating func request() -> SampleRequest {
    var request = SampleRequest()
    request.method = one(of: ["GET", "POST", "PURGE", "HEAD"])
    request.host = (chance(15) ? "x." : "") + one(of: hosts)
    if chance(20) { request.host = request.host.uppercased() }
    var path = ""
    for _ in 0..<Int.random(in: 0...5, using: &self) {
      path += "/" + (chance(5) ? "" : chance(5) ? "other" : one(of: segments))
    }
    if path.isEmpty || chance(15) { path += "/" }
    if chance(40) { path += "?" + one(of: ["v=1", "v=12&debug", "debug=2", "w=1", "v=2&v=1"]) }
    request.target = path
    if chance(40) { request.fields.append(("X-Canary", one(of: ["1", "2", "12", "21"]))) }
    if chance(40) { request.fields.append(("User-Agent", one(of: ["1", "x12", "bot"]))) }
    if chance(20) { request.client = "198.51.100.1" }
    return request
  }
}
