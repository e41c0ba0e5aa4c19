@testable import DataPlane

/// A cache's key as a test writes it.
struct KeyOptions {
  var query = CacheKeyRow.Query.all
  /// `utm_*` is a prefix.
  var parameters: [String] = []
  var sorts = false
  var headers: [String] = []
  var cookies: [String] = []

  static func keep(_ names: String...) -> KeyOptions {
    KeyOptions(query: .keep, parameters: names)
  }

  static func drop(_ names: String...) -> KeyOptions {
    KeyOptions(query: .drop, parameters: names)
  }

  static var sorted: KeyOptions { KeyOptions(sorts: true) }

  func row(in draft: inout SnapshotDraft) -> CacheKeyRow {
    var row = CacheKeyRow()
    row.query = query
    row.sortsQuery = sorts
    _ = draft.intern(bytes("before"))
    func add(_ names: [String]) -> RowRange {
      let first = draft.cacheNames.count
      for name in names {
        let isPrefix = name.hasSuffix("*")
        let text = draft.intern(bytes(isPrefix ? String(name.dropLast()) : name))
        draft.cacheNames.append(CacheNameRow(text: text, isPrefix: isPrefix))
      }
      return RowRange(first: first, count: names.count)
    }
    row.parameters = add(parameters)
    row.headers = add(headers)
    row.cookies = add(cookies)
    return row
  }
}

/// A request whose key a test asks for.
struct KeyedRequest: CustomStringConvertible {
  var target = "/"
  var host: String? = "a.example"
  var lines: [String] = []
  var method = "GET"
  var isTrusted = false

  init(
    _ target: String = "/", host: String? = "a.example", _ lines: String..., method: String = "GET",
    isTrusted: Bool = false
  ) {
    self.target = target
    self.host = host
    self.lines = lines
    self.method = method
    self.isTrusted = isTrusted
  }

  func probe(mergeSlashes: Bool = true) throws -> RouteProbe {
    let version = host == nil ? "HTTP/1.0" : "HTTP/1.1"
    let all = ["\(method) \(target) \(version)"] + (host.map { ["Host: \($0)"] } ?? []) + lines
    return try RouteProbe(
      head: bytes(all.map { $0 + "\r\n" }.joined() + "\r\n"), isTrusted: isTrusted,
      mergeSlashes: mergeSlashes)
  }

  var description: String { "\(method) \(host ?? "-") \(target) \(lines)\(isTrusted ? " t" : "")" }
}

/// The key of a request, its items divided by `|`; nil when the cache is not asked.
func key(
  _ request: KeyedRequest, _ options: KeyOptions = KeyOptions(), isTLS: Bool = false,
  route: String? = nil, capacity: Int = 131_072
) throws -> String? {
  var draft = SnapshotDraft()
  let row = options.row(in: &draft)
  let name = route.map { draft.intern(bytes($0)) }
  let handle = SnapshotHandle(Snapshot(draft))
  defer { handle.destroy() }
  let found = try request.probe().cacheKey(
    row, handle.value, isTLS: isTLS, route: name, capacity: capacity)
  guard let found else { return nil }
  let whole = text(found.text)
  let url = text(found.text.prefix(found.urlLength))
  precondition(whole == url || whole.hasPrefix(url + "\n"))
  return whole.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "|")
}
