extension OptionTable {
  static let actionRows = [
    OptionRow(
      "routes[].redirect", .structure("a target, or { to: ..., status: ... }"),
      "Sends the client elsewhere. Short: `redirect: https://example.com{target}`.",
      interactions: """
        One of `to`, `redirect` and `respond`. A redirect that its own route would take again is \
        an error.
        """),
    OptionRow(
      "routes[].redirect.to", .template(.location), required: true,
      """
      The target, with variables: `https://`, `http://` or a path on the same host. `{target}` is \
      the path in its normal form, with the query as the client sent it.
      """),
    OptionRow(
      "routes[].redirect.status", .choice(["301", "302", "303", "307", "308"]), default: "302",
      """
      `301` and `308` are for good, and browsers remember them; `302` and `307` are for now. With \
      `307` and `308` the method and the body stay; `303` makes it a GET.
      """,
      reason: "A permanent redirect that was wrong stays in browsers; 302 is easy to take back."),
    OptionRow(
      "routes[].respond", .structure("a status, or { status: ..., body: ... }"),
      "Answers the request without a backend. Short: `respond: 404`.",
      interactions: "One of `to`, `redirect` and `respond`."),
    OptionRow(
      "routes[].respond.status", .integer(200...599), default: "200", "The answer's status.",
      reason: "A body that is given is usually wanted."),
    OptionRow(
      "routes[].respond.body", .text(0...65536), "The answer's body, as it stands.",
      interactions: "Not with `file`. Statuses 204, 205 and 304 have none."),
    OptionRow(
      "routes[].respond.file", .file,
      """
      A file whose bytes are the body: relative to the config's folder, at most 1MiB, read when \
      the config is loaded.
      """,
      interactions: "Not with `body`."),
    OptionRow(
      "routes[].respond.content_type", .text(3...256), default: "text/plain; charset=utf-8",
      "The `Content-Type` of the body.",
      reason: """
        A short text is what most bodies are. With a `file` whose name ends in `.html` or `.json` \
        the default is the type of that.
        """,
      interactions: "Only with `body` or `file`."),
    OptionRow(
      "routes[].rewrite", .section,
      "Changes the path that the backend sees. One of the options below.",
      interactions: "Only with `to`. Matching is by the path before the rewrite."),
    OptionRow(
      "routes[].rewrite.strip_prefix", .pathPrefix,
      "Takes this from the front: with `/api`, the backend sees `/users` for `/api/users`.",
      interactions: "The route's `path` must start with it. The query stays."),
    OptionRow(
      "routes[].rewrite.replace_prefix", .section, "Puts one front in place of another."),
    OptionRow(
      "routes[].rewrite.replace_prefix.from", .pathPrefix, required: true,
      "What is taken away; `/` for nothing."),
    OptionRow(
      "routes[].rewrite.replace_prefix.to", .pathPrefix, required: true, "What takes its place."),
    OptionRow(
      "routes[].rewrite.path", .template(.path),
      "A whole new path, with variables: `/v2/{id}`.",
      interactions: """
        The query stays, unless the template has a `?`: then it is what stands behind it, such as \
        `?{query}`.
        """),
  ]

  static let headerRows =
    editRows("request_headers", "the request, before the backend sees it", "Only with `to`.")
    + editRows("response_headers", "the response, before the client sees it", "")

  private static func editRows(_ key: String, _ what: String, _ only: String) -> [OptionRow] {
    let fields = "a mapping of field names to values"
    let values = """
      A value with variables: `{client_address}`, `{request_id}`, `{host}`, `{method}`, `{path}`, \
      `{query}`, `{scheme}`, `{target}`, `{header.NAME}` (of the request) and what the route's \
      path keeps, such as `{id}` or `{rest}`. A brace as such is written `{{` or `}}`.
      """
    return [
      OptionRow(
        "routes[].\(key)", .section, "Changes header fields of \(what): remove, set, add.",
        interactions: """
          \(only.isEmpty ? "" : only + " ")Fields that frame the message (`Content-Length`, \
          `Transfer-Encoding`, `Connection` and such) cannot be changed.
          """),
      OptionRow(
        "routes[].\(key).set", .structure(fields),
        "Gives fields a value, in place of what is there."
      ),
      OptionRow("routes[].\(key).set.*", .template(.fieldValue), values),
      OptionRow(
        "routes[].\(key).add", .structure(fields), "Adds a line, and leaves those that are there."),
      OptionRow("routes[].\(key).add.*", .template(.fieldValue), "Written as for `set`."),
      OptionRow(
        "routes[].\(key).remove", .oneOrMore(.fieldName, 1...256),
        "Takes fields away: one name or a list."),
    ]
  }
}
