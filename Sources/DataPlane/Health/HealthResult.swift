/// What one check came to, in a word that fits beside its time: for events and the admin page.
package struct HealthResult: Equatable, Sendable, BitwiseCopyable {
  package enum Outcome: UInt8, Sendable, BitwiseCopyable, CaseIterable {
    /// No check has ended yet.
    case none
    case passed
    case unexpectedStatus
    case bodyLacksText
    case malformedAnswer
    case answerTooLong
    /// The connection ended before the answer did.
    case closedEarly
    case connectTimeout
    case answerTimeout
    case connectFailed
    /// The connection broke; `detail` says how.
    case connectionBroke
    /// Nothing that the backend could help: no descriptor, no port, no memory here.
    case notMade
    /// `detail` says what is wrong with the certificate: one of `X509_V_ERR_`...
    case certificateRefused
    /// `detail` is OpenSSL's reason; 0: the backend just closed.
    case tlsFailed
    case tlsTimeout
    /// Its frames are not HTTP/2, or it ended the stream.
    case http2Failed
  }

  package let outcome: Outcome
  /// The answer's status, or the kernel's error number; 0 when there is none. 0...4095.
  package let detail: UInt16

  package init(_ outcome: Outcome, detail: Int = 0) {
    self.outcome = outcome
    self.detail = UInt16(truncatingIfNeeded: max(0, min(detail, 4095)))
  }

  package var isPass: Bool { outcome == .passed }
}

/// The last check of a backend: result and wall time, packed into one shared word.
package struct LastCheck: Equatable, Sendable, BitwiseCopyable {
  package let result: HealthResult
  package let wallMilliseconds: Int64

  package init(_ result: HealthResult, wallMilliseconds: Int64) {
    self.result = result
    self.wallMilliseconds = wallMilliseconds
  }

  init(raw: UInt64) {
    let outcome = HealthResult.Outcome(rawValue: UInt8(truncatingIfNeeded: raw)) ?? .none
    result = HealthResult(outcome, detail: Int(raw >> 8 & 0xfff))
    wallMilliseconds = Int64(raw >> 20)
  }

  /// 8 bits of outcome, 12 of detail, 44 of time: enough until the year 2527.
  var raw: UInt64 {
    UInt64(result.outcome.rawValue) | UInt64(result.detail) << 8
      | UInt64(max(0, min(wallMilliseconds, 1 << 44 - 1))) << 20
  }
}

extension HealthResult: CustomStringConvertible {
  package var description: String {
    switch outcome {
    case .none: "not checked yet"
    case .passed: detail > 0 ? "status \(detail)" : "connected"
    case .unexpectedStatus: "status \(detail)"
    case .bodyLacksText: "status \(detail), but the body lacks the expected text"
    case .malformedAnswer: "the answer is not HTTP"
    case .answerTooLong: "the answer's head is too long"
    case .closedEarly: "the connection was closed before the answer was complete"
    case .connectTimeout: "no connection within the timeout"
    case .answerTimeout: "no complete answer within the timeout"
    case .connectFailed: "cannot connect: \(SystemError(Int32(detail)))"
    case .connectionBroke: "the connection broke: \(SystemError(Int32(detail)))"
    case .certificateRefused: "TLS failed: \(TLSFailure.words(verification: Int(detail)))"
    case .tlsFailed: "TLS failed: \(TLSFailure.words(reason: Int(detail)))"
    case .tlsTimeout: "TLS failed: no end of the handshake within the timeout"
    case .http2Failed: "the answer is not HTTP/2, or the stream was refused"
    case .notMade: "the check could not be made: \(SystemError(Int32(detail)))"
    }
  }
}
