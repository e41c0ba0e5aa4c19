import DataPlane

/// Fuzzes PROXY headers of both versions.
///
/// However much of it has come, a header is incomplete up to its last byte or fails at once and for
/// good; what follows does not matter; what is read is written and read again as the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: bytes, count: count))
  var block = Block(capacity: max(count, 1))
  block.append(input)
  let whole = ProxyHeaderParser.parse(block.bytes, 0, count)
  checkPrefixes(block, count, whole)
  guard case .complete(let length, let header) = whole else { return 0 }
  precondition(length <= count && length <= ProxyHeaderParser.maxLength)
  let isBinary = input[0] == 0x0d
  precondition(isBinary || length <= 107)
  checkWritten(header, .v2, as: header)
  // Version 1 does not tell apart what has no address.
  checkWritten(header, .v1, as: header.kind == .tcp ? header : ProxyHeader(.unknown))
  if !isBinary { precondition(header.kind == .tcp || header.kind == .unknown) }
  return 0
}

private func checkPrefixes(
  _ block: borrowing Block, _ count: Int, _ whole: ProxyHeaderParser.Result
) {
  var hasFailed = false
  for prefix in 0...min(count, 600) {
    let result = ProxyHeaderParser.parse(block.bytes, 0, prefix)
    switch result {
    case .complete(let length, _):
      precondition(!hasFailed && prefix >= length && result == whole)
    case .incomplete:
      precondition(!hasFailed)
      if case .complete(let length, _) = whole { precondition(prefix < length) }
    case .failed: hasFailed = true
    }
  }
  if hasFailed { precondition(whole == .failed) }
}

private func checkWritten(
  _ header: ProxyHeader, _ version: ProxyVersion, as expected: ProxyHeader
) {
  var block = Block(capacity: 256)
  ProxyHeaderWriter.write(header, version, into: &block)
  let length = block.end
  precondition(
    ProxyHeaderParser.parse(block.bytes, 0, length) == .complete(length: length, expected))
}
