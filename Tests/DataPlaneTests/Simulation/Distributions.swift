@testable import DataPlane

/// Draws for simulations, made of plain arithmetic: no two C libraries agree in the last bit of a
/// logarithm, and a run must be the same everywhere.
extension RandomSource {
  /// 0 up to, not including, 1.
  mutating func unit() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }

  /// The mean is 1.
  mutating func exponential() -> Double { -Approximation.log(1 - unit()) }

  /// Mean 0, deviation 1: the sum of twelve.
  mutating func normal() -> Double { (0..<12).reduce(-6) { sum, _ in sum + unit() } }
}

enum Approximation {
  /// By the series of artanh, for positive numbers.
  static func log(_ value: Double) -> Double {
    let ratio = (value.significand - 1) / (value.significand + 1)
    var term = ratio
    var sum = 0.0
    for odd in stride(from: 1.0, to: 40, by: 2) {
      sum += term / odd
      term *= ratio * ratio
    }
    return 2 * sum + Double(value.exponent) * 0.693_147_180_559_945_3
  }

  /// By its series, of a 256th, squared eight times.
  static func exp(_ value: Double) -> Double {
    let small = value / 256
    var term = 1.0
    var sum = 1.0
    for number in 1..<12 {
      term *= small / Double(number)
      sum += term
    }
    for _ in 0..<8 { sum *= sum }
    return sum
  }
}

/// The least element first.
struct Heap<Element: Comparable> {
  private var elements: [Element] = []

  mutating func push(_ element: Element) {
    elements.append(element)
    var index = elements.count - 1
    while index > 0, elements[index] < elements[(index - 1) / 2] {
      elements.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  mutating func pop() -> Element? {
    guard let first = elements.first, let last = elements.popLast() else { return nil }
    if elements.isEmpty { return first }
    elements[0] = last
    var index = 0
    while true {
      let left = 2 * index + 1
      var least = index
      if left < elements.count, elements[left] < elements[least] { least = left }
      if left + 1 < elements.count, elements[left + 1] < elements[least] { least = left + 1 }
      if least == index { return first }
      elements.swapAt(index, least)
      index = least
    }
  }
}
