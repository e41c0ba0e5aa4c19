/// Routes seen so far, found again by what could cover a later one: a tree of path segments, and
/// at its ends the hosts. Thousands of routes do not mean millions of comparisons.
///
/// Used by the decoder on one thread; thrown away with it. Its work is bounded: a file made to be
/// slow is left unchecked in part, which costs a warning.
struct RouteCoverIndex {
  private struct Node {
    var literals: [String: Int] = [:]
    /// `*` and captures.
    var any: Int?
    /// Routes by host; "" for those of any host. Suffixes start with a dot.
    var exact: [String: [Int]] = [:]
    var exactSlash: [String: [Int]] = [:]
    var below: [String: [Int]] = [:]
  }

  private var nodes = [Node()]
  private var matches: [Config.Match] = []
  private var workLeft = 4_000_000

  /// The next route in the order of the file.
  mutating func insert(_ match: Config.Match) {
    let route = matches.count
    matches.append(match)
    let all = Config.PathPattern(segments: [], matchesBelow: true)
    for path in match.paths.isEmpty ? [all] : match.paths {
      let end = node(of: path.segments)
      for host in match.hosts.isEmpty ? [""] : match.hosts.map(\.key) {
        workLeft -= 1
        guard workLeft > 0 else { return }
        if path.matchesBelow {
          nodes[end].below[host, default: []].append(route)
        } else if path.endsWithSlash {
          nodes[end].exactSlash[host, default: []].append(route)
        } else {
          nodes[end].exact[host, default: []].append(route)
        }
      }
    }
  }

  private mutating func node(of segments: [Config.PathPattern.Segment]) -> Int {
    var current = 0
    for segment in segments {
      if let next = child(of: current, segment) {
        current = next
        continue
      }
      nodes.append(Node())
      let next = nodes.count - 1
      if case .literal(let text) = segment {
        nodes[current].literals[text] = next
      } else {
        nodes[current].any = next
      }
      current = next
    }
    return current
  }

  private func child(of node: Int, _ segment: Config.PathPattern.Segment) -> Int? {
    if case .literal(let text) = segment { nodes[node].literals[text] } else { nodes[node].any }
  }

  /// The first route, in the order of insertion, that takes all requests of this one.
  mutating func first(covering match: Config.Match) -> Int? {
    let path = match.paths.first ?? Config.PathPattern(segments: [], matchesBelow: true)
    let hosts = match.hosts.first.map(\.coveringKeys) ?? [""]
    var best: Int?
    for list in lists(for: path) {
      for host in hosts {
        for route in list[host] ?? [] where route < best ?? .max {
          workLeft -= 1 + matches[route].comparisons(with: match)
          guard workLeft > 0 else { return best }
          if matches[route].covers(match) { best = route }
        }
      }
    }
    return best
  }

  /// What ends at nodes whose patterns cover the path.
  private mutating func lists(for path: Config.PathPattern) -> [[String: [Int]]] {
    var lists: [[String: [Int]]] = []
    var level = [0]
    for segment in path.segments {
      lists += level.map { nodes[$0].below }
      var next: [Int] = []
      for node in level {
        if case .literal(let text) = segment, let child = nodes[node].literals[text] {
          next.append(child)
        }
        if let child = nodes[node].any { next.append(child) }
      }
      workLeft -= level.count
      guard workLeft > 0, !next.isEmpty else { return lists }
      level = next
    }
    lists += level.map { nodes[$0].below }
    if !path.matchesBelow {
      lists += level.map { path.endsWithSlash ? nodes[$0].exactSlash : nodes[$0].exact }
    }
    return lists
  }
}

extension Config.Match {
  /// At most how many items `covers` compares.
  fileprivate func comparisons(with other: Config.Match) -> Int {
    hosts.count * other.hosts.count + paths.count * other.paths.count
      + methods.count * other.methods.count
      + clientAddresses.count * other.clientAddresses.count
      + headers.count * other.headers.count + query.count * other.query.count
  }
}

extension Config.HostPattern {
  fileprivate var key: String {
    switch self {
    case .exact(let host): host
    case .suffix(let suffix): suffix
    }
  }

  /// Its own key, that of every suffix above it, and that of any host.
  fileprivate var coveringKeys: [String] {
    var keys = ["", key]
    var rest = key.dropFirst()
    while let dot = rest.firstIndex(of: ".") {
      keys.append(String(rest[dot...]))
      rest = rest[rest.index(after: dot)...]
    }
    return keys
  }
}

extension ConfigDecoder {
  mutating func checkShadowedRoutes() {
    var index = RouteCoverIndex()
    for (number, route) in config.routes.enumerated() {
      let above = index.first(covering: route.match)
      index.insert(route.match)
      guard let above else { continue }
      let place = routePlaces[number]
      let line = line(of: routePlaces[above], seenFrom: place)
      warn(place, "this route can never match: the one in \(line) takes all of its requests")
    }
  }
}
