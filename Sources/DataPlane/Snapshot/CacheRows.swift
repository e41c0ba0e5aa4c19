/// One cache of the config: its rules, its key, and which store holds what it keeps.
package struct CacheRow: BitwiseCopyable, Sendable {
  package var name: TextReference
  /// Of its store; outlives the snapshot.
  package var identity: UInt32
  /// Everything that the store holds, at most.
  package var memoryBytes: Int = 0
  package var rules = CacheRules()
  package var key = CacheKeyRow()

  package init(name: TextReference, identity: UInt32) {
    self.name = name
    self.identity = identity
  }
}

/// What makes two requests the same to a cache, beside method, scheme, host and path.
package struct CacheKeyRow: BitwiseCopyable, Sendable {
  package enum Query: UInt8, Sendable, BitwiseCopyable {
    /// As it came.
    case all
    /// Not at all.
    case none
    /// Only the parameters of `parameters`, or all but those.
    case keep, drop
  }

  package var query = Query.all
  /// Parameters are put in order, so that `a=1&b=2` and `b=2&a=1` are the same.
  package var sortsQuery = false
  /// Rows of `cacheNames`: names of parameters, percent-decoded.
  package var parameters = RowRange.none
  /// Rows of `cacheNames`: header fields whose values count, in lower case.
  package var headers = RowRange.none
  /// Rows of `cacheNames`: cookies whose values count, as written.
  package var cookies = RowRange.none
  package init() {}
}

/// A name of a cache's key.
package struct CacheNameRow: BitwiseCopyable, Sendable {
  package let text: TextReference
  /// `utm_*`: all names that begin with `text`.
  package let isPrefix: Bool
  package init(text: TextReference, isPrefix: Bool = false) {
    self.text = text
    self.isPrefix = isPrefix
  }
}
