import HeadraceKit

/// A client's requests go to the same backend, its home, for as long as that one is not busier than
/// it should be; then to the client's next one.
///
/// Consistent hashing with bounded loads (Mirrokni, Thorup and Zadimoghaddam, 2016), on ranks
/// (rendezvous hashing) instead of a ring: caches of the backends stay warm, and a client that asks
/// for much does not drown its home. Keeps nothing of a request but the turns of those without an
/// address.
public struct BoundedAffinity: CustomStrategy {
  /// A backend may have this many times its part of the requests in flight, rounded up.
  private let slack = 1.25
  private var turn: UInt64 = 0

  public init() {}

  public mutating func choose(
    _ backends: Span<BackendView>, for request: RequestView, random: inout RandomSource
  ) -> Int? {
    var requests = 1  // This one too.
    var size = 0.0
    for index in backends.indices where backends[index].mayBeChosen {
      requests += backends[index].inFlight
      size += Self.size(backends[index])
    }
    turn &+= 1
    let key = request.clientKey ?? turn
    var best: (index: Int, rank: UInt64)?
    for index in backends.indices where backends[index].mayBeChosen {
      // The parts add up to all requests, so somebody always has room.
      let part = Double(requests) * Self.size(backends[index]) / size
      guard Double(backends[index].inFlight) < (slack * part).rounded(.up) else { continue }
      let rank = Self.mix(key ^ Self.mix(UInt64(backends[index].id)))
      if best == nil || rank > best!.rank { best = (index, rank) }
    }
    return best?.index
  }

  private static func size(_ backend: BackendView) -> Double {
    Double(backend.weight) * backend.share
  }

  /// Spreads the bits: the last step of SplitMix64 (Steele, Lea and Flood, 2014).
  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
