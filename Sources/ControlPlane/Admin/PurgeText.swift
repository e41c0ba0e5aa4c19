import DataPlane

/// What an operator types to name something in a cache, as the cache names it. Pure.
///
/// A URL goes the way of a request for it, through the same parser and the same key, so that
/// `http://Example.com:80/a%7Eb?utm_source=x` is what requests for it are stored under. Without a
/// scheme it stands for both.
public enum PurgeText {
  /// What is wrong with the text, and what would be right.
  public struct Problem: Error, Equatable, CustomStringConvertible {
    public let description: String
  }

  /// One URL with its query.
  ///
  /// - Parameters:
  ///   - key: of the cache, which may leave parameters out.
  ///   - snapshot: the one that `key` is of.
  package static func url(
    _ text: String, isHard: Bool, key: CacheKeyRow, _ snapshot: borrowing Snapshot
  ) throws(Problem) -> PurgeRule {
    PurgeRule(.url, try normal(text, key, snapshot), isHard: isHard)
  }

  /// Every URL that begins with the text. A host alone stands for all that is on it.
  package static func prefix(
    _ text: String, isHard: Bool, _ snapshot: borrowing Snapshot
  ) throws(Problem) -> PurgeRule {
    PurgeRule(.prefix, try normal(text, CacheKeyRow(), snapshot), isHard: isHard)
  }

  /// One tag, whatever its case.
  package static func tag(_ text: String, isHard: Bool) throws(Problem) -> PurgeRule {
    let tag = LocalText.trimmed(text.utf8)
    if tag.isEmpty { throw Problem(description: "a tag must have a name") }
    if tag.utf8.contains(0x2c) {
      throw Problem(description: "one tag at a time: a comma separates tags in \(quoted(tag))")
    }
    if tag.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) {
      throw Problem(description: "a tag cannot have control characters: \(quoted(tag))")
    }
    return PurgeRule(.tag, Array(tag.utf8), isHard: isHard)
  }

  /// The URL part of the key that a request for it has.
  private static func normal(
    _ text: String, _ key: CacheKeyRow, _ snapshot: borrowing Snapshot
  ) throws(Problem) -> [UInt8] {
    let parts = try split(text)
    let lines = "GET \(parts.target) HTTP/1.1\r\nHost: \(parts.authority)\r\n\r\n"
    let limits = HeadLimits(requestLineBytes: 61_440, headBytes: 61_440, fieldCount: 2)
    let probe: RouteProbe
    do {
      probe = try RouteProbe(
        head: Array(lines.utf8), mergeSlashes: snapshot.policy.mergesSlashes, limits: limits)
    } catch {
      throw Problem(description: explanation(of: error, parts, text))
    }
    let isTLS = parts.scheme == "https"
    guard let found = probe.cacheKey(key, snapshot, isTLS: isTLS) else {
      throw Problem(description: "nothing can be stored for \(quoted(text))")
    }
    let scheme = parts.scheme == nil ? "http://".utf8.count : 0
    return Array(found.text[scheme..<found.urlLength])
  }

  private struct Parts {
    /// In lower case; nil when none was given.
    var scheme: String?
    var authority: String
    var target: String
  }

  private static func split(_ text: String) throws(Problem) -> Parts {
    if let bad = text.unicodeScalars.first(where: { !(0x21...0x7e).contains($0.value) }) {
      let escape = String(bad).utf8.map { byte in
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.count == 1 ? "%0\(digits)" : "%\(digits)"
      }
      throw Problem(
        description: "\(quoted(text)) has a character that no URL has: write \(escape.joined())")
    }
    if text.contains("#") {
      throw Problem(description: "leave out what begins with #: no server sees it: \(quoted(text))")
    }
    var rest = text[...]
    var scheme: String?
    let head = text.prefix { !"/?".contains($0) }
    if text.dropFirst(head.count).hasPrefix("//"), head.hasSuffix(":") {
      scheme = head.dropLast().lowercased()
      guard scheme == "http" || scheme == "https" else {
        throw Problem(description: "the URL must be http:// or https://, not \(quoted(text))")
      }
      rest = rest.dropFirst(head.count + 2)
    }
    let authority = rest.prefix { !"/?".contains($0) }
    if authority.isEmpty {
      throw Problem(
        description: "the URL must have a host, as in example.com\(rest): \(quoted(text))")
    }
    if authority.contains("@") {
      throw Problem(description: "the URL cannot have a user name: \(quoted(text))")
    }
    if scheme == nil, let port = port(authority), port == 80 || port == 443 {
      throw Problem(
        description: "port \(port) is the default of one scheme only: write http:// or https:// "
          + "in front of \(quoted(text))")
    }
    let target = rest.dropFirst(authority.count)
    return Parts(
      scheme: scheme, authority: String(authority),
      target: target.hasPrefix("/") ? String(target) : "/\(target)")
  }

  private static func port(_ authority: Substring) -> Int? {
    guard let colon = authority.lastIndex(of: ":") else { return nil }
    return Int(authority[authority.index(after: colon)...])
  }

  private static func explanation(
    of failure: ParseFailure, _ parts: Parts, _ text: String
  ) -> String {
    switch failure {
    case .badHost:
      return "\(quoted(parts.authority)) is no host, or its port no number up to 65535"
    case .requestLineTooLong, .headTooLong: return "the URL is too long for any request"
    default:
      return "no request can have this path: it has %00, an escape that is not % and two "
        + "hexadecimal digits, a \"..\" above the root, or one of \" < > \\: \(quoted(text))"
    }
  }
}
