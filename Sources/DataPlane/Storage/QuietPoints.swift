/// When what was taken out of a cache may be freed: once every worker has been outside of it.
///
/// Quiescent-state-based reclamation (Hart et al., 2007): a worker says where it stands at the top
/// of each turn, and that it is outside while it sleeps. What it found without counting a reference
/// it uses only within that turn. Lives as long as the process.
package struct QuietPoints: BitwiseCopyable, Sendable {
  private static var wordsPerWorker: Int { 16 }
  private let words: SharedWords
  private let workerCount: Int

  package init(workers: Int) {
    workerCount = workers
    words = SharedWords(byteCount: (workers + 1) * QuietPoints.wordsPerWorker * 8)
    words.store(0, 1)
  }

  @inline(__always) private func place(_ worker: Int) -> Int {
    (worker &+ 1) &* QuietPoints.wordsPerWorker
  }

  /// The worker holds nothing that it found before.
  /// - Parameter worker: -1 for the control plane, which holds nothing uncounted.
  @inline(__always) func enter(_ worker: Int) {
    if worker >= 0 { words.store(place(worker), words.load(0)) }
  }

  /// The worker will look at nothing until it enters.
  @inline(__always) func leave(_ worker: Int) { words.store(place(worker), 0) }

  /// Of something that was just taken out, so that nobody who enters from now on can find it.
  func retire() -> UInt64 { words.add(0, 1) }

  /// Whether nobody can hold what got this mark any more.
  func isQuiet(_ mark: UInt64) -> Bool {
    for worker in 0..<workerCount {
      let epoch = words.load(place(worker))
      if epoch != 0, epoch < mark { return false }
    }
    return true
  }
}
