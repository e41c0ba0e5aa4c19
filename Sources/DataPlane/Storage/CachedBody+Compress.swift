/// Stored content as the input of a compressor.
extension CachedBody {
  /// Compresses `count` bytes from `offset` on, which lie in one piece, to the end of `out`.
  func deflate(
    _ deflater: inout Deflater, from offset: Int, _ count: Int, into out: inout Block,
    flush: Deflater.Flush
  ) -> Deflater.Progress {
    guard let (pointer, length) = unsafe stretch(offset, offset + count) else {
      let nothing = Bytes()
      return deflater.write(nothing, 0, 0, into: &out, limit: out.capacity, flush: flush)
    }
    precondition(count <= length)
    // Below the published length nothing is written any more, and the caller holds the body.
    let piece = unsafe Bytes(
      _unsafeStart: pointer.assumingMemoryBound(to: UInt8.self), count: count)
    return deflater.write(piece, 0, count, into: &out, limit: out.capacity, flush: flush)
  }
}
