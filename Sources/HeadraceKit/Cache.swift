import ArgumentParser
import ControlPlane

/// `headrace cache ...`: what the caches of a running proxy hold, and taking it out.
struct Cache: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what is cached, and why something is not; purge it.",
    discussion: """
      Asks the admin listener of the running proxy. Without a subcommand: stats.

      Examples:
        headrace cache                            (of /etc/headrace/headrace.yaml)
        headrace cache show http://example.com/app.js
        headrace cache purge http://example.com/app.js
        headrace cache purge --tag product-7 --soft
      """,
    subcommands: [Stats.self, Show.self, List.self, Purge.self], defaultSubcommand: Stats.self)

  /// `headrace cache stats`
  struct Stats: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show each cache: its memory, what it holds, and how it fares.",
      discussion: """
        A table, or one JSON document for scripts.

        Examples:
          headrace cache
          headrace cache --json site.yaml | jq '.caches[].hit_ratio_percent'

        Exit status: 0 shown, 1 there is no such cache, or nobody answers.
        """)

    @OptionGroup var options: CacheOptions
    @OptionGroup var target: AdminTarget

    func run() throws {
      try target.show(failing: "no caches to show") { client throws(AdminClient.Failure) in
        try client.caches(cache: options.cache, json: options.json)
      }
    }
  }

  /// `headrace cache show`
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show all that is stored for a URL, or why nothing can be.",
      discussion: """
        Every variant with its age, what is left of its freshness (negative when it is stale), \
        size and hits. Without http:// or https:// both are meant.

        Examples:
          headrace cache show http://example.com/app.js
          headrace cache show --json example.com/list?page=2 site.yaml

        Exit status: 0 shown, 1 it is no URL, there is no such cache, or nobody answers.
        """)

    @OptionGroup var options: CacheOptions
    @Argument(help: "Such as http://example.com/path?query.") var url: String
    @OptionGroup var target: AdminTarget

    func run() throws {
      try target.show(failing: "nothing to show") { client throws(AdminClient.Failure) in
        try client.stored(url: url, cache: options.cache, json: options.json)
      }
    }
  }

  /// `headrace cache list`
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List stored responses.",
      discussion: """
        A line for each, or one JSON document for scripts. When there are more than --limit, some \
        of them.

        Examples:
          headrace cache list
          headrace cache list --prefix example.com/static/ --limit 1000

        Exit status: 0 shown, 1 it is no URL, there is no such cache, or nobody answers.
        """)

    @Option(
      help: ArgumentHelp(
        "Only URLs that begin with it, such as example.com/static/.", valueName: "url"))
    var prefix = ""
    @Option(help: "How many at most, up to 10000.") var limit = 100
    @OptionGroup var options: CacheOptions
    @OptionGroup var target: AdminTarget

    func validate() throws {
      guard (1...10_000).contains(limit) else {
        throw ValidationError("--limit must be 1 to 10000, not \(limit)")
      }
    }

    func run() throws {
      try target.show(failing: "nothing to list") { client throws(AdminClient.Failure) in
        try client.stored(
          under: prefix, limit: limit, cache: options.cache, json: options.json)
      }
    }
  }

  /// `headrace cache purge`
  struct Purge: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take responses out of the caches, or make them stale.",
      discussion: """
        Takes one URL in all its variants, all URLs under a prefix, all responses with a tag, or \
        everything; from all caches, unless --cache names one. Says how many there were. What is \
        being fetched meanwhile is not stored.

        Examples:
          headrace cache purge http://example.com/app.js
          headrace cache purge --prefix example.com/static/ site.yaml
          headrace cache purge --tag product-7 --soft
          headrace cache purge --all --cache assets

        Exit status: 0 done, even if nothing was stored; 1 it is no URL, there is no such cache, \
        or nobody answers.
        """)

    @Option(
      help: ArgumentHelp(
        "All URLs that begin with it, such as example.com/static/.", valueName: "url"))
    var prefix: String?
    @Option(help: "All responses with this tag (Cache-Tag or Surrogate-Key).") var tag: String?
    @Flag(help: "Everything.") var all = false
    @Flag(help: "Make it stale only: it is used while it is validated, if its rules allow that.")
    var soft = false
    @OptionGroup var options: CacheOptions
    @Argument(help: "The URL; not with --prefix, --tag or --all.") var url: String?
    @OptionGroup var target: AdminTarget

    /// With another subject the first argument is the file.
    mutating func validate() throws {
      let others = (prefix == nil ? 0 : 1) + (tag == nil ? 0 : 1) + (all ? 1 : 0)
      guard others < 2 else { throw ValidationError("one of --prefix, --tag and --all at a time") }
      guard others == 1 else {
        guard url == nil else { return }
        throw ValidationError("needs a URL, or --prefix, --tag or --all")
      }
      guard let file = url else { return }
      guard target.config.file == ConfigArgument.standard else {
        throw ValidationError("a URL does not go with --prefix, --tag or --all")
      }
      target.config.file = file
      url = nil
    }

    private var subject: AdminClient.PurgeSubject {
      if let url { return .url(url) }
      if let prefix { return .prefix(prefix) }
      if let tag { return .tag(tag) }
      return .all
    }

    func run() throws {
      try target.show(failing: "nothing is purged") { client throws(AdminClient.Failure) in
        try client.purge(subject, cache: options.cache, soft: soft, json: options.json)
      }
    }
  }
}

/// What the commands about caches have in common.
struct CacheOptions: ParsableArguments {
  @Option(help: "Only this cache.") var cache: String?
  @Flag(help: "Print one JSON document on stdout.") var json = false
}

extension AdminTarget {
  /// Prints what the proxy answers.
  fileprivate func show(
    failing: String, _ question: (AdminClient) throws(AdminClient.Failure) -> AdminClient.Answer
  ) throws {
    let client = try client(failing: failing)
    let answer = try ask(failing: failing) { () throws(AdminClient.Failure) in
      try question(client)
    }
    try answer.show()
  }
}
