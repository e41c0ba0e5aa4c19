/// What the admin listener says of caches, read at one moment: plain values.
///
/// Shown as text and JSON.
struct CacheReport: Equatable, Sendable {
  /// In the order of the config.
  var caches: [MetricsReport.Cache] = []
}

/// A response that is stored, or the memory of one that could not be: a copy of what the cache has.
struct StoredResponse: Equatable, Sendable {
  enum State: String, Sendable {
    case complete
    /// Its content is still coming.
    case filling
    /// Its content was cut: it is about to go.
    case cut
  }

  /// Ages of what is kept come from a clock of nanoseconds; all of these are whole seconds.
  var cache: String
  var url: String
  /// What else is in the key, such as `c:language=en`.
  var keyItems: [String] = []
  /// nil for a response that is stored; else why one was not.
  var refusal: String?
  var status = 200
  /// Names of fields of the request that `Vary` names.
  var vary: [String] = []
  var tags: [String] = []
  var ageSeconds: Int64 = 0
  /// Freshness that is left; negative when stale. Of a refusal: how long it is remembered.
  var ttlSeconds: Int64 = 0
  /// Of the content, as far as it has come.
  var sizeBytes = 0
  /// Of the content compressed with gzip; nil when nobody has asked for it yet.
  var compressedBytes: Int?
  /// With everything that is kept of it.
  var memoryBytes = 0
  var hits: UInt64 = 0
  /// nil before the first hit.
  var lastHitSeconds: Int64?
  var state = State.complete
  /// In words, such as `must-revalidate`.
  var flags: [String] = []
}

/// What is stored for a URL, or under a prefix.
struct StoredReport: Equatable, Sendable {
  /// As the operator wrote it.
  var subject: String
  /// Those that were looked through.
  var caches: [String]
  var responses: [StoredResponse] = []
  /// With those that are not in `responses`, because there are too many.
  var total = 0
}

/// What the operator wants to be gone.
struct CachePurge: Equatable, Sendable {
  enum Subject: Equatable, Sendable {
    case url(String)
    case prefix(String)
    case tag(String)
    case all
  }

  var subject: Subject
  /// Only of this cache; nil: of all.
  var cache: String?
  /// Taken out; else made stale.
  var isHard = true

  /// What was purged.
  struct Outcome: Equatable, Sendable {
    /// In the order of the config.
    var counts: [Count] = []
    var isHard = true

    struct Count: Equatable, Sendable {
      var cache: String
      var responses: Int
    }
  }
}

/// Why the operator gets no answer.
enum CacheProblem: Error, Equatable, Sendable {
  /// There is no such cache.
  case unknown(String)
  /// What was written cannot be meant.
  case invalid(String)
}

/// What the operator can see and do of caches, on any thread.
struct CacheAdmin: Sendable {
  /// The cache of this name, or all.
  let report: @Sendable (String?) throws(CacheProblem) -> CacheReport
  /// What is stored for a URL, in the cache of this name or in all.
  let show: @Sendable (_ url: String, _ cache: String?) throws(CacheProblem) -> StoredReport
  /// What is stored under a prefix, which may be empty; at most so many.
  let list:
    @Sendable (_ prefix: String, _ cache: String?, _ limit: Int) throws(CacheProblem)
      -> StoredReport
  let purge: @Sendable (CachePurge) throws(CacheProblem) -> CachePurge.Outcome
}
