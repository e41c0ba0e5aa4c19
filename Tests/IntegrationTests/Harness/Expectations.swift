import Testing

/// One row of a table: what goes wrong in it is reported with its name, and the next row runs.
func row(
  _ name: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) {
  do {
    try body()
  } catch {
    Issue.record("\(name): \(error)", sourceLocation: sourceLocation)
  }
}

/// Sends what the proxy must refuse: the status, `Connection: close`, a complete answer, and an
/// orderly end (no reset, which could destroy the answer on its way).
@discardableResult
func expectRefused(
  _ client: Client, _ request: any Bytes, _ statuses: Int..., name: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) throws -> Message {
  try client.send(request)
  let response = try client.response()
  #expect(
    statuses.contains(response.status), "\(name) got \(response.startLine)",
    sourceLocation: sourceLocation)
  #expect(
    response["Connection"]?.lowercased() == "close", "\(name): no Connection: close",
    sourceLocation: sourceLocation)
  let rest = try client.readToEnd()
  #expect(rest == [], "\(name): more bytes after the refusal", sourceLocation: sourceLocation)
  return response
}

/// Exactly the fields that the client sent, without what the proxy adds.
extension Message {
  static let added: Set<String> = [
    "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-request-id", "via", "date",
  ]
  var ownFields: [String] {
    fields.filter { !Self.added.contains($0.name.lowercased()) }.map(\.description)
  }
}
