@testable import DataPlane

/// A cache without contents: objects go in when they are missed, and out as the policy says.
enum CacheSimulation {
  struct Ratios {
    /// Of requests, 0...1.
    var objects = 0.0
    /// Of bytes, 0...1.
    var bytes = 0.0
  }

  static func run<Policy: EvictionPolicy>(
    _ type: Policy.Type, _ trace: Trace, capacity: Int
  ) -> Ratios {
    var policy = Policy(capacityBytes: capacity)
    let visits = VisitTable(trace.sizes.count)
    // By object, slots by the order of need, as a store deals them out.
    var slots = [UInt32](repeating: .max, count: trace.sizes.count)
    var objects = [UInt32](repeating: .max, count: trace.sizes.count)
    var free: [UInt32] = []
    var used: UInt32 = 0
    var hits = 0
    var hitBytes = 0
    var allBytes = 0
    for object in trace.requests {
      let size = trace.sizes[Int(object)]
      allBytes += size
      let slot = slots[Int(object)]
      if slot != .max {
        hits += 1
        hitBytes += size
        visits.hit(slot)
        policy.hit(slot)
        continue
      }
      guard size <= capacity else { continue }
      while policy.bytes + size > capacity, let victim = policy.victim(visits) {
        slots[Int(objects[Int(victim)])] = .max
        free.append(victim)
      }
      let new = free.popLast() ?? used
      if new == used { used += 1 }
      slots[Int(object)] = new
      objects[Int(new)] = object
      visits.setVisits(new, 0)
      policy.insert(new, bytes: size, key: (UInt64(object) &+ 1) &* 0x9e37_79b9_7f4a_7c15)
    }
    return Ratios(
      objects: Double(hits) / Double(trace.requests.count),
      bytes: Double(hitBytes) / Double(allBytes))
  }

  /// The best that any policy could do that knows what will be asked for (Belady, 1966, who may
  /// also not store), for objects of one size: requests for the same object in a row are intervals,
  /// and as many are kept as fit in `capacity` lines (Carlisle and Lloyd, 1995: each in the order
  /// of ends goes to the line that became free last before it begins).
  static func optimum(_ trace: Trace, capacity: Int) -> Double {
    // `ends[t]`: the last moment up to t at which a line became free, by halving paths.
    var ends = [Int](repeating: 0, count: trace.requests.count + 1)
    func last(_ time: Int) -> Int {
      var time = time
      while ends[time] != time {
        ends[time] = ends[ends[time]]
        time = ends[time]
      }
      return time
    }
    var unused = capacity
    var previous = [Int](repeating: 0, count: trace.sizes.count)
    var hits = 0
    for (index, object) in trace.requests.enumerated() {
      let now = index + 1
      let begin = previous[Int(object)]
      previous[Int(object)] = now
      ends[now] = now - 1
      guard begin > 0 else { continue }
      let free = last(begin)
      if free == 0 {
        if unused == 0 { continue }
        unused -= 1
      } else {
        ends[free] = free - 1
      }
      ends[now] = now
      hits += 1
    }
    return Double(hits) / Double(trace.requests.count)
  }

  /// What no policy can exceed when sizes differ: keeping an object from one request to the next
  /// takes its size times that long, and there is `capacity` times the length of the trace of it
  /// (the relaxed knapsack of Berger et al., 2018: PFOO-U).
  static func bound(_ trace: Trace, capacity: Int) -> Ratios {
    var previous = [Int](repeating: 0, count: trace.sizes.count)
    var uses: [(size: Int, length: Int)] = []
    var allBytes = 0
    for (index, object) in trace.requests.enumerated() {
      let size = trace.sizes[Int(object)]
      allBytes += size
      if previous[Int(object)] > 0, size <= capacity {
        uses.append((size, index + 1 - previous[Int(object)]))
      }
      previous[Int(object)] = index + 1
    }
    let room = Double(capacity) * Double(trace.requests.count)
    func fill(_ worth: (Int) -> Double) -> Double {
      var left = room
      var sum = 0.0
      for use in uses {
        let cost = Double(use.size) * Double(use.length)
        if cost > left { return sum + worth(use.size) * left / cost }
        left -= cost
        sum += worth(use.size)
      }
      return sum
    }
    var ratios = Ratios()
    uses.sort { $0.size * $0.length < $1.size * $1.length }
    ratios.objects = fill { _ in 1 } / Double(trace.requests.count)
    uses.sort { $0.length < $1.length }
    ratios.bytes = fill { Double($0) } / Double(allBytes)
    return ratios
  }
}
