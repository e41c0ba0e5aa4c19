import Testing

@testable import DataPlane

/// Where durations and counts are put.
struct CounterTests {
  @Test("a duration is in the first bucket whose bound it does not exceed")
  func buckets() {
    let bounds = DurationBuckets.boundsNanoseconds
    #expect(DurationBuckets.count == bounds.count + 1)
    #expect(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 })
    func expected(_ value: UInt64) -> Int { bounds.firstIndex { value <= $0 } ?? bounds.count }
    for value in [0, 1, .max] + bounds.flatMap({ [$0 - 1, $0, $0 + 1] }) as [UInt64] {
      #expect(DurationBuckets.index(value) == expected(value), "\(value)")
    }
    var dice = Dice(seed: 19)
    for _ in 0..<2000 {
      let value = dice.next() >> UInt64(dice.below(60))
      #expect(DurationBuckets.index(value) == expected(value), "\(value)")
    }
  }

  @Test("the words of a row do not overlap and fit it")
  func layout() {
    var taken: [Int: Counter] = [:]
    for counter in Counter.allCases {
      let words = counter == .durationBuckets ? DurationBuckets.count : 1
      for word in counter.rawValue..<(counter.rawValue + words) {
        #expect(taken[word] == nil, "\(counter) and \(String(describing: taken[word]))")
        taken[word] = counter
        #expect(word < Counter.wordCount)
      }
    }
    // Classes follow the aborted ones; rows are whole cache lines.
    #expect(Counter.requests1xx.rawValue == Counter.requestsAborted.rawValue + 1)
    #expect(Counter.requests5xx.rawValue == Counter.requestsAborted.rawValue + 5)
    #expect(Counter.wordCount * 8 % 64 == 0)
    #expect(WorkerCounter.accessLogDropped.rawValue < Counter.wordCount)
  }

  @Test("counters count, each its own")
  func counting() {
    let bank = CounterBank()
    bank.reserve(70)
    let row = bank[70]
    row.add(.started)
    row.add(.started, 4)
    row.add(.idleConnections, 3)
    row.subtract(.idleConnections)
    row.finish(statusClass: 5, nanoseconds: 2_000_000, requestBytes: 10, responseBytes: 20)
    row.finish(statusClass: 0, nanoseconds: .max >> 1, requestBytes: 1, responseBytes: 2)
    #expect(row.load(.started) == 5)
    #expect(row.load(.idleConnections) == 2)
    #expect(row.load(.finished) == 2)
    #expect(row.load(.requestBytes) == 11 && row.load(.responseBytes) == 22)
    #expect(row.load(.requests5xx) == 1 && row.load(.requestsAborted) == 1)
    #expect(row.load(.requests4xx) == 0)
    #expect(row.load(word: Counter.durationBuckets.rawValue + 2) == 1)
    #expect(row.load(word: Counter.durationBuckets.rawValue + 16) == 1)
    // Neighbours and rows of other chunks hear nothing of it.
    for other: UInt32 in [0, 1, 63, 64, 69, 71] {
      let words = (0..<Counter.wordCount).map { bank[other].load(word: $0) }
      #expect(words.allSatisfy { $0 == 0 })
    }
    // Reserving again keeps what was counted.
    bank.reserve(70)
    bank.reserve(64)
    #expect(bank[70].load(.started) == 5)
  }

  @Test("a worker's own counters can be set")
  func workers() {
    let counters = WorkerCounters()
    counters.worker.add(.loopTurns, 2)
    counters.worker.set(.heldBytes, 7)
    counters.worker.set(.heldBytes, 5)
    #expect(counters.worker.load(.loopTurns) == 2)
    #expect(counters.worker.load(.heldBytes) == 5)
  }
}

/// Records from a worker to the log, through a ring of bytes.
struct AccessLogRingTests {
  static let recordSize = MemoryLayout<AccessRecord>.size
  static let capacity = 1 << 20

  static func record(_ number: Int, _ content: borrowing Block) -> AccessRecord {
    var record = AccessRecord()
    record.wallMilliseconds = Int64(number)
    record.durationNanoseconds = UInt64(number) &* 3
    record.status = UInt16(truncatingIfNeeded: number)
    record.requestID = (UInt64(number), ~UInt64(number))
    record.targetLength = UInt16(content.end)
    record.family = 4
    record.address[0] = UInt8(truncatingIfNeeded: number)
    return record
  }

  /// False when it did not fit.
  static func append(_ ring: AccessLogRing, _ number: Int, _ content: borrowing Block) -> Bool {
    let record = record(number, content)
    guard ring.canAppend(record) else { return false }
    var position = ring.begin()
    ring.append(record, at: &position)
    ring.append(content, 0, content.end, at: &position)
    ring.commit(position)
    return true
  }

