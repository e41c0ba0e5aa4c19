/// What a cache does for one exchange, and what the exchange does for the cache.
///
/// References that it holds are given back by `leaveCache`.
struct CacheUse: BitwiseCopyable {
  enum Role: UInt8, BitwiseCopyable {
    /// The route has no cache.
    case none
    /// It has, but this request is not for it: an unsafe method, a HEAD without a stored response.
    case bypass
    /// Its response may be stored.
    case fetch
    /// It is answered from the cache.
    case read
  }

  var role = Role.none
  /// Others wait for this fetch, or will.
  var leads = false
  /// Another exchange's fetch was waited for.
  var hasWaited = false
  /// Waiting for others failed so often.
  var failedWaits: UInt8 = 0
  /// Why the backend was asked; nil: it was not.
  var forward: CacheStatus.Forward?
  /// The backend said that the stored response is still good.
  var isValidated = false
  var directives = RequestDirectives()
  /// The response was stored.
  var isStored = false
  var identity: UInt32 = 0
  /// Of the exchange's snapshot.
  var row: UInt32 = 0
  /// When the fetch began, in the order of fetches and purges.
  var sequence: UInt64 = 0
  var hash = Hash128(low: 0, high: 0)
  /// What concurrent requests wait by: `hash`, and what `Vary` made of this one.
  var waitKey = Hash128(low: 0, high: 0)
  /// The stored response that is being validated, or served while its compressed form begins; held.
  var stale: UInt64 = 0
  /// The response that is being filled, or compressed; held.
  var filling: UInt64 = 0
  /// The body that is being read; held.
  var body: UInt64 = 0
  /// Its compressed form, where this exchange makes it; held.
  var product: UInt64 = 0
  var offset = 0
  /// -1 while it is not known.
  var end = 0
  /// Content of the begun chunk that is not sent; -1 when the body is not chunked.
  var chunkLeft = -1
  /// Counted among the body's readers; the round of which it has everything.
  var isReader = false
  var round: UInt16 = 0
  /// Of a fill: it goes on in rounds; all of it came.
  var isInRounds = false
  var isFillEnded = false
  /// Links of the worker's lists of exchanges that wait for a fetch or for more of a body.
  var next: Int32 = -1
  var previous: Int32 = -1
  var list = List.none

  enum List: UInt8, BitwiseCopyable { case none, fetch, body }
}

/// Which exchanges of a worker wait for the same thing, as lists through their `cache` fields.
struct CacheLists {
  var byFetch: [Hash128: Int32] = [:]
  var byBody: [UInt64: Int32] = [:]
  var work = CacheWork()
}

/// What a worker put off to the end of its turn.
struct CacheWork {
  /// Bodies that grew, for readers of this worker.
  var grown: [UInt64] = []
  /// Fetches that were settled, for exchanges of this worker.
  var settled: [(key: Hash128, failure: Int)] = []
  /// Exchanges whose readers have all of a round.
  var drained: [UInt64] = []
  /// Exchanges without a client that begin.
  var starting: [UInt64] = []

  var isEmpty: Bool {
    grown.isEmpty && settled.isEmpty && drained.isEmpty && starting.isEmpty
  }
}
