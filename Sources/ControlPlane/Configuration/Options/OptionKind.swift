/// What may be written as the value of an option.
enum OptionKind: Sendable {
  /// `word` is `off` or `auto` where that is allowed.
  case integer(ClosedRange<Int>, word: String? = nil)
  /// `50%`; its value is the integer.
  case percent(ClosedRange<Int>, word: String? = nil)
  case size(ClosedRange<Int64>, word: String? = nil)
  case duration(ClosedRange<Duration>, word: String? = nil)
  case boolean
  /// `on` or `off`.
  case toggle
  case choice([String])
  case listenAddress
  case backendAddress
  case addressRange
  /// The same, or `unix`.
  case proxySource
  case hostPattern
  case pathPattern
  case pathPrefix
  case name
  case file
  /// A method of HTTP.
  case method
  case fieldName
  /// What a rate's buckets are told apart by.
  case rateKey
  /// Text for a field line: no line ends, no control characters.
  case fieldValue(ClosedRange<Int>)
  /// `/health?full=1`: what is asked for, as it is sent.
  case requestPath
  /// `200` or `200-299`.
  case statuses
  case template(TemplateText.Use)
  /// A field of the request that is part of a cache's key.
  case cacheKeyField
  /// A parameter of a query, or how names of parameters begin.
  case parameterName
  case cookieName
  case cookiePath
  case cookieDomain
  /// `application/json`, `text/*`, `+json`.
  case mediaType
  /// Text of that many bytes that is never shown.
  case secret(ClosedRange<Int>)
  /// Any text of that many bytes.
  case text(ClosedRange<Int>)
  /// One of the kind, or a list of that many; its items have no row of their own.
  indirect case oneOrMore(OptionKind, ClosedRange<Int>)
  /// A list of what the text says, with that many items.
  case list(String, ClosedRange<Int>)
  /// A mapping whose keys are rows of their own.
  case section
  /// The same, and `on` or `off` instead: a mapping turns it on. Its value is a flag.
  case switchedSection
  /// `true` or `false`, or a mapping whose keys are rows of their own: it turns it on.
  case flagOrSection(example: String)
  /// `true` or `false`, or a number in place of what `true` stands for.
  case flagOrInteger(ClosedRange<Int>)
  /// One of the words, or a mapping whose keys are rows of their own.
  case choiceOrSection([String], example: String)
  /// The part of a request that is hashed.
  case hashKey
  /// Decoded by a function of its own; the text says what is expected.
  case structure(String)
}

extension OptionKind {
  /// For messages and the reference: `a duration, 1ms to 24h, or off`.
  var description: String {
    switch self {
    case .integer(let range, let word):
      return "a whole number, \(range.lowerBound) to \(range.upperBound)" + alternative(word)
    case .percent(let range, let word):
      return "a percentage, \(range.lowerBound)% to \(range.upperBound)%" + alternative(word)
    case .size(let range, let word):
      let bounds = "\(SizeText.format(range.lowerBound)) to \(SizeText.format(range.upperBound))"
      return "a size, \(bounds)" + alternative(word)
    case .duration(let range, let word):
      let low = DurationText.format(range.lowerBound)
      return "a duration, \(low) to \(DurationText.format(range.upperBound))" + alternative(word)
    case .boolean: return "true or false"
    case .toggle: return "on or off"
    case .choice(let words): return ChoiceText.list(words)
    case .listenAddress: return "an address to listen on"
    case .backendAddress: return "a backend's address"
    case .addressRange: return "an address or a CIDR block"
    case .proxySource: return "an address, a CIDR block or unix"
    case .hostPattern: return "a host pattern"
    case .pathPattern: return "a path pattern"
    case .pathPrefix: return "a path such as /api"
    case .method: return "a method such as GET"
    case .fieldName: return "a field name"
    case .rateKey: return ChoiceText.list(RateKeyText.words)
    case .fieldValue(let bytes):
      return "a field value of \(bytes.lowerBound) to \(bytes.upperBound) bytes"
    case .requestPath: return "a path such as /health, with a query or without"
    case .statuses: return "a status such as 200 or a range such as 200-299"
    case .template: return "text with variables"
    case .text(let bytes): return "text of \(bytes.lowerBound) to \(bytes.upperBound) bytes"
    case .cacheKeyField: return "a field name"
    case .parameterName: return "a parameter's name or its beginning and *"
    case .cookieName: return "a cookie's name"
    case .cookiePath: return "a path such as /app"
    case .cookieDomain: return "a domain such as example.com"
    case .mediaType: return MediaTypeText.description
    case .secret(let bytes): return "a secret of \(bytes.lowerBound) to \(bytes.upperBound) bytes"
    case .name: return "a name of letters, digits, \"-\", \"_\" and \".\", at most 64"
    case .file: return "a file"
    case .oneOrMore(let item, let count):
      return "\(item.description), or a list of up to \(count.upperBound)"
    case .list(let items, let count):
      return "a list of \(items), \(count.lowerBound) to \(count.upperBound)"
    case .section: return "a mapping"
    case .switchedSection: return "a mapping, on or off"
    case .flagOrSection(let example): return "true, false, or a mapping such as \(example)"
    case .flagOrInteger(let range):
      return "true, false, or a whole number, \(range.lowerBound) to \(range.upperBound)"
    case .choiceOrSection(let words, let example):
      return "\(ChoiceText.list(words)), or a mapping such as \(example)"
    case .hashKey: return HashKeyText.description
    case .structure(let text): return text
    }
  }

