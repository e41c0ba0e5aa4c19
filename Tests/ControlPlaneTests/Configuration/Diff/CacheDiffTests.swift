import Testing

@testable import ControlPlane

/// What `headrace diff` says of caches.
@Suite struct CacheDiffTests {
  private func diff(_ old: [Config.Cache], _ new: [Config.Cache]) -> ConfigDiff {
    var (before, after) = (Config(), Config())
    before.caches = old
    after.caches = new
    return ConfigDiff(from: before, to: after)
  }

  @Test func aCacheKeepsWhatItHoldsByItsName() {
    let diff = diff([.init(name: "a"), .init(name: "b")], [.init(name: "b"), .init(name: "c")])
    #expect(
      diff.entries.map { "\($0.effect.rawValue) \($0.area.rawValue): \($0.text)" } == [
        "changes caches: cache \"c\" is added, with room for 64MiB",
        "drains caches: cache \"a\" is removed, with what it holds",
        "keeps caches: 1 cache with what is stored: b",
      ])
  }

  @Test func anotherKeyFindsNothingOfTheOldOne() {
    var cache = Config.Cache(name: "a")
    cache.key.query = .drop([.init("utm_", isPrefix: true), .init("gclid")])
    cache.key.headers = ["x-a"]
    #expect(
      diff([.init(name: "a")], [cache]).texts(.changes) == [
        "cache \"a\": key.query was all, is now drop utm_*, gclid",
        "cache \"a\": key.headers was none, is now x-a",
        "cache \"a\": what is stored under another key is not found any more",
      ])
  }

  /// No option can change without a word, and each has its name of the table.
  @Test func everyOptionOfTheTableIsCompared() throws {
    let rows = OptionTable.rows.filter { row in
      switch row.target {
      case .cache, .cacheList: true
      default: false
      }
    }
    let names = rows.map { String($0.path.dropFirst("caches.*.".count)) }
    #expect(ConfigDiff.aspects(.init(name: "a")).map(\.name) == names)
    for row in rows {
      guard case .cache(let store) = row.target, let standard = row.defaultText else { continue }
      let other = Self.other(row.kind, standard)
      var cache = Config.Cache(name: "a")
      store(&cache, try row.kind.decode(other))
      let texts = diff([.init(name: "a")], [cache]).texts(.changes)
      let name = String(row.path.dropFirst("caches.*.".count))
      #expect(texts.first == "cache \"a\": \(name) was \(standard), is now \(other)")
    }
  }

  /// Another value than the default, as it is written.
  private static func other(_ kind: OptionKind, _ standard: String) -> String {
    switch kind {
    case .integer(let range, _): "\(range.upperBound)"
    case .percent(let range, _): "\(range.upperBound)%"
    case .size(let range, _): SizeText.format(range.upperBound)
    case .duration(let range, _): DurationText.format(range.upperBound)
    case .toggle: standard == "on" ? "off" : "on"
    case .choice(let words), .choiceOrSection(let words, _): words.last ?? ""
    default: ""
    }
  }
}
