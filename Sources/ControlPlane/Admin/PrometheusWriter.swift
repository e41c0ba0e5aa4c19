/// Writes metric families one after the other into a growing buffer of bytes.
///
/// The format wants all samples of a family together, so the items are walked once per metric;
/// what repeats (an item's labels, the bounds, the classes) is made once, before. Owned by one
/// `PrometheusText.render`.
struct PrometheusWriter {
  private(set) var output: [UInt8] = []
  private let bounds: [[UInt8]]
  private let classes = MetricsTable.classes.map { Self.label("class", $0) }

  init(bounds: [Double]) {
    self.bounds = bounds.map { Self.label("le", Self.number($0)) } + [Self.label("le", "+Inf")]
  }

  /// Nothing at all when there are no items.
  mutating func write<Item>(_ scope: MetricScope<Item>, of items: [Item]) {
    guard !items.isEmpty else { return }
    let labels = items.enumerated().map { index, item in
      Self.labels(scope.labelNames, scope.labelValues(item, index))
    }
    for metric in scope.metrics {
      append("# HELP \(metric.name) \(metric.help)\n# TYPE \(metric.name) \(metric.type)\n")
      write(metric, of: items, labels: labels)
    }
  }

  private mutating func write<Item>(
    _ metric: Metric<Item>, of items: [Item], labels: [[UInt8]]
  ) {
    let name = Array(metric.name.utf8)
    for (item, labels) in zip(items, labels) {
      switch metric.reading {
      case .counter(let read): sample(name, labels, value: String(read(item)))
      case .gauge(let read): sample(name, labels, value: Self.number(read(item)))
      case .info(let label, let read):
        sample(name, labels, Self.label(label, read(item)), value: "1")
      case .counterByClass(let read): classSamples(name, labels, read(item))
      case .counterByReason(let read):
        for (reason, count) in read(item) {
          sample(name, labels, Self.label("reason", reason), value: String(count))
        }
      case .counterByResult(let read):
        for (result, count) in read(item) {
          sample(name, labels, Self.label("result", result), value: String(count))
        }
      case .histogram(let read):
        let (buckets, sum) = read(item)
        histogram(name, labels, buckets, sum)
      }
    }
  }

  private mutating func classSamples(_ name: [UInt8], _ labels: [UInt8], _ counts: [UInt64]) {
    for (index, label) in classes.enumerated() {
      sample(name, labels, label, value: String(index < counts.count ? counts[index] : 0))
    }
  }

  private mutating func histogram(
    _ name: [UInt8], _ labels: [UInt8], _ buckets: [UInt64], _ sum: Double
  ) {
    let bucketName = name + Array("_bucket".utf8)
    var count: UInt64 = 0
    for (index, bound) in bounds.enumerated() {
      // Counters are read one by one and wrap like any counter: adding must not trap.
      count &+= index < buckets.count ? buckets[index] : 0
      sample(bucketName, labels, bound, value: String(count))
    }
    sample(name + Array("_sum".utf8), labels, value: Self.number(sum))
    sample(name + Array("_count".utf8), labels, value: String(count))
  }

  private mutating func sample(
    _ name: [UInt8], _ labels: [UInt8], _ more: [UInt8] = [], value: String
  ) {
    output.append(contentsOf: name)
    if !labels.isEmpty || !more.isEmpty {
      output.append(UInt8(ascii: "{"))
      output.append(contentsOf: labels)
      if !labels.isEmpty && !more.isEmpty { output.append(UInt8(ascii: ",")) }
      output.append(contentsOf: more)
      output.append(UInt8(ascii: "}"))
    }
    output.append(UInt8(ascii: " "))
    append(value)
    output.append(UInt8(ascii: "\n"))
  }

  private mutating func append(_ text: String) {
    output.append(contentsOf: text.utf8)
  }
}