  private func alternative(_ word: String?) -> String { word.map { ", or \($0)" } ?? "" }

  /// The value that the text stands for. `plain` is without quotes: numbers, sizes and switches
  /// must be.
  func decode(_ text: String, plain: Bool = true) throws(Refusal) -> OptionValue {
    switch self {
    case .integer(let range, let word):
      return try decodeNumber(text, plain, word) { text throws(Refusal) in
        .integer(try IntegerText.parse(text, in: range))
      }
    case .percent(let range, let word):
      return try decodeNumber(text, plain, word) { text throws(Refusal) in
        .integer(try PercentText.parse(text, in: range))
      }
    case .size(let range, let word):
      return try decodeNumber(text, plain, word) { text throws(Refusal) in
        .bytes(try SizeText.parse(text, in: range))
      }
    case .duration(let range, let word):
      return try decodeNumber(text, plain, word) { text throws(Refusal) in
        .duration(try DurationText.parse(text, in: range, word: word))
      }
    case .boolean: return .flag(try BooleanText.parse(text, plain: plain))
    case .toggle: return .flag(try ToggleText.parse(text))
    case .choice(let words): return .word(try ChoiceText.parse(text, of: words))
    case .choiceOrSection(let words, _):
      guard !words.contains(text) else { return .word(text) }
      let hint = Suggestion.suffix(for: text, among: words)
      throw Refusal("must be \(description), not \(quoted(text))\(hint)")
    case .flagOrSection:
      guard plain, text == "true" || text == "false" else {
        throw Refusal("must be \(description), not \(quoted(text))")
      }
      return .flag(text == "true")
    case .flagOrInteger(let range):
      if plain, text == "true" || text == "false" { return .flag(text == "true") }
      guard plain, let number = IntegerText.digits(text), range.contains(number) else {
        throw Refusal("must be \(description), not \(quoted(text))")
      }
      return .integer(number)
    case .hashKey: return .hashKey(try HashKeyText.parse(text))
    case .listenAddress: return .endpoint(try EndpointText.parseListen(text))
    case .backendAddress: return .endpoint(try EndpointText.parseBackend(text))
    case .addressRange: return .addressRange(try AddressRangeText.parse(text))
    case .proxySource:
      return text == "unix" ? .word(text) : .addressRange(try AddressRangeText.parse(text))
    case .hostPattern: return .host(try HostPatternText.parse(text))
    case .pathPattern: return .path(try PathPatternText.parse(text))
    case .name: return .word(try NameText.parse(text))
    case .file: return .word(try FileText.parse(text))
    case .pathPrefix: return .word(try PathPrefixText.parse(text))
    case .method: return .word(try FieldText.parseMethod(text))
    case .fieldName: return .word(try FieldText.parseName(text))
    case .rateKey: return .rateKey(try RateKeyText.parse(text))
    case .fieldValue(let bytes): return .word(try FieldText.parseValue(text, bytes))
    case .requestPath: return .word(try RequestPathText.parse(text))
    case .statuses: return .statuses(try StatusesText.parse(text))
    case .template(let use): return .template(try TemplateText.parse(text, for: use))
    case .cacheKeyField: return .word(try CacheNameText.parseField(text))
    case .parameterName: return .parameter(try CacheNameText.parseParameter(text))
    case .cookieName: return .word(try CookieText.parseName(text))
    case .cookiePath: return .word(try CookieText.parsePath(text))
    case .cookieDomain: return .word(try CookieText.parseDomain(text))
    case .mediaType: return .word(try MediaTypeText.parse(text))
    case .text(let bytes), .secret(let bytes): return .word(try PlainText.parse(text, bytes))
    case .oneOrMore(let item, _): return try item.decode(text, plain: plain)
    case .switchedSection: return .flag(try SwitchText.parse(text))
    case .list, .section, .structure: throw Refusal("must be \(description), not \(quoted(text))")
    }
  }

  private func decodeNumber(
    _ text: String, _ plain: Bool, _ word: String?,
    _ parse: (String) throws(Refusal) -> OptionValue
  ) throws(Refusal) -> OptionValue {
    if let word, text == word { return .absent }
    guard plain else { throw Refusal("must be written without quotes, not \(quoted(text))") }
    return try parse(text)
  }
}
