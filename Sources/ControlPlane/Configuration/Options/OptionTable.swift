/// The one table of all options, in the order of the reference.
///
/// It drives which keys are known, how scalars are decoded, their bounds, their defaults and
/// docs/configuration.md. To add an option, add a row (see CONTRIBUTING.md).
enum OptionTable {
  /// In the order of the reference.
  static let rows: [OptionRow] =
    includeRows + listenerRows + listenerTLSRows + listenerProxyProtocolRows + adminRows + routeRows
    + matchRows + actionRows
    + headerRows
    + routeCacheRows + compressRows + rateRows + routeTLSRows
    + poolRows + strategyRows + retryRows + capacityRows
    + healthRows + breakerRows + stickyRows + poolTLSRows + poolProxyProtocolRows + cacheRows
    + serverRows + timeoutRows
    + limitRows
    + rateTableRows
    + operationRows + compressionRows

  private static let rowsByPath = Dictionary(uniqueKeysWithValues: rows.map { ($0.path, $0) })

  /// Rows one level below `parent`; "" is the top of the file.
  static func children(of parent: String) -> [OptionRow] { childrenByParent[parent] ?? [] }

  private static let childrenByParent = Dictionary(
    grouping: rows.filter { !$0.path.hasSuffix("[]") }
  ) { row in
    row.path.split(separator: ".").dropLast().joined(separator: ".")
  }

  /// The row of a path that the code names; a missing one is a bug.
  static func row(_ path: String) -> OptionRow {
    guard let row = rowsByPath[path] else { preconditionFailure("no option \(path)") }
    return row
  }

  /// A config with the default of every row that has one.
  static func defaultConfig() -> Config {
    var config = Config()
    for row in rows {
      if case .config(let store) = row.target, let value = defaultValue(row) {
        store(&config, value)
      }
    }
    return config
  }

  /// Gives a pool the default of every row that has one.
  static func setDefaults(of pool: inout Config.Pool) {
    for row in rows {
      guard let value = defaultValue(row) else { continue }
      if case .pool(let store) = row.target { store(&pool, value) }
      if case .poolList(let store) = row.target { store(&pool, [value]) }
    }
  }

  /// Gives a cache the default of every row that has one.
  static func setDefaults(of cache: inout Config.Cache) {
    for row in rows {
      if case .cache(let store) = row.target, let value = defaultValue(row) {
        store(&cache, value)
      }
    }
  }

  /// The default of a row that the code names, as written; a row without one is a bug.
  static func defaultText(_ path: String) -> String {
    guard let text = row(path).defaultText else { preconditionFailure("no default of \(path)") }
    return text
  }

  /// A default that its own row refuses is a bug.
  static func defaultValue(_ row: OptionRow) -> OptionValue? {
    guard let text = row.defaultText else { return nil }
    do {
      return try row.kind.decode(text)
    } catch {
      preconditionFailure("default of \(row.path): \(error.message)")
    }
  }
}
