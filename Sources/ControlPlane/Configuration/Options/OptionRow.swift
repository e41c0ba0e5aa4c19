/// One option of the config: everything that decoding, checks and documentation need to know.
///
/// A row is the only place where an option's name, default, bounds and words are written.
struct OptionRow: Sendable {
  /// Keys joined by dots; `*` is a name that the file chooses, `[]` an item of a list.
  let path: String
  let kind: OptionKind
  /// As one would write it in the file. `nil`: no default (an optional part, or a required one).
  let defaultText: String?
  let isRequired: Bool
  /// What it does, in sentences.
  let summary: String
  /// Why the default is what it is; empty where there is none.
  let reason: String
  /// What it works together with; empty where that is nothing.
  let interactions: String
  /// The version that brought it.
  let since: String
  /// Whether a reload changes it; if not, the process must be started anew.
  let isReloadable: Bool
  let target: OptionTarget

  init(
    _ path: String, _ kind: OptionKind, default defaultText: String? = nil,
    required: Bool = false, into target: OptionTarget = .structure, _ summary: String,
    reason: String = "", interactions: String = "", since: String = "0.1", reloadable: Bool = true
  ) {
    self.path = path
    self.kind = kind
    self.defaultText = defaultText
    self.isRequired = required
    self.summary = summary
    self.reason = reason
    self.interactions = interactions
    self.since = since
    isReloadable = reloadable
    self.target = target
  }

  /// The last key: `max_idle` of `pools.*.keep_alive.max_idle`.
  var key: String { path.split(separator: ".").last.map(String.init) ?? path }
}

/// Where a decoded scalar goes.
enum OptionTarget: Sendable {
  case config(@Sendable (inout Config, OptionValue) -> Void)
  case pool(@Sendable (inout Config.Pool, OptionValue) -> Void)
  /// All values of a row of the kind `oneOrMore`.
  case poolList(@Sendable (inout Config.Pool, [OptionValue]) -> Void)
  case cache(@Sendable (inout Config.Cache, OptionValue) -> Void)
  /// All values of a row of the kind `oneOrMore`.
  case cacheList(@Sendable (inout Config.Cache, [OptionValue]) -> Void)
  case timeouts(@Sendable (inout Config.RouteTimeouts, OptionValue) -> Void)
  case admin(@Sendable (inout Config.Admin, OptionValue) -> Void)
  /// A function of the decoder takes it.
  case structure
}
