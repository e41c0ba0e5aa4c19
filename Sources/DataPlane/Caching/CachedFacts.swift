/// What is remembered of a stored response beside its bytes: all that a decision to reuse it needs.
package struct CachedFacts: BitwiseCopyable, Sendable {
  package struct Flags: OptionSet, BitwiseCopyable, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Not used without validation, however fresh (`no-cache` without fields).
    package static var noCache: Flags { Flags(rawValue: 1) }
    /// Never used stale: `must-revalidate`, `proxy-revalidate`, `s-maxage` (RFC 9111 sections
    /// 5.2.2.2, 5.2.2.8, 5.2.2.10) and `no-cache`.
    package static var mustRevalidate: Flags { Flags(rawValue: 2) }
    /// A reload of the client is no reason to validate it while it is fresh (RFC 8246).
    package static var immutable: Flags { Flags(rawValue: 4) }
    package static var hasETag: Flags { Flags(rawValue: 8) }
    package static var hasWeakETag: Flags { Flags(rawValue: 16) }
    package static var noTransform: Flags { Flags(rawValue: 32) }
    /// Its content may be compressed: type and size ask for it, nothing forbids it.
    package static var isCompressible: Flags { Flags(rawValue: 64) }
    /// Freshness was guessed from `Last-Modified` (RFC 9111 section 4.2.2).
    package static var isHeuristic: Flags { Flags(rawValue: 128) }
    /// Its name has a content hash, and nobody made it immutable.
    package static var isMissedChance: Flags { Flags(rawValue: 256) }
    /// `CDN-Cache-Control` counted: what `Cache-Control` says does not (RFC 9213).
    package static var isTargeted: Flags { Flags(rawValue: 512) }
    /// It is compressible, and its own `Vary` says nothing of `Accept-Encoding`: a line of ours
    /// does.
    package static var addsVary: Flags { Flags(rawValue: 1024) }
  }

  package static var noDate: Int64 { .min }

  package var flags: Flags = []
  package var status: UInt16 = 200
  /// When the response came (the monotonic clock), or was last validated.
  package var storedAt: Instant = 0
  /// Its age at that moment, corrected (RFC 9111 section 4.2.3), in seconds.
  package var initialAge: Int64 = 0
  /// Freshness lifetime in seconds, from the moment of age 0; with jitter.
  package var lifetime: Int64 = 0
  package var staleWhileRevalidate: Int64 = 0
  package var staleIfError: Int64 = 0
  /// Seconds since 1970; `noDate` when absent or not a date.
  package var date: Int64 = noDate
  package var lastModified: Int64 = noDate
  /// How long the fetch took, from the try's begin to its end: for XFetch.
  package var fetchNanoseconds: UInt64 = 0

  package init() {}

  /// RFC 9111 section 4.2.3: `current_age`, in seconds.
  @inline(__always) package func age(at now: Instant) -> Int64 {
    initialAge &+ Int64(truncatingIfNeeded: (max(now, storedAt) &- storedAt) / 1_000_000_000)
  }
}
