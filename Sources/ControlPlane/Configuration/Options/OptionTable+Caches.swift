extension OptionTable {
  static let routeCacheRows = [
    OptionRow(
      "routes[].cache", .name,
      """
      The cache that keeps this route's responses: a key of `caches`. Without it nothing is kept. \
      GET and HEAD are answered from the cache when it has a response that may be used; what is \
      not in it comes from the pool, and is kept if it may be.
      """,
      interactions: """
        Only with `to`. Routes that name the same cache share its memory. A route that is chosen \
        by more than host and path (method, header, query, client address) has keys of its own in \
        it: it never gives out what another route stored. `rewrite` and `request_headers` change \
        what a backend sees, not the key; `response_headers` are applied to responses from the \
        cache as to others.
        """)
  ]

  static let cacheRows =
    [
      OptionRow(
        "caches", .structure("a mapping of names to caches"),
        """
        Stores of responses by name, for routes to use (`routes[].cache`); at most 256. Each is a \
        shared cache by the rules of RFC 9111: backends say with `Cache-Control`, `Expires`, \
        `Vary` and validators what may be kept, for how long and for whom. It is one for all \
        workers.
        """,
        interactions: """
          Responses are in memory only: a restart begins with empty caches. A reload keeps what is \
          in a cache that keeps its name.
          """),
      OptionRow(
        "caches.*", .section,
        "A cache: a mapping of the options below; `{}` is one with the defaults."),
    ] + cacheSizeRows + cacheFreshnessRows + cacheStaleRows + cacheFieldRows + cacheFillRows
    + cacheKeyRows

  private static let cacheSizeRows = [
    OptionRow(
      "caches.*.memory", .size(1 << 20...1 << 40), default: "64MiB", into: .cache(\.memoryBytes),
      """
      What the cache may hold in all: content, heads, and what it takes to find them. When it is \
      full, responses that are asked for seldom make room.
      """,
      reason: "Room for the assets of an ordinary site, and no surprise on a small machine.",
      interactions: """
        At least twice `max_object`. It is taken from the system as it fills. Several caches take \
        the sum of theirs, which is not held against the machine's memory.
        """),
    OptionRow(
      "caches.*.max_object", .size(1 << 10...1 << 30), default: "8MiB",
      into: .cache(\.maxObjectBytes),
      "The longest content of a response that is kept. A longer one only passes through.",
      reason: """
        Scripts, styles, fonts and pictures are shorter; one video must not push them all out.
        """,
      interactions: "At most half of `memory`."),
  ]

  private static let cacheFreshnessRows = [
    OptionRow(
      "caches.*.default_ttl", seconds, default: "off", into: .cache(\.defaultTTL),
      """
      How long a response is fresh that says nothing of it (no `s-maxage`, `max-age` or `Expires`) \
      and has no `Last-Modified` for `heuristic`. It counts for the statuses that may be kept \
      without being told so (RFC 9110 section 15.1: 200, 203, 204, 300, 301, 308, 404, 405, 410, \
      414 and 501) and for others with `public`. Whole seconds. `off`: such a response is kept \
      only if it has an `ETag` or `Last-Modified`, and not used without asking the backend.
      """,
      reason: """
        A backend that says nothing of caching has usually not thought of it, and pages made for \
        one user would be given to others.
        """,
      interactions: """
        It overrules no response that says something, such as `no-store`, `private` or \
        `max-age=0`.
        """),
    OptionRow(
      "caches.*.heuristic", .percent(0...100), default: "10%", into: .cache(\.heuristicPercent),
      """
      A response that says nothing of its freshness but has `Last-Modified` is fresh for this part \
      of the time since then (RFC 9111 section 4.2.2): at 10%, one last changed 10 days before it \
      was sent is fresh for a day. 0% is off.
      """,
      reason: "The RFC's own example: what has not changed for long will probably stay.",
      interactions:
        "At most `heuristic_max`. For the same statuses as `default_ttl`, and before it."),
    OptionRow(
      "caches.*.heuristic_max", .duration(.seconds(1)...year), default: "24h",
      into: .cache(\.heuristicMax),
      "The longest freshness that `heuristic` comes to. Whole seconds.",
      reason: "A guess should not outlive a day: nobody has promised anything.",
      interactions: "Without effect when `heuristic` is 0%."),
    OptionRow(
      "caches.*.ttl_jitter", .percent(0...50), default: "0%", into: .cache(\.ttlJitterPercent),
      """
      Each response's freshness is shortened by a random part, up to this much, when it is stored. \
      It is never made longer than the backend said.
      """,
      reason: "Responses keep the times that they were given, unless you want it otherwise.",
      interactions: """
        For what is stored together, such as after a restart, so that it does not end together as \
        well.
        """),
    OptionRow(
      "caches.*.immutable_assets", .toggle, default: "off", into: .cache(\.immutableAssets),
      """
      A response under a name that ends with a hash of its content (`app.3f9c2b1d.js`) is fresh \
      for a year and `immutable` (RFC 8246: a reload is no reason to ask the backend) when the \
      backend says nothing, or gives it less than a week.
      """,
      reason: """
        A name that looks hashed may not be; only who builds the assets knows. `off` reports such \
        responses as missed chances and changes nothing.
        """,
      interactions:
        "Only for the statuses 200 and 203, and not with `no-store`, `private` or `no-cache`."),
  ]

  private static let cacheStaleRows = [
    OptionRow(
      "caches.*.stale_while_revalidate", seconds, default: "off",
      into: .cache(\.staleWhileRevalidate),
      """
      For this long after its freshness has ended, a response is used as it is while one request \
      fetches it anew (RFC 5861 section 3). It counts for responses without a \
      `stale-while-revalidate` of their own. Whole seconds.
      """,
      reason: "A backend that has not allowed stale responses may rely on there being none.",
      interactions: stalePromise),
    OptionRow(
      "caches.*.stale_if_error", seconds, default: "off", into: .cache(\.staleIfError),
      """
      For this long after its freshness has ended, a response is used when no backend can be \
      reached in time, or the answer is 500, 502, 503 or 504 (RFC 5861 section 4). It counts for \
      responses without a `stale-if-error` of their own. Whole seconds.
      """,
      reason: "The same; yet for assets and pages an old answer is mostly better than an error.",
      interactions: stalePromise),
  ]

  private static let stalePromise = """
    Never for responses with `must-revalidate`, `proxy-revalidate`, `s-maxage` or `no-cache` (RFC \
    9111 section 4.2.4). A soft purge ends freshness at that moment; a hard one leaves nothing.
    """

  private static let cacheFieldRows = [
    OptionRow(
      "caches.*.store_set_cookie", .toggle, default: "off", into: .cache(\.storesSetCookie),
      """
      Responses with `Set-Cookie` are kept as well, and every client that is answered with one \
      gets that same cookie. Dangerous: where the cookie is a session, users share it.
      """,
      reason: "A cookie is nearly always for one client.",
      interactions: """
        Only where the cookies of the route's responses are the same for everybody, such as a \
        language. Better have the backend leave them out.
        """),
    OptionRow(
      "caches.*.cdn_cache_control", .choice(Config.Cache.Targeted.allCases.map(\.rawValue)),
      default: "drop",
      into: .cache { cache, value in
        guard case .word(let word) = value, let targeted = Config.Cache.Targeted(rawValue: word)
        else { return }
        cache.targeted = targeted
      },
      """
      `CDN-Cache-Control` of a response (RFC 9213) is what this cache goes by, in place of \
      `Cache-Control` and `Expires`. `drop`: it is then taken out. `pass`: it goes on, for caches \
      in front of this one.
      """,
      reason: "It is meant for us, and tells clients how long we keep things."),
    OptionRow(
      "caches.*.status_header", .toggle, default: "on", into: .cache(\.statusHeader),
      """
      Adds `Cache-Status` (RFC 9211) to responses: whether it was a hit, why not, how long it is \
      fresh still, and whether it was stored.
      """,
      reason: "Without it nobody can see from outside why something is slow or old.",
      interactions: "Of caches behind this one the member stays, and ours is put after it."),
  ]

  private static let cacheFillRows = [
    OptionRow(
      "caches.*.early_refresh", .toggle, default: "on", into: .cache(\.earlyRefresh),
      """
      A response that is asked for often is fetched anew shortly before its freshness ends, by one \
      request that a draw picks: the likelier, the nearer the end is and the longer a fetch takes \
      (XFetch). Nobody waits for it.
      """,
      reason: "What everybody asks for never runs out, so nobody has to wait for it.",
      interactions: "What is seldom asked for is left to end."),
    OptionRow(
      "caches.*.client_reloads", .integer(0...1_000_000), default: "50",
      into: .cache(\.clientReloads),
      """
      How many times in a second clients, all together, may make this cache ask a backend about a \
      response that could be used as it is: by `no-cache`, `max-age` or `min-fresh` in \
      `Cache-Control`, or `Pragma: no-cache`, which browsers send with a reload. Beyond it such a \
      request is answered from the cache. 0: such a wish is never followed.
      """,
      reason: """
        People who press reload get what is new; a program that does so without end cannot flatten \
        a backend. RFC 9111 section 5.2.1 lets a cache decide.
        """,
      interactions: "`only-if-cached`, `no-store` and `max-stale` are followed and not counted."),
    OptionRow(
      "caches.*.collapse_timeout", .duration(.milliseconds(1)...Bounds.hour), default: "10s",
      into: .cache(\.collapseTimeout),
      """
      Requests for what is being fetched wait for that fetch, and get its response as it arrives. \
      One that has waited this long for the response's head makes a fetch of its own.
      """,
      reason: "Longer than most answers take, shorter than people wait.",
      interactions: "The route's `timeouts.request` runs meanwhile."),
    OptionRow(
      "caches.*.uncacheable_for", .duration(.seconds(1)...Bounds.day), default: "10s",
      into: .cache(\.uncacheableFor),
      """
      After a response that may not be kept, requests with the same key go straight to a backend \
      for this long, without waiting for one another (hit-for-miss).
      """,
      reason: """
        Else they would queue for a response that none of them may share; and a page that becomes \
        cacheable is found out soon.
        """,
      interactions: "A response that may be kept ends it at once."),
  ]

  private static let cacheKeyRows = [
    OptionRow(
      "caches.*.key", .section,
      """
      What makes two requests the same, beside scheme, host and path, which always count, as do \
      fields that apps take for another host, path or method (`X-Original-URL`, \
      `X-HTTP-Method-Override` and such). What a backend's answer depends on must be in the key, \
      or in the answer's `Vary`, which is obeyed whatever is written here.
      """,
      interactions: """
        After a change by reload, what was stored under another key is not found any more and is \
        pushed out in time.
        """),
    OptionRow(
      "caches.*.key.query", .choiceOrSection(["all", "none"], example: "{ drop: [\"utm_*\"] }"),
      default: "all",
      into: .cache { cache, value in
        guard case .word(let word) = value else { return }
        cache.key.query = word == "none" ? .none : .all
      },
      """
      What counts of the query: `all` of it as it came, `none` of it, or a mapping with `keep` \
      (only these parameters) or `drop` (all but these).
      """,
      reason: "Nobody but the app knows which parameters change nothing.",
      interactions: """
        The backend gets the whole query of the request that fetches. Leave out only what it \
        ignores: else whoever asks first chooses what all others see.
        """),
    OptionRow(
      "caches.*.key.query.keep", .oneOrMore(.parameterName, 1...100),
      """
      The only parameters that count, as names (percent-decoded, in upper or lower case) or \
      beginnings of names, such as `"page_*"`.
      """,
      interactions: """
        Not with `drop`. Parameters with a `;`, or with other characters in their names than \
        letters, digits, `_` and `-`, count as well: apps do not agree on what they mean.
        """),
    OptionRow(
      "caches.*.key.query.drop", .oneOrMore(.parameterName, 1...100),
      """
      Parameters that do not count, such as `["utm_*", fbclid, gclid]`: names (percent-decoded; \
      case counts), with `*` at the end for all that begin so.
      """,
      interactions: """
        Not with `keep`. Parameters with a `;` count all the same, and so do those that only begin \
        as a name with `*` if other characters than letters, digits, `_` and `-` follow.
        """),
    OptionRow(
      "caches.*.key.sort_query", .toggle, default: "off", into: .cache(\.key.sortsQuery),
      """
      Parameters are put in order of their names for the key, so that `?a=1&b=2` and `?b=2&a=1` \
      are the same. Those of one name stay in their order.
      """,
      reason: "For a few apps the order means something.",
      interactions: """
        Without effect with `query: none`. A query with a `;` or with more than 256 parameters \
        stays in its order. The backend gets the query as it came.
        """),
    OptionRow(
      "caches.*.key.headers", .oneOrMore(.cacheKeyField, 1...16),
      into: .cacheList { cache, values in
        cache.key.headers = values.compactMap { if case .word(let name) = $0 { name } else { nil } }
      },
      """
      Fields of the request whose values count, such as `X-Tenant`, for backends whose answers \
      depend on them and do not say so by `Vary`. A request without the field has a key of its own.
      """,
      interactions: """
        Not `Host` (always counted), `Cookie` (see `cookies`), fields of the connection, those \
        that the cache obeys itself, such as `Range`, or `X-Forwarded-For` and `X-Request-Id`, \
        which are others each time. With `Authorization` each value has \
        responses of its own; yet they are kept only if they say `public`, `s-maxage` or \
        `must-revalidate` (RFC 9111 section 3.5). A field that clients may fill with anything \
        lets them fill the cache.
        """),
    OptionRow(
      "caches.*.key.cookies", .oneOrMore(.cookieName, 1...16),
      into: .cacheList { cache, values in
        cache.key.cookies = values.compactMap { if case .word(let name) = $0 { name } else { nil } }
      },
      """
      Cookies of the request whose values count, such as `language`; case counts. Other cookies \
      make no difference, though the backend sees them.
      """,
      interactions: """
        A session's cookie here gives each user responses of their own, and few hits. Responses \
        that depend on other cookies need `Cache-Control: private`.
        """),
  ]

  private static let year = Bounds.day * 365
  private static let seconds = OptionKind.duration(.seconds(1)...year, word: "off")
}
