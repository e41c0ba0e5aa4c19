@testable import DataPlane

/// A pool under load in simulated time: the real strategies and lists, several workers with their
/// own strategy state and shared loads, and backends that answer after times drawn from a
/// distribution. The same seed gives the same run.
///
/// Each backend works at up to `parallel` requests at once; more wait in its queue.
struct Simulation: ~Copyable {
  /// Nanoseconds.
  typealias Time = UInt64

  struct Backend {
    var weight: UInt32 = 1
    /// Its answers take this many times as long.
    var slowness = 1.0
    var parallel = 4
    /// While down it is out of the lists, as health checks would have it.
    var downFrom = Time.max
    var downUntil = Time.max
    /// Of a hundred requests, so many fail at once.
    var failures = 0
  }

  var kind = StrategyKind.roundRobin
  var backends: [Backend]
  var workers = 4
  var service = ServiceTime.exponential
  /// The mean time that a backend of slowness 1 works at a request.
  var meanService: Time = 10_000_000
  /// Of what the backends can serve together.
  var utilisation = 0.6
  var slowStart: Time = 0
  var duration: Time = 30_000_000_000
  var seed: UInt64 = 1

  init(_ kind: StrategyKind, _ backends: [Backend]) {
    self.kind = kind
    self.backends = backends
  }

  /// What came of it.
  struct Outcome {
    /// Begun on each backend.
    var counts: [Int]
    /// Of each request that was answered: when it began, where, and how long it took.
    var requests: [(begun: Time, place: Int, took: Time)] = []
    /// The most that each backend ever had in flight.
    var mostInFlight: [Int]
    var refused = 0
  }

  private struct Event: Comparable {
    enum Kind: Int { case arrival, end, change }
    var at: Time
    var order: Int
    var kind: Kind
    var place = 0
    static func < (left: Event, right: Event) -> Bool {
      (left.at, left.order) < (right.at, right.order)
    }
    static func == (left: Event, right: Event) -> Bool { left.order == right.order }
  }

  private struct Running {
    var begun: Time
    var work: Time
    var fails: Bool
  }

  consuming func run() -> Outcome {
    let shared = SharedState()
    var dice = Dice(seed: seed)
    var events = Heap<Event>()
    var outcome = Outcome(
      counts: backends.map { _ in 0 }, mostInFlight: backends.map { _ in 0 })
    var order = 0
    var epoch: UInt64 = 1
    var busy = backends.map { _ in 0 }
    var queues: [[Running]] = backends.map { _ in [] }
    var working: [Int: Running] = [:]
    var balancers = Slab<Balancer>(limit: 64)
    let slots = Table(HashTable.build(HashTableTests.entries(backends.map(\.weight))))
    var range = HashRange()
    range.count = UInt32(slots.count)
    for index in backends.indices { shared.reserveBackend(UInt32(index)) }
    for worker in 0..<workers {
      _ = balancers.take()
      balancers[Int32(worker)].use(kind, start: UInt64(worker), breaker: BreakerPolicy())
    }
    var randoms = (0..<workers).map { RandomSource(seed: seed &+ UInt64($0) &+ 1) }
    let capacity = backends.reduce(0.0) { $0 + Double($1.parallel) / $1.slowness }
    let gap = Double(meanService) / (capacity * utilisation)

    func push(_ at: Time, _ kind: Event.Kind, _ place: Int = 0) {
      order += 1
      events.push(Event(at: at, order: order, kind: kind, place: place))
    }
    func start(_ place: Int, _ item: Running, _ now: Time) {
      busy[place] += 1
      push(now + item.work, .end, place)
      working[order] = item
    }

    let begin: Time = 1_000_000_000_000
    push(begin, .arrival)
    for (place, backend) in backends.enumerated() where backend.downFrom < .max {
      push(begin + backend.downFrom, .change, place)
      push(begin + backend.downUntil, .change, place)
    }
    while let event = events.pop() {
      let now = event.at
      if event.kind == .change {
        let isDown = now < begin + backends[event.place].downUntil
        let state = shared.backend(UInt32(event.place))
        state.health = isDown ? .down : .up
        if !isDown { state.recoveredAt = now }
        epoch += 1
      } else if event.kind == .end {
        guard let item = working.removeValue(forKey: event.order) else { continue }
        let place = event.place
        busy[place] -= 1
        let state = shared.backend(UInt32(place))
        state.end()
        sample(state.load, item, now)
        outcome.requests.append((item.begun - begin, place, now - item.begun))
        if !queues[place].isEmpty {
          let next = queues[place].removeFirst()
          start(place, next, now)
        }
      } else {
        if now - begin < duration {
          push(now + Time(dice.exponential() * gap) + 1, .arrival)
        }
        let worker = Int32(dice.below(workers))
        if !balancers[worker].isCurrent(epoch: epoch, snapshotSerial: 1, now: now) {
          let states = backends.indices.map { shared.backend(UInt32($0)) }
          var policy = AvailabilityPolicy()
          policy.slowStart = slowStart
          balancers[worker].refresh(
            zip(states, backends).map { $0.status(weight: $1.weight, isBackup: false) },
            states.enumerated().map { BackendPlace(identity: UInt32($0), load: $1.load) }, policy,
            epoch: epoch, snapshotSerial: 1, now: now)
        }
        var context = ChoiceContext()
        context.now = now
        context.key = dice.next()
        let choice =
          kind == .hash
          ? balancers[worker].choose(slots, range, context, random: &randoms[Int(worker)])
          : balancers[worker].choose(context, random: &randoms[Int(worker)])
        guard let place = choice else {
          outcome.refused += 1
          continue
        }
        let backend = backends[place]
        shared.backend(UInt32(place)).begin()
        outcome.counts[place] += 1
        let inFlight = Int(shared.backend(UInt32(place)).load.inFlight)
        outcome.mostInFlight[place] = max(outcome.mostInFlight[place], inFlight)
        let fails = dice.below(100) < backend.failures
        let work =
          fails ? 100_000 : service.draw(&dice) * Double(meanService) * backend.slowness
        let item = Running(begun: now, work: Time(work) + 1, fails: fails)
        if busy[place] < backend.parallel {
          start(place, item, now)
        } else {
          queues[place].append(item)
        }
      }
    }
    return outcome
  }

