@testable import DataPlane

/// Requests of a simulated cache: which object each asks for, and how large objects are. Made from
/// a seed by plain arithmetic, so it is the same everywhere.
struct Trace {
  var name: String
  var requests: [UInt32] = []
  /// In bytes, by object.
  var sizes: [Int] = []

  /// Objects that are asked for at all, and their bytes: what a cache without bounds would hold.
  var footprint: (objects: Int, bytes: Int) {
    var seen = [Bool](repeating: false, count: sizes.count)
    var total = (objects: 0, bytes: 0)
    for object in requests where !seen[Int(object)] {
      seen[Int(object)] = true
      total.objects += 1
      total.bytes += sizes[Int(object)]
    }
    return total
  }

  var isSized: Bool { sizes.contains { $0 != sizes[0] } }

  static func all(requests: Int) -> [Trace] {
    let objects = requests / 5
    return [
      zipf("zipf 0.7", 0.7, requests, objects), zipf("zipf 0.9", 0.9, requests, objects),
      zipf("zipf 1.1", 1.1, requests, objects), wonders(requests, objects),
      pairs(requests, objects), scans(requests, objects), loop(requests, objects),
      shifting(requests, objects),
      sized(requests, objects), day(requests, objects),
    ]
  }

  // MARK: One size

  private static func zipf(
    _ name: String, _ exponent: Double, _ count: Int, _ objects: Int
  ) -> Trace {
    var random = RandomSource(seed: 1)
    let popularity = Popularity(objects, exponent)
    let requests = (0..<count).map { _ in popularity.draw(&random) }
    return Trace(name: name, requests: requests, sizes: [Int](repeating: 1, count: objects))
  }

  /// Every second request is for something that nobody asks for again.
  private static func wonders(_ count: Int, _ objects: Int) -> Trace {
    var trace = zipf("zipf 0.9, half one-hit wonders", 0.9, count, objects)
    for index in stride(from: 1, to: count, by: 2) {
      trace.requests[index] = UInt32(trace.sizes.count)
      trace.sizes.append(1)
    }
    return trace
  }

  /// Every second request is for something that is asked for twice within a moment and never again:
  /// a file in two ranges, a page that is loaded anew.
  private static func pairs(_ count: Int, _ objects: Int) -> Trace {
    var trace = zipf("zipf 0.9, half two-hit wonders", 0.9, count, objects)
    for index in stride(from: 1, to: count - 2, by: 4) {
      trace.requests[index] = UInt32(trace.sizes.count)
      trace.requests[index + 2] = UInt32(trace.sizes.count)
      trace.sizes.append(1)
    }
    return trace
  }

  /// Now and then somebody walks through a fifth of all that there is, in order.
  private static func scans(_ count: Int, _ objects: Int) -> Trace {
    var trace = zipf("zipf 0.9 with scans", 0.9, count, objects)
    let length = objects / 5
    var next = 0
    for start in stride(from: count / 10, to: count - length, by: count / 5) {
      for index in start..<(start + length) {
        trace.requests[index] = UInt32(next % objects)
        next += 1
      }
    }
    return trace
  }

  /// Round and round over a little more than a tenth of all objects; the others are asked for once,
  /// at the beginning, so that a cache of 10 % of the footprint is nearly large enough.
  private static func loop(_ count: Int, _ objects: Int) -> Trace {
    let around = objects * 12 / 100
    let first = objects - around
    let requests = (0..<count).map { index in
      UInt32(index < first ? around + index : (index - first) % around)
    }
    return Trace(name: "loop", requests: requests, sizes: [Int](repeating: 1, count: objects))
  }

  /// Ranks change all the time: each object has changed places about twice by the end. At every
  /// tenth of the way, the twenty most popular are others at once.
  private static func shifting(_ count: Int, _ objects: Int) -> Trace {
    var random = RandomSource(seed: 2)
    let popularity = Popularity(objects, 0.9)
    var ranks = (0..<UInt32(objects)).map { $0 }
    let requests = (0..<count).map { index in
      if index.isMultiple(of: count / objects) {
        ranks.swapAt(random.below(objects), random.below(objects))
      }
      if index.isMultiple(of: count / 10) {
        for rank in 0..<20 {
          ranks.swapAt(popularity.object(rank: rank), random.below(objects))
        }
      }
      return ranks[Int(popularity.draw(&random))]
    }
    return Trace(
      name: "shifting popularity", requests: requests,
      sizes: [Int](repeating: 1, count: objects))
  }

  // MARK: Sizes of the web

  /// Lognormal: half below 8 KiB, a tenth above 100 KiB; 200 B to 8 MiB.
  private static func webSizes(_ objects: Int, _ random: inout RandomSource) -> [Int] {
    (0..<objects).map { _ in
      max(200, min(8 << 20, Int(8_192 * Approximation.exp(2 * random.normal()))))
    }
  }

  private static func sized(_ count: Int, _ objects: Int) -> Trace {
    var random = RandomSource(seed: 3)
    var trace = zipf("zipf 0.9, web sizes", 0.9, count, objects)
    trace.sizes = webSizes(objects, &random)
    return trace
  }

  /// A day of a site: a hot set that shifts, a fifth of the requests for what is asked for once, a
  /// crawler that walks through all, bursts of something new.
  private static func day(_ count: Int, _ objects: Int) -> Trace {
    var random = RandomSource(seed: 4)
    var trace = shifting(count, objects)
    trace.name = "web day"
    trace.sizes = webSizes(objects, &random)
    var crawled: UInt32 = 0
    for index in 0..<count {
      let turn = random.below(100)
      if turn < 20 {
        trace.requests[index] = UInt32(trace.sizes.count)
        trace.sizes += webSizes(1, &random)
      } else if turn < 30 {
        trace.requests[index] = crawled
        crawled = (crawled + 1) % UInt32(objects)
      } else if turn < 35 {
        // The news of this fiftieth of the day.
        trace.requests[index] = UInt32(index / (count / 50) * 37 % objects)
      }
    }
    return trace
  }
}

/// Zipf's law: the object of rank r is drawn in proportion to r^-exponent. Ranks are dealt out to
/// objects by a fixed mix, so that neighbours are not alike.
struct Popularity {
  private var sums: [Double] = []

  init(_ count: Int, _ exponent: Double) {
    var sum = 0.0
    for rank in 1...count {
      sum += Approximation.exp(-exponent * Approximation.log(Double(rank)))
      sums.append(sum)
    }
  }

  func draw(_ random: inout RandomSource) -> UInt32 {
    let wanted = random.unit() * sums[sums.count - 1]
    var low = 0
    var high = sums.count - 1
    while low < high {
      let middle = (low + high) / 2
      if sums[middle] > wanted { high = middle } else { low = middle + 1 }
    }
    return UInt32(object(rank: low))
  }

  func object(rank: Int) -> Int { rank * 7_919 % sums.count }
}
