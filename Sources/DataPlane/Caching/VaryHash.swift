/// A keyed hash of what a request has in the fields that a response depends on (RFC 9111
/// section 4.1). Requests with the same hash get the same stored response.
///
/// Values are the same when they differ only in how they are spread over lines, in white space
/// around commas outside of quotes, and, for `Accept`, `Accept-Charset`, `Accept-Encoding` and
/// `Accept-Language`, in case and any white space outside of quotes. A field that is absent is not
/// one that is empty. Nothing is allocated.
package struct VaryHash: BitwiseCopyable {
  private var hash: SipHash
  private var word: UInt64 = 0
  private var filled = 0

  private init(_ seed: HashSeed) { hash = SipHash(seed) }

  /// - Parameters:
  ///   - names: `names[at..<at + count]`, as `VaryFields.read` writes them.
  ///   - head: of the request, whose bytes are `bytes[origin...]`.
  package static func of(
    _ names: borrowing Bytes, _ at: Int, _ count: Int, _ head: inout MessageHead,
    _ bytes: borrowing Bytes, _ origin: Int, seed: HashSeed
  ) -> Hash128 {
    var result = VaryHash(seed)
    var name = at
    let end = at &+ count
    while name < end {
      var nameEnd = name
      while nameEnd < end, names[nameEnd] != 0x2c { nameEnd &+= 1 }
      result.add(names, name, nameEnd &- name, &head, bytes, origin)
      name = nameEnd &+ 1
    }
    return result.hash.finish(result.word, result.filled)
  }

  /// A name, then for each of its lines what is in it; values hold no byte below HTAB.
  private mutating func add(
    _ names: borrowing Bytes, _ name: Int, _ count: Int, _ head: inout MessageHead,
    _ bytes: borrowing Bytes, _ origin: Int
  ) {
    for index in name..<(name &+ count) { add(names[index]) }
    let isFolded = VaryHash.isFolded(names, name, count)
    var isPresent = false
    for index in 0..<head.fieldCount {
      let field = head.fields[index]
      guard Int(field.nameLength) == count,
        FieldLines.isSame(bytes, origin &+ Int(field.name), names, name, count)
      else { continue }
      add(isPresent ? 0x2c : 1)
      isPresent = true
      addValue(bytes, origin &+ Int(field.value), Int(field.valueLength), isFolded: isFolded)
    }
    add(isPresent ? 2 : 3)
  }

  /// White space waits until it is known what follows it.
  private mutating func addValue(
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int, isFolded: Bool
  ) {
    var isQuoted = false
    var isEscaped = false
    var blanks = 0
    var isBehindComma = true
    for index in at..<(at &+ count) {
      let byte = bytes[index]
      if isQuoted {
        add(byte)
        if isEscaped {
          isEscaped = false
        } else if byte == 0x5c {
          isEscaped = true
        } else if byte == 0x22 {
          isQuoted = false
        }
        continue
      }
      if DirectiveReader.isBlank(byte) {
        if !isFolded, !isBehindComma { blanks &+= 1 }
        continue
      }
      if byte != 0x2c {
        // The blanks as they were: what they mean is not known.
        for place in 0..<blanks { add(bytes[index &- blanks &+ place]) }
      }
      blanks = 0
      isBehindComma = byte == 0x2c
      isQuoted = byte == 0x22
      add(isFolded ? FieldLines.lower(byte) : byte)
    }
  }

  private static func isFolded(_ names: borrowing Bytes, _ at: Int, _ count: Int) -> Bool {
    switch count {
    case 6: return FieldParser.equals(names, at, count, "accept")
    case 14: return FieldParser.equals(names, at, count, "accept-charset")
    case 15:
      return FieldParser.equals(names, at, count, "accept-encoding")
        || FieldParser.equals(names, at, count, "accept-language")
    default: return false
    }
  }

  @inline(__always) private mutating func add(_ byte: UInt8) {
    word |= UInt64(byte) << UInt64(truncatingIfNeeded: filled &* 8)
    filled &+= 1
    if filled == 8 {
      hash.absorb(word)
      word = 0
      filled = 0
    }
  }
}
