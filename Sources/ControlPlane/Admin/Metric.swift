/// One row of the table of metrics: its name, its help, and where its value comes from.
///
/// Adding a metric is adding a row in a `MetricsTable+*.swift`: `/metrics` and docs/metrics.md
/// follow. Plain immutable values, read from any thread.
struct Metric<Item>: Sendable {
  let name: String
  /// One sentence without a line break or a backslash: it is written as it is.
  let help: String
  let reading: Reading

  /// How the value is read; this decides the type, and the labels beyond the scope's own.
  enum Reading: Sendable {
    case counter(@Sendable (Item) -> UInt64)
    /// Label `class`.
    case counterByClass(@Sendable (Item) -> [UInt64])
    /// Label `reason`, with the values that come along.
    case counterByReason(@Sendable (Item) -> [(reason: String, count: UInt64)])
    /// Label `result`, with the values that come along.
    case counterByResult(@Sendable (Item) -> [(result: String, count: UInt64)])
    case gauge(@Sendable (Item) -> Double)
    /// Always 1; what it says is in the label.
    case info(label: String, @Sendable (Item) -> String)
    case histogram(@Sendable (Item) -> (buckets: [UInt64], sum: Double))
  }

  init(_ name: String, _ help: String, _ reading: Reading) {
    self.name = name
    self.help = help
    self.reading = reading
  }

  /// As Prometheus names it.
  var type: String {
    switch reading {
    case .counter, .counterByClass, .counterByReason, .counterByResult: "counter"
    case .gauge, .info: "gauge"
    case .histogram: "histogram"
    }
  }

  var ownLabel: String? {
    switch reading {
    case .counterByClass: "class"
    case .counterByReason: "reason"
    case .counterByResult: "result"
    case .info(let label, _): label
    case .counter, .gauge, .histogram: nil
    }
  }
}

/// The metrics of one kind of thing (a route, a pool), and how its items are told apart.
struct MetricScope<Item>: Sendable {
  let title: String
  let labelNames: [String]
  /// As many values as names; the item's index comes along for things without a name.
  let labelValues: @Sendable (Item, Int) -> [String]
  let metrics: [Metric<Item>]
}
