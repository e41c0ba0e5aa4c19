/// A response that turned out longer than the cache takes, though others read it already: it goes
/// on in rounds through the memory that it has. When every reader has all of a round, the next one
/// takes its place, so the slowest reader sets the pace and nothing grows.
///
/// One word counts readers, those of them that have all of this round, and rounds; 0 rounds: it
/// lies in memory from its first byte on.
extension CachedBody {
  private struct Crowd {
    var word: UInt64
    var readers: UInt64 { word & 0xff_ffff }
    var arrived: UInt64 { word >> 24 & 0xff_ffff }
    var round: UInt16 { UInt16(truncatingIfNeeded: word >> 48) }
    /// Everybody has all of this round; or nobody reads any more.
    var isComplete: Bool { round != 0 && arrived == readers }

    init(_ word: UInt64) { self.word = word }
    init(readers: UInt64, arrived: UInt64, round: UInt16) {
      word = readers | arrived << 24 | UInt64(round) << 48
    }
  }

  /// Changes the word in one step. nil from `change` leaves it.
  private func changeCrowd(_ change: (Crowd) -> Crowd?) -> Crowd? {
    while true {
      let old = crowdWord
      guard let new = change(Crowd(old)) else { return nil }
      if replaceCrowd(old, with: new.word) { return new }
    }
  }

  /// Of the round that runs; 0 while all of it is in memory.
  var round: UInt16 { Crowd(crowdWord).round }

  /// It may be read from its first byte on: nothing of it is gone, and nothing failed so far.
  @inline(__always) var isWhole: Bool { state != .failed && round == 0 }

  // MARK: Readers

  /// Begins to read from the first byte on. False when that is gone.
  func enter() -> Bool {
    changeCrowd { crowd in
      guard crowd.round == 0 else { return nil }
      return Crowd(readers: crowd.readers + 1, arrived: crowd.arrived, round: 0)
    } != nil
  }

  /// - Parameter arrived: in the round in which it said that it has everything; 0 if it did not.
  /// - Returns: true when the owner has something to do.
  func leave(arrivedIn arrived: UInt16) -> Bool {
    let crowd = changeCrowd { crowd in
      let counted: UInt64 = arrived != 0 && arrived == crowd.round ? 1 : 0
      return Crowd(
        readers: crowd.readers - 1, arrived: crowd.arrived - counted, round: crowd.round)
    }
    return crowd?.isComplete ?? false
  }

  /// Has all of this round.
  ///
  /// - Returns: true when it was the last one.
  func arrive(in round: UInt16) -> Bool {
    let crowd = changeCrowd { crowd in
      guard crowd.round == round else { return nil }
      return Crowd(readers: crowd.readers, arrived: crowd.arrived + 1, round: round)
    }
    return crowd?.isComplete ?? false
  }

  // MARK: The owner

  /// From now on it goes on in rounds. Whoever has everything says so in the first one.
  func beginRounds() {
    _ = changeCrowd { Crowd(readers: $0.readers, arrived: 0, round: 1) }
  }

  enum NextRound { case notYet, nobody, ready }

  /// The next round may be written, if everybody has the last one: append it, then publish it with
  /// `beginRound`, then tell the readers. In this order: a reader that saw a round of which nothing
  /// has come yet would say that it has all of it.
  func nextRound() -> NextRound {
    let crowd = Crowd(crowdWord)
    if crowd.readers == 0 { return .nobody }
    guard crowd.isComplete else { return .notYet }
    rewind()
    return .ready
  }

  func beginRound() {
    _ = changeCrowd { crowd in
      Crowd(
        readers: crowd.readers, arrived: 0, round: crowd.round == .max ? 1 : crowd.round + 1)
    }
  }
}
