/// A run of rows of another table.
package struct RowRange: BitwiseCopyable, Equatable, Sendable {
  package let first: UInt32
  package let count: UInt32
  package init(first: Int, count: Int) {
    self.first = UInt32(first)
    self.count = UInt32(count)
  }

  package static var none: RowRange { RowRange(first: 0, count: 0) }
  package var indices: Range<Int> {
    @inline(__always) get { Int(first)..<(Int(first) &+ Int(count)) }
  }
}

/// What a route does beyond matching host and path: the plain ones have none of it.
package struct RouteFlags: OptionSet, BitwiseCopyable, Sendable {
  package let rawValue: UInt16
  package init(rawValue: UInt16) { self.rawValue = rawValue }

  package static var hasConditions: RouteFlags { RouteFlags(rawValue: 1) }
  package static var hasTimeouts: RouteFlags { RouteFlags(rawValue: 2) }
  package static var rewrites: RouteFlags { RouteFlags(rawValue: 4) }
  package static var editsRequest: RouteFlags { RouteFlags(rawValue: 8) }
  package static var editsResponse: RouteFlags { RouteFlags(rawValue: 16) }
  package static var hasRates: RouteFlags { RouteFlags(rawValue: 32) }

  /// Responses are stored and reused: `RouteRow.cache`.
  package static var isCached: RouteFlags { RouteFlags(rawValue: 64) }
  /// Of the route's pool: clients are bound to backends by a cookie.
  package static var isSticky: RouteFlags { RouteFlags(rawValue: 128) }
  /// Responses are compressed for clients that take it: `PolicyRow.compression`.
  package static var compresses: RouteFlags { RouteFlags(rawValue: 256) }
  /// Only for connections whose client certificate was verified; for others 421.
  package static var needsClientCertificate: RouteFlags { RouteFlags(rawValue: 512) }
  /// Answers over TLS carry `Strict-Transport-Security`: `RouteDetailRow.hsts`.
  package static var hasHSTS: RouteFlags { RouteFlags(rawValue: 1024) }

  /// The request's head is not written the plain way.
  @inline(__always) var changesRequest: Bool { rawValue & 12 != 0 }
}

/// One route: where it leads; what it matches is in the index and, row by row, in `hosts`,
/// `paths` and `conditions`.
package struct RouteRow: BitwiseCopyable, Sendable {
  package enum Action: UInt8, Sendable, BitwiseCopyable { case pool, redirect, respond }

  package var name: TextReference
  package var action = Action.pool
  package var flags: RouteFlags = []
  package var pool: UInt32 = 0
  /// Its row in the counters; outlives the snapshot.
  package var counters: UInt32
  /// Its row in `details`; plain routes have none and never look.
  package var detail: UInt32 = 0
  /// Its row in `caches`, if `flags` has `isCached`.
  package var cache: UInt32 = 0
  package var hosts = RowRange.none
  package var paths = RowRange.none
  package var conditions = RowRange.none

  package init(name: TextReference, counters: UInt32) {
    self.name = name
    self.counters = counters
  }
}

/// What a host has to be.
package struct HostRow: BitwiseCopyable, Sendable {
  /// Lower case. Of a suffix with its dot: `.example.com`, any depth below it.
  package let text: TextReference
  package let isSuffix: Bool
  package init(text: TextReference, isSuffix: Bool) {
    self.text = text
    self.isSuffix = isSuffix
  }
}

/// One path pattern of a route. Their numbers ascend with the routes', so the lowest that matches
/// belongs to the first route that does.
package struct PathRow: BitwiseCopyable, Sendable {
  package let route: UInt32
  package let segments: RowRange
  /// The path so far and all below it.
  package let isBelow: Bool
  package let endsWithSlash: Bool
  package init(route: Int, segments: RowRange, isBelow: Bool, endsWithSlash: Bool) {
    self.route = UInt32(route)
    self.segments = segments
    self.isBelow = isBelow
    self.endsWithSlash = endsWithSlash
  }
}

/// One segment of a path pattern.
package struct SegmentRow: BitwiseCopyable, Sendable {
  package enum Kind: UInt8, Sendable, BitwiseCopyable { case literal, any, capture }
  package let kind: Kind
  /// Of a literal: its bytes; of a capture: its name.
  package let text: TextReference
  package init(kind: Kind, text: TextReference) {
    self.kind = kind
    self.text = text
  }
}

/// What must hold beside host and path.
package struct ConditionRow: BitwiseCopyable, Sendable {
  package enum Kind: UInt8, Sendable, BitwiseCopyable { case method, header, query, client }
  package enum Test: UInt8, Sendable, BitwiseCopyable {
    case present, absent, isOneOf, hasPrefix, contains
  }
  package let kind: Kind
  package let test: Test
  /// Of a field in lower case, of a query parameter decoded.
  package let name: TextReference
  /// Rows of `values`; of a client condition rows of `ranges`.
  package let values: RowRange
  package init(kind: Kind, test: Test, name: TextReference, values: RowRange) {
    self.kind = kind
    self.test = test
    self.name = name
    self.values = values
  }
}

/// A piece of a template.
package struct TemplatePartRow: BitwiseCopyable, Sendable {
  package enum Kind: UInt8, Sendable, BitwiseCopyable {
    case text, clientAddress, requestID, host, method, path, query, scheme, target, capture, header
    case remainingMilliseconds
  }
  package let kind: Kind
  /// The text itself, a capture's name, or a field's in lower case.
  package let text: TextReference
  package init(kind: Kind, text: TextReference) {
    self.kind = kind
    self.text = text
  }
}

/// One change of a head; a list of them is carried out in order.
package struct EditRow: BitwiseCopyable, Sendable {
  package enum Kind: UInt8, Sendable, BitwiseCopyable { case remove, set, add }
  package let kind: Kind
  /// As written.
  package let name: TextReference
  /// Rows of `parts`.
  package let value: RowRange
  package init(kind: Kind, name: TextReference, value: RowRange) {
    self.kind = kind
    self.name = name
    self.value = value
  }
}

/// The timeouts that a route changes; the others as in the policy.
package struct RouteTimeoutsRow: BitwiseCopyable, Sendable {
  package var request: Instant = .max
  package var connect: Instant = .max
  package var firstByte: Instant = .max
  package var responseIdle: Instant = .max
  package var singleTry: Instant = .max
  package init() {}
}

/// What only some routes have, read by cold code.
package struct RouteDetailRow: BitwiseCopyable, Sendable {
  package enum Rewrite: UInt8, Sendable, BitwiseCopyable { case none, prefix, template }

  package var timeouts = RouteTimeoutsRow()
  package var rewrite = Rewrite.none
  /// Without a slash at their ends.
  package var prefix: TextReference
  package var replacement: TextReference
  /// Of a redirect or a rewrite: rows of `parts`.
  package var template = RowRange.none
  package var requestEdits = RowRange.none
  package var responseEdits = RowRange.none
  /// The same for answers over TLS: `Strict-Transport-Security` goes before the others.
  package var secureResponseEdits = RowRange.none
  /// Of a redirect or a fixed response.
  package var status: UInt16 = 0
  package var contentType: TextReference
  package var body: TextReference
  /// Rows of `rates`, 4 at most.
  package var rates = RowRange.none
  /// The value of `RateLimit-Policy`.
  package var ratePolicy: TextReference
  /// The value of `Strict-Transport-Security`.
  package var hsts: TextReference

  package init(empty: TextReference) {
    prefix = empty
    replacement = empty
    contentType = empty
    body = empty
    ratePolicy = empty
    hsts = empty
  }
}
