/// Why a message was refused.
///
/// A request gets `status`; a response that fails in any way is a 502, the reason goes to the log.
package enum ParseFailure: UInt8, Error, Sendable, CaseIterable {
  case badMethod, badTarget, badVersion, unsupportedVersion, badStatusLine
  case requestLineTooLong, headTooLong, tooManyFields
  case badFieldName, badFieldValue, badLineEnd
  case missingHost, repeatedHost, badHost
  case badContentLength, repeatedContentLength, lengthAndCoding
  case badTransferCoding, unknownTransferCoding, codingInOldVersion
  case badChunk, badTrailer, unknownExpectation, unsupportedMethod, bodyTooLong

  /// The answer's status code.
  package var status: Int {
    switch self {
    case .unsupportedVersion: return 505
    case .requestLineTooLong: return 414
    case .headTooLong, .tooManyFields: return 431
    case .unknownTransferCoding, .unsupportedMethod: return 501
    case .unknownExpectation: return 417
    case .bodyTooLong: return 413
    default: return 400
    }
  }

  /// For the log and the error body: what is wrong, in words.
  package var explanation: StaticString {
    switch self {
    case .badMethod: return "malformed method"
    case .badTarget: return "malformed request target"
    case .badVersion: return "malformed HTTP version"
    case .unsupportedVersion: return "HTTP version not supported"
    case .badStatusLine: return "malformed status line"
    case .requestLineTooLong: return "request line too long"
    case .headTooLong: return "header section too large"
    case .tooManyFields: return "too many header fields"
    case .badFieldName: return "malformed header field name"
    case .badFieldValue: return "forbidden byte in a header field"
    case .badLineEnd: return "a line must end with CR LF"
    case .missingHost: return "missing Host"
    case .repeatedHost: return "more than one Host"
    case .badHost: return "malformed Host"
    case .badContentLength: return "malformed Content-Length"
    case .repeatedContentLength: return "more than one Content-Length"
    case .lengthAndCoding: return "Content-Length together with Transfer-Encoding"
    case .badTransferCoding: return "malformed Transfer-Encoding"
    case .unknownTransferCoding: return "transfer coding not implemented"
    case .codingInOldVersion: return "Transfer-Encoding in an HTTP/1.0 message"
    case .badChunk: return "malformed chunk"
    case .badTrailer: return "malformed trailer section"
    case .unknownExpectation: return "unknown expectation"
    case .unsupportedMethod: return "method not implemented"
    case .bodyTooLong: return "body too large"
    }
  }
}
