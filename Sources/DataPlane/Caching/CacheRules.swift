/// What the config says of one cache: read by every decision about storing and reusing.
///
/// Seconds where HTTP counts in seconds; `Instant` (nanoseconds) where a timer does.
package struct CacheRules: BitwiseCopyable, Sendable {
  /// Content of a stored response, at most. What is longer streams through.
  package var maxObjectBytes: Int64 = 8 << 20
  /// Freshness of responses that say nothing of it and have no `Last-Modified`; 0 stores none.
  package var defaultTTL: Int64 = 0
  /// Of the time since `Last-Modified`, when a response says nothing else (RFC 9111 section
  /// 4.2.2); 0 is off.
  package var heuristicPercent: Int64 = 10
  package var heuristicMaxSeconds: Int64 = 86_400
  /// Of responses that do not say it themselves (RFC 5861).
  package var staleWhileRevalidate: Int64 = 0
  package var staleIfError: Int64 = 0
  /// Freshness is shortened by up to this much, at random, so that what was stored together does
  /// not end together: 0...50.
  package var jitterPercent: Int64 = 0
  /// Responses with `Set-Cookie` are stored as well (and given to everybody).
  package var storesSetCookie = false
  /// `CDN-Cache-Control` goes on to the client; else it is taken out (RFC 9213 section 2.2).
  package var passesTargeted = false
  /// `Cache-Status` (RFC 9211) is added to responses.
  package var addsStatus = true
  /// A content-hashed name makes a response immutable for a year.
  package var pinsHashedNames = false
  /// Hot responses are fetched anew shortly before they end (XFetch).
  package var refreshesEarly = true
  /// How often in a second clients may force a response to be validated that could be used as it
  /// is; 0 never.
  package var clientReloadsPerSecond: Int64 = 50
  /// How long a request waits for another one's fetch before it makes its own.
  package var collapseTimeout: Instant = 10_000_000_000
  /// For how long requests do not wait for one another after a response that could not be stored.
  package var uncacheableFor: Instant = 10_000_000_000

  package init() {}
}
