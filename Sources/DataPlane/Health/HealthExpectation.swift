/// What an answer must be so that a check passes.
package struct HealthExpectation: Equatable, Sendable {
  package var statuses = StatusSet([200...299])
  /// Must be in the body; empty where any body will do.
  package var text: [UInt8] = []
  /// The answer to HEAD has no body.
  package var isHead = false
  package init() {}
}

/// Reads the answer to one check as it comes and judges it as soon as it can. Pure: bytes in, a
/// result out; any split of the input gives the same one.
///
/// Interim responses (RFC 9110 section 15.2) are skipped. A body is read only for its expected
/// text, decoded from its framing, up to `bodyBytesMax`.
package struct HealthReader {
  /// As the body comes over the wire, framing included.
  package static var bodyBytesMax: Int { 65_536 }
  private static var interimsMax: Int { 16 }

  package enum Step: Equatable, Sendable {
    /// More bytes are needed; those before `consumed` need not be shown again.
    case more(consumed: Int)
    case done(HealthResult)
  }

  private var status = 0
  private var interims = 0
  private var decoder = BodyDecoder()
  private var bodyBytes = 0
  /// The content so far, while the text is looked for.
  private var content: [UInt8] = []

  package init() {}

  /// - Parameters:
  ///   - isEnded: the backend has closed its side behind these bytes.
  ///   - head: working space.
  package mutating func read(
    _ bytes: borrowing Bytes, _ from: Int, _ to: Int, isEnded: Bool,
    _ expectation: HealthExpectation, into head: inout MessageHead
  ) -> Step {
    var at = from
    while status == 0 {
      switch ResponseParser.parse(bytes, at, to, limits: HeadLimits(), into: &head) {
      case .incomplete:
        return isEnded ? .done(HealthResult(.closedEarly)) : .more(consumed: at)
      case .failed(.headTooLong), .failed(.tooManyFields):
        return .done(HealthResult(.answerTooLong))
      case .failed: return .done(HealthResult(.malformedAnswer))
      case .complete(let length):
        at &+= length
        if (100...199).contains(head.status), head.status != 101 {
          interims += 1
          guard interims <= Self.interimsMax else { return .done(HealthResult(.malformedAnswer)) }
          continue
        }
        if let result = judge(head, expectation) { return .done(result) }
      }
    }
    return readBody(bytes, at, to, isEnded: isEnded, expectation)
  }

  /// The result where the head decides; otherwise prepares for the body.
  private mutating func judge(
    _ head: borrowing MessageHead, _ expectation: HealthExpectation
  ) -> HealthResult? {
    status = head.status
    guard expectation.statuses.contains(status) else {
      return HealthResult(.unexpectedStatus, detail: status)
    }
    if expectation.text.isEmpty { return HealthResult(.passed, detail: status) }
    if expectation.isHead || status == 204 || status == 304 || status == 101 {
      decoder = BodyDecoder(framing: .none)
    } else if head.isChunked {
      decoder = BodyDecoder(framing: .chunked)
    } else if head.contentLength >= 0 {
      decoder = BodyDecoder(framing: .length, length: head.contentLength)
    } else {
      decoder = BodyDecoder(framing: .untilClose)
    }
    return nil
  }

  private mutating func readBody(
    _ bytes: borrowing Bytes, _ from: Int, _ to: Int, isEnded: Bool,
    _ expectation: HealthExpectation
  ) -> Step {
    let lacking = HealthResult(.bodyLacksText, detail: status)
    let end = min(to, from &+ Self.bodyBytesMax &- bodyBytes)
    bodyBytes &+= end &- from
    var at = from
    while true {
      switch decoder.next(bytes, at, end) {
      case .data(let start, let count):
        if append(bytes, start, count, expectation.text) {
          return .done(HealthResult(.passed, detail: status))
        }
        at = start &+ count
      case .trailers, .end: return .done(lacking)
      case .failed: return .done(HealthResult(.malformedAnswer))
      case .needMore:
        if bodyBytes >= Self.bodyBytesMax { return .done(lacking) }
        guard isEnded else { return .more(consumed: end) }
        return .done(decoder.endOfStream() ? lacking : HealthResult(.closedEarly))
      }
    }
  }

  /// True when the text is there now.
  private mutating func append(
    _ bytes: borrowing Bytes, _ from: Int, _ count: Int, _ text: [UInt8]
  ) -> Bool {
    let first = max(0, content.count - text.count + 1)
    for index in from..<(from + count) { content.append(bytes[index]) }
    guard content.count >= text.count else { return false }
    for start in first...(content.count - text.count) where content[start] == text[0] {
      if content[start..<(start + text.count)].elementsEqual(text) { return true }
    }
    return false
  }
}
