@testable import DataPlane

/// A generator with a fixed seed, so that a failing run can be repeated.
typealias Dice = RandomSource

extension RandomSource {
  /// 0..<bound
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  mutating func chance(_ oneIn: Int) -> Bool { below(oneIn) == 0 }

  mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }

  mutating func randomBytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }
}
