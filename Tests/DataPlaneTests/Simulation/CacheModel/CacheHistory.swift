@testable import DataPlane

/// One thing that happens around a cache.
enum HistoryStep: Sendable {
  /// Seconds.
  case wait(Int)
  case change(String, PageScript, isNewVersion: Bool)
  case send(ModelRequest)

  var line: String {
    switch self {
    case .wait(let seconds): return "wait \(seconds) s"
    case .change(let path, let script, let isNew):
      return "origin \(path)\(isNew ? " new" : ""): \(script.line)"
    case .send(let request): return "-> \(request.line)"
    }
  }
}

/// Random histories out of the grammar of what sites and clients say.
struct HistoryMaker {
  var dice: Dice
  let cache: Int

  init(seed: UInt64, caches: Int) {
    dice = Dice(seed: seed)
    cache = dice.below(caches)
  }

  private static let spans = [0, 0, 0, 1, 1, 2, 4, 5, 9, 10, 30, 60, 61, 3600, 86_400, 400_000]
  private static let lifetimes = [0, 1, 5, 10, 10, 60, 60, 3600, 86_400]

  mutating func steps(_ count: Int) -> [HistoryStep] {
    let pages = dice.chance(2) ? 1 : 3
    return (0..<pages).map { change(page($0), isNewVersion: true) }
      + (0..<count).map { _ in step(pages) }
  }

  private func page(_ number: Int) -> String { "/c\(cache)/p\(number)" }

  private mutating func step(_ pages: Int) -> HistoryStep {
    let path = page(dice.below(pages))
    switch dice.below(10) {
    case 0, 1, 2: return .wait(dice.pick(HistoryMaker.spans))
    case 3: return change(path, isNewVersion: dice.chance(2))
    default: return .send(request(path))
    }
  }

  // MARK: Sites

  private mutating func change(_ path: String, isNewVersion: Bool) -> HistoryStep {
    var script = PageScript()
    if dice.chance(4) {
      script.status = dice.pick([
        203, 204, 299, 301, 302, 307, 308, 404, 404, 410, 451, 500, 501, 502, 503, 503, 504, 599,
      ])
    }
    if !dice.chance(5) { script.cacheControl = control() }
    if dice.chance(12) {
      script.targeted = dice.pick([
        "max-age=60", "max-age=5, must-revalidate", "no-store", "private", "no-cache",
        "max-age=10, stale-while-revalidate=60", "max-age=3600;x=y, public",
      ])
    }
    script.isQuiet = dice.chance(12)
    if dice.chance(4) { script.expires = dice.pick([-10, 0, 1, 10, 60, 3600]) }
    if dice.chance(20) { (script.expires, script.hasBadExpires) = (nil, true) }
    if dice.chance(5) { script.age = dice.pick(["0", "1", "5", "59", "4000", "x", "-1"]) }
    if dice.chance(5) { script.dateOffset = dice.pick([nil, -1, -5, -60, -4000, 5, 60]) }
    script.tag = dice.pick([.none, .strong, .strong, .weak])
    if dice.chance(2) { script.modifiedBefore = dice.pick([0, 1, 100, 1000, 86_400, 9_999_999]) }
    if dice.chance(3) { script.vary = dice.pick([["X-Lang"], ["X-Lang", "X-Kind"], ["X-Kind"]]) }
    if dice.chance(30) { script.vary = ["*"] }
    script.hasCookie = dice.chance(12)
    script.hasPragma = dice.chance(20)
    script.isChunked = dice.chance(3)
    if dice.chance(8) { script.delay = dice.pick([1, 2, 7]) }
    script.meta = dice.below(3)
    script.unsafeStatus = dice.pick([200, 200, 201, 204, 303, 404, 500])
    let targets = [
      page(0), page(1), "p1", "http://model.example" + page(0), "http://other.example" + page(0),
    ]
    if dice.chance(4) { script.location = dice.pick(targets) }
    if dice.chance(4) { script.contentLocation = dice.pick(targets) }
    return .change(path, script, isNewVersion: isNewVersion)
  }

