/// A scalar of the config after decoding: what a row of the option table stores.
enum OptionValue: Equatable, Sendable {
  case integer(Int)
  case bytes(Int64)
  case duration(Duration)
  case flag(Bool)
  /// A name, a file, or one of a fixed set of words.
  case word(String)
  case endpoint(Endpoint)
  case statuses(ClosedRange<Int>)
  case addressRange(AddressRange)
  case host(Config.HostPattern)
  case path(Config.PathPattern)
  case rateKey(Config.Rate.Key)
  case template(TemplateText.Parsed)
  case hashKey(Config.HashKey)
  case parameter(Config.CacheKey.Parameter)
  /// `off` or `auto`.
  case absent
}

/// Why a value was refused: the rule, to be read after the option's name.
struct Refusal: Error, Equatable {
  /// Such as `must be 1 to 256, not "300"`.
  let message: String
  /// The part of the value that is wrong, in scalars; `nil` for all of it.
  let range: Range<Int>?

  init(_ message: String, at range: Range<Int>? = nil) {
    self.message = message
    self.range = range
  }

  /// `part` is a slice of `text`.
  init(_ message: String, at part: Substring, in text: String) {
    let start = text.unicodeScalars[..<part.startIndex].count
    self.init(message, at: start..<start + part.unicodeScalars.count)
  }
}
