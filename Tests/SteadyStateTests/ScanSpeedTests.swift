#if !DEBUG
  import Testing

  @testable import DataPlane

  /// A SIMD scan that the compiler turned into a loop over lanes is 32 to 55 times slower, and
  /// nothing else would tell. Each scan is compared with a twin that looks at one byte after the
  /// other: a ratio of two times of the same machine, each the best of many.
  ///
  /// Optimised builds only: unoptimised SIMD is slow by nature.
  @Suite("Speed of the scans", .serialized) struct ScanSpeedTests {
    private static let length = 4096
    private static let wanted = 3.0

    @Test("field names")
    func plainName() {
      expectFaster(
        fill: "Content-Type9", scan: { ByteClass.endOfPlainName($0, 0, Self.length) },
        twin: {
          Self.first($0) { byte in
            let letter = (byte | 0x20) &- 0x61
            return letter > 25 && byte &- 0x30 > 9 && byte != 0x2d
          }
        })
    }

    @Test("field values")
    func value() {
      expectFaster(
        fill: "text/html, */*; q=0.8 ", scan: { ByteClass.endOfValue($0, 0, Self.length) },
        twin: { Self.first($0) { byte in (byte < 0x20 && byte != 0x09) || byte == 0x7f } })
    }

    @Test("request targets")
    func visible() {
      expectFaster(
        fill: "/a/path?and=query", scan: { ByteClass.endOfVisible($0, 0, Self.length) },
        twin: { Self.first($0) { byte in byte &- 0x21 > 0x5d } })
    }

    /// The scalar twin of all scans.
    @inline(__always)
    private static func first(_ bytes: borrowing Bytes, _ isOutside: (UInt8) -> Bool) -> Int {
      for index in 0..<length where isOutside(bytes[index]) { return index }
      return length
    }

    private func expectFaster(
      fill: String, scan: (borrowing Bytes) -> Int, twin: (borrowing Bytes) -> Int,
      sourceLocation: SourceLocation = #_sourceLocation
    ) {
      var block = Block(capacity: Self.length)
      let text = Array(fill.utf8)
      block.append((0..<Self.length).map { text[$0 % text.count] })
      var fast = UInt64.max
      var slow = UInt64.max
      var ratio = 0.0
      // Alternating, so that both meet the same neighbours; until it is good enough.
      for attempt in 0..<200 {
        fast = min(fast, Self.time(block, scan))
        slow = min(slow, Self.time(block, twin))
        ratio = Double(slow) / Double(max(fast, 1))
        if attempt >= 20, ratio >= Self.wanted { break }
      }
      #expect(ratio >= Self.wanted, "\(fast) ns against \(slow) ns", sourceLocation: sourceLocation)
      print("scan of 4 KiB: \(fast / 20) ns, twin \(slow / 20) ns, \(Int(ratio)) times")
    }

    /// Nanoseconds of 20 scans of the whole block.
    @inline(never)
    private static func time(
      _ block: borrowing Block, _ scan: (borrowing Bytes) -> Int
    ) -> UInt64 {
      let start = Clock.now()
      var sum = 0
      for _ in 0..<20 { sum += scan(block.bytes) }
      let end = Clock.now()
      precondition(sum == 20 * length)
      return end - start
    }
  }
#endif
