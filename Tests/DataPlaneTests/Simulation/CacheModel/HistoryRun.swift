@testable import DataPlane

/// A history on both caches, up to the first step on which they differ.
struct HistoryRun {
  /// Seconds since 1970 at the begin of each.
  static let start = 1_800_000_000

  struct Disagreement {
    var step: Int
    /// What differs, in a line each: the reference's, then ours.
    var lines: [String]
  }

  private static let comparedFields = [
    "age", "cdn-cache-control", "cache-control", "cache-status", "content-location",
    "content-range", "date", "etag",
    "expires", "last-modified", "location", "pragma", "set-cookie", "vary", "x-meta",
  ]

  static func first(
    _ steps: [HistoryStep], _ rules: ReferenceRules, _ rig: inout CacheRig
  ) throws -> Disagreement? {
    rig.empty()
    var reference = ReferenceCache(rules)
    var origins = (ModelOrigin(start: start), ModelOrigin(start: start))
    var times = (start, start)
    var former = start
    for (index, step) in steps.enumerated() {
      switch step {
      case .wait(let seconds):
        times.0 += seconds
        times.1 += seconds
      case .change(let path, let script, let isNew):
        origins.0.change(path, to: script, isNewVersion: isNew, at: times.0)
        origins.1.change(path, to: script, isNewVersion: isNew, at: times.1)
      case .send(let request):
        origins.0.forgetContacts()
        origins.1.forgetContacts()
        let before = (reference, origins.0, times.0)
        let expected = reference.answer(request, &origins.0, at: &times.0)
        let actual = try rig.send(request, &origins.1, at: &times.1, since: &former)
        let lines = differences(expected, actual) + differences(origins.0, origins.1)
        if lines.isEmpty { continue }
        // After a response that could not be stored, for a while, conditions and ranges are for the
        // origin to judge: the reference does not know for how long.
        (reference, origins.0, times.0) = before
        guard let other = reference.passOn(request, &origins.0, at: &times.0),
          (differences(other, actual) + differences(origins.0, origins.1)).isEmpty
        else { return Disagreement(step: index, lines: lines) }
      }
    }
    return nil
  }

  private static func differences(_ left: ModelResponse, _ right: ModelResponse) -> [String] {
    // Nobody's answer but ours: its page is not the cache's affair.
    if left.status == 504, left.fields.isEmpty, right.status == 504 { return [] }
    var lines: [String] = []
    func compare(_ name: String, _ left: String, _ right: String) {
      if left != right { lines.append("\(name): reference \(left), cache \(right)") }
    }
    compare("status", "\(left.status)", "\(right.status)")
    compare("body", left.body, right.body)
    for name in comparedFields {
      let values = (left.fields.values(name), right.fields.values(name))
      compare(name, values.0.joined(separator: " + "), values.1.joined(separator: " + "))
    }
    return lines
  }

  private static func differences(_ left: ModelOrigin, _ right: ModelOrigin) -> [String] {
    guard left.contacts != right.contacts else { return [] }
    func text(_ origin: ModelOrigin) -> String {
      origin.contacts.isEmpty
        ? "nobody" : origin.contacts.map(\.request.line).joined(separator: " & ")
    }
    return ["origin was asked: reference \(text(left)), cache \(text(right))"]
  }

  // MARK: Shrinking

  /// The same disagreement, or another one, with as few steps and words as can be found.
  static func shrink(
    _ steps: [HistoryStep], _ rules: ReferenceRules, _ rig: inout CacheRig
  ) throws -> [HistoryStep] {
    var best = steps
    var isBetter = true
    var tries = 0
    while isBetter, tries < 2000 {
      isBetter = false
      for candidate in smaller(best) {
        tries += 1
        if try first(candidate, rules, &rig) != nil {
          best = candidate
          isBetter = true
          break
        }
      }
    }
    return best
  }

  /// Without one of the steps, or with a simpler one.
  private static func smaller(_ steps: [HistoryStep]) -> [[HistoryStep]] {
    var result: [[HistoryStep]] = []
    for index in steps.indices.reversed() {
      var fewer = steps
      fewer.remove(at: index)
      result.append(fewer)
    }
    for index in steps.indices {
      for step in simpler(steps[index]) {
        var other = steps
        other[index] = step
        result.append(other)
      }
    }
    return result
  }

  private static func simpler(_ step: HistoryStep) -> [HistoryStep] {
    switch step {
    case .wait: return []
    case .send(let request):
      var others = request.fields.indices.map { index in
        var other = request
        other.fields.remove(at: index)
        return other
      }
      if request.method == "HEAD" {
        var other = request
        other.method = "GET"
        others.append(other)
      }
      return others.map { .send($0) }
    case .change(let path, let script, let isNew):
      return simpler(script).map { .change(path, $0, isNewVersion: isNew) }
    }
  }

  private static func simpler(_ script: PageScript) -> [PageScript] {
    let plain = PageScript()
    func with<Value>(_ path: WritableKeyPath<PageScript, Value>) -> PageScript {
      var other = script
      other[keyPath: path] = plain[keyPath: path]
      return other
    }
    var others = [
      with(\.status), with(\.targeted), with(\.isQuiet), with(\.cacheControl), with(\.expires),
      with(\.hasBadExpires), with(\.age),
      with(\.dateOffset), with(\.tag), with(\.modifiedBefore), with(\.vary), with(\.hasCookie),
      with(\.hasPragma), with(\.isChunked), with(\.delay), with(\.meta), with(\.unsafeStatus),
      with(\.location), with(\.contentLocation),
    ]
    for line in script.cacheControl.indices {
      let words = ReferenceDirectives.split(script.cacheControl[line])
      for word in words.indices {
        var rest = words
        rest.remove(at: word)
        var other = script
        other.cacheControl[line] = rest.joined(separator: ", ")
        if rest.isEmpty { other.cacheControl.remove(at: line) }
        others.append(other)
      }
    }
    return others.filter { $0 != script }
  }

  /// For people: steps, then what differs.
  static func transcript(
    _ steps: [HistoryStep], _ rules: ReferenceRules, _ found: Disagreement?
  ) -> String {
    var lines = ["rules: \(rules)"]
    lines += steps.prefix(30).map { "  " + $0.line }
    if let found { lines += found.lines.prefix(8).map { "  !! " + $0 } }
    return lines.joined(separator: "\n")
  }
}
