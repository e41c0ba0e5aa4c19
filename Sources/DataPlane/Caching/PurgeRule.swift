/// What a purge takes, and how. Pure: made by the control plane (`PurgeText`), asked by a store for
/// each thing it holds or is about to.
///
/// URLs are compared as keys have them: in lower-case hosts, without default ports, with the path
/// in its normal form. One that begins with `http://` or `https://` is of that scheme, every other
/// of both.
package struct PurgeRule: Equatable, Sendable {
  package enum Subject: UInt8, Sendable {
    case all
    /// A whole URL with its query: everything stored for it, whatever else is in the keys, in all
    /// variants.
    case url
    /// Whatever URL begins with the text, byte by byte: `…/a` is `…/ab` as well, `…/a/` is not.
    case prefix
    /// `CacheTags`.
    case tag
  }

  package let subject: Subject
  /// Nothing for `all`.
  package let text: [UInt8]
  /// Taken out. A soft purge makes stale: used while it is fetched anew, if the rules allow that.
  package let isHard: Bool

  package init(_ subject: Subject, _ text: [UInt8] = [], isHard: Bool) {
    self.subject = subject
    self.text = text
    self.isHard = isHard
  }

  /// - Parameters:
  ///   - key: `key[at..<at + urlLength]` is the URL of a key (`CacheKeyText`).
  ///   - tags: as `CacheTags` stores them.
  package func matches(
    _ key: borrowing Bytes, _ at: Int, urlLength: Int, tags: borrowing Bytes, _ tagsAt: Int,
    _ tagsCount: Int
  ) -> Bool {
    switch subject {
    case .all: return true
    case .tag: return CacheTags.contains(tags, tagsAt, tagsCount, text.span, 0, text.count)
    case .url, .prefix:
      let skipped = namesScheme ? 0 : PurgeRule.schemeLength(key, at, urlLength)
      let count = urlLength &- skipped
      guard subject == .url ? count == text.count : count >= text.count else { return false }
      let from = at &+ skipped
      for offset in 0..<text.count where key[from &+ offset] != text[offset] { return false }
      return true
    }
  }

  /// The text has a scheme. A host cannot have a slash behind its colon, so no host is taken for
  /// one.
  private var namesScheme: Bool {
    PurgeRule.schemeLength(text.span, 0, text.count) > 0
  }

  private static func schemeLength(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Int {
    if count >= 7, FieldParser.equals(bytes, at, 7, "http://") { return 7 }
    if count >= 8, FieldParser.equals(bytes, at, 8, "https://") { return 8 }
    return 0
  }
}