  private mutating func control() -> [String] {
    var words: [String] = []
    let seconds = { (dice: inout Dice) in dice.pick(HistoryMaker.lifetimes) }
    if !dice.chance(4) { words.append("max-age=\(seconds(&dice))") }
    if dice.chance(6) { words.append("s-maxage=\(seconds(&dice))") }
    if dice.chance(15) { words.append("Max-Age=\"\(seconds(&dice))\"") }
    if dice.chance(30) { words.append("max-age=abc") }
    if dice.chance(5) { words.append("stale-while-revalidate=\(seconds(&dice))") }
    if dice.chance(5) { words.append("stale-if-error=\(seconds(&dice))") }
    for (word, oneIn) in [
      ("public", 8), ("must-revalidate", 10), ("proxy-revalidate", 14), ("no-cache", 12),
      ("no-store", 14), ("private", 14), ("immutable", 10), ("must-understand", 14),
      ("no-transform", 12), ("x-unknown=\"a, no-store\"", 14), ("private=\"X-Meta\"", 20),
      ("no-cache=\"Set-Cookie\"", 20), ("private=\"set-cookie, x-meta\"", 20),
    ] where dice.chance(oneIn) {
      words.append(word)
    }
    guard words.count > 1, dice.chance(3) else {
      return words.isEmpty ? [] : [words.joined(separator: ", ")]
    }
    return [words[0], words.dropFirst().joined(separator: " , ")]
  }

  // MARK: Clients

  private mutating func request(_ path: String) -> ModelRequest {
    var request = ModelRequest(path: path)
    if dice.chance(8) { request.method = "HEAD" }
    if dice.chance(14) {
      request.method = dice.pick(["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
    }
    if dice.chance(3) {
      request.fields.append(.init("X-Lang", dice.pick(["de", "en", "de, en", "de ,en"])))
    }
    if dice.chance(4) { request.fields.append(.init("X-Kind", dice.pick(["a", "b"]))) }
    if dice.chance(10) { request.fields.append(.init("Authorization", "Basic eDp5")) }
    if dice.chance(4) { request.fields.append(.init("Cache-Control", directives())) }
    if dice.chance(20) { request.fields.append(.init("Pragma", "no-cache")) }
    addConditions(&request)
    return request
  }

  private mutating func directives() -> String {
    let number = dice.pick([0, 1, 5, 10, 60, 3600])
    let words = [
      "no-cache", "no-store", "only-if-cached", "max-age=0", "max-age=\(number)",
      "min-fresh=\(number)", "max-stale", "max-stale=\(number)", "stale-if-error=\(number)",
    ]
    let word = dice.pick(words)
    return dice.chance(4) ? word + ", " + dice.pick(words) : word
  }

  private mutating func addConditions(_ request: inout ModelRequest) {
    let tags = ["\"1\"", "\"2\"", "W/\"2\"", "\"2de\"", "\"3\", \"2\"", "*", "\"none\""]
    let dates = [-10_000_000, -1000, -1, 0, 10, 5000].map {
      ModelDate.text(HistoryRun.start + $0)
    }
    if dice.chance(8) { request.fields.append(.init("If-None-Match", dice.pick(tags))) }
    if dice.chance(12) { request.fields.append(.init("If-Modified-Since", dice.pick(dates))) }
    if dice.chance(40) { request.fields.append(.init("If-Match", dice.pick(tags))) }
    if dice.chance(50) { request.fields.append(.init("If-Unmodified-Since", dice.pick(dates))) }
    if dice.chance(8) {
      let ranges = [
        "bytes=0-3", "bytes=5-", "bytes=-4", "bytes=9999-", "bytes=0-1,3-4", "bytes=4-2",
        "bytes=-9999", "bytes=-0", "lines=1-2",
      ]
      request.fields.append(.init("Range", dice.pick(ranges)))
      if dice.chance(3) {
        let value = dice.chance(2) ? dice.pick(["\"2\"", "W/\"2\"", "\"3\""]) : dice.pick(dates)
        request.fields.append(.init("If-Range", value))
      }
    }
  }
}
