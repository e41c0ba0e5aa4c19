extension OptionTable {
  static let routeRows = [
    OptionRow(
      "routes", .list("{ match: ..., to: ... }", 1...10_000), required: true,
      """
      Which requests go to which pool. The first that matches wins, in the order written. A \
      request that none matches is answered with 404.
      """),
    OptionRow(
      "routes[].name", .name,
      """
      The route's name in logs and metrics; unique. Without it: the pool's name, with `-2`, `-3` \
      when that is taken.
      """),
    OptionRow(
      "routes[].match", .section,
      "Which requests the route takes. Without it: all of them. What is written must all hold."),
    OptionRow(
      "routes[].match.host", .hostPattern,
      """
      The request's host, without case and port. `example.com` is that name only; \
      `"*.example.com"` (the quotes are needed) is every name below it, at any depth, and not \
      `example.com` itself.
      """),
    OptionRow(
      "routes[].match.path", .pathPattern,
      """
      The request's path, normalised and without the query. `/robots.txt` is that path only; \
      `/static/**` is `/static` and everything below it.
      """),
    OptionRow(
      "routes[].to", .name, required: true, "The pool that gets the request: a key of `pools`."),
  ]
}