  static func isRight(_ record: AccessRecord, _ text: [UInt8], _ number: Int, _ expected: [UInt8])
    -> Bool
  {
    record.wallMilliseconds == number && record.durationNanoseconds == UInt64(number) &* 3
      && record.requestID.0 == UInt64(number) && record.requestID.1 == ~UInt64(number)
      && record.address[0] == UInt8(truncatingIfNeeded: number) && text == expected
  }

  @Test("a record comes out as it went in, and nothing else")
  func one() {
    let ring = AccessLogRing()
    #expect(ring.next() == nil)
    var content = Block(capacity: 64)
    content.append("GET/a/bexample.com")
    var record = Self.record(5, content)
    record.methodLength = 3
    record.targetLength = 4
    record.hostLength = 11
    record.family = 4
    record.address[3] = 9
    var position = ring.begin()
    ring.append(record, at: &position)
    ring.append(content, 0, content.end, at: &position)
    // Not there before it is published.
    #expect(ring.next() == nil)
    ring.commit(position)
    let (read, text) = ring.next() ?? (AccessRecord(), [])
    #expect(text == bytes("GET/a/bexample.com"))
    #expect(read.methodLength == 3 && read.targetLength == 4 && read.hostLength == 11)
    #expect(read.addressText == "5.0.0.9")
    #expect(ring.next() == nil)
  }

  @Test("records survive the ring's end, for several rounds")
  func wrap() {
    let ring = AccessLogRing()
    var dice = Dice(seed: 20)
    var written = 0
    var expected: [(Int, [UInt8])] = []
    var wrong = 0
    for number in 0..<600 {
      let content = dice.randomBytes(dice.below(9000))
      let block = block(content)
      var whole = Block(capacity: max(content.count, 1))
      whole.append(block, 0, content.count)
      if Self.append(ring, number, whole) {
        expected.append((number, content))
        written += Self.recordSize + content.count
      } else {
        wrong += 1
      }
      if expected.count > dice.below(60) {
        let (number, content) = expected.removeFirst()
        let next = ring.next()
        if let next, Self.isRight(next.record, next.text, number, content) { continue }
        wrong += 1
      }
    }
    #expect(written > 2 * Self.capacity)
    #expect(wrong == 0)
    for (number, content) in expected {
      let next = ring.next()
      let isRight = next.map { Self.isRight($0.record, $0.text, number, content) }
      #expect(isRight == true)
    }
    #expect(ring.next() == nil)
  }

  @Test("a record that does not fit is refused, and the others stay whole")
  func overflow() {
    let ring = AccessLogRing()
    let size = 65_000
    let content = block([UInt8](repeating: 0x61, count: size))
    let fitting = Self.capacity / (size + Self.recordSize)
    for number in 0..<fitting {
      let isIn = Self.append(ring, number, content)
      #expect(isIn)
    }
    let tooMuch = Self.append(ring, 99, content)
    #expect(!tooMuch)
    // Just what is left fits, not a byte more.
    let left = Self.capacity - fitting * (size + Self.recordSize) - Self.recordSize
    let larger = block([UInt8](repeating: 0x62, count: left + 1))
    let exact = block([UInt8](repeating: 0x62, count: left))
    let largerFits = Self.append(ring, 100, larger)
    let exactFits = Self.append(ring, 100, exact)
    #expect(!largerFits && exactFits)
    let emptyFits = Self.append(ring, 101, block([]))
    #expect(!emptyFits)
    let first = ring.next()
    #expect(first?.record.wallMilliseconds == 0 && first?.text.count == size)
    let again = Self.append(ring, 101, content)
    #expect(again)
    var numbers: [Int64] = []
    while let next = ring.next() { numbers.append(next.record.wallMilliseconds) }
    #expect(numbers == (1..<fitting).map { Int64($0) } + [100, 101])
  }

  @Test("a writer and a reader on two threads agree", .timeLimit(.minutes(5)))
  func threads() async {
    let ring = AccessLogRing()
    let total = 6000
    func content(_ number: Int) -> [UInt8] {
      [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: number % 400)
    }
    async let written: Int = Task.detached {
      var dropped = 0
      for number in 0..<total {
        let block = block(content(number))
        var tries = 0
        while !Self.append(ring, number, block) {
          tries += 1
          if tries > 1_000_000 {
            dropped += 1
            break
          }
          await Task.yield()
        }
      }
      return dropped
    }.value
    async let read: Int = Task.detached {
      var wrong = 0
      var number = 0
      while number < total {
        guard let next = ring.next() else {
          await Task.yield()
          continue
        }
        if !Self.isRight(next.record, next.text, number, content(number)) { wrong += 1 }
        number += 1
      }
      return wrong
    }.value
    let (dropped, wrong) = await (written, read)
    #expect(dropped == 0 && wrong == 0)
    #expect(ring.next() == nil)
  }
}
