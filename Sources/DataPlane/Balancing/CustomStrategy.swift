/// A strategy of another program: how a pool's backend is chosen.
///
/// Make it a value type. Each worker (one thread) has a value of its own for each pool that names
/// the strategy, so its properties need no lock and see that worker's requests alone; what all
/// workers share (requests in flight, latency) is in the `BackendView`. The value lives as long as
/// the pool keeps its strategy, over reloads too.
///
/// It runs on the event loop, once for each try: every connection of the worker waits for it. So it
/// must not block, read files or take long, and a trap in it ends the process. A choice costs O(n)
/// for a pool of n backends, before the strategy has looked at them.
public protocol CustomStrategy: Sendable {
  /// Said before the first choice, and whenever backends come, go, recover or change their weights.
  /// Does nothing if you leave it out.
  ///
  /// - Parameter backends: those of the choices that follow, with what they do at this moment.
  mutating func prepare(_ backends: Span<BackendView>)

  /// Chooses the backend of a request, or of another try of it.
  ///
  /// An index that is out of bounds, or of a backend that may not be chosen, does no harm: the next
  /// one in the list that may be chosen is taken.
  ///
  /// - Parameters:
  ///   - backends: those that are neither drained nor out, in the order of the config; never empty.
  ///     Backups are not among them: they serve when this returns nil or all have been tried.
  ///   - random: the worker's own; to be used instead of the system's, which is a system call.
  /// - Returns: an index into `backends`; nil for none of them, which is answered with 503 if the
  ///   pool has no backup either.
  mutating func choose(
    _ backends: Span<BackendView>, for request: RequestView, random: inout RandomSource
  ) -> Int?
}

extension CustomStrategy {
  public mutating func prepare(_ backends: Span<BackendView>) {}
}

/// A backend that a `CustomStrategy` may look at: plain numbers, read just before the choice.
public struct BackendView: BitwiseCopyable, Sendable {
  /// Stands for the backend's pool and address, whatever its place in the list: the same in every
  /// worker and after every reload, so the key for what a strategy remembers. Small, not in order.
  public let id: UInt32
  /// Of the config, 1 to 1000.
  public var weight: Int
  /// How much of its part it should get: 1, less while it starts slowly (`slow_start`), above 0.
  public var share: Double
  /// Requests that it is at work on, over all workers of this process.
  public var inFlight: Int
  /// From the choice to the response's head, in nanoseconds: a moving average over all workers, in
  /// which failures and server errors count as slow. Nil before the first answer.
  public var averageLatency: UInt64?
  /// False when the request has tried it, or when it has no room (`capacity`).
  public var mayBeChosen: Bool

  /// For tests; Headrace makes its own.
  public init(
    id: UInt32, weight: Int = 1, share: Double = 1, inFlight: Int = 0,
    averageLatency: UInt64? = nil, mayBeChosen: Bool = true
  ) {
    self.id = id
    self.weight = weight
    self.share = share
    self.inFlight = inFlight
    self.averageLatency = averageLatency
    self.mayBeChosen = mayBeChosen
  }

  init(_ candidate: Candidate, _ context: borrowing ChoiceContext) {
    id = candidate.identity
    weight = Int(candidate.weight)
    share = Double(candidate.share) / Double(Candidate.fullShare)
    let requests = candidate.load.inFlight
    inFlight = Int(clamping: requests)
    let average = candidate.load.averageLatency
    averageLatency = average == 0 ? nil : average
    let isTried = context.tried.contains(Int(candidate.index))
    let limit = context.inFlightLimit
    mayBeChosen = !isTried && (limit == .max || requests < limit)
  }
}

/// The request that a `CustomStrategy` chooses for.
public struct RequestView: BitwiseCopyable, Sendable {
  /// The same for the same client, evenly spread: a hash of its address, as `ip_hash` has it. Nil
  /// when the client came through a unix socket.
  public var clientKey: UInt64?
  /// Nanoseconds of a clock that never goes back; its start means nothing.
  public var now: UInt64

  /// For tests; Headrace makes its own.
  public init(clientKey: UInt64? = nil, now: UInt64 = 0) {
    self.clientKey = clientKey
    self.now = now
  }
}

/// Where a pool's custom strategy sits in its `Strategy`; empty for the built-in ones.
struct CustomSeat: Sendable {
  /// One or none. An array, because an existential of its own would make every `Strategy` large.
  private var strategy: [any CustomStrategy] = []
  /// Filled anew for each choice, in the same memory, so that a choice allocates nothing.
  private var views: [BackendView] = []

  init() {}
  init(_ strategy: any CustomStrategy) { self.strategy = [strategy] }

  mutating func prepare(_ candidates: Span<Candidate>) {
    Self.look(&views, candidates, ChoiceContext())
    Self.prepare(&strategy, views)
  }

  private static func prepare(_ strategy: inout [any CustomStrategy], _ views: [BackendView]) {
    if !strategy.isEmpty { strategy[0].prepare(views.span) }
  }

  mutating func choose(
    _ candidates: borrowing Span<Candidate>, _ context: borrowing ChoiceContext,
    _ random: inout RandomSource
  ) -> Int? {
    guard candidates.count > 0 else { return nil }
    Self.look(&views, candidates, context)
    let request = RequestView(clientKey: context.key, now: context.now)
    guard let choice = Self.choose(&strategy, views, request, &random) else { return nil }
    let isIndex = choice >= 0 && choice < views.count
    if isIndex, views[choice].mayBeChosen { return choice }
    var index = isIndex ? choice : 0
    for _ in 0..<views.count {
      if views[index].mayBeChosen { return index }
      index = index + 1 == views.count ? 0 : index + 1
    }
    return nil
  }

  /// Static, because a span of one property and a change of another do not go together in `self`.
  private static func choose(
    _ strategy: inout [any CustomStrategy], _ views: borrowing [BackendView],
    _ request: RequestView, _ random: inout RandomSource
  ) -> Int? {
    strategy.isEmpty ? nil : strategy[0].choose(views.span, for: request, random: &random)
  }

  private static func look(
    _ views: inout [BackendView], _ candidates: borrowing Span<Candidate>,
    _ context: borrowing ChoiceContext
  ) {
    views.removeAll(keepingCapacity: true)
    for index in 0..<candidates.count { views.append(BackendView(candidates[index], context)) }
  }
}

/// The strategies that this program has added to the built-in ones, by number; the control plane
/// knows their names.
///
/// Any thread; locked, because only starting and reloading ask it. Nothing is ever taken out.
package enum CustomStrategies {
  package typealias Make = @Sendable () -> any CustomStrategy
  private static let all = Locked<[Make]>([])

  package static func add(_ make: @escaping Make) -> StrategyKind {
    all.withLock { all in
      all.append(make)
      return .custom(UInt16(all.count - 1))
    }
  }

  /// A new one, for one worker and one pool.
  static func make(_ number: UInt16) -> any CustomStrategy {
    all.withLock { all in all[Int(number)] }()
  }
}
