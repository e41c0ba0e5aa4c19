/// How responses of routes with `RouteFlags.compresses` are compressed.
package struct CompressionPolicy: BitwiseCopyable, Sendable {
  /// 1...9, zlib's: from the fastest to the smallest.
  package var level: UInt8 = 5
  /// Content that is known to be shorter stays as it is.
  package var minBytes: Int64 = 1024
  /// Rows of `mediaTypes`.
  package var types = RowRange.none
  package init() {}
}

/// A media type, or a kind of them, whose content is worth compressing.
package struct MediaTypeRow: BitwiseCopyable, Sendable {
  package enum Kind: UInt8, Sendable, BitwiseCopyable {
    /// `application/json`
    case exact
    /// `text/`, with its slash: all that begin so.
    case prefix
    /// `+json`: all that end so.
    case suffix
  }
  package let kind: Kind
  /// Lower case.
  package let text: TextReference
  package init(kind: Kind, text: TextReference) {
    self.kind = kind
    self.text = text
  }
}
