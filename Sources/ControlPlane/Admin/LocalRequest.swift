/// A name with a value: a header field, or a part of a query.
public struct LocalField: Equatable, Sendable {
  public var name: String
  public var value: String

  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// A complete request as a `LocalServer` hands it to its handler: a plain value, already
/// validated, its body in memory.
public struct LocalRequest: Equatable, Sendable {
  public internal(set) var method: String
  /// The target's path as sent, without the query; not percent-decoded. `*` for `OPTIONS *`.
  public internal(set) var path: String
  /// Percent-decoded, in the order sent.
  public internal(set) var query: [LocalField] = []
  /// In the order sent.
  public internal(set) var headers: [LocalField] = []
  public internal(set) var body: [UInt8] = []
  /// What the parser made of Content-Length.
  var contentLength = 0
  var keepsAlive = false
  /// The client waits for `100 Continue` before it sends the body.
  var expectsContinue = false

  /// The first header field of this name, whatever its case.
  public func header(_ name: String) -> String? {
    headerValues(name).first
  }

  /// The first value of this name in the query.
  public func queryValue(_ name: String) -> String? {
    query.first { $0.name == name }?.value
  }

  func headerValues(_ name: String) -> [String] {
    let wanted = name.lowercased()
    return headers.filter { $0.name.lowercased() == wanted }.map(\.value)
  }

  /// The comma-separated, lower-case members of a list field.
  func headerTokens(_ name: String) -> [String] {
    headerValues(name).flatMap { $0.split(separator: ",") }
      .map { LocalText.trimmed($0.utf8).lowercased() }
      .filter { !$0.isEmpty }
  }
}
