import DataPlane

/// What the Maglev slots are compared with: a ring of points (Karger et al. 1997), so many for each
/// unit of weight. The loser; it is not in the product.
struct HashRing {
  private var points: [(hash: UInt64, place: UInt32)] = []

  init(_ entries: [HashTable.Entry], pointsPerBackend: Int) {
    for entry in entries {
      let base = BalanceKey.of(entry.name)
      for number in 0..<(pointsPerBackend * Int(entry.weight)) {
        points.append((BalanceKey.mix(base &+ UInt64(number) &* 0x9e37_79b9), entry.place))
      }
    }
    points.sort { $0.hash < $1.hash }
  }

  var bytes: Int { points.count * 16 }

  func place(_ key: UInt64) -> UInt32 {
    var low = 0
    var high = points.count
    while low < high {
      let middle = (low + high) / 2
      if points[middle].hash < key { low = middle + 1 } else { high = middle }
    }
    return points[low == points.count ? 0 : low].place
  }
}
