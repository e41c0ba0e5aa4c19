import Testing

@testable import DataPlane

/// Requests that a backend can tell apart never share a key, whatever reads the query there.
struct CacheKeyPropertyTests {
  // MARK: Target and host

  /// What the backend gets of target and host.
  private static func seen(_ request: KeyedRequest, _ probe: RouteProbe) -> String {
    var host = request.host ?? "-"
    if request.target.hasPrefix("http") {
      host = String(request.target.split(separator: "/")[1].prefix { $0 != "?" })
    }
    let query = request.target.drop { $0 != "?" }
    let words = request.lines.filter { line in
      line.hasPrefix("X-Original") || request.isTrusted && !line.hasPrefix("X-Forwarded-For")
    }
    return "\(host) \(text(probe.path))\(query) \(words)"
  }

  @Test("what differs in target or host has different keys; what does not, one", arguments: [1, 2])
  func targets(seed: UInt64) {
    var dice = Dice(seed: seed)
    let hosts = ["a", "A", "a:80", "a:", "a:81", "a:081", "a.b", "b", "[::1]", "[::1]:80", "a:443"]
    let paths = ["/", "a", "b", "%61", "%2f", "..", ".", ";", ":", "@", "%3f", "//", "%20", "="]
    let queries = ["?", "&", "a", "b", "=", "1", "%61", "%26", ";", "+", "/", "|", ":"]
    let lines = [
      "X-Forwarded-Host: b", "X-Forwarded-Host: a", "X-Forwarded-Proto: https",
      "X-Original-URL: /b", "X-Forwarded-For: 1.1.1.1",
    ]
    var byKey: [String: String] = [:]
    var bySeen: [String: String] = [:]
    var wrong: [String] = []
    for _ in 0..<6000 {
      var target = "/" + (0..<dice.below(4)).map { _ in dice.pick(paths) }.joined()
      if dice.chance(2) {
        target += "?" + (0..<dice.below(4)).map { _ in dice.pick(queries) }.joined()
      }
      if dice.chance(4) { target = "http://" + dice.pick(hosts) + target }
      var request = KeyedRequest(target, host: dice.chance(9) ? nil : dice.pick(hosts))
      if dice.chance(3) { request.lines = [dice.pick(lines)] }
      request.isTrusted = dice.chance(2)
      // What is refused has no key.
      guard let probe = try? request.probe(), let key = try? key(request) else { continue }
      let seen = Self.seen(request, probe)
      if byKey.updateValue(seen, forKey: key) ?? seen != seen { wrong.append("\(request)") }
      if bySeen.updateValue(key, forKey: seen) ?? key != key { wrong.append("\(request)") }
    }
    #expect(byKey.count > 500)
    #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(5))")
  }

  // MARK: Query

  /// How a framework reads a query: values in their order, by name.
  enum Reader: CaseIterable {
    case plain, semicolons, php, ignoresCase

    func read(_ query: String) -> [String: [String]] {
      var result: [String: [String]] = [:]
      for item in query.split(whereSeparator: { $0 == "&" || self == .semicolons && $0 == ";" }) {
        let end = item.firstIndex(of: "=") ?? item.endIndex
        var name = Reader.decode(item[..<end])
        var value = Reader.decode(item[end...].dropFirst())
        switch self {
        case .plain, .semicolons: break
        case .ignoresCase: name = name.lowercased()
        case .php:
          name = String(name.drop { $0 == " " }.prefix { $0 != "\u{0}" })
          let base = name.prefix { $0 != "[" }
          value = name.dropFirst(base.count) + "=" + value
          name = String(base.map { $0 == "." || $0 == " " ? "_" : $0 })
        }
        result[name, default: []].append(value)
      }
      return result
    }

    private static func decode(_ text: Substring) -> String {
      var result = ""
      var rest = text[...]
      while let first = rest.first {
        rest = rest.dropFirst()
        if first == "%", rest.count >= 2, let value = UInt8(rest.prefix(2), radix: 16) {
          result.unicodeScalars.append(Unicode.Scalar(value))
          rest = rest.dropFirst(2)
        } else {
          result.append(first == "+" ? " " : first)
        }
      }
      return result
    }
  }

  private static func query(_ dice: inout Dice) -> String {
    let names = [
      "p", "p", "p", "%70", "P", "p[]", "p%5B%5D", "+p", "%20p", "p%00", "q", "Q", "q.r", "q_r",
      "utm_a", "utm_b", "utm%5fa", "UTM_a", "utm_[p]", "utm.a", "", "%26p", "amp;p", "p;p",
    ]
    let values = ["", "=", "=1", "=2", "=1;p=2", "=1;q=2", "=%26p=2", ";p=3"]
    return (0..<(1 + dice.below(4))).map { _ in dice.pick(names) + dice.pick(values) }
      .joined(separator: "&")
  }

  /// Queries whose keys are the same are the same to every reader, as far as `part` goes.
  private static func wrong(
    _ options: KeyOptions, seed: UInt64, part: ([String: [String]]) -> [String: [String]]
  ) throws -> [String] {
    var dice = Dice(seed: seed)
    var draft = SnapshotDraft()
    let row = options.row(in: &draft)
    let handle = SnapshotHandle(Snapshot(draft))
    defer { handle.destroy() }
    var first: [String: String] = [:]
    var wrong: [String] = []
    for _ in 0..<6000 {
      let query = query(&dice)
      let found = try KeyedRequest("/?" + query).probe().cacheKey(row, handle.value)
      guard let found else { continue }
      guard let other = first[text(found.text)] else {
        first[text(found.text)] = query
        continue
      }
      for reader in Reader.allCases where part(reader.read(query)) != part(reader.read(other)) {
        wrong.append("\(reader): \(query) and \(other)")
      }
    }
    #expect(first.count > 100)
    return wrong
  }

  @Test("queries of one key differ in nothing, if they are only put in order")
  func sorted() throws {
    let wrong = try Self.wrong(.sorted, seed: 11) { $0 }
    #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(5))")
  }

  @Test("queries of one key differ in the dropped parameters only", arguments: [false, true])
  func dropped(sorts: Bool) throws {
    var options = KeyOptions.drop("utm_*")
    options.sorts = sorts
    let wrong = try Self.wrong(options, seed: 12) { read in
      read.filter { !$0.key.hasPrefix("utm_") }
    }
    #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(5))")
  }

  @Test("queries of one key have the same of what is kept", arguments: [false, true])
  func kept(sorts: Bool) throws {
    var options = KeyOptions.keep("p", "q_r")
    options.sorts = sorts
    let wrong = try Self.wrong(options, seed: 13) { read in
      read.filter { ["p", "q_r"].contains($0.key) }
    }
    #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(5))")
  }
}