  /// As the worker does it.
  private func sample(_ load: BackendLoad, _ item: Running, _ now: Time) {
    guard kind == .peakEWMA else { return }
    let took = now - item.begun
    let sample =
      item.fails ? LatencyAverage.failure(load.averageLatency, elapsed: took) : took
    load.storeAverage(
      LatencyAverage.next(load.averageLatency, at: load.averagedAt, sample: sample, now: now),
      at: now)
  }
}

/// How long backends work at requests: distributions with the mean 1.
enum ServiceTime: CaseIterable {
  case exponential
  /// Sigma 1: a few take ten times as long.
  case lognormal
  /// Nine of ten take half a mean, the tenth five and a half.
  case bimodal

  func draw(_ dice: inout Dice) -> Double {
    switch self {
    case .exponential: return dice.exponential()
    case .lognormal: return Approximation.exp(dice.normal() - 0.5)
    case .bimodal: return dice.chance(10) ? 5.5 : 0.5
    }
  }
}

extension Simulation.Outcome {
  /// The latency below which that part of the requests stays, in milliseconds; of all, or of those
  /// that began in the window.
  func percentile(_ part: Double, from: UInt64 = 0, to: UInt64 = .max) -> Double {
    let took = requests.filter { $0.begun >= from && $0.begun < to }.map(\.took).sorted()
    guard !took.isEmpty else { return 0 }
    return Double(took[min(Int(Double(took.count) * part), took.count - 1)]) / 1e6
  }

  /// The part of the requests that a backend got in the window.
  func share(of place: Int, from: UInt64 = 0, to: UInt64 = .max) -> Double {
    let window = requests.filter { $0.begun >= from && $0.begun < to }
    return Double(window.filter { $0.place == place }.count) / Double(max(window.count, 1))
  }

  /// How far the share of the worst-off backend is from its weight's, in percent of that.
  func unfairness(_ weights: [UInt32]) -> Double {
    let total = Double(weights.reduce(0, +))
    let all = Double(counts.reduce(0, +))
    let errors = zip(counts, weights).map { count, weight in
      abs(Double(count) * total / (Double(weight) * all) - 1)
    }
    return 100 * (errors.max() ?? 0)
  }
}
