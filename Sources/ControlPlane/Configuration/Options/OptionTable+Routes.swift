extension OptionTable {
  static let routeRows = [
    OptionRow(
      "routes", .list("routes", 1...10_000), required: true,
      """
      Which requests go where. The first that matches wins, in the order written. A request that \
      none matches is answered with 404. Each route has exactly one of `to`, `redirect` and \
      `respond`.
      """,
      interactions: """
        A route that can never match, because one above takes all of its requests, is warned of. \
        How many routes there are makes no difference to the time that a request takes.
        """),
    OptionRow(
      "routes[].name", .name,
      """
      The route's name in logs and metrics; unique. Without it: the pool's name, `redirect` or \
      `respond`, with `-2`, `-3` when that is taken.
      """),
    OptionRow(
      "routes[].to", .name, "The pool that gets the request: a key of `pools`.",
      interactions: "One of `to`, `redirect` and `respond`."),
    OptionRow(
      "routes[].timeout", routeTimeout,
      "Short for `timeouts: { request: ... }` of this route. Write one of the two.",
      interactions: "Only with `to`."),
    OptionRow(
      "routes[].timeouts", .section,
      "Timeouts of this route, each in place of the global one.", interactions: "Only with `to`."),
    OptionRow(
      "routes[].timeouts.request", routeTimeout, into: .timeouts(\.request),
      "In place of `timeouts.request`."),
    OptionRow(
      "routes[].timeouts.connect", routeTimeout, into: .timeouts(\.connect),
      "In place of `timeouts.connect`."),
    OptionRow(
      "routes[].timeouts.first_byte", routeTimeout, into: .timeouts(\.firstByte),
      "In place of `timeouts.first_byte`."),
    OptionRow(
      "routes[].timeouts.response_idle", routeTimeout, into: .timeouts(\.responseIdle),
      "In place of `timeouts.response_idle`."),
    OptionRow(
      "routes[].timeouts.try", routeTimeout, into: .timeouts(\.singleTry),
      "In place of `timeouts.try`."),
  ]

  private static let routeTimeout = OptionKind.duration(.milliseconds(1)...Bounds.day, word: "off")

  static let matchRows = [
    OptionRow(
      "routes[].match", .section,
      """
      Which requests the route takes. Without it: all of them. What is written must all hold; of \
      a list, one item.
      """),
    OptionRow(
      "routes[].match.host", .oneOrMore(.hostPattern, 1...1000),
      """
      The request's host, without case and port. `example.com` is that name only; \
      `"*.example.com"` (the quotes are needed) is every name below it, at any depth, and not \
      `example.com` itself.
      """),
    OptionRow(
      "routes[].match.path", .oneOrMore(.pathPattern, 1...1000),
      """
      The request's path, normalised and without the query, segment by segment. `/robots.txt` is \
      that path only; `/static/**` is `/static` and everything below it, `/**` every path; \
      `/one/*/segment` has any one segment in its place, and `/users/{id}` keeps that segment as \
      the variable `{id}`. What `**` stands for is the variable `{rest}`, without a slash in \
      front. `%2F` inside a segment is data, not a separator.
      """),
    OptionRow(
      "routes[].match.method", .oneOrMore(.method, 1...64),
      "The request's method, in upper case. `GET` does not include `HEAD`."),
    OptionRow(
      "routes[].match.headers", .structure("a mapping of field names to conditions"),
      "Header fields that the request has, or has not."),
    OptionRow(
      "routes[].match.headers.*", condition,
      """
      `"1"` is exactly that value (case counts), `[a, b]` one of them, `present` any value, \
      `absent` no such field. `{ prefix: text/ }` and `{ contains: bot }` look at a part.
      """),
    OptionRow(
      "routes[].match.headers.*.prefix", .text(1...1024), "How the value must start."),
    OptionRow(
      "routes[].match.headers.*.contains", .text(1...1024),
      "What must be somewhere in the value; case counts."),
    OptionRow(
      "routes[].match.query", .structure("a mapping of parameter names to conditions"),
      "Parameters that the query has, or has not; percent-decoded."),
    OptionRow(
      "routes[].match.query.*", condition, "Written as for `headers`."),
    OptionRow("routes[].match.query.*.prefix", .text(1...1024), "How the value must start."),
    OptionRow(
      "routes[].match.query.*.contains", .text(1...1024),
      "What must be somewhere in the value; case counts."),
    OptionRow(
      "routes[].match.client_address", .oneOrMore(.addressRange, 1...1000),
      "Addresses and CIDR blocks of clients.",
      interactions: """
        Behind a load balancer the client's address is the forwarded one, if the load balancer is \
        in `trusted_proxies`; else it is the load balancer's own.
        """),
  ]

  private static let condition = OptionKind.structure(
    "a value, a list of values, present, absent, { prefix: ... } or { contains: ... }")
}
