/// Whole numbers as written in the config.
enum IntegerText {
  static func parse(_ text: String, in range: ClosedRange<Int>) throws(Refusal) -> Int {
    let rule = "must be a whole number, \(range.lowerBound) to \(range.upperBound)"
    guard let number = digits(text), range.contains(number) else {
      throw Refusal("\(rule), not \(quoted(text))")
    }
    return number
  }

  /// Decimal digits only. What is too large becomes `Int.max`, which is above every bound.
  static func digits(_ text: some StringProtocol) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
    else { return nil }
    return Int(text) ?? .max
  }
}

/// `50%`.
enum PercentText {
  static func parse(_ text: String, in range: ClosedRange<Int>) throws(Refusal) -> Int {
    guard text.hasSuffix("%"), let number = IntegerText.digits(text.dropLast()) else {
      throw Refusal("must be a percentage such as 50%, not \(quoted(text))")
    }
    guard range.contains(number) else {
      let bounds = "\(range.lowerBound)% to \(range.upperBound)%"
      throw Refusal("must be \(bounds), not \(quoted(text))")
    }
    return number
  }
}

/// `on` or `off`, where a mapping could stand as well.
enum SwitchText {
  static func parse(_ text: String) throws(Refusal) -> Bool {
    switch text {
    case "on": return true
    case "off": return false
    default: throw Refusal("must be a mapping, on or off, not \(quoted(text))")
    }
  }
}

/// `on` or `off`, and nothing else.
enum ToggleText {
  static func parse(_ text: String) throws(Refusal) -> Bool {
    switch text {
    case "on": return true
    case "off": return false
    case "true", "yes": throw Refusal("must be on or off, not \(quoted(text)); write on")
    case "false", "no": throw Refusal("must be on or off, not \(quoted(text)); write off")
    default: throw Refusal("must be on or off, not \(quoted(text))")
    }
  }
}

/// `512`, `8KiB`, `16MiB`, `1GiB`.
enum SizeText {
  private static let units: [(name: String, shift: Int)] =
    [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10), ("B", 0)]

  static func parse(_ text: String, in range: ClosedRange<Int64>) throws(Refusal) -> Int64 {
    guard let bytes = bytes(text) else {
      throw Refusal("must be a size such as 512, 8KiB, 16MiB or 1GiB, not \(quoted(text))")
    }
    guard range.contains(bytes) else {
      let bounds = "\(format(range.lowerBound)) to \(format(range.upperBound))"
      throw Refusal("must be \(bounds), not \(quoted(text))")
    }
    return bytes
  }

  private static func bytes(_ text: String) -> Int64? {
    let unit = units.first { text.hasSuffix($0.name) } ?? ("", 0)
    guard let count = IntegerText.digits(text.dropLast(unit.name.utf8.count)) else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: 1 << unit.shift)
    return overflow ? Int64.max : Int64(bytes)
  }

  /// In the largest unit that divides it.
  static func format(_ bytes: Int64) -> String {
    let unit = units.first { bytes != 0 && bytes % (1 << $0.shift) == 0 }
    guard let unit, unit.shift > 0 else { return "\(bytes)" }
    return "\(bytes >> unit.shift)\(unit.name)"
  }
}

/// `250ms`, `5s`, `1m`, `1h`, `1d`, `1y`.
enum DurationText {
  /// Not written by `format`: hours are as well known.
  private static let longUnits: [(name: String, milliseconds: Int)] =
    [("d", 86_400_000), ("y", 31_536_000_000)]
  private static let units: [(name: String, milliseconds: Int)] =
    [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]

  /// `word` is the `off` that the message mentions where it is allowed.
  static func parse(
    _ text: String, in range: ClosedRange<Duration>, word: String? = nil
  ) throws(Refusal) -> Duration {
    guard let duration = duration(text) else {
      let or = word.map { ", or \($0)" } ?? ""
      throw Refusal(
        "must be a duration in whole numbers such as 250ms, 5s, 1m, 1h\(or), not \(quoted(text))")
    }
    guard range.contains(duration) else {
      let bounds = "\(format(range.lowerBound)) to \(format(range.upperBound))"
      throw Refusal("must be \(bounds), not \(quoted(text))")
    }
    return duration
  }

  private static func duration(_ text: String) -> Duration? {
    guard let unit = (units + longUnits).first(where: { text.hasSuffix($0.name) }),
      let count = IntegerText.digits(text.dropLast(unit.name.count))
    else { return nil }
    let (milliseconds, overflow) = count.multipliedReportingOverflow(by: unit.milliseconds)
    // Int.max milliseconds fit a Duration and are above every bound.
    return .milliseconds(overflow ? Int.max : milliseconds)
  }

  /// In the largest unit that divides it.
  static func format(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let milliseconds = Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    guard milliseconds != 0 else { return "0s" }
    let unit = units.last { milliseconds % $0.milliseconds == 0 } ?? units[0]
    return "\(milliseconds / unit.milliseconds)\(unit.name)"
  }
}
