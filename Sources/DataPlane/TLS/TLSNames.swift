/// Host names and what each stands for: exact ones, then wildcards of one label (RFC 9525 section
/// 6.3). Written once, then only read.
struct TLSNames: Sendable {
  private struct Entry {
    let name: [UInt8]
    let value: Int
  }

  private let exact: [Entry]
  /// Without their `*.`.
  private let wild: [Entry]
  let isEmpty: Bool

  /// Of a name that comes twice, the first counts.
  init(_ names: [(name: String, value: Int)]) {
    var exact: [String: Int] = [:]
    var wild: [String: Int] = [:]
    for (name, value) in names {
      let lower = TLSNames.normal(name)
      if lower.hasPrefix("*.") {
        let rest = String(lower.dropFirst(2))
        if wild[rest] == nil { wild[rest] = value }
      } else if exact[lower] == nil {
        exact[lower] = value
      }
    }
    self.exact = TLSNames.sorted(exact)
    self.wild = TLSNames.sorted(wild)
    isEmpty = exact.isEmpty && wild.isEmpty
  }

  /// Lower case, without the dot that a full name may end with.
  static func normal(_ name: String) -> String {
    let lower = name.lowercased()
    return lower.hasSuffix(".") ? String(lower.dropLast()) : lower
  }

  private static func sorted(_ names: [String: Int]) -> [Entry] {
    names.map { Entry(name: Array($0.key.utf8), value: $0.value) }
      .sorted { $0.name.lexicographicallyPrecedes($1.name) }
  }

  /// What `bytes[at..<at + count]` stands for, whatever its case.
  func find(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Int? {
    var count = count
    if count > 0, bytes[at + count - 1] == 0x2e { count -= 1 }
    guard count > 0 else { return nil }
    if let value = TLSNames.search(exact, bytes, at, count) { return value }
    guard !wild.isEmpty else { return nil }
    var dot = 0
    while dot < count, bytes[at + dot] != 0x2e { dot += 1 }
    guard dot > 0, dot + 1 < count else { return nil }
    return TLSNames.search(wild, bytes, at + dot + 1, count - dot - 1)
  }

  private static func search(
    _ entries: [Entry], _ bytes: borrowing Bytes, _ at: Int, _ count: Int
  ) -> Int? {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      let order = compare(entries[middle].name, bytes, at, count)
      if order == 0 { return entries[middle].value }
      if order < 0 { low = middle + 1 } else { high = middle }
    }
    return nil
  }

  /// Below 0 when `name` comes first.
  private static func compare(
    _ name: [UInt8], _ bytes: borrowing Bytes, _ at: Int, _ count: Int
  ) -> Int {
    for index in 0..<min(name.count, count) {
      let byte = bytes[at + index]
      let lower = 0x41...0x5a ~= byte ? byte | 0x20 : byte
      if name[index] != lower { return Int(name[index]) - Int(lower) }
    }
    return name.count - count
  }
}
