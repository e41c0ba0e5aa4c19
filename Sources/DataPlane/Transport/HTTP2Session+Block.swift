/// Engines over a borrowed block: a worker cannot lend a span of one of its fields while others
/// change.
extension HTTP2Session {
  mutating func next(
    _ block: borrowing Block, _ at: inout Int, _ fields: inout FieldList, now: Instant,
    _ pool: inout BlockPool
  ) -> HTTP2Event {
    next(block.bytes, &at, block.end, &fields, now: now, &pool)
  }
}
