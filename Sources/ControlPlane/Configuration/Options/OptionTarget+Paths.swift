/// Key paths of the config as targets, one overload for each type of field. A value of another
/// case than the row's kind gives is a bug in the table, which the table's test finds.
extension OptionTarget {
  typealias Field<Root, Value> = any WritableKeyPath<Root, Value> & Sendable

  static func config(_ field: Field<Config, Duration?>) -> OptionTarget {
    .config { $0[keyPath: field] = $1.duration }
  }
  static func config(_ field: Field<Config, Duration>) -> OptionTarget {
    .config { $0[keyPath: field] = $1.duration ?? $0[keyPath: field] }
  }
  static func config(_ field: Field<Config, Int>) -> OptionTarget {
    .config { $0[keyPath: field] = $1.integer ?? $0[keyPath: field] }
  }
  static func config(_ field: Field<Config, Int?>) -> OptionTarget {
    .config { $0[keyPath: field] = $1.integer }
  }
  static func config(_ field: Field<Config, Int64?>) -> OptionTarget {
    .config { $0[keyPath: field] = $1.integer.map(Int64.init) }
  }
  static func config(_ field: Field<Config, Bool>) -> OptionTarget {
    .config { $0[keyPath: field] = $1 == .flag(true) }
  }
  static func config(_ field: Field<Config, Config.AccessLog>) -> OptionTarget {
    .config { config, value in
      guard case .word(let word) = value, let log = Config.AccessLog(rawValue: word) else { return }
      config[keyPath: field] = log
    }
  }

  static func pool(_ field: Field<Config.Pool, Int>) -> OptionTarget {
    .pool { $0[keyPath: field] = $1.integer ?? $0[keyPath: field] }
  }
  static func pool(_ field: Field<Config.Pool, Bool>) -> OptionTarget {
    .pool { $0[keyPath: field] = $1 == .flag(true) }
  }
  static func pool(_ field: Field<Config.Pool, Int?>) -> OptionTarget {
    .pool { $0[keyPath: field] = $1.integer }
  }
  static func pool(_ field: Field<Config.Pool, Duration?>) -> OptionTarget {
    .pool { $0[keyPath: field] = $1.duration }
  }
  static func pool(_ field: Field<Config.Pool, Duration>) -> OptionTarget {
    .pool { $0[keyPath: field] = $1.duration ?? $0[keyPath: field] }
  }
  static func pool(_ field: Field<Config.Pool, Config.Strategy>) -> OptionTarget {
    .pool { pool, value in
      switch value {
      case .word(let word): pool[keyPath: field] = Config.Strategy(word: word) ?? .roundRobin
      case .hashKey(let key): pool[keyPath: field] = .hash(key)
      default: return
      }
    }
  }
  static func poolList(_ field: Field<Config.Pool, [ClosedRange<Int>]>) -> OptionTarget {
    .poolList { pool, values in
      pool[keyPath: field] = values.compactMap { value in
        if case .statuses(let range) = value { range } else { nil }
      }
    }
  }
  static func cache(_ field: Field<Config.Cache, Int>) -> OptionTarget {
    .cache { $0[keyPath: field] = $1.integer ?? $0[keyPath: field] }
  }
  static func cache(_ field: Field<Config.Cache, Bool>) -> OptionTarget {
    .cache { $0[keyPath: field] = $1 == .flag(true) }
  }
  static func cache(_ field: Field<Config.Cache, Duration?>) -> OptionTarget {
    .cache { $0[keyPath: field] = $1.duration }
  }
  static func cache(_ field: Field<Config.Cache, Duration>) -> OptionTarget {
    .cache { $0[keyPath: field] = $1.duration ?? $0[keyPath: field] }
  }
  static func timeouts(
    _ field: Field<Config.RouteTimeouts, Config.RouteTimeouts.Choice>
  ) -> OptionTarget {
    .timeouts { $0[keyPath: field] = $1.duration.map { .after($0) } ?? .off }
  }
  static func admin(_ field: Field<Config.Admin, Endpoint>) -> OptionTarget {
    .admin { admin, value in
      guard case .endpoint(let endpoint) = value else { return }
      admin[keyPath: field] = endpoint
    }
  }
}

extension OptionValue {
  fileprivate var duration: Duration? {
    if case .duration(let duration) = self { duration } else { nil }
  }

  fileprivate var integer: Int? {
    switch self {
    case .integer(let number): number
    case .bytes(let bytes): Int(bytes)
    default: nil
    }
  }
}
