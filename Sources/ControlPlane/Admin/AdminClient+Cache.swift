/// What `headrace cache` asks.
extension AdminClient {
  /// What a purge takes.
  public enum PurgeSubject: Equatable, Sendable {
    case url(String)
    case prefix(String)
    case tag(String)
    case all
  }

  /// How caches fare.
  ///
  /// - Parameter cache: only this one.
  public func caches(cache: String? = nil, json: Bool = false) throws(Failure) -> Answer {
    try get("/cache?format=\(json ? "json" : "text")\(Self.filter(cache))")
  }

  /// What is stored for a URL.
  public func stored(
    url: String, cache: String? = nil, json: Bool = false
  ) throws(Failure) -> Answer {
    let format = json ? "json" : "text"
    return try get("/cache?url=\(Self.encoded(url))&format=\(format)\(Self.filter(cache))")
  }

  /// What is stored under a prefix, which may be empty.
  public func stored(
    under prefix: String, limit: Int, cache: String? = nil, json: Bool = false
  ) throws(Failure) -> Answer {
    let format = json ? "json" : "text"
    return try get(
      "/cache?list=\(Self.encoded(prefix))&limit=\(limit)&format=\(format)\(Self.filter(cache))")
  }

  /// Takes out of the caches what the subject names, or makes it stale.
  public func purge(
    _ subject: PurgeSubject, cache: String? = nil, soft: Bool = false, json: Bool = false
  ) throws(Failure) -> Answer {
    let what =
      switch subject {
      case .url(let url): "url=\(Self.encoded(url))"
      case .prefix(let prefix): "prefix=\(Self.encoded(prefix))"
      case .tag(let tag): "tag=\(Self.encoded(tag))"
      case .all: "all=1"
      }
    let format = json ? "json" : "text"
    return try post(
      "/cache/purge?\(what)&soft=\(soft ? 1 : 0)&format=\(format)\(Self.filter(cache))")
  }

  private static func filter(_ cache: String?) -> String {
    cache.map { "&cache=\(encoded($0))" } ?? ""
  }
}
