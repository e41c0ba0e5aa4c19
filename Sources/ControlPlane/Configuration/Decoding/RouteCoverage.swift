/// Whether one route takes all requests that another would: the ground of the warning that a
/// route can never match. Says yes only when sure.
extension Config.Match {
  func covers(_ other: Config.Match) -> Bool {
    Self.covers(hosts, other.hosts) { $0.covers($1) }
      && Self.covers(paths, other.paths) { $0.covers($1) }
      && Self.covers(methods, other.methods) { $0 == $1 }
      && Self.covers(clientAddresses, other.clientAddresses) { $0.covers($1) }
      && Self.follow(headers, from: other.headers) && Self.follow(query, from: other.query)
  }

  /// Lists of which one item must hold; an empty list holds always.
  private static func covers<Item>(
    _ wider: [Item], _ narrower: [Item], _ covers: (Item, Item) -> Bool
  ) -> Bool {
    if wider.isEmpty { return true }
    guard !narrower.isEmpty else { return false }
    return narrower.allSatisfy { item in wider.contains { covers($0, item) } }
  }

  /// Each condition of the first follows from one of the second.
  private static func follow(
    _ conditions: [Config.Condition], from others: [Config.Condition]
  ) -> Bool {
    conditions.allSatisfy { condition in
      others.contains { $0.name == condition.name && condition.test.follows(from: $0.test) }
    }
  }
}

extension Config.HostPattern {
  /// Whether every host that `other` matches is matched by this one too.
  func covers(_ other: Config.HostPattern) -> Bool {
    switch (self, other) {
    case (.exact(let a), .exact(let b)): a == b
    case (.suffix(let a), .exact(let b)), (.suffix(let a), .suffix(let b)): b.hasSuffix(a)
    default: false
    }
  }
}

extension Config.PathPattern {
  /// Whether every path that `other` matches is matched by this one too.
  func covers(_ other: Config.PathPattern) -> Bool {
    if matchesBelow {
      guard segments.count <= other.segments.count else { return false }
    } else {
      guard !other.matchesBelow, segments.count == other.segments.count,
        endsWithSlash == other.endsWithSlash
      else { return false }
    }
    return zip(segments, other.segments).allSatisfy { $0.covers($1) }
  }
}

extension Config.PathPattern.Segment {
  /// Whether this matches every segment that `other` does.
  func covers(_ other: Config.PathPattern.Segment) -> Bool {
    switch (self, other) {
    case (.literal(let a), .literal(let b)): a == b
    case (.literal, _): false
    case (_, .literal(let b)): !b.isEmpty
    default: true
    }
  }
}

extension Config.Condition.Test {
  /// Whether this holds whenever `other` does.
  func follows(from other: Config.Condition.Test) -> Bool {
    switch (self, other) {
    case (.absent, _): other == .absent
    case (_, .absent): false
    case (.present, _): true
    case (_, .isOneOf(let values)): values.allSatisfy(holds)
    case (.hasPrefix(let a), .hasPrefix(let b)): b.hasPrefix(a)
    case (.contains(let a), .hasPrefix(let b)), (.contains(let a), .contains(let b)):
      b.contains(a)
    default: false
    }
  }

  private func holds(_ value: String) -> Bool {
    switch self {
    case .present: true
    case .absent: false
    case .isOneOf(let values): values.contains(value)
    case .hasPrefix(let prefix): value.hasPrefix(prefix)
    case .contains(let part): value.contains(part)
    }
  }
}

extension AddressRange {
  /// Whether every address of `other` is in this one too.
  func covers(_ other: AddressRange) -> Bool {
    guard prefixLength <= other.prefixLength else { return false }
    return zip(bytes, other.bytes).enumerated().allSatisfy { index, pair in
      let kept = min(8, max(0, prefixLength - index * 8))
      let mask = UInt8(truncatingIfNeeded: 0xFF00 >> kept)
      return pair.0 & mask == pair.1 & mask
    }
  }
}
