import Testing

@testable import ControlPlane

/// The table itself: its rows are complete and agree with the config's own defaults.
struct OptionTableTests {
  @Test func defaultsAreThoseOfTheConfig() {
    #expect(OptionTable.defaultConfig() == Config())
    let plain = Config.Pool(name: "p", strategy: .roundRobin, backends: [])
    var pool = plain
    OptionTable.setDefaults(of: &pool)
    #expect(pool == plain)
    let plainCache = Config.Cache(name: "c")
    var cache = plainCache
    OptionTable.setDefaults(of: &cache)
    #expect(cache == plainCache)
  }

  @Test(arguments: OptionTable.rows.map(\.path)) func rowIsComplete(path: String) {
    let row = OptionTable.row(path)
    #expect(row.summary.hasSuffix("."))
    #expect(row.defaultText == nil || row.reason.hasSuffix("."))
    #expect(!(row.isRequired && row.defaultText != nil))
  }

  /// A row whose target ignores its kind's value would be an option parsed and ignored.
  @Test func everySettingReachesTheConfig() throws {
    for row in OptionTable.rows {
      guard case .config(let store) = row.target else { continue }
      var config = Config()
      store(&config, try otherValue(row))
      #expect(config != Config(), "\(row.path) changes nothing")
    }
  }

  @Test func everyPoolSettingReachesThePool() throws {
    let plain = Config.Pool(name: "p", strategy: .roundRobin, backends: [])
    for row in OptionTable.rows {
      guard case .pool(let store) = row.target else { continue }
      var pool = plain
      store(&pool, try otherValue(row))
      #expect(pool != plain, "\(row.path) changes nothing")
    }
  }

  @Test func everyCacheSettingReachesTheCache() throws {
    let plain = Config.Cache(name: "c")
    for row in OptionTable.rows {
      var cache = plain
      switch row.target {
      case .cache(let store): store(&cache, try otherValue(row))
      case .cacheList(let store):
        guard case .oneOrMore(let item, _) = row.kind else {
          Issue.record("\(row.path) is no list")
          continue
        }
        store(&cache, [try item.decode("other")])
      default: continue
      }
      #expect(cache != plain, "\(row.path) changes nothing")
    }
  }

  /// A value that is allowed and is not the default.
  private func otherValue(_ row: OptionRow) throws -> OptionValue {
    let text =
      switch row.kind {
      case .integer(let range, _): "\(range.lowerBound)"
      case .size(let range, _): SizeText.format(range.lowerBound)
      case .duration(let range, _): DurationText.format(range.upperBound)
      case .percent(let range, _): "\(range.upperBound)%"
      case .switchedSection, .toggle: row.defaultText == "on" ? "off" : "on"
      case .boolean: row.defaultText == "true" ? "false" : "true"
      case .choice(let words), .choiceOrSection(let words, _): words.last ?? ""
      case .hashKey: "path"
      case .requestPath: "/other"
      case .fieldValue, .text: "text"
      case .cookieName, .cookieDomain, .file: "other"
      case .cookiePath: "/other"
      case .secret(let bytes): String(repeating: "x", count: bytes.lowerBound)
      default: ""
      }
    return try row.kind.decode(text)
  }
}
