import Foundation
import Testing

/// A config of these routes, written without indentation, over one pool `app` of origin 0.
func routing(_ routes: String, _ extra: String = "") -> String {
  """
  listen: 127.0.0.1:0
  workers: 1
  routes:
  \(routes)
  pools: { app: ['$0'] }
  \(extra)

  """
}

/// One request of a table, and the name of the route that is to take it: `404` for none.
struct RoutedRequest {
  var request: any Bytes
  var route: String
  /// Any address of 127.0.0.0/8 as the client's.
  var source: String?

  init(_ request: any Bytes, _ route: String, from source: String? = nil) {
    (self.request, self.route, self.source) = (request, route, source)
  }
}

/// Starts a proxy whose routes answer with their names, in the order given, and sends the table.
func expectRoutes(
  _ matches: KeyValuePairs<String, String>, extra: String = "",
  sourceLocation: SourceLocation = #_sourceLocation, _ table: RoutedRequest...
) throws {
  let routes = matches.map { name, match in
    "- { name: \(name), match: \(match), respond: 200, "
      + "response_headers: { set: { X-Route: \(name) } } }\n"
  }
  let config = routing(routes.joined(), extra)
  try withScene(.answering(ok()), config: config, sourceLocation: sourceLocation) { scene in
    for entry in table {
      let name = entry.request.bytes.prefix(120).map { $0 }.text.debugDescription
      row(name, sourceLocation: sourceLocation) {
        let client = try scene.client(from: entry.source)
        let response = try client.exchange(entry.request)
        let route = response["X-Route"] ?? "\(response.status)"
        #expect(route == entry.route, "\(name)", sourceLocation: sourceLocation)
      }
    }
    #expect(scene.origin.connections.isEmpty, sourceLocation: sourceLocation)
  }
}

/// A GET of `/` for that host.
func getFrom(host: String, _ target: String = "/") -> String {
  head("GET \(target) HTTP/1.1", "Host: \(host)")
}

/// Answers with the request's target.
let echo = Origin.Script.serving { request, _ in
  request.method == "HEAD"
    ? head("HTTP/1.1 200 OK", "Content-Length: 2") : ok(request.target)
}

/// Objects of the JSON access log, as soon as there are that many.
func logged(_ scene: Scene, _ count: Int) throws -> [[String: Any]] {
  try wait(for: "\(count) log lines, have: \(scene.proxy.output)") {
    scene.proxy.output.split(separator: "\n").count >= count
  }
  return try scene.proxy.output.split(separator: "\n").map {
    try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
  }
}
