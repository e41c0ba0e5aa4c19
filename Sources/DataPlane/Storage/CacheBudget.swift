/// The bytes that one cache may hold, shared by all who take and give them.
///
/// Never above its limit, whatever several threads do at once.
package struct CacheBudget: BitwiseCopyable, Sendable {
  private enum Word {
    static var used: Int { 0 }
    static var limit: Int { 8 }
  }
  private let words = SharedWords(byteCount: 128)

  init(limit: Int) { words.store(Word.limit, UInt64(limit)) }

  package var used: Int { Int(words.load(Word.used)) }
  package var limit: Int { Int(words.load(Word.limit)) }

  func setLimit(_ bytes: Int) { words.store(Word.limit, UInt64(bytes)) }

  func take(_ bytes: Int) -> Bool {
    while true {
      let used = words.load(Word.used)
      let next = used &+ UInt64(bytes)
      guard next <= words.load(Word.limit) else { return false }
      if words.replace(Word.used, used, with: next) { return true }
    }
  }

  func give(_ bytes: Int) { words.add(Word.used, 0 &- UInt64(bytes)) }
}
