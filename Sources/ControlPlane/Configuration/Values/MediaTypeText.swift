/// Media types (RFC 9110 section 8.3.1) as one writes them in a list of those to compress:
/// `application/json`, `text/*` for all of a kind, `+json` for all with that suffix.
enum MediaTypeText {
  static var description: String { "a media type such as application/json, text/* or +json" }

  /// In lower case.
  static func parse(_ text: String) throws(Refusal) -> String {
    let lower = text.lowercased()
    let parts = lower.split(separator: "/", omittingEmptySubsequences: false)
    let isFine: Bool
    if lower.hasPrefix("+") {
      isFine = isToken(lower.dropFirst())
    } else {
      isFine =
        parts.count == 2 && isToken(parts[0]) && (parts[1] == "*" || isToken(parts[1]))
    }
    guard isFine, lower.utf8.count <= 127 else {
      throw Refusal("must be \(description), not \(quoted(text))")
    }
    guard lower != "text/event-stream" else {
      throw Refusal("cannot be \"text/event-stream\": event streams are never compressed")
    }
    return lower
  }

  private static func isToken(_ text: Substring) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$&-^_.+".utf8.contains(byte)
        }
      }
  }
}
