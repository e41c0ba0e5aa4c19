// The codecs see spans; a worker's blocks lend them here, so that the loan ends with the call.

extension HPACKDecoder {
  @inline(__always)
  package mutating func decode(
    _ block: borrowing Block, _ from: Int, _ to: Int, maxListBytes: Int, maxFields: Int,
    into list: inout FieldList
  ) -> HPACKResult {
    decode(
      block.bytes, from, to, maxListBytes: maxListBytes, maxFields: maxFields, into: &list)
  }
}

extension HeadEncoding {
  @inline(__always)
  package static func request(
    _ head: inout MessageHead, _ source: borrowing Block, _ origin: Int, isSecure: Bool,
    acceptsTrailers: Bool, _ encoder: inout HPACKEncoder, into block: inout Block
  ) -> Bool {
    request(
      &head, source.bytes, origin, isSecure: isSecure, acceptsTrailers: acceptsTrailers, &encoder,
      into: &block)
  }

  @inline(__always)
  package static func response(
    _ head: inout MessageHead, _ source: borrowing Block, _ origin: Int,
    _ encoder: inout HPACKEncoder, into block: inout Block
  ) -> Bool {
    response(&head, source.bytes, origin, &encoder, into: &block)
  }

  @inline(__always)
  package static func trailers(
    _ head: inout MessageHead, _ source: borrowing Block, _ origin: Int,
    _ encoder: inout HPACKEncoder, into block: inout Block
  ) -> Bool {
    trailers(&head, source.bytes, origin, &encoder, into: &block)
  }
}
