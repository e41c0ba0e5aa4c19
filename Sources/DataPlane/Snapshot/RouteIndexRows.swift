/// A node of a path tree: one for each beginning of a pattern that some group of hosts has.
///
/// Three lists of patterns end here: those of the path that ends here, of the one that ends with a
/// slash behind it, and of all below it.
package struct RouteNodeRow: BitwiseCopyable, Sendable {
  package static var none: UInt32 { .max }
  /// The lowest pattern in this node and all below it: a walk that has a lower one turns back.
  package var lowest: UInt32 = .max
  /// Where any non-empty segment leads.
  package var anyChild: UInt32 = none
  /// The one literal that leads on from here, in the row itself: most nodes have no more, and a
  /// look into the table of edges is a cache miss.
  package var onlyChild: UInt32 = none
  package var onlyText = TextReference(offset: 0, count: 0)
  package var onlyHead: UInt64 = 0
  /// Two literals or more: they are in the table of edges.
  package var hasEdges = false
  package var exact = RowRange.none
  package var slash = RowRange.none
  package var below = RowRange.none
  package init() {}
}

/// A pattern that ends in a node.
package struct RouteCandidateRow: BitwiseCopyable, Sendable {
  package let path: UInt32
  package let route: UInt32
  package let hasConditions: Bool
}

/// An edge of a path tree, a slot of one hash table for all: (node, segment) to node.
package struct RouteEdgeRow: BitwiseCopyable, Sendable {
  package var parent: UInt32 = 0
  /// `RouteNodeRow.none`: the slot is free.
  package var child: UInt32 = RouteNodeRow.none
  package var text = TextReference(offset: 0, count: 0)
  /// Its first eight bytes, zeros behind the end: settles most comparisons.
  package var head: UInt64 = 0
}

/// A slot of the hash table from host to the root of its path tree.
package struct RouteHostRow: BitwiseCopyable, Sendable {
  /// `RouteNodeRow.none`: the slot is free.
  package var root: UInt32 = RouteNodeRow.none
  package var hash: UInt32 = 0
  package var text = TextReference(offset: 0, count: 0)
  package var isSuffix = false
}

/// What the matcher walks through: made once by `RouteIndexBuilder`.
package struct RouteIndex: ~Copyable, Sendable {
  package let nodes: Table<RouteNodeRow>
  package let candidates: Table<RouteCandidateRow>
  /// A power of two of slots, at most half of them used.
  package let edges: Table<RouteEdgeRow>
  /// As `edges`; empty when no route asks for a host.
  package let hosts: Table<RouteHostRow>
  /// Bytes of the longest suffix of hosts; 0 when there is none.
  package let longestSuffix: Int
  /// Of the routes for every host; `RouteNodeRow.none` when there are none.
  package let anyRoot: UInt32
  /// The first route takes every request.
  package let isTrivial: Bool
}

/// What routes match and do, row by row.
package struct RouteTables: ~Copyable, Sendable {
  package let hosts: Table<HostRow>
  package let paths: Table<PathRow>
  package let segments: Table<SegmentRow>
  package let conditions: Table<ConditionRow>
  package let values: Table<TextReference>
  package let ranges: Table<AddressRangeRow>
  package let parts: Table<TemplatePartRow>
  package let edits: Table<EditRow>
  package let details: Table<RouteDetailRow>
  package let rates: Table<RateRow>
  /// Some route asks for the client's address.
  package let usesAddress: Bool

  init(_ draft: borrowing RouteDraft) {
    hosts = Table(draft.hosts)
    paths = Table(draft.paths)
    segments = Table(draft.segments)
    conditions = Table(draft.conditions)
    values = Table(draft.values)
    ranges = Table(draft.ranges)
    parts = Table(draft.parts)
    edits = Table(draft.edits)
    details = Table(draft.details)
    rates = Table(draft.rates)
    usesAddress = draft.conditions.contains { $0.kind == .client }
  }
}

/// `RouteTables` before they are frozen.
package struct RouteDraft {
  package var hosts: [HostRow] = []
  package var paths: [PathRow] = []
  package var segments: [SegmentRow] = []
  package var conditions: [ConditionRow] = []
  package var values: [TextReference] = []
  package var ranges: [AddressRangeRow] = []
  package var parts: [TemplatePartRow] = []
  package var edits: [EditRow] = []
  package var details: [RouteDetailRow] = []
  package var rates: [RateRow] = []
  package init() {}
}
