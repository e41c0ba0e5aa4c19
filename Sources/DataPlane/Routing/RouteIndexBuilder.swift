/// Builds the index of a snapshot's routes: a tree of path segments for each host that some route
/// names, one for the routes of every host; all trees in flat tables.
struct RouteIndexBuilder {
  /// A node while the trees grow.
  private struct Node {
    var literals: [[UInt8]: Int] = [:]
    var any: Int? = nil
    var exact: [Int] = []
    var slash: [Int] = []
    var below: [Int] = []
  }

  /// Who shares a tree.
  private struct Group: Hashable {
    let host: [UInt8]
    let isSuffix: Bool
  }

  private var nodes: [Node] = []
  private var roots: [Group: Int] = [:]
  private var groups: [(Group, TextReference)] = []
  private var anyRoot: Int? = nil
  /// Where a segment's bytes are in the snapshot's text.
  private var texts: [[UInt8]: TextReference] = [:]

  static func build(_ draft: borrowing SnapshotDraft) -> RouteIndex {
    var builder = RouteIndexBuilder()
    for route in draft.routes {
      for path in route.paths.indices { builder.add(path, of: route, draft) }
    }
    return builder.freeze(draft)
  }

  private mutating func add(_ path: Int, of route: RouteRow, _ draft: borrowing SnapshotDraft) {
    if route.hosts.count == 0 {
      let root = anyRoot ?? newNode()
      anyRoot = root
      return insert(path, root, draft)
    }
    for index in route.hosts.indices {
      let host = draft.routing.hosts[index]
      let group = Group(host: Self.bytes(host.text, draft), isSuffix: host.isSuffix)
      let root = roots[group] ?? newNode()
      if roots.updateValue(root, forKey: group) == nil { groups.append((group, host.text)) }
      insert(path, root, draft)
    }
  }

  private mutating func newNode() -> Int {
    nodes.append(Node())
    return nodes.count - 1
  }

  private mutating func insert(_ number: Int, _ root: Int, _ draft: borrowing SnapshotDraft) {
    let path = draft.routing.paths[number]
    var node = root
    for index in path.segments.indices {
      let segment = draft.routing.segments[index]
      if segment.kind != .literal {
        let next = nodes[node].any ?? newNode()
        nodes[node].any = next
        node = next
        continue
      }
      let text = Self.bytes(segment.text, draft)
      texts[text] = texts[text] ?? segment.text
      let next = nodes[node].literals[text] ?? newNode()
      nodes[node].literals[text] = next
      node = next
    }
    // The numbers ascend, so the lists are sorted; a host that is named twice adds a path twice.
    if path.isBelow {
      if nodes[node].below.last != number { nodes[node].below.append(number) }
    } else if path.endsWithSlash || path.segments.count == 0 {
      if nodes[node].slash.last != number { nodes[node].slash.append(number) }
    } else if nodes[node].exact.last != number {
      nodes[node].exact.append(number)
    }
  }

  // MARK: Freezing

  private func freeze(_ draft: borrowing SnapshotDraft) -> RouteIndex {
    var rows: [RouteNodeRow] = []
    var candidates: [RouteCandidateRow] = []
    rows.reserveCapacity(nodes.count)
    func list(_ numbers: [Int]) -> RowRange {
      let range = RowRange(first: candidates.count, count: numbers.count)
      for number in numbers {
        let route = draft.routing.paths[number].route
        candidates.append(
          RouteCandidateRow(
            path: UInt32(number), route: route,
            hasConditions: draft.routes[Int(route)].conditions.count > 0))
      }
      return range
    }
    for node in nodes {
      var row = RouteNodeRow()
      row.anyChild = node.any.map { UInt32($0) } ?? RouteNodeRow.none
      row.hasEdges = node.literals.count > 1
      if node.literals.count == 1, let (text, child) = node.literals.first {
        let padded = text + [UInt8](repeating: 0, count: 8)
        row.onlyChild = UInt32(child)
        row.onlyText = texts[text] ?? TextReference(offset: 0, count: 0)
        row.onlyHead = SegmentKey.word(padded.span, 0, text.count)
      }
      row.lowest =
        [node.exact.first, node.slash.first, node.below.first]
        .compactMap { $0.map { UInt32($0) } }.min() ?? .max
      row.exact = list(node.exact)
      row.slash = list(node.slash)
      row.below = list(node.below)
      rows.append(row)
    }
    // Children come behind their parents, so one pass from the end carries the lowest up.
    for index in nodes.indices.reversed() {
      for child in Array(nodes[index].literals.values) + (nodes[index].any.map { [$0] } ?? []) {
        rows[index].lowest = min(rows[index].lowest, rows[child].lowest)
      }
    }
    return RouteIndex(
      nodes: Table(rows), candidates: Table(candidates), edges: Table(edgeTable(draft)),
      hosts: Table(hostTable()), longestSuffix: longestSuffix,
      anyRoot: anyRoot.map { UInt32($0) } ?? RouteNodeRow.none,
      isTrivial: Self.isTrivial(draft))
  }

  private static func isTrivial(_ draft: borrowing SnapshotDraft) -> Bool {
    guard let first = draft.routes.first, first.hosts.count == 0, first.conditions.count == 0,
      first.paths.count == 1
    else { return false }
    let path = draft.routing.paths[Int(first.paths.first)]
    return path.isBelow && path.segments.count == 0
  }

  private func edgeTable(_ draft: borrowing SnapshotDraft) -> [RouteEdgeRow] {
    let count = nodes.reduce(0) { $0 + ($1.literals.count > 1 ? $1.literals.count : 0) }
    guard count > 0 else { return [] }
    var table = [RouteEdgeRow](repeating: RouteEdgeRow(), count: Self.slots(count))
    for (index, node) in nodes.enumerated() where node.literals.count > 1 {
      for (text, child) in node.literals {
        let padded = text + [UInt8](repeating: 0, count: 8)
        let key = SegmentKey(padded.span, 0, text.count, parent: UInt32(index))
        var slot = Int(key.hash) & (table.count - 1)
        while table[slot].child != RouteNodeRow.none { slot = (slot + 1) & (table.count - 1) }
        table[slot].parent = UInt32(index)
        table[slot].child = UInt32(child)
        table[slot].text = texts[text] ?? TextReference(offset: 0, count: 0)
        table[slot].head = key.head
      }
    }
    return table
  }

  private func hostTable() -> [RouteHostRow] {
    guard !groups.isEmpty else { return [] }
    var table = [RouteHostRow](repeating: RouteHostRow(), count: Self.slots(groups.count))
    for (group, text) in groups {
      let padded = group.host + [UInt8](repeating: 0, count: 8)
      let hash = HostKey.hash(padded.span, 0, group.host.count)
      var slot = Int(hash) & (table.count - 1)
      while table[slot].root != RouteNodeRow.none { slot = (slot + 1) & (table.count - 1) }
      table[slot].root = roots[group].map { UInt32($0) } ?? RouteNodeRow.none
      table[slot].hash = hash
      table[slot].text = text
      table[slot].isSuffix = group.isSuffix
    }
    return table
  }

  private var longestSuffix: Int {
    groups.map { $0.0.isSuffix ? $0.0.host.count : 0 }.max() ?? 0
  }

  /// A power of two, at least twice the count.
  private static func slots(_ count: Int) -> Int {
    var slots = 4
    while slots < count * 2 { slots *= 2 }
    return slots
  }

  private static func bytes(
    _ text: TextReference, _ draft: borrowing SnapshotDraft
  ) -> [UInt8] {
    Array(draft.text[Int(text.offset)..<(Int(text.offset) + Int(text.count))])
  }
}
