/// Whether the name of a file says that its content never changes: bundlers put a hash of the
/// content into it (`app.3f9c2b1d.js`). Pure; asked once for each response that is stored.
///
/// Whoever is taken for one wrongly may be kept for a year, so the rule misses some (of Vite's
/// names about half, of eight hexadecimal digits three in ten) to be nearly always right:
///
/// - The last segment of the path ends in the extension of a script, style, font, WebAssembly,
///   picture, sound or film; never of a page, data or document. `.map` behind a script's or style's
///   is passed over, and so is one of `.chunk`, `.min`, `.bundle`, `.module`, `.legacy` in front of
///   it.
/// - Before that stands the hash, as one of:
///   - 8, 10, 12, 16, 20, 32, 40, 64, 96 or 128 lower-case hexadecimal digits behind `.` or `-` and
///     a name (webpack, Parcel, gulp-rev, Django, Angular, Rails, Hugo). Pictures, sound and films
///     need 16 or more: shorter ones are often a number in a database. 24 are none: those are
///     MongoDB's.
///   - 20 of them alone, but for pictures, sound and films (webpack's `[contenthash]`).
///   - 8 letters and digits behind `-` and a name, with capitals, small letters and digits (Vite,
///     Rollup).
///   - 8 of `A-Z2-7` behind `-` and a name, two digits among them, of scripts and styles (esbuild).
/// - The hash looks random: at least three times a letter follows a digit or the other way round,
///   or a capital follows a small letter. Dates, versions, words and words with a number do not.
/// - It is not the end of a UUID, which names a thing, not its content.
package enum HashedName {
  /// - Parameter at: begin of the path in its normal form, without a query.
  package static func isHashed(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Bool {
    var start = at &+ count
    while start > at, bytes[start &- 1] != 0x2f { start &-= 1 }
    var end = at &+ count
    // The shortest: a letter, a separator, eight digits, `.js`.
    guard end &- start >= 13 else { return false }
    if hasSuffix(bytes, start, end, ".map") { end &-= 4 }
    guard let dot = lastDot(bytes, start, end) else { return false }
    let kind = Kind(bytes, dot &+ 1, end &- dot &- 1)
    guard kind != .other, end == at &+ count || kind == .code else { return false }
    end = dot
    if let word = lastDot(bytes, start, end), isBuildWord(bytes, word &+ 1, end &- word &- 1) {
      end = word
    }
    var hash = end
    while hash > start, isAlphanumeric(bytes[hash &- 1]) { hash &-= 1 }
    guard looksRandom(bytes, hash, end) else { return false }
    let isAlone = hash == start
    guard !isAlone else {
      return kind != .media && end &- hash == 20 && isHex(bytes, hash, end)
    }
    let separator = bytes[hash &- 1]
    guard hash &- 1 > start, separator == 0x2d || separator == 0x2e else { return false }
    if isHex(bytes, hash, end) {
      return isHexLength(end &- hash) && (kind != .media || end &- hash >= 16)
        && !endsUUID(bytes, start, hash, end)
    }
    guard separator == 0x2d, end &- hash == 8 else { return false }
    return isMixed(bytes, hash, end) || kind == .code && isBase32(bytes, hash, end)
  }

  private enum Kind {
    /// Scripts, styles, WebAssembly.
    case code
    case font
    /// Pictures, sound, films.
    case media
    case other

    init(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) {
      func isOne(_ text: StaticString) -> Bool {
        FieldParser.equals(bytes, at, count, text)
      }
      self = .other
      switch count {
      case 2: if isOne("js") { self = .code }
      case 3:
        if isOne("css") || isOne("mjs") || isOne("cjs") { self = .code }
        if isOne("ttf") || isOne("otf") || isOne("eot") { self = .font }
        if isOne("svg") || isOne("png") || isOne("jpg") || isOne("gif") || isOne("ico")
          || isOne("mp4") || isOne("mp3") || isOne("ogg") || isOne("wav")
        {
          self = .media
        }
      case 4:
        if isOne("wasm") { self = .code }
        if isOne("woff") { self = .font }
        if isOne("jpeg") || isOne("webp") || isOne("avif") || isOne("webm") { self = .media }
      case 5: if isOne("woff2") { self = .font }
      default: break
      }
    }
  }

  /// Words that bundlers put between hash and extension.
  private static func isBuildWord(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Bool {
    FieldParser.equals(bytes, at, count, "min") || FieldParser.equals(bytes, at, count, "chunk")
      || FieldParser.equals(bytes, at, count, "bundle")
      || FieldParser.equals(bytes, at, count, "module")
      || FieldParser.equals(bytes, at, count, "legacy")
  }

  /// The kinds of bytes that follow one another; a capital that begins a word is not counted.
  private static func looksRandom(_ bytes: borrowing Bytes, _ from: Int, _ end: Int) -> Bool {
    var changes = 0
    var index = from &+ 1
    while index < end {
      let before = bytes[index &- 1]
      let now = bytes[index]
      if isDigit(before) != isDigit(now) || isLower(before) && isUpper(now) { changes &+= 1 }
      index &+= 1
    }
    return changes >= 3
  }

  private static func isHexLength(_ count: Int) -> Bool {
    switch count {
    case 8, 10, 12, 16, 20, 32, 40, 64, 96, 128: return true
    default: return false
    }
  }

  /// Lower case only.
  private static func isHex(_ bytes: borrowing Bytes, _ from: Int, _ end: Int) -> Bool {
    for index in from..<end where !isDigit(bytes[index]) && bytes[index] &- 0x61 > 5 {
      return false
    }
    return true
  }

  private static func isMixed(_ bytes: borrowing Bytes, _ from: Int, _ end: Int) -> Bool {
    var (digits, capitals, small) = (false, false, false)
    for index in from..<end {
      if isDigit(bytes[index]) { digits = true }
      if isUpper(bytes[index]) { capitals = true }
      if isLower(bytes[index]) { small = true }
    }
    return digits && capitals && small
  }

  private static func isBase32(_ bytes: borrowing Bytes, _ from: Int, _ end: Int) -> Bool {
    var digits = 0
    for index in from..<end {
      if bytes[index] &- 0x32 <= 5 { digits &+= 1 } else if !isUpper(bytes[index]) { return false }
    }
    return digits >= 2
  }

  /// `…-hhhh-` in front of twelve digits.
  private static func endsUUID(
    _ bytes: borrowing Bytes, _ start: Int, _ hash: Int, _ end: Int
  ) -> Bool {
    end &- hash == 12 && hash &- start >= 6 && bytes[hash &- 1] == 0x2d
      && bytes[hash &- 6] == 0x2d && isHex(bytes, hash &- 5, hash &- 1)
  }

  private static func hasSuffix(
    _ bytes: borrowing Bytes, _ start: Int, _ end: Int, _ text: StaticString
  ) -> Bool {
    let count = text.utf8CodeUnitCount
    return end &- start > count && FieldParser.equals(bytes, end &- count, count, text)
  }

  private static func lastDot(_ bytes: borrowing Bytes, _ start: Int, _ end: Int) -> Int? {
    var index = end
    while index > start {
      index &-= 1
      if bytes[index] == 0x2e { return index }
    }
    return nil
  }

  @inline(__always) private static func isDigit(_ byte: UInt8) -> Bool { ByteClass.isDigit(byte) }
  @inline(__always) private static func isLower(_ byte: UInt8) -> Bool { byte &- 0x61 <= 25 }
  @inline(__always) private static func isUpper(_ byte: UInt8) -> Bool { byte &- 0x41 <= 25 }
  @inline(__always) private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    isDigit(byte) || isLower(byte) || isUpper(byte)
  }
}
